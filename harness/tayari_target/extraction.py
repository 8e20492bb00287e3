"""Values out of answers: JSONPath, patterns, headers, and the text that a person would see."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final

from tayari_target.target_file.extractor import Extractor, Kind, compile_extractor
from tayari_target.views import Answer

_UNSEEN: Final = frozenset({"script", "style", "head", "template", "noscript"})
_BLOCKS: Final = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "td", "section", "form", "button"})


class _Visible(HTMLParser):
    """Collects the text outside of scripts, styles and the head."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSEEN:
            self._hidden.append(tag)
        if tag in _BLOCKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        if tag in _BLOCKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def visible_text(html: str) -> str:
    """The text of an HTML page as a person reads it, blanks made single."""
    parser = _Visible()
    parser.feed(html)
    parser.close()
    return re.sub(r"\s+", " ", "".join(parser.parts)).strip()


def looks_like_html(answer: Answer) -> bool:
    """Whether the body is a page rather than data."""
    return "html" in answer.content_type or answer.body.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def read_json(answer: Answer) -> object | None:
    """The body as JSON, or None when it is not."""
    try:
        decoded: object = json.loads(answer.body)
    except ValueError:
        return None
    return decoded


def find(written: str, answer: Answer) -> object | None:
    """The first value that an extractor finds, or None."""
    found = find_all(written, answer)
    return found[0] if found else None


def find_all(written: str, answer: Answer) -> Sequence[object]:
    """All values that an extractor finds, in order; a missing or null value counts as not found."""
    extractor = compile_extractor(written)
    if extractor.kind is Kind.JSON:
        return _json_values(extractor, answer)
    if extractor.kind is Kind.TEXT:
        text = visible_text(answer.body) if looks_like_html(answer) else answer.body.strip()
        return [text] if text else []
    if extractor.kind is Kind.HEADER:
        value = answer.header(extractor.header)
        if value is None or extractor.pattern is None:
            return [] if value is None else [value]
        return _matches(extractor.pattern, value)
    subject = answer.url if extractor.kind is Kind.URL else answer.body
    return _matches(extractor.pattern, subject) if extractor.pattern is not None else []


def as_text(value: object | None) -> str:
    """A found value as text: `42` for 42.0, `true` for True, JSON for what has members, empty for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def as_number(value: object | None) -> float | None:
    """A found value as a number: `1,200.00`, `KES 1200` and 1200 are all 1200.0; None when it holds none."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    match = re.search(r"-?\d[\d,]*(?:\.\d+)?", value)
    return float(match.group().replace(",", "")) if match else None


def key_paths(decoded: object, *, limit: int = 20) -> tuple[str, ...]:
    """The paths in a JSON body (`$.data.id`), three levels deep: shown when a JSONPath finds nothing."""
    paths: list[str] = []

    def walk(value: object, path: str, depth: int) -> None:
        if isinstance(value, dict) and depth < 3:
            for key, member in value.items():
                walk(member, f"{path}.{key}", depth + 1)
        elif isinstance(value, list) and value and depth < 3:
            walk(value[0], f"{path}[0]", depth + 1)
        elif len(paths) < limit:
            paths.append(path)

    walk(decoded, "$", 0)
    return tuple(paths)


def _json_values(extractor: Extractor, answer: Answer) -> Sequence[object]:
    decoded = read_json(answer)
    if decoded is None or extractor.path is None or not isinstance(decoded, dict | list):
        return []
    return [value for value in extractor.path.findall(decoded) if value is not None]


def _matches(pattern: re.Pattern[str], subject: str) -> Sequence[object]:
    return [match.group(1) if pattern.groups else match.group() for match in pattern.finditer(subject)]
