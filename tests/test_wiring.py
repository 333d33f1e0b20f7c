"""What no unit test sees: ids that no layout has, rooms that import upwards, texts missing or without a glyph."""

import ast
import inspect
import re
import string
from pathlib import Path
from typing import get_args

import pytest
from dash.development.base_component import Component
from fontTools.ttLib import TTFont

from clinical import (
    advice,
    aesi,
    alerts,
    candidates,
    changes,
    context,
    data_age,
    decision,
    discrepancies,
    dlt,
    due,
    family,
    following,
    infusion_rules,
    lab_matrix,
    narrative_words,
    outcomes,
    pauses,
    peaks,
    rounds,
    scores,
    tumour_lysis,
    unreported,
)
from clinical.grading import crs, ctcae, icaht, icans, iec_hs, liver
from clinical.on_target import CODES, ORGANS
from clinical.result_grades import LACKING
from clinical.sentence import filled
from clinical.three_plus_three import CLAUSES, VARIANTS
from dashboard import labels, pages, shell
from dashboard.comparing import SORTS
from dashboard.counting import OVERVIEW
from dashboard.due_card import SAMPLES
from dashboard.figures.stack import PANELS
from dashboard.figures.stack_organs import COAGULATION, COUNTS
from dashboard.figures.stack_organs import LIVER as LIVER_TESTS
from dashboard.figures.stack_vitals import PRESSURES, SITES
from dashboard.pages import board as board_page
from dashboard.paper import browser
from dashboard.patient_reading import FAR
from dashboard.patient_tables import TABLES
from dashboard.rounds_cells import ARROWS
from dashboard.rounds_table import COLUMNS as ROUNDS
from dashboard.stack_choices import PERIODS
from data import state
from data.events import REFUSALS
from data.protocol_measures import Associations
from data.receipt import DERIVED, Outcome, Severity
from data.schema import study_tables
from pk import covariates, expansion, proportionality, reasons, remarks, stein
from queries.interventions import KINDS
from queries.provenance import NEEDS

ROOT = Path(__file__).parents[1]
# Section of the table of labels -> the sentences of pure code that it translates.
TRANSLATED = {
    "window": dlt.ENGLISH,
    "decision": decision.ENGLISH,
    "clause": CLAUSES,
    "violation": following.VIOLATIONS,
    "advice": advice.ENGLISH,
    "breach": infusion_rules.ENGLISH,
    "pause": pauses.ENGLISH,
    "context": context.ENGLISH,
    "candidate": candidates.ENGLISH,
    "crs": crs.ENGLISH,
    "icans": icans.ENGLISH,
    "icaht": icaht.ENGLISH,
    "iec_hs": iec_hs.ENGLISH,
    "discrepancy": discrepancies.ENGLISH,
    "unreported": unreported.ENGLISH,
    "alert": alerts.ENGLISH,
    "aesi": aesi.ENGLISH,
    "rounds": rounds.ENGLISH,
    "due": due.ENGLISH,
    "narrative": narrative_words.ENGLISH,
    "lab_grade": ctcae.ENGLISH,
    "liver": liver.ENGLISH,
    "score": scores.ENGLISH,
    "tumour_lysis": tumour_lysis.ENGLISH,
    "fit_says": reasons.ENGLISH,
    "power_says": proportionality.ENGLISH,
    "power_out": proportionality.EXCLUDED,
    "nca": remarks.ENGLISH,
    "expansion": expansion.ENGLISH,
    "sheets": browser.ENGLISH,
}
ROOMS = ("dashboard", "queries", "clinical", "pk", "data")


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def ids_in(component: Component) -> set[str]:
    return {one.id for one in [component, *component._traverse_ids()] if isinstance(getattr(one, "id", None), str)}


def test_every_id_a_callback_names_is_in_a_layout(client):
    known = ids_in(shell.layout()).union(*(ids_in(one) for one in pages.all_layouts()))
    named = set()
    for callback in client.get("/_dash-dependencies").json:
        named |= {one["id"] for one in callback["inputs"] + callback["state"]}
        outputs = [] if callback.get("no_output") else callback["output"].strip(".").split("...")
        named |= {one.rpartition(".")[0] for one in outputs}
    assert {one for one in named if not one.startswith("{")} <= known
    stores = {
        f'{{"{kind}":"{page}"}}'
        for kind in ("view", "panel", "below")
        for page in (*pages.NAVIGATION, "patient", "sheet")
    }
    of_forms = {f'{{"{kind}":["ALL"]}}' for kind in ("button", "field", "told")}
    every = {'{"view":["ALL"]}', '{"panel":["ALL"]}', *stores, *of_forms}
    assert {one for one in named if one.startswith("{")} <= every


@pytest.mark.parametrize(
    ("folder", "may_not_import"),
    [
        ("pk", {"dash", "plotly", "sqlalchemy", "duckdb", "queries", "dashboard", "clinical", "data.store"}),
        ("clinical", {"dash", "plotly", "sqlalchemy", "duckdb", "queries", "dashboard", "data.store", "data.schema"}),
        ("dashboard/figures", {"dash", "sqlalchemy", "duckdb", "queries", "data.store"}),
        ("dashboard/pages", {"sqlalchemy", "duckdb", *(f"dashboard.pages.{one}" for one in pages.NAVIGATION)}),
        ("queries", {"dash", "plotly", "dashboard", "pk", "clinical"}),
        ("data", {"dash", "plotly", "dashboard", "pk", "queries", "clinical"}),
    ],
)
def test_rooms_only_look_down(folder, may_not_import):
    for path in sources(folder):
        if path == ROOT / "dashboard/pages/__init__.py":  # the list of pages, which no page imports
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            reached = {name for name in names for one in may_not_import if name == one or name.startswith(f"{one}.")}
            assert not reached, f"{path.relative_to(ROOT)}:{node.lineno} imports {reached}"


# ---- texts ------------------------------------------------------------------------------------------------------
CYTOKINES = {
    "outcome": get_args(get_args(Associations.model_fields["outcomes"].annotation)[0]),
    "peak": peaks.WHY,
    "out": outcomes.WHY,
    "cell": family.WHY,
    "fold": ("value", *peaks.REFERENCES),
    "left_out": peaks.REFERENCES,
    "scale": ("log", "linear"),
    "state": ("awaiting", "too_early", "never_assessed"),
    "method": ("exact", "permutation", "large"),
}
KINETICS = {
    "choose": "by scale days clock per",
    "clock": "actual planned",
    "per": "dna volume",
    "by": "group patient",
    "scale": "log linear",
    "days": "28 90 all",
    "signal": "quantified detected not_detected below excluded",
    "parameter": "cmax tmax clst tlst auclst aucint lamzhl doubling",
    "why": """no_sample none_so_far never_quantifiable time_0 no_lower_sample short still_there too_early
        not_sampled""",
}


def said_keys() -> set[str]:
    """Every key that the code names, the built ones written out."""
    keys = set()
    for path in sources("dashboard"):
        keys |= set(re.findall(r"""(?:say|\bt)\(\s*["']([a-z]+\.[a-z0-9_]+)["']""", path.read_text(encoding="utf-8")))
        keys |= set(re.findall(r"""key = ["']([a-z]+\.[a-z0-9_]+)["']""", path.read_text(encoding="utf-8")))
        keys |= set(re.findall(r"""["'](ae\.doubt_[a-z]+)["']""", path.read_text(encoding="utf-8")))
    words = "patient infused dose_received event soc grade day date onset end relation serious source visit period dlt"
    keys |= {f"word.{one}" for one in words.split()}
    keys |= {f"{section}.{code}" for section, sentences in TRANSLATED.items() for code in sentences}
    keys |= {f"rule.variant_{one}" for one in VARIANTS} | {f"rule.letter_{one}" for one in "NTPX"}
    heads = "pause start enrol wait escalate expand deescalate stop_established stop_not_reached stop_none_tolerable"
    keys |= {f"rule.head_{one}" for one in heads.split()} | {f"rule.assume_{one}" for one in ("data", "N", "T")}
    thens = "start enrol wait escalate expand deescalate stop stop_mtd"
    keys |= {f"rule.then_{one}" for one in thens.split()}
    keys |= {f"rule.pause_{one}" for one in ("rule", "state", "counted", *pauses.ENGLISH)}
    keys |= {f"candidates.{one}" for one in (*candidates.VERDICTS, "said_Y", "said_N", "gone")}
    keys |= {f"form.{one}" for one in ("who", "why", "characters")} | {"samples.gone", "meeting.gone"}
    keys |= {f"samples.{one}" for one in ("sample", "results", "why", "by", "at")}
    keys |= {"candidates.adjudicated", "candidates.not_open"}
    keys |= {f"lacking.{one}" for one in LACKING | ctcae.LACKING}
    keys |= {f"refused.{one}" for one in REFUSALS} | {f"state.{one}" for one in state.ENGLISH}
    columns = "level counts boin keyboard crm beta word"
    keys |= {f"models.{one}" for one in columns.split()}
    keys |= {"models.selects", "models.selects_none"}
    keys |= {f"models.boin_{one}" for one in ("up", "stay", "down", "eliminate")}
    keys |= {f"models.keyboard_{one}" for one in ("e", "s", "d", "du")}
    keys |= {f"board.{one}" for one in ("level", "planned", *board_page.COUNTS, "interval", "state")}
    keys |= {f"board.state_{one}" for one in ("not_opened", "open", "expanding", "cleared", "exceeded")}
    steps = ("screening", "collected", "in_manufacture", "failed", "released", "lymphodepleting", "left")
    keys |= {f"board.step_{one}" for one in (*board_page.REACHED, *steps)}
    keys |= {f"board.breach_{one}" for one in ("sentinel", "stagger", "overdose")}
    keys |= {f"ae.criterion_{one}" for one in OVERVIEW}
    keys |= {f"ae.only_{one}" for one in ("all", "related", "serious", "aesi", "dlt")}
    keys |= {f"ae.choose_{one}" for one in ("population", "window", "only", "rows")}
    keys |= {f"ae.overview_{one}" for one in ("complete", "least", "ungraded")} | {"ae.rows_terms", "ae.rows_soc"}
    keys |= {f"shell.theme_{one}" for one in ("light", "dark")} | {f"shell.page_{one}" for one in pages.NAVIGATION}
    keys |= {f"data.table_{one.name}" for one in study_tables()} | {f"data.derived_{one}" for one in DERIVED}
    keys |= {f"data.screen_{one}" for one in NEEDS}
    keys |= {f"data.{kind}_{one.name}" for several in NEEDS.values() for one in several for kind in ("need", "missing")}
    keys |= {f"data.{said}_{one.replace(' ', '_')}" for one in get_args(Outcome) for said in ("outcome", "said")}
    keys |= {f"data.severity_{one}" for one in get_args(Severity)} | {f"data.{one}_count" for one in get_args(Severity)}
    words = """receipts cuts coverage freshness understood files later_refused later_held cut cutoff published parent
    made_with remarks current viewed is_simulated is_accepted moment outcome of_files found trial protocol mapping
    download_txt download_json download_csv file row column value message domain read used refused kept into tables
    mapped_columns ignored_columns derived format size sha256 table rows subjects last_date days_before
    coverage_nobody"""
    keys |= {f"data.{one}" for one in words.split()}
    keys |= {f"cytokines.{name}_{value}" for name, values in CYTOKINES.items() for value in values if value}
    keys |= {"cytokines.rho", "cytokines.interval"}
    keys |= {f"covariate.{one}" for one in covariates.NAMES}
    keys |= {f"fit.{one}" for one in ("begun", "running", "failed")}
    keys |= {
        f"fit.{length}_{one}" for length in ("name", "short") for one in (*stein.NAMES, "doubling_time", *reasons.AREAS)
    }
    keys |= {f"kinetics.{name}_{value}" for name, values in KINETICS.items() for value in values.split()}
    columns = "patient sort table key what date column old new source"
    rows = "late_entry more_late_entry gone more_gone so_many_added so_many_renumbered changed"
    keys |= {f"changes.kind_{one}" for one in changes.KINDS} | {f"changes.of_{one}" for one in columns.split()}
    keys |= {f"changes.{one}" for one in (*SORTS, *rows.split(), "so_many", "none", "by_calendar", "by_protocol")}
    keys |= {"since.more", "since.all"}
    dates = "consent leukapheresis manufacture_start manufacture_end lymphodepletion day0 last_contact off_study death"
    keys |= {f"patient.step_{one}" for one in dates.split()}
    keys |= {f"patient.{one}" for one in ("events", "given", "measured", "visits", "steps", "crs", "icans")}
    keys |= (
        {f"patient.period_{one}" for one in PERIODS} | set(FAR.values()) | {f"patient.table_{one}" for one in TABLES}
    )
    panels = (*(one for one in PANELS if one not in ("periods", "counts")), *(one.lower() for one in COUNTS))
    keys |= {f"patient.panel_{one}" for one in panels} | {f"patient.kind_{one}" for one in KINDS}
    keys |= {f"patient.latest_{one.lower()}" for one in COUNTS}
    keys |= {f"patient.liver_{one.lower()}" for one in LIVER_TESTS}
    keys |= {f"patient.coagulation_{one.lower()}" for one in COAGULATION}
    keys |= {f"patient.target_{one.id}" for one in ORGANS} | {f"patient.exam_{one.lower()}" for one in CODES}
    keys |= {f"patient.pressure_{one.lower()}" for one in PRESSURES}
    keys |= {f"patient.site_{one.lower().replace(' ', '_')}" for one in SITES}
    keys |= {f"screening.feature_{one}" for one in iec_hs.FEATURES} | {"screening.gone"}
    asked = set(inspect.signature(iec_hs.screen).parameters) - {"explained"}
    keys |= {f"screening.missing_{one}" for one in asked}
    keys |= {f"alerts.show_{one}" for one in ("open", "all")}
    keys |= {f"rounds.head_{one}" for one in ROUNDS} | {f"rounds.rank_{one}" for one in rounds.RANKS}
    keys |= {f"rounds.grade_{one}" for one in ("known", "least", "possible")}
    keys |= {f"rounds.who_{one}" for one in ("hospital", "window")} | {f"rounds.trend_{one}" for one in ARROWS}
    words = "not_infused not_followed result_none result_no_number no_assay no_alert no_rules no_data nothing_due"
    keys |= {f"rounds.{one}" for one in words.split()}
    keys |= {f"grading.{one}" for one in ("crs", "icans", "no_assessment_crs", "no_assessment_icans")}
    keys |= {f"grading.verdict_{one}" for one in lab_matrix.VERDICTS}
    keys |= {f"grading.expected_{one}" for one in lab_matrix.EXPECTED}
    keys |= {f"grading.{one}" for one in ("lab_highest", "lab_why", "liver_x_baseline", "liver_y_baseline")}
    keys |= {f"grading.since_{one}" for one in ("lymphodepletion", "day0")}
    parts = "fever hypotension hypoxia ice consciousness seizure motor raised_icp"
    keys |= {f"grading.part_{one}" for one in parts.split()}
    keys |= {f"due.sample_{one}" for one in SAMPLES} | {f"head.kind_{one}" for one in data_age.KINDS}
    words = "kind name dose indication test result range flag how above below within detected_below not_detected"
    return keys | {f"patient.{one}" for one in words.split()}


def test_every_text_that_the_code_names_is_in_the_table_and_none_is_left_over():
    assert said_keys() == set(labels.table())


def test_both_languages_have_every_text_with_the_same_placeholders():
    for key, texts in labels.table().items():
        fields = {
            lang: {name for _, name, _, _ in string.Formatter().parse(text) if name} for lang, text in texts.items()
        }
        assert set(texts) == set(labels.LANGUAGES) and all(text.strip() for text in texts.values()), key
        assert fields["en"] == fields["zh"], key


# Placeholders that hold no count, and words of one thing that end as those of several do.
_NAMES = {
    "day", "moment", "where", "actor", "event", "scale", "dose", "level", "id", "due", "who", "said", "cutoff", "at",
    "subjid", "specimen", "name", "product", "percent",
}  # fmt: skip
_OF_ONE = {"is", "was", "has", "does", "its", "this", "says", "agrees", "differs", "lacks", "ends", "serious"}
_WORD = r"(?:(?!of|in|on|from|with|and|or|see)[\w≥-]+ )"
_SEVERAL = re.compile(rf"(?<![\w.,])1 {_WORD}{{0,2}}?(\w+s|people|are|were|have)\b")


def several_of_one(text: str) -> list[str]:
    """The words for several that stand with a count of one."""
    fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    said = filled(text, {name: 0 if name in _NAMES else 1 for name in fields})
    return [one for one in _SEVERAL.findall(said) if one not in _OF_ONE]


def test_no_english_text_says_several_of_one():
    assert several_of_one("{n} event rows") == ["rows"] and several_of_one("{n} are open") == ["are"]
    assert several_of_one("{n} event {n:row|rows}") == []
    wrong = {key: found for key, texts in labels.table().items() if (found := several_of_one(texts["en"]))}
    assert wrong == {}


def test_a_count_chooses_its_word():
    text = "{k} of {n} infused {n:patient|patients} {k:has|have} it"
    assert filled(text, {"k": 1, "n": 2}) == "1 of 2 infused patients has it"
    assert filled(text, {"k": 0, "n": "1"}) == "0 of 1 infused patient have it"


@pytest.mark.parametrize("section", TRANSLATED)
def test_a_translated_sentence_has_the_placeholders_that_the_rule_fills(section):
    for code, sentence in TRANSLATED[section].items():
        wanted = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        text = labels.table()[f"{section}.{code}"]["en"]
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} == wanted, code


@pytest.mark.parametrize("lang", labels.LANGUAGES)
def test_the_shipped_fonts_have_every_character_of_every_text(lang):
    covered = set()
    for font in (ROOT / "dashboard/assets/fonts").glob("*.woff2"):
        covered |= set(TTFont(font).getBestCmap())
    texts = [texts[lang] for texts in labels.table().values()]
    for file in (ROOT / "data/protocols").glob("*.toml"):
        texts.append(file.read_text(encoding="utf-8"))
    missing = {one for text in texts for one in text if ord(one) > 31 and ord(one) not in covered}
    assert missing == set()


def test_no_text_stands_in_a_page_itself():
    """A sentence in a page would be English for everyone: texts come from the table."""
    sentence = re.compile(r"^[A-Z][a-z]+ [a-z]+ ")
    for path in sources("dashboard/pages", "dashboard/figures"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)}  # fmt: skip  # noqa: E501
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docs:
                assert not sentence.match(node.value), f"{path.name}:{node.lineno} {node.value!r}"


def test_the_project_speaks_of_itself_alone():
    forbidden = re.compile(r"/work/|pypi\.org|registry\.npmjs|deb\.debian", re.IGNORECASE)
    kinds = ("*.py", "*.toml", "*.md", "*.js", "*.css", "Makefile", "*.txt", "*.sh")
    files = [path for kind in kinds for path in ROOT.glob(f"[!.]*/**/{kind}")] + [
        path for kind in kinds for path in ROOT.glob(kind)
    ]
    for path in files:
        if path.name not in ("plotly.min.js", "test_wiring.py") and ".venv" not in path.parts:
            found = forbidden.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)}: {found and found.group()}"
