"""Which events a window holds and who is its denominator, each case by hand; days since infusion, 1 March 2026."""

from dataclasses import dataclass

import pandas as pd
import pytest
from trial_frames import (
    CRS,
    NEUTROPHILS,
    PROTOCOL,
    end_of,
    event,
    events,
    moment,
    protocol_with,
    subject,
    subjects,
)

from clinical.incidence import incidence
from clinical.treatment_emergent import denominator, described, in_window

WINDOWS = {one.id: one for one in PROTOCOL.adverse_events.windows}  # infusion, lymphodepletion, dlt, all


# ---- who is counted --------------------------------------------------------------------------------------------------
PEOPLE = [
    subject("S", None, None),  # in screening, no cohort yet
    subject("F", None, None, screen_failed=True),
    subject("G", "DL1", None, screen_failed=True),  # failed after a cohort was assigned
    subject("C", "DL1", None),
    subject("L", "DL1", None, leukapheresis=-30),
    subject("D", "DL1", None, leukapheresis=-30, lymphodepletion=-5),  # lymphodepleted, never infused
    subject("I", "DL1", 0, leukapheresis=-30, lymphodepletion=-5),
    subject("J", "DL2", 0, lymphodepletion=None),  # infused; lymphodepletion not recorded
    subject("K", "DL2", 0, leukapheresis=-30, lymphodepletion=-5, screen_failed=True),  # screened again, and infused
]


@pytest.mark.parametrize(
    ("step", "members"),
    [
        ("consented", "CLDIJK"),
        ("leukapheresed", "LDIK"),
        ("lymphodepleted", "DIJK"),
        ("infused", "IJK"),
        ("dlt_evaluable", "IJ"),
    ],
)
def test_each_step_has_those_who_came_so_far(step, members):
    people = denominator(subjects(*PEOPLE), step, WINDOWS["infusion"], PROTOCOL, ["I", "J"])
    assert list(people.columns) == ["usubjid", "cohort", "start", "full_follow_up"]
    assert "".join(people["usubjid"]) == members
    assert set(people["cohort"]) <= {"DL1", "DL2"}


def test_an_unknown_step_is_an_error():
    with pytest.raises(KeyError):
        denominator(subjects(*PEOPLE), "randomised", WINDOWS["infusion"], PROTOCOL)


@pytest.mark.parametrize(
    ("window", "starts"),
    [
        ("infusion", {"D": None, "I": (0, 10), "J": (0, 10), "K": (0, 10)}),
        ("lymphodepletion", {"D": (-5, 0), "I": (-5, 0), "J": (0, 10), "K": (-5, 0)}),
        ("all", dict.fromkeys("DIJK", (-50, 0))),
    ],
)
def test_where_each_window_begins(window, starts):
    people = denominator(subjects(*PEOPLE), "lymphodepleted", WINDOWS[window], PROTOCOL).set_index("usubjid")
    found = {who: None if pd.isna(start) else start for who, start in people["start"].items()}
    assert found == {who: start and moment(*start) for who, start in starts.items()}


@pytest.mark.parametrize(
    ("patient", "window", "full"),
    [
        ({"last_contact": 28}, "dlt", True),
        ({"last_contact": 27}, "dlt", False),
        ({"last_contact": None}, "dlt", False),
        ({"last_contact": 12, "death": 12}, "dlt", True),  # nothing more can happen
        ({"last_contact": 365}, "infusion", True),
        ({"last_contact": 364}, "infusion", False),
        ({"last_contact": 360, "lymphodepletion": -5}, "lymphodepletion", True),  # 365 days from Day -5
        ({"last_contact": 315, "consent": -50}, "all", True),  # open: the trial's 365 days
        ({"last_contact": 314, "consent": -50}, "all", False),
        ({"last_contact": 900, "consent": None}, "all", False),  # from when is not known
    ],
)
def test_follow_up_is_full_at_the_windows_last_day_or_at_death(patient, window, full):
    people = denominator(subjects(subject("A1", **patient)), "infused", WINDOWS[window], PROTOCOL)
    assert people["full_follow_up"].tolist() == [full]


def test_without_patients_there_is_an_empty_denominator():
    people = denominator(subjects(), "infused", WINDOWS["infusion"], PROTOCOL)
    assert len(people) == 0
    found = in_window(_described(events(), subjects(), cutoff=9), people, WINDOWS["infusion"], end_of(9))
    assert len(found) == 0
    assert incidence(people, found)["n"].tolist() == [0]


# ---- which events ----------------------------------------------------------------------------------------------------
def counted(*rows, window="infusion", cutoff=60, protocol=PROTOCOL, step="infused", **patient):
    everyone = subjects(subject("A1", **{"lymphodepletion": -5, **patient}))
    period = WINDOWS[window]
    people = denominator(everyone, step, period, protocol)
    rows = _described(events(*rows), everyone, protocol=protocol, cutoff=cutoff)
    return in_window(rows, people, period, end_of(cutoff))


def _described(rows, everyone, *, protocol=PROTOCOL, cutoff=60):
    return described(rows, protocol, end_of(cutoff), everyone.set_index("usubjid")["day0"])


@dataclass(frozen=True)
class Onset:
    start: object
    end: object
    window: str
    inside: bool
    partial: bool = False


@pytest.mark.parametrize(
    "case",
    [
        Onset(-1, 5, "infusion", False),
        Onset(0, 5, "infusion", True),
        Onset("0T06:00", 5, "infusion", True),  # on the day of infusion, hours before it
        Onset(-1, 5, "lymphodepletion", True),
        Onset(-5, 5, "lymphodepletion", True),
        Onset(-6, 5, "lymphodepletion", False),
        Onset(-50, None, "all", True),
        Onset(-51, None, "all", False),
        Onset(28, None, "dlt", True),
        Onset("28T23:50", None, "dlt", True),
        Onset(29, None, "dlt", False),
        Onset(60, None, "infusion", True),
        Onset(61, None, "infusion", False),  # after the cut-off
        Onset(61, None, "all", False),
        Onset("2026-03", None, "dlt", True, True),  # Day 0 to 30: perhaps after
        Onset("2026-03", None, "infusion", True),  # Day 0 to 30: surely inside
        Onset("2026", None, "infusion", True, True),  # from Day -59
        Onset("2026-02", None, "infusion", False),
        Onset("2026", -2, "infusion", False),  # over before the infusion
        Onset(None, None, "infusion", True, True),
        Onset(None, -2, "infusion", False),
        Onset(None, 5, "infusion", True, True),
        Onset(5, -2, "infusion", True),  # the end is wrong, the onset is not
    ],
    ids=str,
)
def test_an_onset_and_its_window(case):
    found = counted(event(CRS, 2, case.start, case.end), window=case.window)
    assert found["partial"].tolist() == [case.partial] * case.inside


def test_the_windows_end_counts_from_its_own_start():
    """365 days from lymphodepletion, Day -5: Day 360 is the last."""
    rows = [event("Cough", 1, 360), event("Nausea", 1, 361)]
    assert counted(*rows, window="lymphodepletion", cutoff=400)["term"].tolist() == ["Cough"]
    assert len(counted(*rows, window="infusion", cutoff=400)) == 2


@pytest.mark.parametrize(
    ("grades", "inside"),
    [
        # (grade, start) of the rows of one event; the window begins on Day 0
        ([(3, -2)], []),
        ([(3, -2), (4, 3)], [3]),
        ([(3, -2), (3, 3)], []),
        ([(3, -2), (2, 3)], []),
        ([(3, -2), (2, 3), (4, 6)], [6]),
        ([(1, -2), (2, 3), (3, 6), (2, 9)], [3, 6, 9]),  # 9: still above where it was at the start
        ([(3, -9), (1, -3), (2, 4)], [4]),  # worse than at the start, if not than ever
        ([(2, 1), (1, 5)], [1, 5]),  # it began in the window
        ([(2, "2026-02"), (3, 4)], [4]),
    ],
)
def test_what_began_before_counts_when_it_worsens(grades, inside):
    found = counted(*(event(CRS, grade, start, group="AE1") for grade, start in grades))
    assert found["rel_day"].tolist() == inside
    assert not found["partial"].any()


@pytest.mark.parametrize("grades", [[(None, -2), (2, 4)], [(2, -2), (None, 4)]])
def test_a_worsening_that_a_missing_grade_hides_counts_marked(grades):
    found = counted(*(event(CRS, grade, start, group="AE1") for grade, start in grades))
    assert found[["rel_day", "partial"]].to_numpy().tolist() == [[4, True]]


def test_groups_are_told_apart_by_patient_and_rows_without_group_by_themselves():
    everyone = subjects(subject("A1"), subject("A2"))
    people = denominator(everyone, "infused", WINDOWS["infusion"], PROTOCOL)
    rows = events(
        event(CRS, 3, -2, group="AE1", who="A1"),
        event(CRS, 2, 3, group="AE1", who="A2"),  # another patient's AE1
        event("Cough", 3, -2, who="A1"),
        event("Cough", 1, 3, who="A1"),  # another event of that name
    )
    found = in_window(_described(rows, everyone), people, WINDOWS["infusion"], end_of(60))
    assert list(zip(found["usubjid"], found["term"], found["rel_day"], strict=True)) == [
        ("A1", "Cough", 3),
        ("A2", CRS, 3),
    ]


def test_events_out_of_one_row_of_a_wide_file_are_told_apart():
    """Nausea of Day -2 and fatigue of Day 3 stand in one row of a table of subjects: the fatigue is no lower grade of
    the nausea."""
    everyone = subjects(subject("A1"))
    people = denominator(everyone, "infused", WINDOWS["infusion"], PROTOCOL)
    rows = events(event("Nausea", 3, -2), event("Fatigue", 1, 3)).assign(source_row=14)
    found = in_window(_described(rows, everyone), people, WINDOWS["infusion"], end_of(60))
    assert found["term"].tolist() == ["Fatigue"]


def test_the_order_of_the_rows_does_not_matter():
    rows = events(*(event(CRS, grade, start, group="AE1") for grade, start in [(1, -2), (3, 3), (2, 6), (1, 9)]))
    everyone = subjects(subject("A1"))
    people = denominator(everyone, "infused", WINDOWS["infusion"], PROTOCOL)
    asked = (people, WINDOWS["infusion"], end_of(60))
    before = rows.copy()
    found = in_window(_described(rows, everyone), *asked)
    pd.testing.assert_frame_equal(found, in_window(_described(rows.iloc[::-1], everyone), *asked))
    assert found["rel_day"].tolist() == [3, 6]
    pd.testing.assert_frame_equal(rows, before)


def test_who_never_came_to_the_windows_start_is_counted_without_events():
    patient = {"infused": None, "lymphodepletion": -5, "last_contact": 300}
    assert len(counted(event(CRS, 2, 3), step="lymphodepleted", **patient)) == 0
    found = counted(event(CRS, 2, 3), step="lymphodepleted", window="lymphodepletion", **patient)
    assert found["rel_day"].isna().tolist() == [True]


def test_a_patient_outside_the_population_has_no_event():
    everyone = subjects(subject("A1"), subject("F", None, None, screen_failed=True))
    people = denominator(everyone, "consented", WINDOWS["all"], PROTOCOL)
    rows = _described(events(event(CRS, 2, 3, who="F")), everyone)
    found = in_window(rows, people, WINDOWS["all"], end_of(60))
    assert len(found) == 0


def test_a_missing_consent_opens_the_window_on_everything():
    assert len(counted(event(CRS, 2, -400), window="all", consent=None)) == 1


# ---- what is said of them --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("relation", "related"),
    [("related", True), ("unlikely", False), ("unrelated", False), ("cannot_be_judged", None), (None, None)],
)
def test_an_unknown_relation_is_neither_yes_nor_no(relation, related):
    assert counted(event(CRS, 2, 3, rel=relation))["related"].tolist() == [related]


def test_the_columns_of_a_row():
    row = counted(event(CRS, None, 3, aeser=None, aedlt="Y", aebodsys="Immune system disorders")).iloc[0]
    assert (row["soc"], row["term"], row["serious"], row["dlt"]) == ("Immune system disorders", CRS, None, True)
    assert pd.isna(row["toxgr"])
    row = counted(event(None, 3, 3, aeser="Y")).iloc[0]
    assert pd.isna(row["term"])
    assert (row["serious"], row["dlt"], row["aesi"], row["aesi_groups"]) == (True, False, False, ())


@pytest.mark.parametrize(
    ("row", "aesi", "groups"),
    [
        (event(CRS, 1, 3), True, ("crs",)),
        (event("CYTOKINE RELEASE SYNDROME", 1, 3), True, ("crs",)),
        (event("细胞因子释放综合征", 1, 3), True, ("crs",)),
        (event("Cough", 3, 3), False, ()),
        # infections from grade 3
        (event("Pneumonia", 3, 3), True, ("infection",)),
        (event("Pneumonia", 2, 3), False, ()),
        (event("Pneumonia", None, 3), None, ()),
        (event("HERPES ZOSTER", 1, 3), True, ("infection",)),  # opportunistic in any grade
        (event("Herpes zoster", None, 3), True, ("infection",)),
        # infusion reaction: Day 0 to 2
        (event("Hypersensitivity", 1, 0), True, ("infusion_reaction",)),
        (event("Hypersensitivity", 1, 2), True, ("infusion_reaction",)),
        (event("Hypersensitivity", 1, 3), False, ()),
        (event("Hypersensitivity", 1, "2026-03"), None, ()),  # Day 0 to 30
        (event("Hypersensitivity", 1, "2026-04"), False, ()),
        (event("Hypersensitivity", 1, None), None, ()),
        # cytopenia of grade 3 after Day 30
        (event(NEUTROPHILS, 4, 3, 30), False, ()),
        (event(NEUTROPHILS, 4, 3, 31), True, ("cytopenia",)),
        (event(NEUTROPHILS, 2, 3, 40), False, ()),
        (event(NEUTROPHILS, None, 3, 40), None, ()),
        (event(NEUTROPHILS, None, 3, 20), False, ()),
        (event(NEUTROPHILS, 3, 3), True, ("cytopenia",)),  # goes on at the cut-off, Day 60
        (event(NEUTROPHILS, 3, 3, "2026-03"), False, ()),  # Day 30 at the latest
        (event(NEUTROPHILS, 3, 3, "2026"), None, ()),
        (event(NEUTROPHILS, 3, 3, aeout="RECOVERED/RESOLVED"), None, ()),  # nobody wrote when
        (event(NEUTROPHILS, 3, 35, 36), True, ("cytopenia",)),
    ],
)
def test_events_of_special_interest(row, aesi, groups):
    found = counted(row).iloc[0]
    assert (found["aesi"], found["aesi_groups"]) == (aesi, groups)


def test_a_cytopenia_persists_or_not_as_of_the_cutoff():
    assert counted(event(NEUTROPHILS, 4, 3), cutoff=30)["aesi"].tolist() == [False]
    assert counted(event(NEUTROPHILS, 4, 3, 40), cutoff=30)["aesi"].tolist() == [False]  # that end is still to come
    assert counted(event(NEUTROPHILS, 4, 3), cutoff=31)["aesi"].tolist() == [True]


def test_a_cytopenia_persists_as_one_event():
    """Grade 3 before the infusion, 4 from Day 3, 3 again to Day 40: only the worsening is counted, and it persists."""
    rows = [(3, -2, 2), (4, 3, 8), (3, 9, 40)]
    found = counted(*(event(NEUTROPHILS, *row, group="AE1") for row in rows))
    assert found[["rel_day", "aesi"]].to_numpy().tolist() == [[3, True]]
    mild = [(4, 3, 8), (2, 9, 40)]  # grade 3 and more for six days
    assert not counted(*(event(NEUTROPHILS, *row, group="AE1") for row in mild))["aesi"].any()
    open_ended = [(4, 3, None), (1, 9, 12)]  # a row without end ended when the next began
    assert not counted(*(event(NEUTROPHILS, *row, group="AE1") for row in open_ended))["aesi"].any()


def test_a_code_matches_whatever_the_term_is_called():
    coded = protocol_with('terms = ["Pneumonitis", "Interstitial lung disease",\n',
                          'codes = ["10035742"]\nterms = ["Pneumonitis",\n')  # fmt: skip
    for term in ("肺纤维化", None):
        found = counted(event(term, 2, 3, aeptcd="10035742"), protocol=coded).iloc[0]
        assert (found["aesi"], found["aesi_groups"]) == (True, ("pulmonary",))


def test_a_protocol_without_groups_has_no_events_of_special_interest():
    found = counted(event(CRS, 2, 3), protocol=PROTOCOL.model_copy(update={"aesi": ()}))
    assert found[["aesi", "aesi_groups"]].to_numpy().tolist() == [[False, ()]]


# ---- the simulated trial ---------------------------------------------------------------------------------------------
def test_the_last_cut_from_infusion(trial):
    """Rows by hand from the scenario: those from Day 0 on, and of earlier events those above the grade at the start."""
    from queries.adverse_events import adverse_events
    from queries.subjects import subjects as subjects_of

    cut = trial.open(trial.ids()[-1])
    everyone = subjects_of(cut)
    people = denominator(everyone, "infused", WINDOWS["infusion"], PROTOCOL)
    rows = described(adverse_events(cut), PROTOCOL, cut.cutoff, everyone.set_index("usubjid")["day0"])
    found = in_window(rows, people, WINDOWS["infusion"], cut.cutoff)
    assert found.groupby(found["usubjid"].str[-3:]).size().to_dict() == {
        "101": 3,  # neutrophils grade 4 on Day 3 (before: 3), fatigue, CRS
        "102": 4,  # neutrophils from Day 0, fatigue, pyrexia, arthralgia
        "103": 3,  # CRS, anaemia, progression
        "201": 11,  # neutrophils 4, CRS five rows, fatigue, platelets three, ALT
        "202": 4,  # CRS three rows, ALT
        "203": 2,  # neutrophils from Day 0, fatigue
        "204": 5,  # neutrophils 4, CRS, rash, pneumonia, pyrexia
        "205": 8,  # CRS three rows, ALT, rash two rows, dry eye, fatigue of which only the month is known
        "206": 6,  # neutrophils from Day 0, fatigue, CRS three rows, ICANS
        "207": 4,  # nausea, CRS, anaemia, headache
        "301": 7,  # neutrophils 4, CRS three rows, fatigue, hyperglycaemia, rash
        "302": 2,  # fatigue, CRS
        "303": 3,  # neutrophils 4, the uncoded one, CRS
    }
    # 102's arthralgia has only its month: -262 + 150 is trial day -112, 1 August 2026; the month is inside the year.
    # 205 was infused on 3 August: fatigue that began in "2026-08" may have begun before it.
    assert found.loc[found["partial"], "usubjid"].str[-3:].tolist() == ["205"]
    table = incidence(people, found, criteria=("any", "grade3", "serious", "dlt"))
    total = table[table["cohort"] == "total"].set_index("criterion")
    assert total.loc["any", ["k", "n"]].tolist() == [13, 13]
    assert total.loc["serious", "k"] == 3  # 103 progression, 201 CRS, 204 pneumonia
    assert total.loc["dlt", "k"] == 1
    # grade 3 from Day 0: 101 102 103 201 202 203 204 206 301 303; not 205 302 (neutrophils 4 began before) and 207
    assert total.loc["grade3", ["k", "unknown"]].tolist() == [10, 1]  # 207's headache has no grade
