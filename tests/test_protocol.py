"""Protocol files: the shipped ones, and every error with the file and the key it is about."""

import hashlib
from pathlib import Path

import pytest

from data import protocol
from data.protocol_base import ProtocolError

TRIAL = protocol.load(Path("xkdct293.toml"))
PILOT = protocol.load(Path("cdisc_pilot.toml"))


def changed(*pairs: tuple[str, str]) -> str:
    """The text of XKDCT293 with each old piece, which stands there, replaced once."""
    text = TRIAL.text
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def refusal(text: str) -> str:
    with pytest.raises(ProtocolError) as raised:
        protocol.parse(text, "trial.toml")
    return str(raised.value)


def test_the_shipped_protocols_load():
    assert sorted(protocol.shipped()) == ["cart_cd22_phase1.toml", "cdisc_pilot.toml", "xkdct293.toml"]
    assert (TRIAL.trial.id, TRIAL.trial.timezone, TRIAL.dlt.window_days) == ("XKDCT293", "Asia/Shanghai", 28)
    assert [(one.id, one.dose) for one in TRIAL.dose_levels] == [("DL1", 1e6), ("DL2", 3e6), ("DL3", 1e7)]
    assert (PILOT.trial.id, PILOT.dlt, PILOT.dose_levels) == ("CDISCPILOT01", None, ())


def test_a_visit_has_a_name_in_the_readers_language_and_another_one_keeps_its_own():
    assert (TRIAL.visit_in("Day 7 ", "zh"), TRIAL.visit_in("DAY 7", "en")) == ("第 7 天", "DAY 7")
    assert TRIAL.visit_in("UNSCHEDULED", "zh") == "UNSCHEDULED"
    label = 'label = { en = "DAY 7", zh = "第 7 天" }\n'
    assert protocol.parse(changed((label, ""))).visit_in("DAY 7", "zh") == "DAY 7"


@pytest.mark.parametrize("name", ["xkdct293.toml", "cart_cd22_phase1.toml"])
def test_every_shipped_visit_is_named_in_chinese(name):
    for one in protocol.load(Path(name)).visits:
        assert one.label.en == one.visit and not one.label.zh.isascii(), one.visit


ERRORS = {
    "unknown key": (("window_days = 28", "window_days = 28\nwindow_hours = 3"), "dlt.window_hours: Extra inputs"),
    "unknown section": (("format = 1", "format = 1\nfomat = 2"), "fomat: Extra inputs"),
    "reserved key": (("format = 1", 'format = 1\ntext = "x"'), "text: Extra inputs"),
    "missing key": (("window_days = 28", ""), "dlt.window_days: Field required"),
    "wrong type": (("window_days = 28", 'window_days = "a month"'), "dlt.window_days: Input should be a valid integer"),
    "out of range": (("window_days = 28", "window_days = 0"), "dlt.window_days: Input should be greater than"),
    "unknown word": (('variant = "six_at_mtd"', 'variant = "3+3"'), "dlt.escalation.variant: Input should be"),
    "other format": (("format = 1", "format = 2"), "format: Input should be 1"),
    "time zone": (("Asia/Shanghai", "Shanghai"), "trial.timezone: Value error, 'Shanghai' is no IANA time zone"),
    "not TOML": (("format = 1", "format = "), "not valid TOML"),
    "organ": (('id = "urinary"', 'id = "kidney"'), "on_target.0.id: Input should be 'skin', 'eye'"),
    "level twice": (('id = "DL2"', 'id = "DL1"'), "cohort.levels: DL1 stands there twice"),
    "value twice": (('values = ["DL2"]', 'values = ["DL1"]'), "DL1 stands there twice"),
    "assigned and not": (('"SCRNFAIL", "NOTASSGN"', '"SCRNFAIL", "DL1"'), "DL1 stands there twice"),
    "dose falls": (("dose = 3e6", "dose = 3e5"), "cohort.levels: the dose must rise from each `level` to the next"),
    "dose without level": (("level = 1\n", ""), "a dose level needs `level`, `dose` and `unit` together"),
    "unit without size": (
        ('"10^6/kg" = 1e6', '"10^6/kg" = 0'),
        "dlt.dose_units.10^6/kg: Input should be greater than 0",
    ),
    "fractions": (("min_dose_fraction = 0.80", "min_dose_fraction = 1.3"), "min_dose_fraction must be below"),
    "flag": (('no = ["N"]', 'no = ["Y"]'), "dlt.flag: Value error, yes and no: Y stands there twice"),
    "causality": (('unlikely = ["UNLIKELY"', 'unlikely = ["possible"'), "POSSIBLE stands there twice"),
    "clause": (('scope = "any"\n', 'scope = "terms"\n'), '`terms` goes with scope = "terms", and only with it'),
    "grade": (("min_grade = 5", "min_grade = 6"), "dlt.clauses.0.min_grade: Input should be less than or equal to 5"),
    "visit twice": (("visitnum = 2\n", "visitnum = 1\n"), "visits (visitnum): 1.0 stands there twice"),
    "period": (('period = "pbmc"', 'period = "cells"'), "visits name periods that [[periods]] does not define: cells"),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_names_the_file_and_the_key(kind):
    change, said = ERRORS[kind]
    message = refusal(changed(change))
    assert message.startswith("trial.toml: ") and said in message


def test_all_errors_are_told_at_once():
    message = refusal(changed(("window_days = 28", "window_days = 0"), ("follow_up_days = 365", "follow_up_days = -1")))
    assert "dlt.window_days" in message and "trial.follow_up_days" in message


def test_dlt_and_dose_levels_go_together():
    start, end = TRIAL.text.index("[dlt]"), TRIAL.text.index("# ---- trial-level pause rules")
    without = TRIAL.text[:start] + TRIAL.text[end:]
    assert "[dlt] and dose levels (`level`, `dose`) go together" in refusal(without)
    doses = ((1, "1e6"), (2, "3e6"), (3, "1e7"))
    removed = [(f'level = {level}\ndose = {dose}\nunit = "CAR+ T cells/kg"\n', "") for level, dose in doses]
    levels = changed(*removed)
    assert "[dlt] and dose levels (`level`, `dose`) go together" in refusal(levels)


def test_stable_disease_must_be_possible_at_the_first_scan():
    """The first scan after the infusion is Day 28 with a window of 3 days: Day 25 at the earliest."""
    assert protocol.parse(changed(("sd_min_days = 25", "sd_min_days = 24"))).response.sd_min_days == 24
    message = refusal(changed(("sd_min_days = 25", "sd_min_days = 26")))
    assert "response.sd_min_days lies after the first scheduled scan minus its window" in message


def test_the_cohort_of_a_value():
    assert TRIAL.cohort.of("DL2").id == "DL2"
    assert TRIAL.cohort.of("SCRNFAIL") is None and TRIAL.cohort.of("") is None
    for unknown in ("DL4", "dl1", "DL1 "):
        with pytest.raises(KeyError, match=unknown):
            TRIAL.cohort.of(unknown)


def test_the_class_of_a_causality_word():
    of = TRIAL.adverse_events.causality.of
    assert [of(word) for word in ("possible", " RELATED ", "可能无关", "None", "unknown", "")] == [
        "related", "related", "unlikely", "unrelated", "cannot_be_judged", "",
    ]  # fmt: skip
    with pytest.raises(KeyError, match="PERHAPS"):
        of("perhaps")


def test_what_is_assumed_is_listed():
    assumed = list(TRIAL.assumed())
    assert {"dlt.escalation", "dlt.evaluability", "cohort.levels[DL1]", "dlt.clauses[crs_4]", "response"} <= set(
        assumed
    )
    assert "dlt" not in assumed and "trial" not in assumed  # settled by the registration
    assert list(PILOT.assumed()) == ["adverse_events.causality", "aesi[application_site]"]
    settled = changed(("concurrent_cohorts = false\nassumed = true", "concurrent_cohorts = false"))
    assert set(assumed) - set(protocol.parse(settled).assumed()) == {"dlt.escalation"}


def test_the_hash_is_that_of_the_file():
    raw = (protocol.FOLDER / "xkdct293.toml").read_bytes()
    assert TRIAL.hash == hashlib.sha256(raw).hexdigest() != protocol.parse(TRIAL.text + "#").hash


def test_a_file_is_found_by_its_path_or_by_the_bare_name_of_a_shipped_one(tmp_path):
    own = tmp_path / "xkdct293.toml"
    shipped = r"cart_cd22_phase1\.toml, cdisc_pilot\.toml, xkdct293\.toml"
    with pytest.raises(ProtocolError, match=f"no such protocol file; shipped are {shipped}"):
        protocol.load(own)  # never the shipped one of that name in its place
    own.write_text(changed(("window_days = 28", "window_days = 21")), encoding="utf-8")
    assert protocol.load(own).dlt.window_days == 21
    with pytest.raises(ProtocolError, match="no such protocol file"):
        protocol.load(tmp_path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    (tmp_path / "gbk.toml").write_bytes(TRIAL.text.encode("gb18030"))
    with pytest.raises(ProtocolError, match="not UTF-8 text"):
        protocol.load(tmp_path / "gbk.toml")


@pytest.mark.parametrize(("scale", "version"), [("CTCAE 5.0", "5.0"), ("CTCAE 6.0", "6.0"), ("as published", "5.0")])
def test_laboratory_values_are_graded_by_the_protocols_version(scale, version):
    told = TRIAL.adverse_events.model_copy(update={"grade_scale": scale})
    assert told.ctcae_version == version


def test_a_term_with_a_scale_of_its_own_is_graded_by_it():
    """facts: CRS and ICANS by ASTCT, their neighbours by CTCAE."""
    scale_of = TRIAL.adverse_events.scale_of
    assert scale_of("cytokine release SYNDROME") == scale_of("细胞因子释放综合征") == "ASTCT 2019"
    assert scale_of("Tremor") == scale_of("") == "CTCAE 5.0"
    assert [TRIAL.scale_of_group(one) for one in ("crs", "icans", "skin", "nobody")] == [
        "ASTCT 2019", "ASTCT 2019", "CTCAE 5.0", "CTCAE 5.0",
    ]  # fmt: skip
    assert protocol.load(Path("cdisc_pilot.toml")).scale_of_group("crs") == ""
