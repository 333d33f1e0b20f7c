"""What the kinetics of each cohort have in common, parameter by parameter."""

from functools import lru_cache

import pandas as pd
from dash import html

from dashboard.drill import named
from dashboard.exposures import excluded, exposures_without
from dashboard.kinetic_words import amount, titled, wanted
from dashboard.session import Asked
from dashboard.tables import html_table, level_dot
from data.store import Cut
from pk.exclusions import Exclusion
from pk.exposure import LEAST, summary
from queries.subjects import subjects


@lru_cache(maxsize=16)
def _middle(cut: Cut, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    everyone = subjects(cut).dropna(subset="cohort")
    return summary(exposures_without(cut, said), dict(zip(everyone["usubjid"], everyone["cohort"], strict=True)))


def groups(asked: Asked, found: pd.DataFrame, cohorts: set[str], identity: str) -> list | html.Div:
    say = asked.say
    if found["value"].notna().sum() == 0:
        return [html.P(say("kinetics.none_of_groups"), className="empty-words")]
    middle = _middle(asked.cut, excluded(asked.cut, asked.head))
    middle = middle[middle["group"].isin(cohorts)]
    present = [one for one in asked.cut.protocol.cohort.levels if one.id in set(middle["group"])]
    head = [say("kinetics.parameter"), *(_cohort_head(asked, one.id, middle) for one in present)]
    body = []
    for name, end in wanted(asked):
        own = middle[(middle["parameter"] == name) & (middle["end"].isna() if end is None else middle["end"] == end)]
        by_group = {one.group: one for one in own.itertuples()}
        cells = [_group_cell(asked, by_group[one.id], found) for one in present]
        body.append([titled(say, name, end, own["unit"].iloc[0]), *cells])
    return html_table(head, body, caption=say("kinetics.groups_caption"), stamp=identity, name="kinetics-groups")


def _cohort_head(asked: Asked, cohort: str, middle: pd.DataFrame) -> html.Span:
    level = asked.cut.protocol.level(cohort)
    n = int(middle.loc[middle["group"] == cohort, "n"].iloc[0])
    return html.Span([level_dot(asked.cut.protocol.place(cohort)), f"{level.label.in_(asked.view.lang)} (n = {n})"])


def _group_cell(asked: Asked, row: tuple, found: pd.DataFrame) -> list:
    """The middle of the complete values, and who is in none of it; fewer than LEAST are told one by one."""
    say = asked.say
    counts = [say("kinetics.n_used", n=row.n_used)]
    counts += [say("kinetics.n_never", n=row.n_never)] if row.n_never else []
    counts += [say("kinetics.n_excluded", n=row.n_excluded)] if row.n_excluded else []
    under = html.Span(" · ".join(counts), className="under")
    if row.n_used < LEAST:
        return [*_one_by_one(asked, row, found), under]
    if pd.notna(row.geometric_mean):
        mean, cv = amount(row.geometric_mean, row.unit), f"{row.geometric_cv:.0f}"
        return [say("kinetics.geometric", mean=mean, cv=cv), under]
    span = {name: amount(getattr(row, name), row.unit) for name in ("median", "low", "high")}
    return [say("kinetics.median_range", **span), under]


def _one_by_one(asked: Asked, row: tuple, found: pd.DataFrame) -> list:
    if not row.subjects:
        return ["–"]
    own = found[found["subject"].isin(list(row.subjects))]
    own = own[(own["parameter"] == row.parameter) & (own["end"].isna() if pd.isna(row.end) else own["end"] == row.end)]
    parts: list = []
    for who, value, unit in zip(own["subject"], own["value"], own["unit"], strict=True):
        parts += [", "] if parts else []
        parts += [named(asked, who), f" {amount(value, unit)}"]
    return parts or ["–"]
