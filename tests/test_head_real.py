"""What the page and the sheet of six real patients say, held against what stands in the files, worked out by hand.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.

The pilot (data to 2015-03-31): 1211 died, 1170 stopped after a serious syncope, 1004 went through to Week 26.
CD22 (30 days, no dates): 3333 had CRS 4, 6188 a complete remission after CRS 1, of 2768 no cytokine was measured.
"""

from collections.abc import Sequence

import pytest
from reading import text_of

from clinical.alerts import Alert
from clinical.course import Course
from dashboard import due_card, patient_alerts, patient_head, patient_tables, sheet
from dashboard.courses import course
from dashboard.labels import LANGUAGES, speaker
from dashboard.session import Asked
from dashboard.view import View
from data.store import Cut
from queries.subjects import subjects

pytestmark = pytest.mark.real

PILOT = ("01-701-1211", "01-718-1170", "01-717-1004")
CD22 = ("CD22-3333", "CD22-6188", "CD22-2768")

# What stands in the head; days of the pilot by the calendar: 2012-11-15 to 2015-03-31 are 866, and so on.
HEAD = {
    # dm.xpt 25, sv.xpt 287; vs.xpt 2461 of 2013-01-08, lbch.xpt 2542 of 2013-01-08T12:13
    "01-701-1211": ["1211", "F 76", "Xanomeline low dose", "Day 866", "died on 2013-01-14",
                    "died on 2013-01-14: nothing is due", "vital signs 812 d · lab 812 d",
                    "none: cytokines, CAR cells, ICE, tumour · last visit or event 2013-01-14"],
    # dm.xpt 299, ds.xpt 576; vs.xpt 28761 of 2014-03-15, the retrieval visit; lbch.xpt of 2013-11-03T10:15
    "01-718-1170": ["1170", "F 80", "Xanomeline low dose", "Day 561",
                    "off study since 2013-11-03 (ADVERSE EVENT): nothing is due", "vital signs 381 d · lab 513 d",
                    "none: cytokines, CAR cells, ICE, tumour · last visit or event 2014-03-15"],
    # dm.xpt 287, sv.xpt 3292
    "01-717-1004": ["1004", "F 80", "Xanomeline low dose", "Day 441", "the protocol file plans no visits",
                    "vital signs 258 d · lab 258 d",
                    "none: cytokines, CAR cells, ICE, tumour · last visit or event 2014-07-16"],
    # subjects.csv 12; CRP of day 28.19 (04:33), the cut-off ends day 30: 67 h; cytokines day 28, CAR_ABS day 25
    "CD22-3333": ["3333", "sex and age not recorded", "3 × 10⁵ CAR+ T/kg", "dose received not recorded", "Day 30",
                  "peak grade 4 (as published)", "never assessed in the data", "lab 67 h",
                  "cytokines 2 d · CAR cells 5 d", "none: vital signs, ICE · without a day: tumour",
                  "no visit of this patient is in the data: what is due cannot be said", "last visit or event 01-07"],
    # subjects.csv 24; CRP of day 27.50, cytokines day 28, CAR_ABS day 30
    "CD22-6188": ["6188", "1 × 10⁶ CAR+ T/kg", "Day 30", "peak grade 1 (as published)", "lab 3 d",
                  "cytokines 2 d · CAR cells same day", "none: vital signs, ICE · without a day: tumour",
                  "last visit or event 01-13"],
    # subjects.csv 9: crs 0; CRP of day 27.54, CAR_ABS day 27; no row of cytokines.csv
    "CD22-2768": ["2768", "1 × 10⁶ CAR+ T/kg", "Day 30", "none reported", "lab 3 d", "CAR cells 3 d",
                  "none: vital signs, cytokines, ICE · without a day: tumour"],
}  # fmt: skip

# The last result of each panel: what was chosen of the page, test, result, range, against it, day, date, file and row.
# mg/dL x 88.4 (creatinine) and 17.1 (bilirubin) are umol/L, g/dL x 10 are g/L, degrees F: (F - 32) / 1.8.
LAST = {
    "01-701-1211": [
        ("lab", "ALT", "21 U/L", "6–32", "within", 54, "2013-01-08 12:13", "lbch.xpt 2547"),
        ("lab", "ALP", "183 U/L", "35–115", "above", 54, "2013-01-08 12:13", "lbch.xpt 2542"),
        ("lab", "CREAT", "114.9 µmol/L", None, "within", 54, "2013-01-08 12:13", "lbch.xpt 2587"),
        ("lab", "PLAT", "369 10⁹/L", "130–394", "within", 54, "2013-01-08 12:13", "lbhe.xpt 1758"),
        ("lab", "HGB", "139 g/L", None, "within", 54, "2013-01-08 12:13", "lbhe.xpt 1728"),
        ("lab", "PH", "5", "5–8", "within", 13, "2012-11-28 10:00", "lbur.xpt 416"),
        ("lab", "TSH", None, None, "within", -16, "2012-10-30 14:26", "lbur.xpt 419"),
        ("vital_sign", "TEMP", "36.22 °C", "", "", 54, "2013-01-08", "vs.xpt 2461"),
    ],
    "01-718-1170": [
        ("lab", "AST", "14 U/L", "9–34", "within", 48, "2013-11-03 10:15", "lbch.xpt 31780"),
        ("lab", "WBC", None, "3.8–10.7", "within", 48, "2013-11-03 10:15", "lbhe.xpt 21308"),
        ("lab", "SPGRAV", "1.019", "1.006–1.03", "within", 48, "2013-11-03 10:15", "lbur.xpt 4779"),
        ("lab", "VITB12", None, None, "within", -16, "2013-08-31 16:00", "lbur.xpt 4784"),
        ("vital_sign", "TEMP", "35.61 °C", "", "", 180, "2014-03-15", "vs.xpt 28761"),
    ],
    "01-717-1004": [
        ("lab", "GGT", "21 U/L", "5–50", "within", 183, "2014-07-16 13:21", "lbch.xpt 30181"),
        ("lab", "LYM", None, "0.8–3", "within", 183, "2014-07-16 13:21", "lbhe.xpt 20162"),
        ("lab", "PH", "6", "5–8", "within", 168, "2014-07-01 10:24", "lbur.xpt 4535"),
        ("vital_sign", "TEMP", "36.56 °C", "", "", 183, "2014-07-16", "vs.xpt 27355"),
    ],
    "CD22-3333": [
        ("lab", "CRP", "0.2 mg/L", "", "", 28, "2000-01-29 04:33", "inflammatory_markers.csv 331"),
        ("lab", "FERRITIN", "4309 µg/L", "", "", 28, "2000-01-29 04:33", "inflammatory_markers.csv 354"),
        ("lab", "LDH", "325 U/L", "", "", 27, "2000-01-28 02:04", "inflammatory_markers.csv 379"),
        ("cytokine", "IL6", "20.36 pg/mL", "", "", 28, "2000-01-29", "cytokines.csv 1692"),
        ("kinetics", "CARTC", "1044 cells/µL", "", "", 25, "2000-01-26", "car_expansion.csv 81"),
    ],
    "CD22-6188": [
        ("lab", "CRP", "3.3 mg/L", "", "", 27, "2000-01-28 12:04", "inflammatory_markers.csv 342"),
        ("lab", "FERRITIN", "993 µg/L", "", "", 27, "2000-01-28 12:04", "inflammatory_markers.csv 363"),
        ("cytokine", "IL18", "462.3 pg/mL", "", "", 28, "2000-01-29", "cytokines.csv 4447"),
        ("kinetics", "CARTC", "211.3 cells/µL", "", "", 30, "2000-01-31", "car_expansion.csv 154"),
    ],
    "CD22-2768": [
        ("lab", "CRP", "7.6 mg/L", "", "", 27, "2000-01-28 12:57", "inflammatory_markers.csv 328"),
        ("lab", "FERRITIN", "1273 µg/L", "", "", 19, "2000-01-20 03:27", "inflammatory_markers.csv 279"),
        ("kinetics", "CARTC", "0 cells/µL", "", "", 27, "2000-01-28", "car_expansion.csv 54"),
    ],
}  # fmt: skip

# Event, severity or grade, day, serious; of those that are severe, serious, fatal or of grade 3 or more.
GRAVE = {
    "01-701-1211": [("SUDDEN DEATH", "SEVERE", 60, "N", "ae.xpt 105")],  # AESDTH Y, AEOUT FATAL, and AESER N
    "01-718-1170": [("SYNCOPE", "SEVERE", 26, "Y", "ae.xpt 913"), ("AGITATION", "SEVERE", 30, "N", "ae.xpt 908")],
    "01-717-1004": [],  # 13 events, mild and moderate
    "CD22-3333": [("Cytokine release syndrome", 4, 6, None, "subjects.csv 12")],
    "CD22-6188": [],
    "CD22-2768": [],
}

# How many visits, the last of them, its date.
VISITS = {
    "01-701-1211": (10, "WEEK 12", "2013-01-14"),
    "01-718-1170": (8, "RETRIEVAL", "2014-03-15"),
    "01-717-1004": (18, "WEEK 26", "2014-07-16"),
}

# Rows of EX or subjects.csv as the table of interventions tells them: name, dose, day, start, end, source.
DOSES = {
    "01-701-1211": [("XANOMELINE", "54 mg", 0, "2012-11-15", "2012-11-28", "ex.xpt 49"),
                    ("XANOMELINE", "54 mg", 14, "2012-11-29", "2013-01-12", "ex.xpt 50")],
    "01-718-1170": [("XANOMELINE", "54 mg", 0, "2013-09-16", "2013-09-29", "ex.xpt 574"),
                    ("XANOMELINE", "54 mg", 14, "2013-09-30", "2013-10-12", "ex.xpt 575")],
    "01-717-1004": [("XANOMELINE", "54 mg", 0, "2014-01-14", "2014-01-28", "ex.xpt 545"),
                    ("XANOMELINE", "54 mg", 15, "2014-01-29", "2014-07-01", "ex.xpt 546"),
                    ("XANOMELINE", "54 mg", 169, "2014-07-02", "2014-07-16", "ex.xpt 547")],
    "CD22-3333": [("CD22 CAR-T", "not recorded", 0, "2000-01-01", "no end recorded", "subjects.csv 12")],
    "CD22-6188": [("CD22 CAR-T", "not recorded", 0, "2000-01-01", "no end recorded", "subjects.csv 24")],
    "CD22-2768": [("CD22 CAR-T", "not recorded", 0, "2000-01-01", "no end recorded", "subjects.csv 9")],
}  # fmt: skip


@pytest.fixture
def of(request):
    def asked(usubjid: str, lang: str = "en") -> tuple[Asked, Course]:
        cut: Cut = request.getfixturevalue("cd22" if usubjid.startswith("CD22") else "pilot_cut")
        return Asked(View(page="patient", usubjid=usubjid, lang=lang), cut), course(cut, usubjid)

    return asked


def head_of(asked: Asked, found: Course, alerts: tuple[Alert, ...] = ()) -> str:
    due = due_card.due_of(asked, found)
    return text_of(patient_head.head(asked, found, subjects(asked.cut), due=due, alerts=alerts))


@pytest.mark.parametrize("usubjid", HEAD)
def test_the_head(of, usubjid):
    said = head_of(*of(usubjid))
    assert [words for words in HEAD[usubjid] if words not in said] == [], said


@pytest.mark.parametrize("usubjid", PILOT)
def test_a_drug_given_day_after_day_is_not_said_to_have_no_dose(of, usubjid):
    assert "dose received" not in head_of(*of(usubjid))


@pytest.mark.parametrize("usubjid", [*PILOT, *CD22])
def test_without_rules_nothing_alerts_and_without_a_schedule_nothing_is_due(of, usubjid):
    asked, found = of(usubjid)
    assert patient_alerts.open_alerts(asked, usubjid) == () == due_card.due_of(asked, found)
    assert "Alert" not in head_of(asked, found)  # "no alert" would say that somebody looked


@pytest.mark.parametrize("usubjid", LAST)
def test_the_last_result_of_each_panel(of, usubjid):
    _, found = of(usubjid)
    say = speaker("en")
    for choice, code, result, limits, flag, day, moment, source in LAST[usubjid]:
        rows = patient_tables.measured(found, choice)
        newest = next(rows[(rows["code"] == code) & rows["first"].notna()].itertuples())
        _, said, ranged, against, *_, told_day, told_moment, _, told_source = patient_tables._result(
            newest, say, graded=False
        )
        assert (told_source, told_day, told_moment) == (source, day, moment), code
        assert result in (None, said) and limits in (None, ranged), (code, said, ranged)
        assert against == (say(f"patient.{flag}") if flag else ""), code


@pytest.mark.parametrize("usubjid", GRAVE)
def test_the_grave_events(of, usubjid):
    _, found = of(usubjid)
    events = found.events.sort_values("aestdtc_earliest")
    grave = events[(events["aesev"] == "SEVERE") | (events["aeser"] == "Y") | (events["aetoxgr"] >= 3).fillna(False)]
    day0 = found.who["day0"].date()
    told = [
        (one.aedecod, one.aesev if isinstance(one.aesev, str) else one.aetoxgr,
         (one.aestdtc_earliest.date() - day0).days, one.aeser if isinstance(one.aeser, str) else None,
         f"{one.source_file} {one.source_row}")
        for one in grave.itertuples()
    ]  # fmt: skip
    assert sorted(told, key=lambda one: one[2]) == GRAVE[usubjid]


@pytest.mark.parametrize("usubjid", [*PILOT, *CD22])
def test_the_visits(of, usubjid):
    _, found = of(usubjid)
    if usubjid in CD22:
        assert found.visits.empty
        return
    count, name, day = VISITS[usubjid]
    assert len(found.visits) == count
    told = patient_tables.visits_summary(found, found.visits, speaker("en"), "en")
    assert told.startswith(f"{count} visits") and name in told and day in told


@pytest.mark.parametrize("usubjid", DOSES)
def test_the_doses(of, usubjid):
    _, found = of(usubjid)
    rows = found.given[found.given["kind"] == "infusion"]
    told = [patient_tables._given(one, speaker("en")) for one in rows.itertuples()]
    assert [(name, dose, day, start, end, row) for _, name, dose, _, day, start, end, row in told] == DOSES[usubjid]


def test_results_without_a_reference_range_are_not_said_to_lie_within_it(of):
    _, found = of("CD22-3333")
    say = speaker("en")
    told = patient_tables.measured_summary(patient_tables.measured(found, "lab"), say)
    assert told == "24 results, the newest first; no reference range is recorded."  # 14 markers, 10 counts of tbnk.csv


# ---- the sheet -------------------------------------------------------------------------------------------------------
def drawn(asked: Asked, found: Course, period: str = "") -> tuple[Sequence, str]:
    again = Asked(asked.view.change(paper="sheet", **({"period": period} if period else {})), asked.cut)
    [graph, words] = sheet._figure(again, found, 1000)
    return graph.figure.data, text_of(words)


def points(traces: Sequence, name: str) -> list[tuple[float, float]]:
    [one] = [each for each in traces if each.name == name]
    return [(round(float(x), 2), round(float(y), 2)) for x, y in zip(one.x, one.y, strict=True)]


def test_the_sheet_of_3333_draws_the_published_cells_and_ferritin(of):
    traces, said = drawn(*of("CD22-3333"))
    assert points(traces, "CAR+ T cells") == [(13, 2858.64), (21, 1029.30), (25, 1044.45)]  # car_expansion.csv 79-81
    assert "Given, day not recorded: CORTICOSTEROIDS, TOCILIZUMAB." in said  # subjects.csv 12
    assert "Temperature" in said and "Neutrophils" in said  # nothing to draw


def test_the_sheet_of_1170_draws_the_platelets_of_its_three_visits(of):
    traces, _ = drawn(*of("01-718-1170"), period="all")
    # Whole days, for the dose has no time of day: lbhe.xpt 21300 to 21302, 2013-08-25, 09-29 and 11-03.
    assert points(traces, "Platelets") == [(-22, 296), (13, 293), (48, 341)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("usubjid", [*PILOT, *CD22])
def test_the_sheet_says_who_it_is(of, usubjid, lang):
    asked, found = of(usubjid, lang)
    said = text_of(patient_head.brief(asked, found))
    assert usubjid[-4:] in said and "None" not in said and "nan" not in said.split()
    assert ("2013-01-14" in said) == (usubjid == "01-701-1211")
