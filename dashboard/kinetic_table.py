"""The kinetic parameters patient by patient, with the reason of each that is not final or not there."""

import math
from collections.abc import Mapping
from functools import lru_cache

import pandas as pd
from dash import html

from dashboard.drill import linked, mark
from dashboard.exposures import expansion_of, exposures_of, parameters_of
from dashboard.figures.curves import Person
from dashboard.kinetic_words import NAMED_AT_MOST, amount, remark, titled, wanted
from dashboard.labels import Say
from dashboard.patient_rows import Cell, Column, Row
from dashboard.sentences import Sentences
from dashboard.session import Asked
from dashboard.view import View
from pk.remarks import say as remarks_of

BESIDE = ("LAMZHL", "DOUBLING")  # no endpoints: said beside them


def columns(asked: Asked, found: pd.DataFrame) -> list[Column]:
    say, units = asked.say, dict(found.dropna(subset="unit").groupby("parameter")["unit"].first())
    made = [Column("cohort", say("choice.cohort"), "text")]
    for name, end in wanted(asked):
        made.append(Column(_field(name, end), titled(say, name, end, units.get(name, ""))))
    return [*made, *(Column(field, f"{say(f'kinetics.parameter_{field.lower()}')}, d") for field in BESIDE)]


def _field(name: str, end: int | None) -> str:
    return name if end is None else f"{name}{end}"


def rows(asked: Asked, shown: Mapping[str, Person]) -> list[Row]:
    """One row a patient: each parameter as a number, and in words where it is not final, with the reasons."""
    levels = asked.cut.protocol.cohort.levels
    cohorts = {one.id: Cell(one.label.in_(asked.view.lang), place) for place, one in enumerate(levels)}
    said = _said(_for_any_view(asked))
    made = []
    for usubjid, one in shown.items():
        cells, remarks = said.get(usubjid, ({}, ""))  # a trial without cells has nothing to say of anybody
        made.append(Row(usubjid, one.subjid, one.href, one.colour, cells | {"cohort": cohorts[one.cohort]}, remarks))
    return made


def _for_any_view(asked: Asked) -> Asked:
    """Of what is the same for every view in a language."""
    return Asked(View(page="kinetics", lang=asked.view.lang), asked.cut, asked.head)


@lru_cache(maxsize=16)
def _said(asked: Asked) -> dict[str, tuple[dict[str, Cell], str]]:
    """usubjid -> field -> cell, and remarks."""
    found = exposures_of(asked.cut, asked.head)
    made: dict[str, dict[str, Cell]] = {one: {} for one in found["subject"].unique()}
    remarks: dict[str, dict[str, None]] = {one: {} for one in made}
    for one in found.itertuples():
        why = "" if one.state == "complete" else remark(asked, one)
        field = _field(one.parameter, None if pd.isna(one.end) else one.end)
        made[one.subject][field] = Cell(_text(asked.say, one), _number(one.value), why, one.state == "complete")
        if why:
            remarks[one.subject][why] = None
    for field, who, value, why in _beside(asked):
        words = "–" if pd.isna(value) else amount(value, "d") + (" *" if why else "")
        made[who][field] = Cell(words, _number(value), why, not why)
    return {who: (cells, " ".join(remarks[who])) for who, cells in made.items()}


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(f"{value:.6g}")


def beside_words(asked: Asked, shown: Mapping[str, Person]) -> list[html.P]:
    """Why a half-life or a doubling time is not there or not final: each reason once, with its patients."""
    who: dict[tuple[str, str], list[str]] = {}
    for field, usubjid, _, why in _beside(_for_any_view(asked)):
        if why and usubjid in shown:
            who.setdefault((field, why), []).append(usubjid)
    return [html.P(_beside_line(asked, *key, some), className="quiet") for key, some in sorted(who.items())]


def _beside_line(asked: Asked, field: str, why: str, some: list[str]) -> list:
    told = {"name": asked.say(f"kinetics.parameter_{field.lower()}"), "why": why}
    if len(some) > NAMED_AT_MOST:
        return [asked.say("kinetics.beside_many", count=len(some), **told)]
    return linked(asked, asked.say("kinetics.beside", who=", ".join(map(mark, some)), **told))


@lru_cache(maxsize=16)
def _beside(asked: Asked) -> list[tuple[str, str, float, str]]:
    """Field of BESIDE, usubjid, value [d], and what is said of it; of everybody infused."""
    say, joint = asked.say, asked.say("kinetics.joint")
    terminal = parameters_of(asked.cut, asked.head).query("parameter == 'LAMZHL'")
    rise = expansion_of(asked.cut, asked.head).rename(columns={"doubling_time": "value"})
    everyone = exposures_of(asked.cut, asked.head)["subject"].unique()
    made: list = []
    for field, rows, section, nothing in (
        ("LAMZHL", terminal, "nca", say("nca.no_result")),
        ("DOUBLING", rise, "expansion", say("expansion.no_sample")),
    ):
        told = remarks_of(rows, Sentences(section, say), joint=joint)
        made += [(field, *one) for one in zip(rows["subject"], rows["value"], told, strict=True)]
        known = set(rows["subject"])
        made += [(field, one, math.nan, nothing) for one in everyone if one not in known]
    return made


def _text(say: Say, one) -> str:
    if pd.isna(one.value):
        below = {"never quantifiable": say("kinetics.below_all"), "provisional": say("kinetics.below_so_far")}
        return below.get(one.state, "–")
    return amount(one.value, one.unit) + ("" if one.state == "complete" else " *")
