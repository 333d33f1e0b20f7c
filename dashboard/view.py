"""The address as a typed value: what the reader chose, and the only place where it is kept.

`/adverse-events?window=dlt&lang=zh` becomes a frozen `View`, and a View becomes an address again. What does not parse
is replaced by its default and named in `problems`, never guessed and never an error page.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache, partial
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode

PAGES = {
    "/": "board",
    "/patients": "patients",
    "/adverse-events": "adverse_events",
    "/grading": "grading",
    "/kinetics": "kinetics",
    "/cytokines": "cytokines",
    "/changes": "changes",
    "/data": "data",
}
PATIENT = "/patient/"

_CHOICES = {
    "lang": ("en", "zh"),
    "theme": ("light", "dark"),
    "only": ("all", "related", "serious", "aesi", "dlt"),
    "rows": ("terms", "soc"),
    "scale": ("log", "linear"),
    "by": ("group", "patient"),
    "days": ("28", "90", "all"),
    "clock": ("actual", "planned"),
    "per": ("dna", "volume"),
    "model": ("off", "stein"),
    "exposure": ("cmax", "auc"),
    "who": ("all", "hospital", "window"),
    "length": ("first", "whole"),
    "period": ("month", "hours", "all"),
    "fold": ("value", "baseline", "infusion"),
    "alerts": ("open", "all"),
    "outside": ("hidden", "shown"),
    "draft": ("hidden", "shown"),
    "group": ("shown", "hidden"),
    "paper": ("", "sheet", "sheets"),
    "table": ("lab", "vital_sign", "cytokine", "kinetics", "ice", "tumour"),
}
# What each screen reads beside EVERYWHERE. The address keeps the choices of the others for when the reader comes back
# to them; a screen is made, remembered and linked without them, and `assets/nav.js` carries them along.
EVERYWHERE = ("lang", "theme", "cut", "open", "zoom")
OWN = {
    "board": ("assume", "since"),
    "patients": ("who", "population", "cohort", "length", "paper", "group", "period", "folded"),
    "adverse_events": ("population", "window", "only", "rows"),
    "grading": ("alerts", "term", "subject"),
    "kinetics": ("cohort", "subject", "scale", "by", "days", "clock", "per", "model", "exposure"),
    "cytokines": ("cohort", "subject", "scale", "fold", "peak", "outcome"),
    "changes": ("since",),
    "data": (),
    "patient": ("period", "folded", "group", "outside", "draft", "narrative", "paper", "table"),
}
# What ends with the screen that it was chosen on: no link to another one has it.
LEFT = {"open": "", "zoom": "", "assume": "", "draft": "hidden", "narrative": "", "paper": ""}
_quoted = lru_cache(maxsize=8192)(partial(quote, safe=""))
_WORD = re.compile(r"[a-z0-9_]{0,40}")
_COHORT = re.compile(r"[A-Za-z0-9_.-]{1,40}")
# One axis of one figure, "kinetics-curves.xaxis_-1.5_28", several of them apart by "~": what a URL writes as it is.
_NUMBER = r"-?\d{1,15}(?:\.\d{1,6})?"
_AXIS = re.compile(rf"([a-z-]{{1,40}})\.([xy]axis\d{{0,2}})_({_NUMBER})_({_NUMBER})")
_ASSUMED = re.compile(r"[^~/]{1,200}(/[^~/]{1,200})?/[NT]")
_CUT = re.compile(r"[0-9a-f]{7,64}")
_FINGERPRINT = re.compile(r"[0-9a-f]{12}")
_LONGEST = 400  # characters of one value; no honest address needs more


@dataclass(frozen=True)
class View:
    page: str = "board"
    usubjid: str = ""  # of the patient page
    lang: str = "en"
    theme: str = "light"
    cut: str = ""  # an older cut by the beginning of its id; empty: the one that is current
    since: str = ""  # changes: the cut they are counted from; empty: of the last meeting, or the one before
    population: str = ""  # empty: the protocol's first
    window: str = ""
    only: str = "all"  # adverse events: all, related, serious, of special interest, dose-limiting
    rows: str = "terms"
    cohort: str = ""  # the one cohort shown; empty: all
    subject: str = ""  # usubjid of the patient who stands out in the figures
    scale: str = "log"  # of concentrations
    by: str = "group"  # kinetics: curves by dose group, or a panel a patient
    days: str = "28"  # kinetics: to which day since infusion
    clock: str = "actual"  # kinetics: when a sample was taken, or was planned
    per: str = "dna"  # kinetics: copies by ug of DNA, or by uL of blood
    model: str = "off"  # kinetics: which model is fitted
    exposure: str = "cmax"  # kinetics: what is set against the patients' properties
    who: str = "all"  # rounds: all, in hospital, or in the DLT window
    length: str = "first"  # rounds: of a long list the first, or the whole
    period: str = "month"  # patient: hours 0-72, Day -7 to 28, or all
    folded: str = ""  # patient: names of panels put away, several apart by "~"; "few": all but the first to look at
    group: str = "shown"  # patient: the rest of the dose group behind the lines of the stack
    outside: str = "hidden"  # patient: rows of the days that are not in sight
    draft: str = "hidden"  # patient: the draft narrative
    narrative: str = ""  # patient: fingerprint of an earlier draft, to be compared
    paper: str = ""  # patient: "sheet", the course alone on one sheet for printing; rounds: "sheets", those of all
    table: str = "lab"  # patient: which measurements are listed
    alerts: str = "open"  # grading: those that are open, or all
    fold: str = "value"  # cytokines: the value, or its multiple of the baseline or of the one before infusion
    peak: str = ""  # cytokines: what the scatter shows, the protocol's first by default
    outcome: str = ""
    term: str = ""  # grading: the CTCAE term whose matrix is shown, the first by default
    assume: str = ""  # board, what if: "302/T" a result, "302/<candidate>/N" a verdict, several apart by "~"
    zoom: str = ""  # the axes that the reader has moved
    open: str = ""  # the count whose patients are shown, or the receipt that is
    problems: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, pathname: str, search: str) -> Self:
        """The view of an address. KeyError for a path that is no page; a value that does not parse is a problem."""
        if not isinstance(pathname, str) or not isinstance(search, str):
            raise KeyError("address")
        page, usubjid = _page(pathname)
        found, problems = {}, []
        for name, value in parse_qsl(search.removeprefix("?"), keep_blank_values=True):
            if name in _PARAMETERS and _fits(name, value):
                found[name] = value
            else:
                problems.append(f"{name}={value}"[:80])
        return cls(page=page, usubjid=usubjid, problems=tuple(problems), **found)

    def change(self, **choices) -> Self:
        return replace(self, problems=(), **choices)

    def own(self) -> Self:
        """What the screen itself reads, all else as if nobody had chosen it."""
        read = {name: getattr(self, name) for name in (*EVERYWHERE, *OWN[self.page])}
        return type(self)(page=self.page, usubjid=self.usubjid, **read)

    @property
    def search(self) -> str:
        """What stands behind the path in the address, without the question mark."""
        return self.href.partition("?")[2]

    @property
    def href(self) -> str:
        """The address of this view. Defaults are left out, so that short links stay short."""
        path = PATIENT + quote(self.usubjid, safe="") if self.page == "patient" else _PATHS[self.page]
        chosen = {name: getattr(self, name) for name in _PARAMETERS if getattr(self, name) != _DEFAULTS[name]}
        return f"{path}?{urlencode(chosen)}" if chosen else path

    def to(self, page: str, usubjid: str = "") -> str:
        """The address of another screen: what the reader chose is kept, the count is closed; zoom, what-if and draft
        are left."""
        return self.change(page=page, usubjid=usubjid, **LEFT).href

    def patient(self, usubjid: str) -> str:
        """The address of a patient."""
        return f"{PATIENT}{_quoted(usubjid)}{self._after_a_patient}"

    def patients(self, usubjids: Iterable[str]) -> dict[str, str]:
        """The addresses of many patients."""
        return {one: self.patient(one) for one in usubjids}

    @cached_property
    def _after_a_patient(self) -> str:
        """What follows the path is the same for all."""
        _, mark, query = self.to("patient", "-").partition("?")
        return mark + query

    def assumed(self) -> dict[tuple[str, ...], str]:
        """What if: (usubjid,) -> N or T, a pending patient's result; (usubjid, candidate) -> N or T, its verdict."""
        found = ([unquote(part) for part in one.split("/")] for one in self.assume.split("~") if one)
        return {tuple(parts[:-1]): parts[-1] for parts in found}

    def assuming(self, whom: tuple[str, ...], letter: str) -> str:
        """The address with one assumption more; "" takes it back. The opened count stays: it says what it is about."""
        found = self.assumed() | {whom: letter}
        said = ("/".join(quote(part, safe="") for part in (*key, one)) for key, one in found.items() if one)
        return self.change(assume="~".join(said)).href

    @property
    def is_sheet(self) -> bool:
        """Whether the screen is a sheet of paper."""
        return self.page == "patient" and self.paper == "sheet"

    @property
    def folds(self) -> frozenset[str]:
        """Names of the panels that are put away; "few" stands for all but some, "none" for none on any screen."""
        return frozenset(one for one in self.folded.split("~") if one not in ("", "none"))

    def folding(self, names: Iterable[str]) -> str:
        """The address with these panels put away and no other; the axes that were moved stay as they are."""
        return self.change(folded="~".join(sorted(names)) or "none", open="", zoom="").href

    def zoomed(self, figure: str) -> dict[str, tuple[float, float]]:
        """The axes of a figure that the reader has moved, with their ranges: layout key -> (from, to)."""
        found = (_AXIS.fullmatch(one).groups() for one in self.zoom.split("~") if one)
        return {axis: (float(low), float(high)) for name, axis, low, high in found if name == figure}


def told_by_path() -> dict[str, list[str]]:
    """Path of a screen, PATIENT for a patient's -> the choices of which its links say everything; the others the
    browser carries from address to address."""
    paths = _PATHS | {"patient": PATIENT}
    return {paths[page]: [*EVERYWHERE, *LEFT, *own] for page, own in OWN.items()}


_PARAMETERS = tuple(one.name for one in fields(View) if one.name not in ("page", "usubjid", "problems"))
_DEFAULTS = {one.name: one.default for one in fields(View)}
_PATHS = {page: path for path, page in PAGES.items()}


def _page(pathname: str) -> tuple[str, str]:
    if pathname in PAGES:
        return PAGES[pathname], ""
    if pathname.startswith(PATIENT):
        usubjid = unquote(pathname.removeprefix(PATIENT))  # once: "%252F" stays "%2F"
        if usubjid and len(usubjid) <= _LONGEST and "/" not in pathname.removeprefix(PATIENT):
            return "patient", usubjid
    raise KeyError(pathname)


def is_page(pathname: str) -> bool:
    try:
        _page(pathname)
    except KeyError:
        return False
    return True


def _fits(name: str, value: str) -> bool:
    if name in _CHOICES:
        return value in _CHOICES[name]
    if name in ("cut", "since"):
        return bool(_CUT.fullmatch(value))
    if name == "narrative":
        return bool(_FINGERPRINT.fullmatch(value))
    if name == "assume":
        return len(value) <= 5 * _LONGEST and all(_ASSUMED.fullmatch(one) for one in value.split("~"))
    if name == "folded":
        return len(value) <= _LONGEST and all(_WORD.fullmatch(one) and one for one in value.split("~"))
    if name in ("open", "subject"):
        return 0 < len(value) <= _LONGEST
    if name == "cohort":
        return bool(_COHORT.fullmatch(value))
    if name == "zoom":
        return 0 < len(value) <= _LONGEST and all(_AXIS.fullmatch(one) for one in value.split("~"))
    return bool(_WORD.fullmatch(value)) and value != ""
