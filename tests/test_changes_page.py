"""The page of what changed: the sentence, the lines, the counts and what they open, in both languages."""

import csv
import io
import json
import re
import threading

import pytest
from reading import of_class, of_kind
from test_answers import ask
from test_board_page import words

from dashboard import comparing, since_card
from dashboard.change_lines import against
from dashboard.change_rows import SHOWN, rows_panel
from dashboard.comparing import SORTS, Compared, comparison, earlier
from dashboard.drill import Opened
from dashboard.jobs import Jobs
from dashboard.labels import LANGUAGES, t
from dashboard.pages import adverse_events
from dashboard.pages import changes as page
from dashboard.session import Asked, NotUnderstood, stamp
from dashboard.shell import find_cut, header, notices
from dashboard.still import links as links_of
from dashboard.view import View
from data.events import START
from data.store import Store


@pytest.fixture
def here(client):
    """Inside a request, where jobs are waited for."""
    client.application.config["JOBS_ARE_AWAITED"] = True
    with client.application.test_request_context("/"):
        yield client
    client.application.config["JOBS_ARE_AWAITED"] = False


def asking(trial: Store, *, cut: int = -1, **choices) -> Asked:
    return Asked(View(page="changes", **choices), trial.open(trial.ids()[cut]))


def found(asked: Asked) -> Compared:
    return comparison(asked, earlier(asked)).result()


def stored(trial: Store, search: str = "", cut: int = -1) -> dict:
    return {"pathname": "/changes", "search": search, "cut": trial.ids()[cut]}


def links(part: object, kind: str = "count") -> list:
    """Every link of that class with the number it says it opens, in components and in still trees."""
    if isinstance(part, list | tuple):
        return [one for each in part for one in links(each, kind)]
    if getattr(part, "className", "") and kind in (getattr(part, "className", "") or "").split():
        return [(part.href, int(getattr(part, "data-count")))]
    return links(getattr(part, "children", None) or [], kind)


# ---- what the page says ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_in_both_languages(here, trial, lang):
    asked = Asked.read(stored(trial, f"?lang={lang}"))
    body, over = page.body(asked, None)
    said = words(page.which(asked)) + words(body)
    first, last = trial.ids()[-2:]
    assert first[:7] in said and last[:7] in said and "2026-09-22" in said and over
    for kind in ("advice", "window", "candidate", "level", "count", "kinetics", "response"):
        assert t(f"changes.kind_{kind}", lang) in said
    line = {
        "en": "207 Day 15, 13 days left → window complete, no DLT Level 2: 1/5 expanding → 1/6 cleared",
        "zh": "207 第 15 天，剩余 13 天 → 窗口完成，无 DLT 剂量组 2： 1/5 扩展中 → 1/6 已通过",
    }
    assert line[lang].replace(" ", "") in said.replace(" ", "")
    assert said.count(stamp(asking(trial, lang=lang), against(*both(trial, lang)))) >= 2


def both(trial: Store, lang: str) -> tuple[Asked, Compared]:
    asked = asking(trial, lang=lang)
    return asked, found(asked)


def test_a_patient_of_a_window_is_a_link_and_a_new_candidate_says_what_its_level_would_read(here, trial):
    said = page.body(Asked.read(stored(trial)), None)[0]
    assert "/patient/XKDCT293-01-302" in str(said)
    assert "Were it a DLT, level 3 would read 1/2: in progress." in words(said)


def test_the_cut_compared_with_is_chosen_in_the_address(here, trial):
    first, second, last = trial.ids()
    assert earlier(asking(trial)).id == second
    assert earlier(asking(trial, since=first[:12])).id == first
    assert earlier(asking(trial, cut=1)).id == first and earlier(asking(trial, cut=0)) is None
    shown = words(page.which(Asked.read(stored(trial, f"?since={last[:12]}", cut=0))))
    assert t("changes.backwards") in shown and first[:7] in shown and last[:7] in shown
    choice = str(page.which(Asked.read(stored(trial))))
    assert all(f"since={one[:12]}" in choice for one in (first, second)) and f"since={last[:12]}" not in choice
    with pytest.raises(NotUnderstood):
        page.which(Asked.read(stored(trial, "?since=0000000")))


def test_the_first_cut_has_none_to_compare_with(here, trial):
    asked = Asked.read(stored(trial, "?open=rows/all/added", cut=0))
    assert words(page.which(asked)[0]) == t("changes.only_one")
    assert page.body(asked, 0) == page.panel(asked, 0) == ([], True)


# ---- counts ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_count_of_rows_opens_its_rows(here, trial, lang):
    asked, changed = both(trial, lang)
    counts = [one for one in links(page.cards(asked, changed)) if "rows%2F" in one[0]]
    assert len(counts) == (changed.counts.to_numpy() > 0).sum() + (changed.counts.sum() > 0).sum()
    for href, count in counts:
        view = View.parse("/changes", href.partition("?")[2])
        _, table, sort = Opened.read(view.open).parts
        rows = changed.sorts[sort] if table == "all" else changed.sorts[sort].query("table == @table")
        distinct = rows.drop_duplicates(["table", "usubjid", "key", "source_file", "source_row"])
        assert len(distinct if sort in ("corrected", "filled") else rows) == count
        opened = rows_panel(Asked(view, asked.cut), changed, "")
        assert len(of_kind(opened, "Tr")) == min(len(rows), SHOWN) + 1
        assert (t("changes.first_rows", lang, shown=SHOWN) in words(opened)) == (len(rows) > SHOWN)
    assert {Opened.read(View.parse("/changes", one.partition("?")[2]).open).parts[2] for one, _ in counts} <= set(SORTS)


def test_every_count_of_patients_opens_them(here, trial):
    asked, changed = both(trial, "en")
    counts = [one for one in links(page.cards(asked, changed)) if one[0].startswith("/adverse-events")]
    assert len(counts) == 28
    for href, count in counts:
        view = View.parse("/adverse-events", href.partition("?")[2])
        panel = adverse_events.opened_panel(Asked(view, asked.cut))[0]
        [people] = of_class(panel, "people")
        assert len({getattr(one, "data-usubjid") for one in people.children}) == count


def test_the_rows_behind_a_line_open(here, trial):
    asked, changed = both(trial, "en")
    for one in changed.consequences:
        if one.rows:
            view = asked.view.change(open=f"why/{one.kind}/{one.usubjid}")
            assert "Lines:" in words(rows_panel(Asked(view, asked.cut), changed, ""))
    for wrong in ("rows/all/nothing", "rows/nothing/added", "why/window/nobody", "why/nothing/nobody", "x"):
        view = asked.view.change(open=wrong)
        assert t("drill.unknown") in words(rows_panel(Asked(view, asked.cut), changed, ""))


def test_the_file_holds_every_row_and_names_both_cuts(here, trial):
    _, changed = both(trial, "en")
    answer = here.get("/export/changes.csv")
    lines = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    told = [one for one in lines if not one[0].startswith("#")]
    assert len(told) == len(changed.changes.rows) + 1 and told[0][-1] == "late"
    assert all(f"cut {one[:7]}" in lines[0][0] for one in trial.ids()[-2:])
    assert here.get(f"/export/changes.csv?cut={trial.ids()[0]}").status_code == 400


# ---- the job ---------------------------------------------------------------------------------------------------------
def test_what_is_not_finished_is_told_and_not_remembered(client, trial, monkeypatch):
    go_on, make = threading.Event(), comparing.compared

    def slow(before, after, head, told):
        told(1, 3)
        assert go_on.wait(60)
        return make(before, after, head)

    client.application.config["JOBS"] = Jobs()
    monkeypatch.setattr(comparing, "compared", slow)
    view = {"pathname": "/changes", "search": "?theme=dark", "cut": trial.current()}
    waiting = ask(client, "changes-body.children", **view)[1]["response"]
    assert waiting["changes-body-wait"]["disabled"] is False and "step 1 of 3" in json.dumps(waiting)
    board = ask(client, "board-since.children", **(view | {"pathname": "/"}))[1]["response"]
    assert board["board-since-wait"]["disabled"] is False and "step 1 of 3" in json.dumps(board)
    go_on.set()
    with client.application.test_request_context("/"):
        found(asking(trial))
    done = ask(client, "changes-body.children", **view)[1]["response"]
    assert done["changes-body-wait"]["disabled"] is True and "DLT windows" in json.dumps(done)


def test_a_job_that_fails_is_told_and_tried_again(client, trial, monkeypatch, caplog):
    def fails(*_):
        raise ZeroDivisionError("no such luck")

    client.application.config["JOBS"] = Jobs()
    view = {"pathname": "/changes", "search": "?lang=zh", "cut": trial.ids()[1]}
    with monkeypatch.context() as patched:
        patched.setattr(comparing, "compared", fails)
        said = ask(client, "changes-body.children", **view)[1]["response"]
        table = client.get("/export/changes.csv?lang=zh")
    assert table.status_code == 503 and "未能得出结果（ZeroDivisionError）" in table.text
    assert "未能得出结果（ZeroDivisionError）" in json.dumps(said, ensure_ascii=False)
    assert said["changes-body-wait"]["disabled"] is True and "a job failed" in caplog.text
    client.application.config["JOBS_ARE_AWAITED"] = True
    again = ask(client, "changes-body.children", **view)[1]["response"]
    client.application.config["JOBS_ARE_AWAITED"] = False
    assert "DLT 窗口" in json.dumps(again, ensure_ascii=False)


# ---- the Board's card, the menu of cuts ------------------------------------------------------------------------------
def test_the_board_tells_the_first_lines_and_the_way_to_all(here, trial):
    said = ask(here, "board-since.children", pathname="/", cut=trial.current())[1]["response"]["board-since"]
    assert "/changes" in [one["href"] for one in links_of(said)]
    text = json.dumps(said, ensure_ascii=False)
    assert text.count("change-line of-") == 6
    assert re.search(r"Against cut [0-9a-f]{7}, data to 2026-09-22\.", text)
    assert "Changed rows that can be the reason" not in text


def test_the_header_leads_to_every_cut_and_an_older_one_is_marked(here, trial):
    older, current = trial.ids()[0], trial.current()
    view = View.parse("/kinetics", f"?cut={older[:12]}&by=patient")
    seen = find_cut(view, None)
    assert seen.older and seen.cut.id == older
    menu = str(header(view, seen, asking(trial).say))
    assert "/kinetics?by=patient" in menu and f"cut={trial.ids()[1][:12]}" in menu and current[:7] in menu
    assert t("shell.to_current") in str(notices(view, seen, START, asking(trial).say))
    assert t("stamp.older") in stamp(Asked(view, seen.cut))
    assert t("stamp.older") not in stamp(Asked(View(), trial.open(older))) + stamp(asking(trial, cut=-1))


def test_of_a_large_cut_the_board_offers_the_comparison_and_does_not_begin_it(here, trial, monkeypatch):
    monkeypatch.setattr(since_card, "MOST_PATIENTS", 10)
    monkeypatch.setattr(since_card, "comparison", lambda *_: pytest.fail("begun"))
    said, over = since_card.since_card(Asked(View(), trial.open(trial.ids()[-1])))
    assert over and words(said).startswith(f"Compare with the earlier cut, {trial.ids()[-2][:7]} XKDCT293")
