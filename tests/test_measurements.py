"""Every result on the axis of days: to the minute where the files say so, else whole days; nothing of the future."""

import pandas as pd
import pytest

from queries.measurements import FINDINGS, measurements
from tests.test_queries import DM, imported

EX = """
USUBJID | EXSEQ | EXTRT | EXDOSE | EXPDOSE | EXDOSU | EXSTDTC
A1 | 1 | XKDCT293 | 1 | 1 | 10^6 CAR+ T cells/kg | 2026-03-01T10:30
B2 | 1 | XKDCT293 | 1 | 1 | 10^6 CAR+ T cells/kg | 2026-03-01
C3 | 1 | XKDCT293 | 1 | 1 | 10^6 CAR+ T cells/kg | 2026-04-05T10:30
"""


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """Infused with a time of day, without one, and after the cut-off at the end of March; never infused."""
    return imported(
        tmp_path_factory.mktemp("measured"),
        dm=DM
        + """
        A1 | 01 | 01 | 61 | F | DL1 | | 2026-01-10 | |
        B2 | 02 | 01 | 50 | F | DL1 | | 2026-01-20 | |
        C3 | 03 | 01 | 44 | F | DL1 | | 2026-01-20 | |
        D4 | 04 | 01 | 39 | F |     | | 2026-02-01 | |
        """,
        ex=EX,
        pc="""
        USUBJID | PCSEQ | PCTESTCD | PCTEST | PCORRES | PCORRESU | PCSPEC | PCMETHOD | PCSTAT | PCREASND | PCLLOQ| PCDTC
        A1 | 1 | CARCOPY | Copies | <50 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-03-01T08:30
        A1 | 2 | CARCOPY | Copies | 1200 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-03-08T22:30
        A1 | 3 | CARCOPY | Copies | 900 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-03-15
        A1 | 4 | CARCOPY | Copies | 800 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-03
        A1 | 5 | CARCOPY | Copies | | | PERIPHERAL BLOOD | QPCR | NOT DONE | CLOTTED | | 2026-03-20T08:00
        A1 | 6 | CARCOPY | Copies | 70 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-04-02T08:00
        B2 | 1 | CARCOPY | Copies | 500 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-03-04T06:00
        C3 | 1 | CARCOPY | Copies | 60 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-03-04T06:00
        D4 | 1 | CARCOPY | Copies | 60 | copies/ug | PERIPHERAL BLOOD | QPCR | | | 50 | 2026-03-04T06:00
        """,
        vs="""
        USUBJID | VSSEQ | VSTESTCD | VSTEST | VSORRES | VSORRESU | VSLOC | VSDTC
        A1 | 1 | TEMP | Temperature | 38.4 | C | AXILLA | 2026-03-02T10:30
        """,
    )


def times(rows: pd.DataFrame) -> list[tuple[float | None, int | None]]:
    return [
        (None if pd.isna(one.time) else round(one.time, 4), None if pd.isna(one.rel_day) else one.rel_day)
        for one in rows.itertuples()
    ]


def test_days_are_exact_where_sample_and_infusion_have_a_time(cut):
    rows = measurements(cut, ("kinetics",), usubjid="A1")
    # 08:30 is two hours before the infusion; 22:30 half a day after it, seven days later; 15 March has no time; March
    # alone has no day; 2 April lies after the cut-off. A text that can mean more than one day sorts by the first.
    assert times(rows) == [(None, None), (-0.0833, 0), (7.5, 7), (14, 14), (18.8958, 19)]
    assert rows["value"].fillna(-1).tolist() == [800, 50, 1200, 900, -1]
    assert rows["qualifier"].fillna("").tolist() == ["", "<", "", "", ""]


def test_days_are_whole_where_the_infusion_has_no_time(cut):
    assert times(measurements(cut, ("kinetics",), usubjid="B2")) == [(3, 3)]


@pytest.mark.parametrize("usubjid", ["C3", "D4"])
def test_without_an_infusion_by_the_cut_off_there_is_a_result_and_no_day(cut, usubjid):
    assert times(measurements(cut, ("kinetics",), usubjid=usubjid)) == [(None, None)]


def test_what_was_not_done_says_why(cut):
    rows = measurements(cut, ("kinetics",), usubjid="A1")
    [lost] = rows[rows["not_done"] == "NOT DONE"].itertuples()
    assert (lost.why, pd.isna(lost.value)) == ("CLOTTED", True)


def test_tables_come_together_and_can_be_narrowed(cut):
    both = measurements(cut, ("kinetics", "vital_sign"))
    assert set(both["table"]) == {"kinetics", "vital_sign"}
    [temperature] = measurements(cut, FINDINGS, usubjid="A1", codes=("TEMP",)).itertuples()
    assert (temperature.value, temperature.unit, temperature.place, temperature.time) == (38.4, "C", "AXILLA", 1)
    assert (temperature.source_file, temperature.source_row) == ("vs.csv", 1)


def test_an_unknown_table_is_a_key_error(cut):
    with pytest.raises(KeyError, match="blood"):
        measurements(cut, ("kinetics", "blood"))


def test_nobody_s_rows_are_an_empty_frame_with_the_same_columns(cut):
    empty, full = measurements(cut, FINDINGS, usubjid="nobody"), measurements(cut, FINDINGS)
    assert empty.empty and list(empty.columns) == list(full.columns)
