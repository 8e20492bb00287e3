"""What the merchant's own answer shows of a failure inside: crash pages, stack traces, Daraja's raw words."""

from __future__ import annotations

import re
from typing import Final

from tayari_formats.json_text import read_value
from tayari_target.driver import Started
from tayari_target.extraction import visible_text

from tayari_contracts.wording import quote

LEAKS: Final = (
    r"traceback \(most recent call last\)",
    r"incapsula",
    r"werkzeug debugger",
    r"whitelabel error page",
    r"\bat [\w.$<>]+ ?\([^()\s]+:\d+(?::\d+)?\)",
    r"\b(?:KeyError|TypeError|ValueError|AttributeError|JSONDecodeError|UnexpectedValueException|NullPointerException"
    r"|SyntaxError|ReferenceError|NoMethodError|HTTPError|JSONException)\b",
    r"stack trace:",
    r'"(?:trace|stack|exception)"\s*:\s*[\["]',
    r"\[object Object\]",
    r"unexpected token .{1,4} in json",
    r"expecting value: line \d",
)
"""Of the inside of a program, or of the edge; nothing of the kind belongs in any answer."""

RAW: Final = (r'"?errorCode"?\s*:', r'"?requestId"?\s*:', r"\b\d{3}\.\d{3}\.\d{2,4}\b", r"\bBad Request - Invalid\b")
"""Daraja's envelope, passed on."""

SENTENCE_KEYS: Final = ("message", "error", "detail", "title", "description", "msg", "reason", "error_description")

FOREIGN_PAGE: Final = r"<html|<!doctype html|<head>|<iframe"


def leak_of(*texts: str) -> str:
    """The first piece of machinery in these texts of the merchant, or nothing.

    A merchant may answer with a page of its own; HTML inside of JSON is somebody else's page.
    """
    for text in texts:
        patterns = LEAKS if text.lstrip().startswith("<") else (*LEAKS, FOREIGN_PAGE)
        for pattern in patterns:
            found = re.search(pattern, text, re.IGNORECASE)
            if found is not None:
                return found.group(0)
    return ""


def raw_words_of(text: str) -> str:
    """Daraja's raw error in a text that the customer reads, or nothing."""
    for pattern in RAW:
        found = re.search(pattern, text)
        if found is not None:
            return found.group(0)
    return ""


def crash_of(started: Started) -> str:
    """How the start of a payment shows that the merchant's program broke; empty when it did not.

    A 5xx with a sentence for the customer is an answer, 500 excepted: 500 says that the program did not expect this.
    """
    if started.status is None:
        return f"the merchant gave no answer ({started.error})"
    leak = leak_of(started.body, started.message)
    if leak:
        return f"the merchant's answer ({started.status}) shows {quote(leak)}"
    if started.status == 500:
        return f"the merchant answered 500, as a program that broke does: {quote(started.body, most=80)}"
    if started.status > 500 and _says_nothing(started.message or sentences(started.body)):
        return f"the merchant answered {started.status} as a program that broke does: {quote(started.body, most=80)}"
    return ""


def told_at_start(started: Started) -> str:
    """What the customer was told when the payment was started. A refusal often has its sentence under another name than
    the one that `merchant.pay.message` gives; then it is looked for."""
    return started.message or ("" if started.accepted else sentences(started.body).strip())


def sentences(body: str) -> str:
    """What a body says in words: of JSON only the texts under the usual names, of anything else all of it."""
    decoded = read_value(body)
    if decoded is None:
        return visible_text(body)
    if not isinstance(decoded, dict):
        return body
    nested = [value for value in decoded.values() if isinstance(value, dict)]
    told = [row.get(name) for row in (decoded, *nested) for name in SENTENCE_KEYS]
    return " ".join(text for text in told if isinstance(text, str))


def _says_nothing(text: str) -> bool:
    words = " ".join(re.sub(r"\W|\d", " ", text).split())
    standard = r"(internal )?server error|error|bad gateway|service unavailable|server got itself in trouble"
    return not words or re.fullmatch(rf"({standard}|\s)+", words, re.IGNORECASE) is not None
