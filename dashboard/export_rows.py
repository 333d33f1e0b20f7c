"""What each exported table holds: the rows of a screen's own numbers, unrounded, headed by their names."""

from collections.abc import Iterable

import pandas as pd

from clinical.changes import late
from clinical.course import Course
from clinical.incidence import TOTAL
from clinical.outcomes import RESPONSE
from dashboard import (
    export_grades,
    export_pp,
    export_rounds,
    export_samples,
    grading_alerts,
    grading_icaht,
    grading_iec_hs,
    grading_lab_matrix,
    grading_labs,
    grading_liver,
    rounds_table,
)
from dashboard.change_lines import against
from dashboard.choices import chosen_cohort
from dashboard.comparing import Compared, comparison, earlier
from dashboard.correlating import cytokines_of, family_of
from dashboard.counting import counted, criteria_of, table
from dashboard.courses import course as course_of
from dashboard.excluding import without
from dashboard.exposures import exposures_of
from dashboard.judged import dlts_without_event
from dashboard.kinetic_words import chosen, filters
from dashboard.patient_sight import narrowed, words
from dashboard.session import Asked, NotUnderstood
from data.store import CutError
from queries.changes import COLUMNS
from queries.provenance import NEEDS, coverage, freshness
from queries.subjects import subjects


def _ladder(asked: Asked) -> Iterable[Iterable]:
    yield [
        "level",
        "dose",
        "unit",
        "planned",
        "infused",
        "evaluable",
        "dlts",
        "pending",
        "replaced",
        "unresolved",
        "low",
        "high",
        "state",
    ]
    for one in asked.board().rungs:
        counts = [
            len(getattr(one, name)) for name in ("infused", "evaluable", "dlts", "pending", "replaced", "unresolved")
        ]
        yield [
            one.level.level,
            one.level.dose,
            one.level.unit,
            one.planned,
            *counts,
            *map(_blank, one.interval),
            one.state,
        ]


def _incidence(asked: Asked) -> Iterable[Iterable]:
    found = counted(asked)
    yield [
        "population",
        "window",
        "soc",
        "term",
        "cohort",
        "criterion",
        "k",
        "n",
        "low",
        "high",
        "n_full",
        "in_doubt",
        "relation_missing",
    ]
    for by in ((), ("soc",), ("soc", "term")):
        for row in table(asked, by, criteria_of(asked.cut.protocol)).to_dict("records"):
            cohort = TOTAL if row["cohort"] == TOTAL else asked.cut.protocol.level(row["cohort"]).label.en
            place = [row.get(name, "(all)") for name in ("soc", "term")]
            numbers = [
                row["k"],
                row["n"],
                _blank(row["low"]),
                _blank(row["high"]),
                row["n_full"],
                row["unknown"],
                row["marked"],
            ]
            yield [found.population.id, found.window.id, *map(_text, place), cohort, row["criterion"], *numbers]


def _kinetics(asked: Asked) -> Iterable[Iterable]:
    found, names = exposures_of(asked.cut, asked.head), subjects(asked.cut).set_index("usubjid")[["subjid", "cohort"]]
    yield ["usubjid", "subjid", "cohort", "paramcd", "interval_end_d", "value", "unit", "state", "why",
           "last_sample_day", "followed_to_day", "reason"]  # fmt: skip
    cohort = chosen_cohort(asked)
    for one in found.itertuples():
        subjid, own = names.loc[one.subject]
        if cohort and own != cohort:
            continue
        numbers = ["" if pd.isna(number) else number for number in (one.end, one.value)]
        known = ["" if pd.isna(value) else value for value in (one.unit, one.last)]
        yield [one.subject, subjid, "" if pd.isna(own) else own, one.parameter, *numbers, known[0], one.state, one.why,
               known[1], one.followed, one.reason]  # fmt: skip


_AGAINST = ("baseline", "baseline_limit", "fold_baseline", "fold_baseline_bound",
            "infusion", "infusion_limit", "fold_infusion", "fold_infusion_bound")  # fmt: skip


def _peaks(asked: Asked) -> Iterable[Iterable]:
    """Peaks and outcomes, one row a patient and peak or outcome."""
    found, cohort = cytokines_of(asked.cut, asked.head), chosen_cohort(asked)
    known = found.of(cohort).set_index("usubjid")["subjid"]
    numbers = ["value", "day", "samples", "last_sample_day", "followed_to_day", *_AGAINST]
    yield ["usubjid", "subjid", "cohort", "kind", "id", "limit", "unit", "words", "state", "why", *numbers]
    for one in found.peaks.itertuples() if len(found.peaks) else ():
        if one.usubjid in known.index:
            values = [one.value, one.day, one.n, one.last_day, one.followed, *(getattr(one, name) for name in _AGAINST)]
            yield [one.usubjid, known[one.usubjid], one.cohort, "peak", one.peak, one.limit, one.unit, "", one.state,
                   one.why, *map(_told, values)]  # fmt: skip
    for one in found.outcomes.itertuples() if len(found.outcomes) else ():
        if one.usubjid in known.index:
            yield [one.usubjid, known[one.usubjid], one.cohort, "outcome", one.outcome, one.limit, one.unit, one.words,
                   one.state, one.why, *map(_told, [one.value, one.day]), *[""] * (len(numbers) - 2)]  # fmt: skip


def _cytokines(asked: Asked) -> Iterable[Iterable]:
    """The matrix: without p and limits where the view is a part of the patients."""
    yield ["peak", "outcome", "statistic", "n", "responders", "estimate", "low_95", "high_95", "p", "adjusted_bh",
           "method", "why"]  # fmt: skip
    if len(cytokines_of(asked.cut, asked.head).family):
        for one in family_of(asked.cut, chosen_cohort(asked), asked.head).itertuples():
            statistic = "auc" if one.outcome == RESPONSE else "rho"
            numbers = (one.estimate, one.low, one.high, one.p, one.adjusted)
            yield [one.peak, one.outcome, statistic, one.n, one.n_yes, *map(_told, numbers), one.method, one.why]


def _patient_measurements(asked: Asked) -> Iterable[Iterable]:
    columns = [
        "usubjid",
        "table",
        "code",
        "name",
        "value",
        "unit",
        "qualifier",
        "qualitative",
        "text",
        "lloq",
        "range_low",
        "range_high",
        "rel_day",
        "time",
        "dtc",
        "visit",
        "specimen",
        "method",
        "place",
        "evaluator",
        "not_done",
        "why",
        "excluded",
        "source_file",
        "source_row",
        "grade_term",
        "grade_low",
        "grade_high",
        "grade_scale",
        "grade_lacking",
    ]
    found = _patient(asked)
    grades = found.grades.assign(lacking=found.grades["lacking"].map(" ".join)).add_prefix("grade_")
    yield from _frame(_narrowed(asked, found, "measured", found.measured.join(grades)), columns)


def _patient_interventions(asked: Asked) -> Iterable[Iterable]:
    columns = [
        "usubjid",
        "kind",
        "name",
        "reported",
        "group",
        "dose",
        "unit",
        "route",
        "indication",
        "start",
        "end",
        "rel_day",
        "end_rel_day",
        "time",
        "end_time",
        "source_file",
        "source_row",
    ]
    found = _patient(asked)
    yield from _frame(_narrowed(asked, found, "given", found.given), columns)


def _patient_events(asked: Asked) -> Iterable[Iterable]:
    columns = [
        "usubjid",
        "aeseq",
        "aegrpid",
        "aeterm",
        "aedecod",
        "aebodsys",
        "aesev",
        "aetoxgr",
        "aeser",
        "aerel",
        "aeout",
        "aedlt",
        "aestdtc",
        "aeendtc",
        "source_file",
        "source_row",
    ]
    found = _patient(asked)
    yield from _frame(_narrowed(asked, found, "events", found.events), columns)


def _files(asked: Asked) -> Iterable[Iterable]:
    yield ["file", "domain", "format", "encoding", "dialect", "bytes", "sha256", "read", "used", "refused", "kept",
           "rows of the store", "derived", "mapped columns", "ignored columns"]  # fmt: skip
    for one in asked.cut.receipt.files:
        loaded, derived = (
            ", ".join(f"{name} {count}" for name, count in counts.items()) for counts in (one.loaded, one.derived)
        )
        yield [one.name, one.domain, one.format, one.encoding, one.dialect, one.size, one.sha256, one.rows, one.used,
               one.refused, one.kept, loaded, derived, *map(" ".join, (one.mapped_columns, one.ignored_columns))]  # fmt: skip  # noqa: E501


def _freshness(asked: Asked) -> Iterable[Iterable]:
    yield ["table", "domain", "rows", "subjects", "last date", "days before the cut-off"]
    for row in freshness(asked.cut).itertuples():
        dated = ("", "") if row.days is pd.NA else (f"{row.last:%Y-%m-%dT%H:%M}", row.days)
        yield [row.name, row.domain, row.rows, row.subjects, *dated]


def _coverage(asked: Asked) -> Iterable[Iterable]:
    yield ["screen", "need", "table", "column", "values", "k", "n"]
    infused, met = coverage(asked.cut)
    for screen, needs in NEEDS.items():
        for one in needs:
            if one in met:
                yield [screen, one.name, one.table, one.column, " ".join(one.codes), met[one], infused]


def _changes(asked: Asked) -> Iterable[Iterable]:
    """Every row that differs, a changed one once for each cell."""
    found = _compared(asked)
    rows = found.changes.rows
    rows = rows.assign(late=late(rows, found.was.cutoff).map({True: "Y", False: ""}))
    return _frame(rows, (*COLUMNS, "late"))


def _against(asked: Asked) -> str:
    return against(asked, _compared(asked))


def _compared(asked: Asked) -> Compared:
    try:
        before = earlier(asked)
    except CutError as error:
        raise NotUnderstood(str(error)) from error
    if before is None:
        raise NotUnderstood(asked.say("changes.only_one"))
    return comparison(asked, before).result()


def _told(value: object) -> object:
    return "" if pd.isna(value) else value


def _patient(asked: Asked) -> Course:
    found = course_of(asked.cut, asked.view.subject, asked.head)
    if found is None:
        raise NotUnderstood(f"subject={asked.view.subject}")
    return found


def _frame(rows: pd.DataFrame, columns: tuple[str, ...]) -> Iterable[Iterable]:
    """The rows as they are, a missing value blank."""
    yield columns
    yield from ([None if pd.isna(one) else one for one in row] for row in rows[list(columns)].astype(object).to_numpy())


def _blank(value: float) -> float | str:
    return "" if value != value else value


def _text(value: object) -> str:
    return value if isinstance(value, str) else "(uncoded)"


def _without(asked: Asked) -> str:
    """The cohort, and the samples of the cells that people excluded."""
    return filters(asked, chosen(asked))


def _unfiltered(asked: Asked) -> str:
    return ""


def _of_counts(asked: Asked) -> str:
    """What narrows the counts, and the DLTs that are in none of them."""
    found = counted(asked)
    elsewhere = [asked.numbers[one] for one in dlts_without_event(asked.cut, asked.head)]
    told = [found.in_words(asked.view.lang)]
    told += [asked.say("ae.dlts_without_event", who=", ".join(elsewhere))] if elsewhere else []
    return "; ".join(told)


def _narrowed(asked: Asked, course: Course, of: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Those of the days in sight, as on the patient's screen."""
    return narrowed(rows, of, asked.view, course).rows


def _of_patient(asked: Asked) -> str:
    """Whose rows they are, of which days, and the samples that people excluded."""
    parts = [asked.view.subject, words(asked.view, _patient(asked), asked.say), without(asked, [asked.view.subject])]
    return "; ".join(one for one in parts if one)


# Name of the export -> the rows, the screen whose address it takes, and the words for what narrows them.
TABLES = {
    "ladder": (_ladder, "/", _unfiltered),
    "rounds": (export_rounds.rows, "/patients", rounds_table.filters),
    "adverse-events": (_incidence, "/adverse-events", _of_counts),
    "crs-grades": (export_grades.crs, "/grading", _unfiltered),
    "icans-grades": (export_grades.icans, "/grading", _unfiltered),
    "edish": (grading_liver.export, "/grading", _unfiltered),
    "lab-grades": (grading_lab_matrix.export, "/grading", _unfiltered),
    "unreported": (grading_labs.export, "/grading", _unfiltered),
    "alerts": (grading_alerts.export, "/grading", grading_alerts.filters),
    "iec-hs": (grading_iec_hs.export, "/grading", _unfiltered),
    "icaht": (grading_icaht.export, "/grading", _unfiltered),
    "discrepancies": (export_grades.differing, "/grading", _unfiltered),
    "kinetics": (_kinetics, "/kinetics", _without),
    "pp": (export_pp.rows, "/kinetics", _without),
    "samples": (export_samples.rows, "/kinetics", _without),
    "patient-measurements": (_patient_measurements, "/", _of_patient),
    "patient-interventions": (_patient_interventions, "/", _of_patient),
    "patient-events": (_patient_events, "/", _of_patient),
    "peaks": (_peaks, "/cytokines", _without),
    "cytokines": (_cytokines, "/cytokines", _without),
    "changes": (_changes, "/changes", _against),
    "files": (_files, "/data", _unfiltered),
    "freshness": (_freshness, "/data", _unfiltered),
    "coverage": (_coverage, "/data", _unfiltered),
}
