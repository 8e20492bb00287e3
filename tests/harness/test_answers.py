"""Values out of answers."""

import json
import time
from collections.abc import Callable

import jsonpath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tayari_formats.json_text import read, read_object, read_value
from tayari_target import answers
from tayari_target.answers import (
    MerchantAnswer,
    as_number,
    as_text,
    find,
    find_all,
    is_absurd_number,
    is_too_slow,
    key_paths,
    looks_like_html,
    visible_text,
)
from tayari_target.target_file import extractor
from tayari_target.target_file.extractor import ExtractorError, compile_extractor

JSON = MerchantAnswer(
    body='{"id": 7, "data": {"state": "PAID", "rows": [{"a": 1}], "none": null}}',
    headers=(("Content-Type", "application/json"), ("X-Id", "order-9")),
    url="http://shop/orders/77?x=1",
)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("$.id", 7),
        ("$.data.state", "PAID"),
        ("$.missing | $.data.state", "PAID"),
        ("$.data.none", None),
        ("$.missing", None),
        ("header:x-id", "order-9"),
        ("header:X-Id order-(.+)", "9"),
        ("header:X-None", None),
        ("url:/orders/([0-9]+)", "77"),
        ('regex:"state": "([A-Z]+)"', "PAID"),
        ("regex:nothing", None),
    ],
)
def test_each_form_of_extractor(written: str, found: object) -> None:
    assert find(written, JSON) == found


@pytest.mark.parametrize("written", ["regex:(a|aa)+$", "url:(a|aa)+$", "header:X-Id (a|aa)+$"])
def test_a_pattern_that_could_take_years_finds_nothing_in_time(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATTERN_S", 0.05)
    text = "a" * 100 + "b"
    answer = MerchantAnswer(body=text, url=text, headers=(("X-Id", text),))

    assert find(written, answer) is None
    assert is_too_slow(written, answer)
    monkeypatch.setattr(answers, "PATTERN_S", 60.0)
    assert not is_too_slow(written, JSON)


@pytest.mark.parametrize("test", ["@.t =~ /(a|aa)+$/", "match(@.t, '(a|aa)+')", "search(@.t, '(a|aa)+$')"])
def test_a_filter_of_a_path_has_the_same_limit(test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractor, "PATTERN_S", 0.05)
    answer = MerchantAnswer(body=json.dumps({"rows": [{"t": "a" * 100 + "b", "id": 1}]}))

    assert find(f"$.rows[?{test}].id", answer) is None
    assert is_too_slow(f"$.rows[?{test}].id", answer)


@pytest.mark.parametrize("test", ["@.t =~ /paid.*/i", "match(@.t, 'P.*')", "search(@.t, 'now')", "@.t =~ /.aid.now/"])
def test_a_filter_of_a_path_matches_as_the_library_does(test: str) -> None:
    answer = MerchantAnswer(
        body=json.dumps({"rows": [{"t": "open", "id": 1}, {"t": "Paid now", "id": 2}, {"t": 3, "id": 3}]})
    )

    assert find_all(f"$.rows[?{test}].id", answer) == [2]


def test_a_filter_that_is_no_pattern_is_a_mistake_of_the_target_file() -> None:
    with pytest.raises(ExtractorError, match="is not a JSONPath"):
        compile_extractor("$.rows[?(@.t =~ /[/)].id")


@pytest.mark.parametrize("body", ["", "PAID", "3", '"text"', "{", "null"])
def test_a_json_path_finds_nothing_in_what_has_no_members(body: str) -> None:
    assert find("$.id", MerchantAnswer(body=body)) is None


def test_visible_text_is_what_a_person_reads() -> None:
    page = """<!doctype html><html><head><title>x</title><style>p{}</style></head>
    <body><h1>Sorry</h1><p>Salio&nbsp;halitoshi: top up<br>or pay less.</p><noscript>no</noscript>
    <script>var a = "<p>hidden</p>"</script></body></html>"""

    assert visible_text(page) == "Sorry Salio halitoshi: top up or pay less."


def test_text_is_the_visible_text_of_a_page_and_the_body_of_anything_else() -> None:
    assert find("text", MerchantAnswer(body=" PAID \n")) == "PAID"
    assert find("text", MerchantAnswer(body="<html><p>PAID</p></html>")) == "PAID"


@pytest.mark.parametrize(
    ("answer", "is_html"),
    [
        (MerchantAnswer(body="{}", headers=(("content-type", "text/html; charset=utf-8"),)), True),
        (MerchantAnswer(body="  <!DOCTYPE html><p>"), True),
        (MerchantAnswer(body='{"page": "<html>"}'), False),
    ],
)
def test_pages_are_distinguished_from_data(answer: MerchantAnswer, is_html: bool) -> None:
    assert looks_like_html(answer) is is_html


@pytest.mark.parametrize(
    ("value", "number"),
    [("1,200.50", 1200.5), ("KES 35", 35), (12, 12), (True, 1), ("none", None), (None, None), ([1], None), ("-5", -5)],
)
def test_numbers_are_read_as_people_write_them(value: object, number: float | None) -> None:
    assert as_number(value) == number


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (42.0, "42"), (1.5, "1.5"), (True, "true"), ("a", "a"), ({"a": 1}, '{"a": 1}')]
)
def test_values_become_text_as_their_source_wrote_them(value: object, text: str) -> None:
    assert as_text(value) == text


def test_the_paths_of_a_body_are_shown_three_levels_deep() -> None:
    assert key_paths({"id": 1, "data": {"rows": [{"a": 1}]}}) == ("$.id", "$.data.rows[0]")
    assert key_paths({}) == ()


DEEP = "[" * 100_000 + "]" * 100_000
NESTED = '{"id": ' + "[" * 150 + "]" * 150 + "}"
DIGITS = '{"id": ' + "9" * 5000 + "}"


@pytest.mark.parametrize("body", [DEEP, NESTED, DIGITS, "[" * 100_000, '{"a":' * 100_000])
def test_absurd_json_finds_nothing_and_raises_nothing(body: str) -> None:
    assert find("$.id", MerchantAnswer(body=body)) is None
    assert read_value(body) is None
    assert read_object(body) == {}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (DEEP, "found JSON that nests deeper than 100 levels"),
        (NESTED, "found JSON that nests deeper than 100 levels"),
        (DIGITS, "found a number of thousands of digits"),
        ("{", ""),
        ('{"id": 1}', ""),
    ],
)
def test_the_problem_of_an_absurd_body_is_reported(body: str, problem: str) -> None:
    assert read(body)[1].partition(";")[0] == problem


@pytest.mark.parametrize("form", [str, str.encode])
def test_half_a_character_can_be_sent_back_to_the_merchant(form: Callable[[str], str | bytes]) -> None:
    """JSON may name it; no request and no file can hold it."""
    found = read_object(form('{"id": "a\\ud800", "\\uDFFF": 1, "whole": "\\ud83d\\ude00"}'))

    assert found == {"id": "a?", "?": 1, "whole": "\U0001f600"}


@pytest.mark.parametrize("text", ["1e400", "-1e400", "NaN", "Infinity", "1e300", "9" * 400, '"' + "9" * 5000 + '"'])
def test_absurd_numbers_are_no_numbers_and_become_text(text: str) -> None:
    found = find("$.n", MerchantAnswer(body=f'{{"n": {text}}}'))

    assert as_number(found) is None
    assert as_text(found)
    assert is_absurd_number(found) or isinstance(found, str)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<html><head><title>x</title><body>Habari", "Habari"),
        ("<p>3 < 4 &amp; it's &#65;<a href='x>y' title=it's>!</a>", "3 < 4 & it's A!"),
        ("one<!-- two > --> three <!doctype html> <!-- four", "one three"),
        ("one<script>if (a<b) x('</p>')</script>two<style>never closed", "onetwo"),
        ("one<p title='never closed", "one"),
        ("a<template>b<p>c</p></template>d</template>e", "ade"),
        ("1&#" + "9" * 5000, "1\N{REPLACEMENT CHARACTER}" + "9" * 4960),
    ],
)
def test_visible_text_of_odd_pages(page: str, text: str) -> None:
    assert visible_text(page) == text


@pytest.mark.parametrize(
    "part",
    [
        "<a ",
        "<!--",
        "<![x",
        "<",
        "<!",
        "</",
        "<div>",
        "<p><b x=1>",
        "<script>",
        "<a x='",
        "<a =",
        "&#",
        "&nbsp;",
        "</b>",
    ],
)
def test_the_time_for_visible_text_grows_with_the_length_only(part: str) -> None:
    page = part * (1_000_000 // len(part))
    began = time.process_time()

    visible_text(page)

    assert time.process_time() - began < 10  # quadratic: minutes


_NAMES = st.sampled_from(["id", "data", "state", "_x1"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(
    body=st.dictionaries(_NAMES, _VALUES, max_size=4) | st.lists(_VALUES, max_size=3),
    path=st.lists(_NAMES | st.just("*"), min_size=1, max_size=4),
)
def test_a_path_of_members_finds_what_the_library_finds(body: object, path: list[str]) -> None:
    written = "$" + "".join("[*]" if name == "*" else f".{name}" for name in path)
    assert compile_extractor(written).members == tuple(path)

    library = [value for value in jsonpath.findall(written, body) if value is not None]  # type: ignore[arg-type]
    assert list(find_all(written, MerchantAnswer(body=json.dumps(body)))) == library


@pytest.mark.parametrize("written", ["$", "$..id", "$.rows[0]", "$.a-b", "$['id']", "$.id | $.no", "$.*"])
def test_any_other_path_is_left_to_the_library(written: str) -> None:
    assert compile_extractor(written).members == ()
