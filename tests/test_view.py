"""The address and the view are two forms of one thing."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.drill import Opened, opened
from dashboard.view import View, is_page

texts = st.text(min_size=1, max_size=60).filter(lambda text: not any(0xD800 <= ord(one) <= 0xDFFF for one in text))


@given(
    usubjid=texts,
    lang=st.sampled_from(["en", "zh"]),
    theme=st.sampled_from(["light", "dark"]),
    only=st.sampled_from(["all", "related", "serious"]),
    opened_text=st.one_of(st.just(""), texts),
)
def test_a_view_written_as_an_address_is_read_back_as_it_was(usubjid, lang, theme, only, opened_text):
    view = View(page="patient", usubjid=usubjid, lang=lang, theme=theme, only=only, open=opened_text)
    address = urlsplit(view.href)
    assert View.parse(address.path, address.query) == view


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_a_view_or_no_page_but_never_another_error(pathname, search):
    try:
        view = View.parse(pathname, search)
    except KeyError:
        return
    assert view.lang in ("en", "zh") and view.theme in ("light", "dark")


@given(st.lists(texts, min_size=1, max_size=5))
def test_an_opened_count_survives_slashes_and_percent_signs(parts):
    assert Opened.read(opened(*parts)).parts == tuple(parts)


def test_defaults_are_left_out_of_the_address():
    assert View().href == "/"
    assert View(page="adverse_events", window="dlt").href == "/adverse-events?window=dlt"
    assert View().patient("A/B") == "/patient/A%2FB"


def test_what_does_not_parse_is_named_and_replaced_by_the_default():
    view = View.parse("/", "?lang=fr&theme=dark&cut=XYZ&population=drop%20table&what=ever")
    assert (view.lang, view.theme, view.cut, view.population) == ("en", "dark", "", "")
    assert view.problems == ("lang=fr", "cut=XYZ", "population=drop table", "what=ever")


@pytest.mark.parametrize("path", ["", "//", "/Board", "/patient", "/patient/", "/patient/a/b", "/adverse-events/"])
def test_other_paths_are_no_page(path):
    assert not is_page(path)
    with pytest.raises(KeyError):
        View.parse(path, "")


@given(st.lists(texts, max_size=4), st.sampled_from(["", "DL1"]))
def test_the_addresses_of_many_patients_are_those_of_each(usubjids, cohort):
    view = View(page="kinetics", cohort=cohort, zoom="kinetics-curves.xaxis_1_2")
    assert view.patients(usubjids) == {one: view.patient(one) for one in usubjids}
