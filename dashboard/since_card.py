"""What a new cut changes of what the Board says: the first lines of the comparison, and the way to all of it."""

from dash import html

from clinical.changes import KINDS
from dashboard.change_lines import against, line
from dashboard.comparing import MOST_PATIENTS, Compared, comparison, earlier
from dashboard.meeting import last_before
from dashboard.session import Asked, stamp
from dashboard.still import Still
from dashboard.waiting import shown
from data.store import CutError

SHOWN = 6
OF_THE_BOARD = KINDS[: KINDS.index("level") + 1]


def since_card(asked: Asked) -> tuple[object, bool]:
    """What to show, and whether it is all of it; the comparison is not waited for."""
    try:
        before = earlier(asked)
    except CutError as error:
        return html.P(asked.say("changes.unreadable", why=str(error)), className="alarm-line", role="alert"), True
    if before is None:
        return html.P(asked.say("changes.only_one"), className="quiet"), True
    if len(asked.numbers) > MOST_PATIENTS:
        link = html.A(asked.say("since.compare", id=before.short), href=asked.view.to("changes"))
        return html.Div([html.P(link), html.Div(stamp(asked), className="stamp")]), True
    return shown(comparison(asked, before), asked.say, lambda found: _lines(asked, found), within=0)


def _lines(asked: Asked, found: Compared) -> Still:
    say = asked.say
    of_board = [one for one in found.consequences if one.kind in OF_THE_BOARD]
    rest = len(found.consequences) - len(of_board[:SHOWN])
    met = last_before(asked)
    told = {"id": found.before.short, "moment": f"{found.before.cutoff:%Y-%m-%d}"}
    which = say("since.met", **told) if met and met.cut == found.before.id else say("since.which", **told)
    none = [] if of_board else [html.P(say("since.none"), className="summary")]
    lines = [line(asked, found, one, in_short=True) for one in of_board[:SHOWN]]
    words = say("since.more", count=rest) if rest else say("since.all")
    link = html.P(html.A(words, href=asked.view.to("changes")))
    return Still(
        html.Div(
            [html.P(which, className="quiet"), *none, *lines, link,
             html.Div(stamp(asked, against(asked, found)), className="stamp")]
        )
    )  # fmt: skip
