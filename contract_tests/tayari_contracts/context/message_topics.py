"""Messages to customers by topic, and how a text is judged: specific, honest, with what to do next.

The judgement is generous on purpose: any wording in English or Swahili that names the cause and the next step is good.
Source: the `Say` column of the result codes (reference section 4) and rules U01, U02, U05, U06; the words are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from tayari_formats.json_text import read_value
from tayari_formats.yaml_document import read_shipped
from tayari_target.answers import visible_text
from tayari_target.driver import Started

from tayari_contracts.context.findings import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTopic:
    """One topic: groups of patterns, of which each needs one match, and patterns of what must not be said."""

    about: str
    names: tuple[str, ...]
    """Any of these names the cause."""
    next_step: tuple[str, ...] = ()
    """Any of these offers a way on; empty: none needed."""
    never: tuple[str, ...] = ()


GENERIC: Final = (
    r"something went wrong",
    r"an error (has )?occurred",
    r"unexpected error",
    r"internal server error",
    r"^\W*(sorry\W+)?((your|the|m-?pesa|this) )*(payment|transaction|request|order) "
    r"((has|was|is|could|did) )?(not )?(be(en)? )?"
    r"(failed|unsuccessful|declined|rejected|successful|completed?|processed|go through)"
    r"(\W+(please )?(try|retry)( it)?( again)?( later)?)?\W*$",
    r"^\W*(failed|error|failure|declined|unsuccessful|imeshindikana|imefeli)\W*$",
)
"""Texts that say nothing of the cause."""

MACHINE: Final = (
    r"<html",
    r"<!doctype",
    r"traceback \(most recent call last\)",
    r"\bincapsula\b",
    r"\bat [\w.$]+\([\w.]+:\d+\)",
    r"\b(keyerror|typeerror|valueerror|jsondecodeerror|nullpointerexception)\b",
    r"undefined is not",
    r"\[object object\]",
    r"\b(errorCode|errorMessage|ResultDesc|ResultCode|requestId)\b",
    r"\b(ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|SQLSTATE)\b",
    r"\bHTTPS?ConnectionPool\b|max retries exceeded",
    r"\bstatus code \d{3}\b",
    r"\b\w+(Exception|Error):",
)
"""Pieces of HTML, code and Daraja's answers, which no customer should read."""


UNDER_CONDITION: Final = (
    r"\b(if|unless|whether|until|before|in case|make sure|check(?= that)|confirm(?= that)|kama|iwapo|ikiwa)\b"
    r"[^.!?;,\n]*"
)
"""Clauses that claim nothing: "if you were not charged, ..." is no promise."""

FOR_LATER: Final = r"\b(if|when|once|kama|iwapo|ikiwa)\b[^.!?;\n]*"
"""Sentences about what may come: "if it fails, you can try again" asks for nothing now."""

FORBIDDEN: Final = (
    r"\b(do not|don.t|never|no need to|rather than|instead of|without|usi\w+)\b[^.!?;\n]{0,40}"
    r"\b(pay|paying|try|trying|retry|send|start|lipe|jaribu)\w*"
)
"""Clauses that ask not to pay: "do not pay again" is no invitation."""
INVITATIONS: Final = (
    r"\b(pay|try|order|check ?out|send) (it |this |now )?(once )?(more|again)\b",
    r"\bretry\b",
    r"\b(make|start|send) (a |another |the )?(new |second )?(payment|order|request)\b(?! (to|on) your phone)",
    r"\b(lipa|jaribu) tena\b",
)
"""Texts that make a customer pay a second time while the first payment may still arrive."""

FAILURES: Final = (
    r"\b(payment|transaction|order|purchase|request|it)\b (has |have |was |is |been )*"
    r"(failed|declined|rejected|refused|unsuccessful|cancell?ed|void)\b",
    r"\b(payment|transaction|order|purchase|request|it)\b (was|is|has|could|can|did)( ?not|n.t)( be| been)? "
    r"(successful|complete(d)?|processed|made|accepted|taken|sent|go through|gone through)\b(?! yet)",
    r"\b(failed|unable|not able|could not|couldn.t|cannot|can.t) (to )?"
    r"(process|complete|make|take|send|start|initiate) (the|your|this) (payment|transaction|order|request|prompt)\b",
    r"^\W*(payment |transaction )?(failed|failure|declined|unsuccessful|rejected)\b",
    r"\b(imeshindikana|yameshindikana|imefeli|yamefeli|yamekataliwa|imekataliwa)\b",
)
"""Texts that say that a payment is over and was not made."""

RECEIVED: Final = (
    r"(?<!\bno )(?<!\bany )\b(payment|money|transaction|amount)\b[^.!?;\n]{0,25}\b(was|is|were|been) ?"
    r"(now |already |successfully )*(received|successful|confirmed|completed?|paid|approved)\b",
    r"\breceived (your|the) (payment|money)\b",
    r"\b(payment|transaction) (successful|completed?|confirmed|received|approved)\b",
    r"\byou (have )?(successfully )?paid\b",
    r"\b(malipo|pesa)\b[^.!?;\n]{0,25}\b(yamepokelewa|imepokelewa|zimepokelewa|yamefaulu|yamekamilika)\b",
    r"\b(umelipa|tumepokea (malipo|pesa))\b",
)
"""Texts that say that the money is there."""
NOT_RECEIVED: Final = (
    r"\b(not|never|yet|no|nothing|request|prompt|if|when|once|unless|whether|until|before|after|as soon as|the moment"
    r"|so that|confirm that|a?wait\w*|pending|will|bado|ombi|kama|iwapo|ikiwa|subiri)\b|n['\u2019]t\b"
)
"""Words that take back a text of `RECEIVED` if they are before it in the sentence, or in it."""
NOT_YET: Final = (
    r"[ :=-]*(request\b|once\b|when\b|if\b|after\b|as soon as\b|no\b|pending\b|(kes|ksh)?[. ]*0(\.0+)?(?![.,]?\d))"
)
"""Words that take back a text of `RECEIVED` if they follow it: "payment received: KES 0"."""

ANOTHER_WAY: Final = (
    r"pay ?bill",
    r"\b(till|cards?|cash|bank|airtel|paypal|taslimu|kadi|benki)\b",
    r"(another|other|different|alternative) (payment )?(method|way|means|option)",
    r"pay (on delivery|at the counter|in (the )?(shop|store)|by hand)",
    r"njia (nyingine|mbadala)",
)
"""Ways to pay that work while M-Pesa's prompt does not."""

NO_WAY: Final = (
    r"\b(cannot|can.t|not|n.t|no) ((take|accept|use|process|support) )?(any )?((credit|debit|bank) )?(cards?|cash)\b"
    r"|\b(cards?|cash|account) (is|are|was|were|has|have) ?(not|n.t) (been )?"
    r"(charged|debited|billed|accepted|available)\b"
)
"""Texts that name a way to pay but offer none: "your card was not charged", "we cannot take cards either"."""

FILLERS: Final = frozenset({
    "payment", "transaction", "request", "failed", "fail", "failure", "error", "reason", "result", "code", "status",
    "message", "sorry", "your", "the", "was", "has", "is", "not", "successful", "unsuccessful", "mpesa", "m", "pesa",
    "safaricom", "daraja", "stk", "push", "desc", "resultdesc", "resultcode", "declined", "cancelled", "please", "try",
    "again",
})  # fmt: skip
"""Words that add nothing to M-Pesa's own text."""


TOPICS: Final = {
    1: "insufficient_funds",
    17: "try_later_two_minutes",
    1001: "subscriber_busy",
    1019: "expired",
    1025: "push_failed",
    1032: "cancelled",
    1037: "no_answer",
    2001: "wrong_pin",
    8006: "pin_locked",
}
"""The codes that customers meet most. Source: rule U01 and reference 4."""


class UnknownTopic(Exception):
    """A scenario or a check names a topic that `customer_messages.yaml` does not have."""


@cache
def topics() -> Mapping[str, MessageTopic]:
    """All topics by name."""
    shipped = files("tayari_contracts.context").joinpath("customer_messages.yaml")
    raw = read_shipped(shipped.read_text(encoding="utf-8"))
    return {
        name: MessageTopic(
            about=row["about"],
            names=tuple(row["names"]),
            next_step=tuple(row.get("next_step", ())),
            never=tuple(_flat(row.get("never", ()))),
        )
        for name, row in raw.items()
    }


def problems_of(text: str, topic: str) -> list[str]:
    """What is wrong with the message `text` to a customer under this topic; empty when nothing is.

    Raises:
        UnknownTopic: there is no such topic.
    """
    if topic not in topics():
        raise UnknownTopic(f"{topic} is not a topic; there are {', '.join(sorted(topics()))}")
    wanted = topics()[topic]
    if not text.strip():
        return [f"expected a message about {wanted.about}"]
    problems = [f"shows the customer what machines say ({found})" for found in machine_words(text)[:1]]
    if not _any(wanted.names, text):
        generic = "is generic; " if _any(GENERIC, text) else ""
        problems.append(f"{generic}does not say that {wanted.about}")
    if wanted.next_step and not _any(wanted.next_step, text):
        problems.append("offers no way on")
    return problems + [f"must not say {quote(found)}" for found in _claims(text, wanted.never, UNDER_CONDITION)]


def offers_another_way(text: str) -> bool:
    """Whether the text names another way to pay now, and not only a later try of the same one."""
    return _any(ANOTHER_WAY, re.sub(NO_WAY, "", text, flags=re.IGNORECASE))


def promises_in(text: str) -> list[str]:
    """The promises in the text that nothing was charged, in the text's own words."""
    return _claims(text, topics()["no_answer"].never, UNDER_CONDITION)


def invites_payment(text: str) -> list[str]:
    """The requests for another payment in the text, in its own words; "do not pay again" is none."""
    return _claims(text, INVITATIONS, FOR_LATER, UNDER_CONDITION, FORBIDDEN)


def failures_in(text: str) -> list[str]:
    """The statements in the text that the payment failed, in its own words; "if it failed, ..." is none."""
    return _claims(text, FAILURES, FOR_LATER, UNDER_CONDITION)


def receipts_in(text: str) -> list[str]:
    """The statements in the text that the money is there, in its own words; "once it is received, ..." is none."""
    found = (one for pattern in RECEIVED for one in re.finditer(pattern, text, re.IGNORECASE))
    return [" ".join(one.group(0).split()) for one in found if not _is_excused(one)]


def _is_excused(claim: re.Match[str]) -> bool:
    """Whether the sentence says that the money is not there, or not yet."""
    sentence = re.split(r"[.!?;\n]", claim.string[: claim.start()])[-1] + claim.group(0)
    follows = re.match(NOT_YET, claim.string[claim.end() :], re.IGNORECASE)
    return follows is not None or re.search(NOT_RECEIVED, sentence, re.IGNORECASE) is not None


def is_raw(text: str, result_desc: str) -> bool:
    """Whether a text for customers is M-Pesa's own `result_desc` and nothing else."""
    statement, sent = _words(text), _words(result_desc)
    if not sent:
        return False
    joined, wanted = " ".join(statement), " ".join(sent)
    if wanted not in joined:
        return False
    rest = joined.replace(wanted, " ", 1).split()
    return all(word in FILLERS or word.isdigit() for word in rest)


def machine_words(text: str) -> list[str]:
    """Pieces of HTML, stack traces and the like in a text for customers."""
    return _all(MACHINE, text)


def is_generic(text: str) -> bool:
    """Whether the text says nothing about what happened."""
    return not text.strip() or _any(GENERIC, text)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _flat(patterns: Iterable[str | list[str]]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, str):
            yield pattern
        else:
            yield from pattern


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def _all(patterns: tuple[str, ...], text: str) -> list[str]:
    """The first match of each pattern in the text, in the text's own words."""
    found = (re.search(pattern, text, re.IGNORECASE) for pattern in patterns)
    return [" ".join(one.group(0).split()) for one in found if one is not None]


def _claims(text: str, patterns: tuple[str, ...], *excused: str) -> list[str]:
    """The same for the text without the clauses that match `excused`, which claim nothing."""
    for clause in excused:
        text = re.sub(clause, "", text, flags=re.IGNORECASE)
    return _all(patterns, text)


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
"""Pieces of a program's inside, or of the edge's pages, which belong in no answer."""

RAW: Final = (r'"?errorCode"?\s*:', r'"?requestId"?\s*:', r"\b\d{3}\.\d{3}\.\d{2,4}\b", r"\bBad Request - Invalid\b")
"""Pieces of Daraja's error envelope."""

FEWEST_BLANKS: Final = 2
"""A text with so many blanks is a sentence, under whatever key; one with fewer may be a name or a code."""

SENTENCE_KEYS: Final = ("message", "error", "detail", "title", "description", "msg", "reason", "error_description")
"""Usual keys of a sentence for people in a JSON answer."""

FOREIGN_PAGE: Final = r"<html|<!doctype html|<head>|<iframe"
"""A page of another program inside an answer that is no page itself."""


def leak_of(*texts: str) -> str:
    """The first match of `LEAKS` in these texts of the merchant, or of another program's page; empty: there is none.

    A merchant may answer with a page of its own; HTML inside JSON is another program's page.
    """
    for text in texts:
        found = _all(LEAKS if text.lstrip().startswith("<") else (*LEAKS, FOREIGN_PAGE), text)
        if found:
            return found[0]
    return ""


def raw_words_of(text: str) -> str:
    """A piece of Daraja's raw error in a text that the customer reads; empty: there is none."""
    found = re.search("|".join(RAW), text)
    return found.group(0) if found else ""


def crash_of(started: Started) -> str:
    """How the answer to the start of a payment shows that the merchant's program broke; empty when it does not.

    A 5xx with a sentence for the customer, or with the payment's identifier, is a good answer. A 500 is not: it says
    that the program did not expect this.
    """
    if started.status is None:
        return f"the merchant gave no answer ({started.error})"
    if leak := leak_of(started.body, started.message):
        return f"the merchant's answer ({started.status}) shows {quote(leak)}"
    if started.status == 500:
        return f"the merchant answered 500, as a program that broke does: {quote(started.body, most=80)}"
    knows_payment = started.payment_id is not None
    if started.status > 500 and not knows_payment and _says_nothing(started.message or sentences(started.body)):
        return f"the merchant answered {started.status} as a program that broke does: {quote(started.body, most=80)}"
    return ""


def message_at_start(started: Started) -> str:
    """What the customer was told when the payment was started.

    A refusal often has its sentence under another key than the one in `merchant.pay.message`; then it is searched for.
    """
    return started.message or ("" if started.accepted else sentences(started.body).strip())


def sentences(body: str) -> str:
    """The words of a body for people: of JSON only the texts under the usual keys, else the whole visible text."""
    decoded = read_value(body)
    if decoded is None:
        return visible_text(body)
    if not isinstance(decoded, dict):
        return body
    nested = [value for value in decoded.values() if isinstance(value, dict)]
    texts = [row.get(name) for row in (decoded, *nested) for name in SENTENCE_KEYS]
    usual = " ".join(text for text in texts if isinstance(text, str))
    others = [text for row in (decoded, *nested) for text in row.values() if isinstance(text, str)]
    return usual or " ".join(text for text in others if text.count(" ") >= FEWEST_BLANKS)


def _says_nothing(text: str) -> bool:
    words = " ".join(re.sub(r"\W|\d", " ", text).split())
    standard = r"(internal )?server error|error|bad gateway|service unavailable|server got itself in trouble"
    return not words or re.fullmatch(rf"({standard}|\s)+", words, re.IGNORECASE) is not None
