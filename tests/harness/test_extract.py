"""Values out of answers."""

import pytest
from tayari_target.extraction import as_number, as_text, find, key_paths, looks_like_html, visible_text
from tayari_target.views import Answer

JSON = Answer(
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


@pytest.mark.parametrize("body", ["", "PAID", "3", '"text"', "{", "null"])
def test_a_json_path_finds_nothing_in_what_has_no_members(body: str) -> None:
    assert find("$.id", Answer(body=body)) is None


def test_visible_text_is_what_a_person_reads() -> None:
    page = """<!doctype html><html><head><title>x</title><style>p{}</style></head>
    <body><h1>Sorry</h1><p>Salio&nbsp;halitoshi: top up<br>or pay less.</p><noscript>no</noscript>
    <script>var a = "<p>hidden</p>"</script></body></html>"""

    assert visible_text(page) == "Sorry Salio halitoshi: top up or pay less."


def test_text_is_the_visible_text_of_a_page_and_the_body_of_anything_else() -> None:
    assert find("text", Answer(body=" PAID \n")) == "PAID"
    assert find("text", Answer(body="<html><p>PAID</p></html>")) == "PAID"


@pytest.mark.parametrize(
    ("answer", "is_html"),
    [
        (Answer(body="{}", headers=(("content-type", "text/html; charset=utf-8"),)), True),
        (Answer(body="  <!DOCTYPE html><p>"), True),
        (Answer(body='{"page": "<html>"}'), False),
    ],
)
def test_pages_are_told_from_data(answer: Answer, is_html: bool) -> None:
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
