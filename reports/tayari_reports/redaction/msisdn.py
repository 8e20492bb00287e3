"""Masking of Kenyan MSISDNs in any text: `254712345678` becomes `2547•••••678`, in every form the same five digits.

A CheckoutRequestID ends with the nine digits of the payer's number, so its tail is masked too.
Source: reference 2 (form of CheckoutRequestID), reference 5.2 S06 (forms in which numbers are written).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

HIDDEN: Final = "•••••"

_SEP = r"(?:[ \u00a0-]|%20|\+)?"
_START = r"(?:(?<!\d)|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
_SUBSCRIBER = rf"([17]\d\d){_SEP}(\d{{3}}){_SEP}(\d{{3}})(?!\d)"

_WRITTEN: Final = re.compile(rf"(?=[02]){_START}(254{_SEP}0?|0){_SEP}{_SUBSCRIBER}")
_SCIENTIFIC: Final = re.compile(r"(?<!\d)2\.54([17])\d{5}(\d{3})(?=[eE]\+?11(?!\d))")
_CHECKOUT: Final = re.compile(r"(ws_CO_\w*?)([17])\d{5}(\d{3})(?![\d•])")
_LONG_RUN: Final = re.compile(r"\d{9,}")
_BARE_MASK: Final = re.compile(rf"(?<=[:,\[\s])(\d*{HIDDEN}\d{{3}})(?:\.0+)?(?=\s*[,}}\]])")


def subscribers(text: str) -> Iterator[str]:
    """The nine-digit subscriber number of each MSISDN that is written out in a text."""
    for found in _WRITTEN.finditer(text):
        yield "".join(found.group(2, 3, 4))


def mask(text: str, known: Collection[str] = ()) -> str:
    """Mask every MSISDN; `known` subscriber numbers are masked inside longer runs of digits as well."""
    text = _WRITTEN.sub(_masked, text)
    if "2.54" in text:
        text = _SCIENTIFIC.sub(rf"2.54\g<1>{HIDDEN}\g<2>", text)
    text = _CHECKOUT.sub(rf"\g<1>\g<2>{HIDDEN}\g<3>", text)
    if known:
        text = _LONG_RUN.sub(lambda run: _mask_known(run.group(), known), text)
    return text


def quote_bare(text: str) -> str:
    """Put masked numbers of a JSON text between quotation marks: with the dots they are no JSON numbers."""
    return _BARE_MASK.sub(r'"\1"', text)


def _masked(found: re.Match[str]) -> str:
    prefix = re.sub(r"%20|\D", "", found.group(1))
    return f"{prefix}{found.group(2)[0]}{HIDDEN}{found.group(4)}"


def _mask_known(digits: str, known: Collection[str]) -> str:
    for start in range(len(digits) - 8):
        if digits[start : start + 9] in known:
            rest = _mask_known(digits[start + 6 :], known)
            return digits[: start + 1] + HIDDEN + rest
    return digits
