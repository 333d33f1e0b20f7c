"""The sheets of all patients as one PDF, without a browser: what is written for it, what is refused, what is said."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dash import dcc, html
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject
from test_board_page import words

from dashboard import sheets_card, sheets_job
from dashboard.jobs import Jobs
from dashboard.paper import book, browser, keeper
from dashboard.paper.browser import NotPrinted
from dashboard.paper.plain import html_of
from dashboard.session import Asked
from dashboard.theme import Figure
from dashboard.view import View

ROOT = Path(__file__).parents[1]
HOSTILE = '</script><script src="x">"$(touch x)" --renderer-cmd-prefix=sh; -- ../../x'


# ---- from components to HTML -----------------------------------------------------------------------------------------
def test_text_is_escaped_and_links_and_ids_are_left_out():
    part = html.Div([html.A("x < y", href="/patient/1", className="name"), html.Br(), None, 3], id="one", title="far")
    assert html_of(part) == '<div><span class="name">x &lt; y</span><br>3</div>'
    dot = html.Span(className="dot", style={"backgroundColor": '#0072B2"'})
    assert html_of(dot) == '<span class="dot" style="background-color: #0072B2&quot;"></span>'
    assert html_of(html.Td("a", colSpan=2)) == '<td colspan="2">a</td>'


def figure(text: str) -> dcc.Graph:
    return dcc.Graph(figure=Figure([{"x": [1], "y": [2], "name": text}], {}), style={"width": "970px"})


def test_no_text_of_a_patient_ends_the_element_of_its_figure():
    page = book.page_of([book.sheet_of(HOSTILE, [html.H1(HOSTILE), figure(HOSTILE)])], 1, 1, "en")
    scripts = re.findall(r"<script[^>]*>", page)
    assert len(scripts) == 3 == page.count("</script>")  # plotly, the data, what draws them
    assert [("src" in one) for one in scripts] == [True, False, True]
    assert "script-src file:;" in page and "default-src 'none'" in page


def test_each_sheet_has_its_number_of_all():
    page = book.page_of([book.sheet_of(name, [html.P(name)]) for name in ("a", "b")], 21, 22, "zh")
    assert re.findall(r'data-number="([^"]*)" data-mark="([^"]*)"', page) == [
        ("21 / 22", "sheet:21"), ("22 / 22", "sheet:22"),
    ]  # fmt: skip
    assert '<html lang="zh">' in page


# ---- the browser -----------------------------------------------------------------------------------------------------
@pytest.fixture
def stand_in(tmp_path):
    """A program in the place of the browser, which notes its arguments and process; what it does then is given."""

    def make(then: str) -> str:
        program = tmp_path / "browser"
        program.write_text(
            f"#!{sys.executable}\nimport os, pathlib, sys, time\nhere = pathlib.Path({str(tmp_path)!r})\n"
        )
        with program.open("a") as file:
            file.write("(here / 'said').write_text('\\n'.join(map(str, [os.getpid(), os.getcwd(), *sys.argv[1:]])))\n")
            file.write("out = next(one for one in sys.argv if one.startswith('--print-to-pdf=')).partition('=')[2]\n")
            file.write(then + "\n")
        program.chmod(0o755)
        return str(program)

    return make


def noted(tmp_path) -> tuple[int, Path, list[str]]:
    process, folder, *arguments = (tmp_path / "said").read_text().splitlines()
    return int(process), Path(folder), arguments


def is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/status")
    return status.exists() and "\nState:\tZ" not in status.read_text()


def test_what_the_browser_wrote_is_given_and_its_folder_is_gone(stand_in, tmp_path):
    program = stand_in("pathlib.Path(out).write_bytes(b'%PDF')")
    page = book.page_of([book.sheet_of(HOSTILE, [html.H1(HOSTILE)])], 1, 1, "en")
    assert browser.pdf_of(page, program, 30) == b"%PDF"
    _, folder, arguments = noted(tmp_path)
    assert not folder.exists()
    assert not any("touch" in one or "renderer" in one for one in arguments)
    assert arguments[-1] == (folder / "sheets.html").as_uri()
    assert ("--no-sandbox" in arguments) == (os.geteuid() == 0)


@pytest.mark.parametrize(
    ("then", "code", "status"),
    [("sys.exit(3)", "ended", 3), ("pass", "ended", 0), ("time.sleep(60)", "timed_out", None)],
)
def test_without_a_pdf_it_says_why_and_nothing_runs_on(stand_in, tmp_path, then, code, status):
    program = stand_in(then)
    with pytest.raises(NotPrinted) as raised:
        browser.pdf_of("<p>", program, 1)
    process, folder, _ = noted(tmp_path)
    assert (raised.value.code, raised.value.values.get("status")) == (code, status)
    assert not is_alive(process) and not folder.exists()


def test_the_browser_and_its_folder_go_with_a_server_that_is_killed(stand_in, tmp_path):
    program = stand_in("time.sleep(60)")
    call = f"from dashboard.paper.browser import pdf_of; pdf_of('<p>', {program!r}, 60)"
    server = subprocess.Popen([sys.executable, "-c", call], cwd=ROOT)
    wait_for((tmp_path / "said").exists)
    process, folder, _ = noted(tmp_path)
    assert is_alive(process) and folder.exists()
    server.send_signal(signal.SIGKILL)
    server.wait(10)
    wait_for(lambda: not is_alive(process) and not folder.exists())


def wait_for(true) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_browser_that_the_settings_name_is_the_one(stand_in):
    program = stand_in("pass")
    assert browser.find(program) == program
    assert browser.find("no-such-browser") is None


def test_the_keeper_takes_nothing_of_this_program():
    """It runs alone (`python -I`), and is there at once."""
    imported = re.findall(r"^(?:import|from) (\w+)", Path(keeper.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names


# ---- the pages -------------------------------------------------------------------------------------------------------
def printed(*marks: str) -> bytes:
    """A PDF of a page for each mark, as the browser writes them; "": a page without one."""
    writer = PdfWriter()
    for mark in marks:
        page = writer.add_blank_page(595, 842)
        if mark:
            action = {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject(mark)}
            box = ArrayObject([NumberObject(one) for one in (0, 0, 9, 9)])
            names = {NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Link")}
            link = DictionaryObject(names | {NameObject("/Rect"): box, NameObject("/A"): DictionaryObject(action)})
            page[NameObject("/Annots")] = ArrayObject([link])
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def test_the_parts_are_bound_in_order_with_a_list_of_contents():
    pdf = PdfReader(io.BytesIO(book.bound([printed("sheet:1", "sheet:2"), printed("sheet:3")], ["302", "x", "3"], "T")))
    assert [one.title for one in pdf.outline] == ["302", "x", "3"]
    assert [pdf.get_destination_page_number(one) for one in pdf.outline] == [0, 1, 2]
    assert pdf.metadata.title == "T" and not any("/Annots" in one for one in pdf.pages)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([printed("sheet:1")], "sheets 2, pages 1"),
        ([printed("sheet:1", "", "sheet:2")], "sheets 2, pages 3"),
        ([printed("sheet:1", "")], "the figure of sheet 2 is not whole"),
        ([printed("sheet:2", "sheet:1")], "the figure of sheet 1 is not whole"),
        ([printed("sheet:1", "sheet:2")[:400]], "the browser's PDF cannot be read"),
        ([b""], "the browser's PDF cannot be read"),
    ],
    ids=["one-lost", "one-broke", "undrawn", "other-order", "cut-off", "empty"],
)
def test_what_is_not_whole_is_refused(parts, said):
    with pytest.raises(NotPrinted, match=said):
        book.bound(parts, ["302", "303"], "")


# ---- the job and its card --------------------------------------------------------------------------------------------
@pytest.fixture
def asked(trial, client, monkeypatch):
    """In the application, with jobs of one's own, and a browser that prints blank pages."""
    monkeypatch.setitem(client.application.config, "JOBS", Jobs())
    monkeypatch.setitem(client.application.config, "JOBS_ARE_AWAITED", True)
    monkeypatch.setattr(browser, "find", lambda named: "browser")
    monkeypatch.setattr(browser, "pdf_of", lambda page, *_: printed(*re.findall(r'data-mark="([^"]*)"', page)))

    def make(**choices) -> Asked:
        return Asked(View(page="patients", paper="sheets", **choices), trial.open(trial.ids()[-1]))

    with client.application.test_request_context("/"):
        yield make


def shown(asked: Asked) -> str:
    made, whole = sheets_card.card(asked, 60)
    assert whole
    return words(made)


def test_nothing_is_made_for_who_did_not_ask(trial, client):
    asked = Asked(View(page="patients"), trial.open(trial.ids()[-1]))
    with client.application.test_request_context("/"):
        assert sheets_card.card(asked, 0) == (None, True)


def test_a_sheet_for_each_infused_patient_in_the_order_of_the_list(asked, client):
    """Of the third dose level 302 (a candidate), 303 (alerts) and 301 are infused; 304 and 305 wait."""
    said = shown(asked(cohort="DL3"))
    assert "sheets: 3" in said and "because not infused: 2" in said
    answer = client.get("/export/sheets.pdf?paper=sheets&cohort=DL3")
    cut = asked().cut.short
    assert answer.mimetype == "application/pdf" and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="sheets-XKDCT293-{cut}-en.pdf"'
    pdf = PdfReader(io.BytesIO(answer.data))
    assert [one.title for one in pdf.outline] == ["302", "303", "301"]
    assert f"cut {cut}" in pdf.metadata.title


def test_another_language_or_list_is_another_file(asked, client):
    shown(asked(cohort="DL3", lang="zh"))
    answers = [client.get(f"/export/sheets.pdf?{one}").status_code for one in ("cohort=DL3&lang=zh", "cohort=DL3", "")]
    assert answers == [200, 404, 404]
    assert "-zh.pdf" in client.get("/export/sheets.pdf?cohort=DL3&lang=zh").headers["Content-Disposition"]


def test_without_a_browser_it_says_what_to_install_and_leads_to_a_sheet(asked, monkeypatch):
    monkeypatch.setattr(browser, "find", lambda named: None)
    said = shown(asked(cohort="DL3"))
    assert "Install Chromium or Chrome" in said and "TRIAL_BROWSER" in said and "sheet of 302" in said
    made, _ = sheets_card.card(asked(cohort="DL3"), 60)
    assert "/patient/XKDCT293-01-302?" in str(made) and "paper=sheet" in str(made)


def test_a_list_that_is_too_long_or_without_anyone_infused_is_said(asked, monkeypatch):
    monkeypatch.setattr(sheets_card, "MOST", 2)
    assert "Infused patients in this list: 3; one PDF holds at most: 2." in shown(asked(cohort="DL3"))
    monkeypatch.setattr(sheets_card, "infused", lambda groups: ())
    assert "Nobody in this list has been infused" in shown(asked(cohort="DL3"))


def test_a_failure_is_said_and_tried_again(asked, client, monkeypatch):
    whole = browser.pdf_of
    monkeypatch.setattr(browser, "pdf_of", lambda page, *_: printed("sheet:1", "", "sheet:3"))
    said = shown(asked(cohort="DL3"))
    assert "There is no PDF: the figure of sheet 2 is not whole." in said and "Try again" in said
    assert client.get("/export/sheets.pdf?cohort=DL3").status_code == 503
    monkeypatch.setattr(browser, "pdf_of", whole)
    assert "sheets: 3" in shown(asked(cohort="DL3"))


def test_how_far_it_is(asked, monkeypatch):
    """Of three patients each is drawn and printed: six steps."""
    told = []
    who = sheets_job.infused(sheets_card.found(asked(cohort="DL3"), 60).groups)
    sheets_job._bound(asked(cohort="DL3"), who, "browser", lambda done, steps: told.append((done, steps)))
    assert told == [(0, 6), (1, 6), (2, 6), (6, 6)]
