"""What a reader can choose on a screen, as links: each is an address, so Back and a copied link bring it back."""

from collections.abc import Mapping, Sequence

from dash import html

from dashboard import elements
from dashboard.session import Asked, NotUnderstood
from dashboard.still import Still, text
from dashboard.view import View


def choice(
    label: str, view: View, name: str, options: Sequence[tuple[str, str]], *, begins_a_job: bool = False
) -> Still:
    """One choice: `name` of a View's field, `options` as (value, words); the first is the default. An opened count is
    closed: it belonged to what was chosen before. The links name no zoom: where the axes stand when one is followed is
    in the address by then, and was not yet when it was made (`assets/nav.js`). begins_a_job: what takes so long is not
    made for a reader who may never ask for it."""
    current = getattr(view, name) or options[0][0]
    links = [
        html.A(
            words,
            href=view.change(**{name: value, "open": "", "zoom": ""}).href,
            className="option" + (" chosen" if value == current else "") + (" begins-a-job" if begins_a_job else ""),
            **({"aria-current": "true"} if value == current else {}),
        )
        for value, words in options
    ]
    group = html.Div(links, className="options", role="group", **{"aria-label": label})
    return Still(html.Div([html.Span(label, className="choice-name"), group], className="choice"))


def cohort_choice(asked: Asked, present: Sequence[str]) -> Still:
    """All cohorts, or one of those `present`, in the protocol's order."""
    levels = [one for one in asked.cut.protocol.cohort.levels if one.id in present]
    options = [("", asked.say("choice.all")), *((one.id, one.label.in_(asked.view.lang)) for one in levels)]
    return choice(asked.say("choice.cohort"), asked.view, "cohort", options)


def chosen_cohort(asked: Asked) -> str:
    """The id of the one cohort to show, "" for all. NotUnderstood for one that the protocol does not name."""
    wanted = asked.view.cohort
    if wanted and wanted not in {one.id for one in asked.cut.protocol.cohort.levels}:
        raise NotUnderstood(f"cohort={wanted}")
    return wanted


def cohort_words(asked: Asked) -> str:
    """The chosen cohort for a stamp, or that everyone infused is shown."""
    cohort = chosen_cohort(asked)
    return asked.cut.protocol.level(cohort).label.in_(asked.view.lang) if cohort else asked.say("choice.all_infused")


def subject_select(asked: Asked, people: Mapping[str, str]) -> str:
    """A list, as `Still.tree`, to pick the patient from who stands out in the figures. people: usubjid -> number, of
    those the screen shows. It is the browser's own: one to search in takes as long as a figure to index five hundred.
    """
    known = asked.view.subject if asked.view.subject in people else ""
    words = asked.say("choice.subject")
    nobody = elements.Option(words, value="")
    options = [nobody, *(elements.Option(number, value=usubjid) for usubjid, number in people.items())]
    told = {"aria-label": words, "data-choice": "subject"}
    return text(elements.Select(options, value=known, className="subject-select noprint", **told))
