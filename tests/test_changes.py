"""What changes between two cuts: what was planted is found, nothing else is, and so are its consequences."""

from datetime import date, datetime

import pandas as pd
import pytest
from planted import CORRECTED, WORSE, Planted, at, with_row, without
from reading import text_of

from clinical.changes import consequences, late, would_read
from dashboard.change_lines import line, sections
from dashboard.change_rows import who
from dashboard.comparing import Compared, compared
from dashboard.labels import LANGUAGES, t
from dashboard.session import Asked
from dashboard.still import Element
from dashboard.view import View
from data.events import START
from data.store import Cut
from queries.changes import COLUMNS, changes

DRY_EYE = "XKDCT293-01-205"


@pytest.fixture(scope="module")
def planted(trial_files, tmp_path_factory) -> Planted:
    return Planted(trial_files[-1], tmp_path_factory.mktemp("planted"))


@pytest.fixture(autouse=True)
def in_the_application(client, planted):
    client.application.config["STORE"] = planted.store
    with client.application.test_request_context("/"):
        yield


def rows(planted: Planted, later: Cut, earlier: Cut | None = None) -> pd.DataFrame:
    return changes(planted.store.open(later.id, (earlier or planted.base).id)).rows


def cells(found: pd.DataFrame) -> list[tuple]:
    return list(found[["kind", "key", "column", "old", "new"]].itertuples(index=False, name=None))


def kinds(found: Compared) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for one in found.consequences:
        said.setdefault(one.kind, []).append(one.usubjid[-3:] or one.name)
    return said


# ---- rows ------------------------------------------------------------------------------------------------------------
def test_cells_that_were_corrected(planted):
    found = rows(planted, planted.worse)
    assert cells(found) == [
        ("changed", "AESEQ 9", "aetoxgr", "1", "3"),
        ("changed", "AESEQ 9", "aestdtc", "2026-09-07", "2026-08-28"),
    ]
    assert set(found["table"]) == {"adverse_event"} and set(found["usubjid"]) == {DRY_EYE}
    assert set(found["source_file"]) == {"ae.csv"} and set(found["source_row"]) == {63}


def test_a_result_that_was_corrected_is_told_by_what_came_and_not_by_what_is_derived(planted):
    later = planted.corrected
    assert [row[2:] for row in cells(rows(planted, later))] == [
        ("lborres", "251", "51"),
        ("lbstresc", "251", "51"),
        ("lbstresn", "251", "51"),
    ]


def test_a_row_that_is_gone_one_that_is_new_and_one_with_another_number(planted):
    new = {"AETERM": "HEADACHE", "AEDECOD": "Headache", "AESTDTC": "2026-10-20", "AEENDTC": "2026-10-21"}
    removed = rows(planted, planted.cut({"ae": without(DRY_EYE, 10)}))
    added = rows(planted, planted.cut({"ae": with_row("XKDCT293-01-301", 50, **new)}))
    renumbered = rows(planted, planted.cut({"ae": at(DRY_EYE, 9, AESEQ=12.0)}))
    assert removed[["kind", "key", "topic", "old_source_row"]].to_numpy().tolist() == [
        ["removed", "AESEQ 10", "FATIGUE", 64]
    ]
    assert added[["kind", "key", "topic", "dtc"]].to_numpy().tolist() == [
        ["added", "AESEQ 50", "HEADACHE", "2026-10-20"]
    ]
    assert cells(renumbered)[0][0] == "renumbered" and cells(renumbered)[0][3:] == ("AESEQ 9", "AESEQ 12")
    assert len(renumbered) == 1


def test_the_order_of_rows_and_their_files_change_no_row(planted):
    def in_parts(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        mixed = {name: frame.sample(frac=1, random_state=1) for name, frame in frames.items()}
        labs = mixed.pop("lb")
        return mixed | {"lb_1": labs.iloc[:300], "lb_2": labs.iloc[300:]}

    later = planted.cut({}, files=in_parts, cutoff=date(2026, 11, 22))
    found = changes(planted.store.open(later.id, planted.base.id))
    assert found.rows.empty and tuple(found.rows.columns) == COLUMNS
    assert set(found.moved["table"]) == {"lab", "cytokine"} and set(found.moved["old_file"]) == {"lb.csv"}
    whole = next(one.rows for one in planted.base.receipt.files if one.name == "lb.csv")
    assert found.moved.groupby("new_file")["rows"].sum().to_dict() == {"lb_1.csv": 300, "lb_2.csv": whole - 300}


def test_a_cut_against_itself_differs_in_nothing(planted):
    found = compared(planted.base, planted.base, START)
    assert found.changes.rows.empty and found.changes.moved.empty and found.consequences == () and found.counts.empty


def test_back_is_the_mirror_of_there(planted):
    edits = {"ae": lambda frame: without(DRY_EYE, 10)(at(DRY_EYE, 9, AETOXGR="3", AESTDTC="2026-08-28")(frame))}
    later = planted.cut(edits | CORRECTED)
    there, back = compared(planted.base, later, START), compared(later, planted.base, START)
    turned = {"added": "removed", "removed": "added"}
    said = {
        (turned.get(kind, kind), key, column, new, old) for kind, key, column, old, new in cells(there.changes.rows)
    }
    assert said == set(cells(back.changes.rows)) and len(said) == 6
    names = [[(one.kind, one.usubjid, one.name, one.criterion) for one in side.consequences] for side in (there, back)]
    assert sorted(names[0]) == sorted(names[1])


# ---- consequences ----------------------------------------------------------------------------------------------------
def test_a_graver_grade_that_moved_into_the_window(planted):
    found = compared(planted.base, planted.worse, START)
    assert kinds(found) == {
        "advice": [""],
        "window": ["205"],
        "candidate": ["205"],
        "level": ["DL2"],
        "count": ["DL2", "DL2", "total", "total"],
        "grade": ["205"],
    }
    window = next(one for one in found.consequences if one.kind == "window")
    assert (window.before.state.code, window.after.state.code) == ("complete", "candidate")
    assert window.rows == (0, 1)
    assert would_read(window.after, found.now.board, found.after.protocol) == (2, 6, "exceeded")
    counts = {(one.name, one.criterion): (one.before, one.after) for one in found.consequences if one.kind == "count"}
    assert counts["DL2", "grade3"] == ((5, 7, 1), (6, 7, 1))
    assert counts["total", "related_grade3"] == ((9, 13, 0), (10, 13, 0))


def test_a_dlt_that_the_later_files_flag(planted):
    found = compared(planted.base, planted.flagged, START)
    window = next(one for one in found.consequences if one.kind == "window")
    assert window.after.state.state == "evaluable_dlt" and window.after.dlt_day == 25
    assert set(found.changes.rows.loc[list(window.rows), "table"]) == {"adverse_event", "supplemental_qualifier"}
    levels = {one.name: (one.before, one.after) for one in found.consequences if one.kind == "level"}
    assert [(len(one.dlts), len(one.evaluable), one.state) for one in levels["DL2"]] == [
        (1, 6, "cleared"),
        (2, 6, "exceeded"),
    ]
    assert found.consequences[0].kind == "advice" and found.consequences[0].after.stands == "hold"


def test_a_corrected_value_that_breaks_a_run(planted):
    later = planted.corrected
    found = compared(planted.base, later, START)
    was, now = (one for one in found.consequences if one.kind == "candidate")
    assert (was.before.verdict, was.after.verdict) == ("running", "cleared")
    assert now.before is None and now.after.key == "LB ALT 2026-11-21 nonhaem_3_7d"
    assert kinds(found) == {"candidate": ["302", "302"]}


def test_a_death_is_a_consequence_however_long_after_the_infusion(planted):
    """No rule asks for the death of 101 in month eight, no window is open any more: it is not among rows alone."""

    def died(rows: pd.DataFrame) -> pd.DataFrame:
        is_it = rows["USUBJID"] == "XKDCT293-01-101"
        return rows.assign(DTHFL=rows["DTHFL"].mask(is_it, "Y"), DTHDTC=rows["DTHDTC"].mask(is_it, "2026-11-10"))

    found = compared(planted.base, planted.cut({"dm": died}), START)
    [one] = [each for each in found.consequences if each.kind == "death"]
    assert (one.usubjid, one.before, one.after) == ("XKDCT293-01-101", None, date(2026, 11, 10))
    assert "dthdtc" in {found.records[place].column for place in one.rows}
    asked = Asked(View(page="changes"), found.after)
    told = " ".join(text_of(line(asked, found, one)).split())
    assert told.startswith("101 no death reported → died on 2026-11-10 ")


def test_what_the_calendar_alone_changes_names_no_row(planted):
    found = compared(planted.base, planted.month_later, START)
    assert found.changes.rows.empty
    window = next(one for one in found.consequences if one.kind == "window")
    assert window.usubjid == "XKDCT293-01-303" and window.rows == ()
    asked = Asked(View(page="changes"), found.after)
    assert "By the calendar" in str(line(asked, found, window))


def test_rows_that_bear_on_nothing_have_no_consequence(planted):
    later = planted.cut({"ae": at(DRY_EYE, 10, AEOUT="RECOVERED/RESOLVED WITH SEQUELAE")})
    found = compared(planted.base, later, START)
    assert len(found.changes.rows) == 1 and found.consequences == ()


def test_a_verdict_that_stood_and_is_overtaken_stands_first(planted, state):
    earlier = planted.worse
    candidate = "AE 9 nonhaem_3_7d"
    said = {"candidate": candidate, "clause": "nonhaem_3_7d", "term": "Dry eye", "grade": 3, "dlt": False,
            "reason": "mild", "cut": earlier.id, "cutoff": earlier.cutoff.isoformat(),
            "onset": "2026-08-28/2026-08-28"}  # fmt: skip
    state.append("dlt.adjudicated", actor="Dr Li", subject=DRY_EYE, payload=said)
    later = planted.cut({"ae": at(DRY_EYE, 9, AETOXGR="4", AESTDTC="2026-08-28")})
    found = compared(earlier, later, state.head())
    first = found.consequences[0]
    assert (first.kind, first.usubjid, first.name) == ("verdict", DRY_EYE, candidate)
    assert (first.before.adjudicated, first.after.adjudicated, first.after.code) == ("N", None, "changed_since")
    told = str(line(Asked(View(page="changes"), later, state.head()), found, first))
    assert "No. 1: no DLT, said by Dr Li" in told and "AETOXGR 3 → 4" in told


def test_the_verdict_of_a_person_is_named_where_no_row_changed(planted, state):
    earlier = planted.worse
    later = planted.cut(WORSE, cutoff=date(2026, 11, 22))
    said = {"candidate": "AE 9 nonhaem_3_7d", "clause": "nonhaem_3_7d", "term": "Dry eye", "grade": 3, "dlt": True,
            "reason": "seen", "cut": later.id, "cutoff": later.cutoff.isoformat(),
            "onset": "2026-08-28/2026-08-28"}  # fmt: skip
    state.append("dlt.adjudicated", actor="Dr Li", subject=DRY_EYE, payload=said)
    found = compared(earlier, later, state.head())
    window = next(one for one in found.consequences if one.kind == "window" and one.usubjid == DRY_EYE)
    assert (window.before.state.code, window.after.state.code) == ("candidate", "dlt")
    asked = Asked(View(page="changes"), later, state.head())
    assert "By verdict No. 1 of Dr Li." in str(line(asked, found, window))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_consequence_is_told_in_words_whichever_cut_is_the_later(planted, lang):
    for later in (planted.worse, planted.flagged, planted.corrected, planted.month_later):
        for before, after in ((planted.base, later), (later, planted.base)):
            found, asked = compared(before, after, START), Asked(View(page="changes", lang=lang), after)
            said = str(sections(asked, found))
            assert found.consequences and all(t(f"changes.kind_{one.kind}", lang) in said for one in found.consequences)
            assert all(" → " in str(line(asked, found, one)) for one in found.consequences if one.kind != "count")


def test_a_patient_who_is_in_neither_cut_is_named_and_no_link(planted):
    found = compared(planted.base, planted.worse, START)
    assert who(Asked(View(page="changes"), found.after), found, "X-1") == Element("span", {}, "X-1")


# ---- late ------------------------------------------------------------------------------------------------------------
CUTOFF = datetime(2026, 3, 31, 23, 59, 59)


@pytest.mark.parametrize(
    ("kind", "earliest", "is_late"),
    [
        ("added", "2026-03-31T23:00", True),
        ("added", "2026-04-01", False),
        ("added", None, False),
        ("changed", "2026-03-01", False),
    ],
)
def test_a_late_entry_is_new_and_dated_before(kind, earliest, is_late):
    row = {"table": "adverse_event", "kind": kind, "usubjid": "A1", "earliest": pd.Timestamp(earliest)}
    assert late(pd.DataFrame([row]), CUTOFF).tolist() == [is_late]


@pytest.mark.parametrize(("consent", "is_late"), [("2026-04-02", False), ("2026-03-02", True)])
def test_the_history_of_a_patient_who_came_later_is_not_late(consent, is_late):
    told = [("subject", consent), ("medical_history", "2020-01-01")]
    frame = pd.DataFrame(
        [{"table": table, "kind": "added", "usubjid": "A1", "earliest": pd.Timestamp(day)} for table, day in told]
    )
    assert late(frame, CUTOFF).tolist() == [is_late, is_late]


def test_late_entries_are_counted_and_a_filled_in_blank_is_no_correction(planted):
    new = {"AETERM": "HEADACHE", "AEDECOD": "Headache", "AESTDTC": "2026-10-20", "AEENDTC": "2026-10-21"}
    edits = (
        with_row("XKDCT293-01-301", 50, **new),
        at(DRY_EYE, 10, AEACN="DRUG INTERRUPTED"),
        at(DRY_EYE, 9, AESEV="MILD"),
    )

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        for one in edits:
            frame = one(frame)
        return frame

    found = compared(planted.base, planted.cut({"ae": edit}), START)
    counted = {"added": 1, "late": 1, "corrected": 1, "filled": 1, "removed": 0, "renumbered": 0}
    assert found.counts.loc["adverse_event"].to_dict() == counted
    assert consequences(found.was, found.was, found.changes.rows.iloc[:0]) == ()
