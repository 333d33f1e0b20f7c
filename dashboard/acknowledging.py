"""A person's acknowledgement of a screening flag: which flag a panel is about, and what its form says of it."""

from dataclasses import dataclass

from clinical.acknowledgements import Acknowledgement, acknowledgements
from clinical.iec_hs_course import Flag
from dashboard.drill import Opened
from dashboard.forms import Lacks, Statement
from dashboard.grading_screening import screening_of
from dashboard.session import Asked, NotUnderstood

KIND = "flag"  # of an opened panel


@dataclass(frozen=True)
class Flagged:
    flag: Flag
    said: Acknowledgement | None

    @property
    def has_changed(self) -> bool:
        return self.said is not None and self.said.showed != self.flag.showed

    @property
    def is_acknowledged(self) -> bool:
        """As it is now."""
        return self.said is not None and not self.has_changed


def flagged(asked: Asked) -> list[Flagged]:
    """Every flag of the cut with what was said of it."""
    said = acknowledgements(asked.written(), asked.cut.cutoff)
    return [Flagged(one, said.get((one.usubjid, one.key))) for one in screening_of(asked.cut).flags]


def find(asked: Asked) -> Flagged | None:
    """The flag that the address opens."""
    what = Opened.read(asked.view.open)
    if what.kind != KIND or len(what.parts) != 2:
        return None
    return next((one for one in flagged(asked) if one.flag.key == what.parts[1]), None)


def statement(asked: Asked, button: str, reason: str) -> Statement:
    """What a button of the form says of the flag that is open. Lacks where it is not there any more."""
    one = find(asked)
    if one is None:
        raise Lacks("screening.gone")
    who = one.flag.usubjid
    if button == "reopen":
        if one.said is None:
            raise Lacks("screening.gone")
        return Statement("flag.reopened", who, {"event": one.said.event, "reason": reason})
    if button != "acknowledge":
        raise NotUnderstood("button")
    said = {"flag": one.flag.key, "showed": one.flag.showed, "reason": reason}
    return Statement("flag.acknowledged", who, said | {"cut": asked.cut.id, "cutoff": asked.cut.cutoff.isoformat()})
