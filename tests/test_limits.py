"""Where grades begin: the published limits of CTCAE 5.0 and 6.0, and what becomes of them without an input."""

import pytest

from clinical.grading.limits import grades_begin


@pytest.mark.parametrize(
    ("term", "unit", "known", "begin"),
    [
        # NCI CTCAE v5.0: "<LLN - 1.5; <1.5 - 1.0; <1.0 - 0.5; <0.5 x 10e9/L"
        ("Neutrophil count decreased", "10^9/L", {"lln": 1.8}, {1: 1.8, 2: 1.5, 3: 1.0, 4: 0.5}),
        ("Neutrophil count decreased", "10^9/L", {}, {2: 1.5, 3: 1.0, 4: 0.5}),  # without a lower limit no grade 1
        ("Platelet count decreased", "10^9/L", {"lln": 125}, {1: 125, 2: 75, 3: 50, 4: 25}),
        # "<100 - 80 g/L; <80 g/L"; grade 4 is life-threatening consequences, no value
        ("Anemia", "g/L", {"lln": 115}, {1: 115, 2: 100, 3: 80}),
        ("Anemia", "mmol/L", {}, {2: 6.2, 3: 4.9}),
        # ">ULN - 3.0; >3.0 - 5.0; >5.0 - 20.0; >20.0 x ULN if baseline was normal"
        ("Alanine aminotransferase increased", "U/L", {"uln": 1}, {1: 1, 2: 3, 3: 5, 4: 20}),
        # "1.5 - 3.0; >3.0 - 5.0; >5.0 - 20.0; >20.0 x baseline if baseline was abnormal", here 2 x ULN
        (
            "Alanine aminotransferase increased", "U/L", {"uln": 1, "baseline": 2, "baseline_high": True},
            {1: 3, 2: 6, 3: 10, 4: 40},
        ),
        ("Blood bilirubin increased", "umol/L", {"uln": 1}, {1: 1, 2: 1.5, 3: 3, 4: 10}),
        # ">ULN - 1.5 x ULN; >1.5 - 3.0 x baseline or ULN; >3.0 x baseline, >3.0 - 6.0 x ULN; >6.0 x ULN": grade 2 from
        # 1.5 x 0.8 = 1.2 and grade 3 from 3 x 0.8 = 2.4
        ("Creatinine increased", "umol/L", {"uln": 1, "baseline": 0.8}, {1: 1, 2: 1.2, 3: 2.4, 4: 6}),
        ("Creatinine increased", "umol/L", {"uln": 1}, {1: 1, 2: 1.5, 3: 3, 4: 6}),  # for sure, whatever the baseline
    ],
)  # fmt: skip
def test_grades_begin_where_it_is_published(term, unit, known, begin):
    assert grades_begin(term, unit, **known) == pytest.approx(begin)


def test_what_is_not_known_begins_nowhere():
    assert grades_begin("Platelet count decreased", "mg") == {}
    unknown = grades_begin("Alanine aminotransferase increased", "U/L", uln=1, baseline_high=None)
    assert unknown == {}  # a baseline that may have been above every value


def test_an_unknown_term_is_a_key_error():
    with pytest.raises(KeyError, match="Happiness decreased"):
        grades_begin("Happiness decreased", "g/L")
