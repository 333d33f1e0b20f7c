"""How the parameters of the cells are called and written on every card of the Kinetics screen."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from dashboard.choices import chosen_cohort, cohort_words
from dashboard.drill import linked, mark
from dashboard.excluding import without
from dashboard.figures.panels import unit_words
from dashboard.labels import Say
from dashboard.session import Asked
from pk.exposure import PARAMETERS
from queries.subjects import subjects

NAMED_AT_MOST = 30  # patients in a sentence; more are counted


def assay(asked: Asked) -> str:
    """The assay of the endpoints, as the protocol's list of analytes calls it."""
    kinetics = asked.cut.protocol.kinetics
    return next(
        (one.label.in_(asked.view.lang) for one in asked.cut.protocol.analytes if one.code == kinetics.code),
        kinetics.code,
    )


def wanted(asked: Asked) -> list[tuple[str, int | None]]:
    """The parameters in the order of the screen: peak, areas of the endpoints, the end of the curve."""
    kinetics = asked.cut.protocol.kinetics
    areas = [("AUCINT", end) for end in kinetics.areas] if kinetics else []
    head, tail = PARAMETERS[:2], PARAMETERS[2:]
    return [*((name, None) for name in head), *areas, *((name, None) for name in tail)]


def titled(say: Say, name: str, end: int | None, unit: str) -> str:
    title = say(f"kinetics.parameter_{name.lower()}", **({} if end is None else {"end": end}))
    return f"{title}, {unit_words(unit)}" if unit else title


def amount(value: float, unit: str) -> str:
    """Days to a tenth; anything else with four digits that count, and never an exponent."""
    return f"{value:,.1f}" if unit == "d" else f"{float(f'{value:.4g}'):,.12g}"


def remark(asked: Asked, one) -> str:
    """Why a value is not final, or is not there, in the reader's language."""
    say = asked.say
    code = one.why.replace(" ", "_") or one.state.replace(" ", "_")
    if code == "other":
        return one.reason
    told = {"last": "–" if pd.isna(one.last) else int(one.last), "followed": int(one.followed)}
    told |= {"end": "" if pd.isna(one.end) else int(one.end), "days": asked.cut.protocol.kinetics.provisional_days}
    return say(f"kinetics.why_{code}", **told)


def filters(asked: Asked, people: Collection[str]) -> str:
    """What narrows the numbers of these patients, for a stamp: the cohort, and the samples that are excluded."""
    return "; ".join(one for one in (cohort_words(asked), without(asked, people)) if one)


def everyone(asked: Asked, people: Collection[str]) -> str:
    """The same for what is made of all who were infused, whatever cohort is chosen."""
    return "; ".join(one for one in (asked.say("choice.all_infused"), without(asked, people)) if one)


def chosen(asked: Asked) -> list[str]:
    """usubjid of the infused patients of the chosen cohort."""
    found, cohort = subjects(asked.cut), chosen_cohort(asked)
    found = found[found["day0"].notna() & (found["cohort"].eq(cohort) if cohort else True)]
    return found["usubjid"].tolist()


def who_and_why(asked: Asked, who: Mapping[str, Sequence[str]]) -> list:
    """Who is not in it, as a sentence with links; nothing where nobody is left out. who: reason -> usubjids."""
    parts = [f"{_people(asked, some)} ({why})" for why, some in who.items()]
    joint = asked.say("kinetics.joint")
    return linked(asked, asked.say("kinetics.left_out", who=joint.join(parts))) if parts else []


def _people(asked: Asked, some: Sequence[str]) -> str:
    if len(some) > NAMED_AT_MOST:
        return asked.say("drill.patients", count=len(some))
    return ", ".join(map(mark, some))
