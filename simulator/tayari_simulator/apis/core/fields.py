"""Fields of requests: how one is read, what Daraja calls it when it refuses, and its JSON Schema.

One table per endpoint is the order of Daraja's checks, the fast validator, the published schema and the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from tayari_simulator.catalogue.errors import INVALID_FIELD, ErrorSpec, Refused
from tayari_simulator.catalogue.options import Options

Read = Callable[[Any], Any]
"""The value as the core uses it (text, or an `int` of whole shillings); None: refused."""

Schema = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a request. `called` is its name in a refusal, where that differs."""

    name: str
    read: Read
    schema: Schema
    about: str
    source: str
    called: str = ""
    required: bool = True
    refusal: ErrorSpec = INVALID_FIELD


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one request, in the order of the checks."""

    rows: tuple[Field, ...]

    def compiled(self) -> Callable[[Mapping[str, Any]], list[Any]]:
        """A function that reads all fields in order, and raises `Refused` (mostly 400.002.02) at the first bad one."""
        rows = self.rows
        pairs = tuple((row.name, row.read) for row in rows)

        def read(wire: Mapping[str, Any]) -> list[Any]:
            find = wire.get
            values = [check(find(name)) for name, check in pairs]
            if None in values:
                row = rows[values.index(None)]
                raise Refused(row.refusal, field=row.called or row.name, note=_found(row.name, wire))
            return values

        return read

    def first(self) -> str:
        """What the first field is called in a refusal: the one that a body without a content type is blamed on."""
        return self.rows[0].called or self.rows[0].name if self.rows else ""

    def schema(self, title: str, *, many: int = 0) -> dict[str, object]:
        """The JSON Schema (2020-12) of the request body: one object, or a list of up to `many`."""
        one = {
            "type": "object",
            "properties": {row.name: {"description": row.about, **row.schema} for row in self.rows},
            "required": [row.name for row in self.rows if row.required],
        }
        body = {"type": "array", "minItems": 1, "maxItems": many, "items": one} if many else one
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **body}


def _found(name: str, wire: Mapping[str, Any]) -> str:
    if name not in wire:
        near = [key for key in wire if key.lower() == name.lower()]
        return f"{name} is missing" + (f"; {near[0]} was sent, and names are case-sensitive" if near else "")
    hint = ""
    if name.lower().endswith("amount") and _without_zero_decimals(wire[name]) is not None:
        hint = "; whole shillings with decimals of zero, which the option whole_amounts=accept takes"
    return f"{name} is {wire[name]!r}"[:200] + hint


def numeric_schema(pattern: str) -> Schema:
    """A value that may come as a JSON number or as text of this pattern."""
    return {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": pattern}]}


def flat_schema(title: str, *required: str, optional: tuple[str, ...] = ()) -> dict[str, object]:
    """The JSON Schema of a flat message whose values are all text."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {name: {"type": "string"} for name in (*required, *optional)},
        "required": list(required),
    }


LONGEST_TEXT: Final = 2048
"""Characters of any text or URL that a payment keeps, so that its memory has a bound. Source: none; assumed."""
URL_SCHEMA: Final[Schema] = {
    "type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s<>]+$", "maxLength": LONGEST_TEXT,
}  # fmt: skip


def text_schema(at_most: int | None = None) -> Schema:
    """Text that is not empty."""
    schema: dict[str, object] = {"type": ["string", "number"], "minLength": 1}
    if at_most is not None:
        schema["maxLength"] = at_most
    return schema


def digits(at_least: int, at_most: int) -> Read:
    """A given number of digits, as a number or as text; read as text."""
    smallest, beyond = 10 ** (at_least - 1) if at_least > 1 else 0, 10**at_most

    def read(value: Any) -> str | None:
        if type(value) is int:
            return str(value) if smallest <= value < beyond else None
        if type(value) is str and at_least <= len(value) <= at_most and value.isascii() and value.isdigit():
            return value
        return None

    return read


def msisdn(value: Any) -> str | None:
    """2547xxxxxxxx or 2541xxxxxxxx, as a number or as text. Source: reference 3.1."""
    if type(value) is int:
        return str(value) if value // 100_000_000 in _NETWORKS else None
    if type(value) is str and len(value) == 12 and value.startswith(_PREFIXES) and value.isascii() and value.isdigit():
        return value
    return None


def timestamp(value: Any) -> str | None:
    """`YYYYMMDDHHmmss`. Its time zone and its age are not checked. Source: reference 3.1, 6-6."""
    text = str(value) if type(value) is int else value
    return text if type(text) is str and _is_time(text) else None


@lru_cache(maxsize=256)
def _is_time(text: str) -> bool:
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return False
    parts = (int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2)))
    try:
        datetime(*parts)  # type: ignore[arg-type]  # six whole numbers; no zone is meant
    except ValueError:
        return False
    return True


def amount(options: Options, largest: int | None = None) -> Read:
    """Whole shillings, from 1 to `largest` (None: the option `max_amount`).

    Decimals are refused; the option `whole_amounts` says whether `1.0` is one. Source: reference 3.1.
    """
    zero_decimals = options.says("whole_amounts", "accept")
    most = int(options.number("max_amount")) if largest is None else largest

    def read(value: Any) -> int | None:
        if zero_decimals:
            value = value if (whole := _without_zero_decimals(value)) is None else whole
        if type(value) is str:
            if not (value.isascii() and value.isdigit() and len(value) < 12):
                return None
            value = int(value)
        if type(value) is int and 1 <= value <= most:
            return value
        return None

    return read


def _without_zero_decimals(value: Any) -> int | None:
    """The whole number of `10.0`, `1e1` or `"10.00"`; None: it is not written so."""
    if type(value) is str:
        whole, _, decimals = value.partition(".")
        value = float(whole) if whole.isascii() and whole.isdigit() and decimals in _ZEROS and len(whole) < 12 else None
    return int(value) if type(value) is float and value.is_integer() and abs(value) < 1e12 else None


def one_of(choices: Sequence[str]) -> Read:
    """Exactly one of these words."""
    allowed = {choice: choice for choice in choices}

    def read(value: Any) -> str | None:
        return allowed.get(value) if type(value) is str else None  # one object for all transactions

    return read


def one_of_numbers(choices: Sequence[str]) -> Read:
    """One of these numbers, as a number or as text; read as text."""
    words = [str(choice) for choice in choices]
    allowed: dict[str | int, str] = {**dict(zip(words, words, strict=True)), **{int(word): word for word in words}}
    return lambda value: allowed.get(value) if type(value) in (str, int) else None


def text(at_most: int | None = None, *, required: bool = True) -> Read:
    """Text (a number is taken as text) that is not empty, up to a length. Not required: absent is empty text."""

    def read(value: Any) -> str | None:
        if type(value) is not str:
            if value is None or type(value) not in _NUMBERS:
                return None if required or value is not None else ""
            value = str(value)
        if at_most is not None and len(value) > at_most:
            return None
        return value if value or not required else None

    return read


def text_field(
    name: str, about: str, source: str, longest: int = LONGEST_TEXT, *, required: bool = True, called: str = ""
) -> Field:
    """A field that holds text."""
    read, schema = text(longest, required=required), text_schema(longest)
    return Field(name=name, read=read, schema=schema, about=about, source=source, called=called, required=required)


def amount_field(name: str, about: str, source: str, options: Options, largest: int | None = None) -> Field:
    """A field that holds whole shillings, up to `largest` (None: the option `max_amount`)."""
    schema = numeric_schema(r"^[1-9]\d*$")
    return Field(name=name, read=amount(options, largest), schema=schema, about=about, source=source)


def url_field(name: str, about: str, source: str, options: Options) -> Field:
    """A field that holds a URL of the merchant's."""
    schema = {"type": "string", "format": "uri"}
    return Field(name=name, read=callback_url(options), schema=schema, about=about, source=source)


def msisdn_field(name: str, about: str, source: str, *, refusal: ErrorSpec = INVALID_FIELD) -> Field:
    """A field that holds a phone number, 2547... or 2541..."""
    schema = numeric_schema(r"^254[17]\d{8}$")
    return Field(name=name, read=msisdn, schema=schema, about=about, source=source, refusal=refusal)


def short_code_field(name: str, about: str, source: str, *, refusal: ErrorSpec = INVALID_FIELD) -> Field:
    """A field that holds the number of an organisation: five to seven digits."""
    schema = numeric_schema(r"^\d{5,7}$")
    return Field(name=name, read=digits(5, 7), schema=schema, about=about, source=source, refusal=refusal)


_PREFIXES: Final = ("2547", "2541")
_NETWORKS: Final = (2547, 2541)
_NUMBERS: Final = (int, float)
_ZEROS: Final = ("0", "00")


WORDS: Final = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
"""Words that the documentation forbids anywhere in a URL, in any case."""

_USABLE: Final = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s<>/?#\x00-\x20\x7f]+(?:[/?#][^\s<>\x00-\x20\x7f]*)?")
_LOOPBACK: Final = re.compile(r"https?://(?:[^@/]*@)?(?:localhost|127\.[\d.]+|\[::1\])(?:[:/?#]|$)", re.IGNORECASE)
_WORD: Final = re.compile("|".join(re.escape(word) for word in WORDS), re.IGNORECASE)


def callback_url(options: Options, *, words: str = "callback_url_words") -> Read:
    """Read a callback URL under these switches; `words` is the switch for forbidden words."""
    refused = []
    if options.says("loopback_callback_url", "refuse"):
        refused.append(_LOOPBACK.match)
    if options.says(words, "refuse"):
        refused.append(_WORD.search)

    def judge(url: str) -> str | None:
        """The URL, the same object for equal ones, as payments keep it; None: refused."""
        return None if _USABLE.fullmatch(url) is None or any(finds(url) for finds in refused) else url

    judged = lru_cache(maxsize=1024)(judge)

    def read(value: Any) -> str | None:
        return judged(value) if type(value) is str and len(value) <= LONGEST_TEXT else None

    return read
