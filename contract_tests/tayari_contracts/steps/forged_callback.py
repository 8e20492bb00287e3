"""Forged callbacks and results: what a stranger can send who knows what a customer can know."""

from __future__ import annotations

import contextlib
import math
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha1, sha256
from math import log2
from secrets import choice
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from tayari_reports.model import NotTested

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Unjudged, Untested
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import CRASH

GUESSING_BITS: Final = 48.0
"""Bits of a secret: a million guesses a second need years. A word or an order number has far fewer."""

SOURCE: Final = "203.0.113.7"
"""The stranger's address, of a range for documentation (RFC 5737): it is not Safaricom's."""

GENUINE: Final = "196.201.214.200"
"""One of Safaricom's addresses. Source: reference 1.9."""

LISTS: Final = frozenset({"x-forwarded-for", "forwarded"})
"""Headers to which each proxy appends the address that called it."""

SINGLE: Final = (
    "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Client-IP", "X-Cluster-Client-IP",
    "X-Original-Forwarded-For", "X-Forwarded", "Forwarded-For", "X-Remote-IP", "X-Remote-Addr", "Fastly-Client-IP",
)  # fmt: skip
"""Headers with one address, which some programs read before the one that their own proxy writes.

In PHP, `HTTP_CLIENT_IP` comes first in an idiom that is copied from shop to shop.
"""

UNGUESSABLE_LENGTH: Final = 16
"""A shorter part does not look random."""
SHORTEST_WORD: Final = 3
"""The parts of a text count as words if they have so many letters on average."""
MANY_LETTERS: Final = 20
"""A text with at least this many letters counts as words only if few of its parts are shorter than a word."""
GUESSABLE_DIGITS: Final = 8
"""A stranger can try out this many digits, or count up from an order of their own."""

HUNG_UP: Final = "closed the connection"
"""A part of the error of a callback whose connection the merchant ended."""

ID_SEPARATORS: Final = re.compile(r"([^0-9A-Za-z]+)")
SEPARATORS: Final = re.compile(r"([/?&=;])")
WORDS: Final = re.compile(r"[A-Za-z0-9_-]{3,}")
MOST_WORDS: Final = 2000
"""So many words of a page are read: the ids of a payment are among the first."""
EAT: Final = timedelta(hours=3)
"""East Africa Time is ahead of UTC by this."""


def forged_url(url: str, *, other: str, known: str) -> str:
    """The callback URL as a stranger would have to guess it: parts that cannot be guessed are replaced.

    `other` is the URL of another payment of the same merchant; `known` is everything that the payer got from it.
    """
    parts = urlsplit(url)
    theirs = set(SEPARATORS.split(_tail(other)))
    guessed = "".join(
        piece if _is_known(piece, theirs=theirs, known=known) else _another(piece)
        for piece in SEPARATORS.split(_tail(url))
    )
    path, _, query = guessed.partition("?")
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def guessed_id(name: str, *, other: str, known: str) -> str:
    """An id as a stranger would have to guess it: the same if all of its parts are known or can be tried.

    `other` is the id of another payout of the same merchant; `known` is as in `forged_url`.
    """
    if name in known or is_computed(name, WORDS.findall(known)[:MOST_WORDS]):
        return name
    theirs = set(ID_SEPARATORS.split(other))
    return "".join(
        piece if _is_known(piece, theirs=theirs, known=known) else _another(piece)
        for piece in ID_SEPARATORS.split(name)
    )


def written_address(*, is_guessed: bool) -> str:
    """The words of a reason for how the stranger found the address."""
    return "its address had to be guessed" if is_guessed else "its address is no secret"


def delivered_anywhere(what: str) -> Untested:
    """The finding that a secret in `what` cannot be tested: the target file lets Tayari deliver without it."""
    return Untested(
        f"{what} cannot be guessed, but callbacks.deliver_to delivers whatever the path is; expected "
        "callbacks.rewrite, which keeps the path",
        why=NotTested.EVIDENCE_DEPTH,
        enable="callbacks.rewrite in place of callbacks.deliver_to",
    )


def known_to_payer(context: CheckContext, payment: Payment) -> str:
    """All texts that the person got who started this payment or payout: a customer may be the stranger."""
    texts = (
        payment.started.body,
        context.observations.status(payment).body,
        payment.reference,
        payment.payment_id,
        payment.msisdn,
    )
    return "\n".join(texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """How a stranger's call reaches the merchant."""

    source: str
    """The value that the merchant's proxy writes into its source header."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, as the stranger sent them."""

    @property
    def written(self) -> str:
        """The addresses, as a reason names them."""
        return ", ".join([self.source, *(f"{name}: {value}" for name, value in self.headers.items())])


def callers(source_header: str | None) -> tuple[Caller, ...]:
    """A stranger's call in each form that passes the merchant's own proxy.

    `source_header`: the header that the proxy writes; None: unknown. The proxy appends the true caller to a list; in
    any other header it replaces what the stranger wrote. Headers that it does not write pass as they were sent.
    """
    plain = Caller(source=SOURCE)
    if source_header is None:
        return (plain,)
    own = source_header.lower()
    others = {name: GENUINE for name in ("X-Forwarded-For", *SINGLE) if name.lower() != own}
    if own != "forwarded":
        others["Forwarded"] = f"for={GENUINE}"
    pretended = Caller(source=SOURCE, headers=others)
    if own not in LISTS:
        return (plain, pretended)
    wrap = "for={}" if own == "forwarded" else "{}"
    genuine, stranger = wrap.format(GENUINE), wrap.format(SOURCE)
    lists = (f"{genuine}, {stranger}", f"{stranger}, {genuine}, {stranger}")
    return (plain, *(Caller(source=source) for source in lists), pretended)


def forged_body(record: Mapping[str, Any], payment: Payment, *, now: datetime | None = None) -> dict[str, Any]:
    """A forged success for the payment of Daraja's `record`: true ids and amount, and a receipt of the right form."""
    at = (now or datetime.now(UTC)) + EAT
    return {
        "Body": {
            "stkCallback": {
                "MerchantRequestID": record["merchant_request_id"],
                "CheckoutRequestID": record["checkout_request_id"],
                "ResultCode": 0,
                "ResultDesc": "The service request is processed successfully.",
                "CallbackMetadata": {
                    "Item": [
                        {"Name": "Amount", "Value": record["amount"]},
                        {"Name": "MpesaReceiptNumber", "Value": invented_receipt(at)},
                        {"Name": "TransactionDate", "Value": int(at.strftime("%Y%m%d%H%M%S"))},
                        {"Name": "PhoneNumber", "Value": int(payment.msisdn)},
                    ]
                },
            }
        }
    }


def forged_failure(record: Mapping[str, Any]) -> dict[str, Any]:
    """A forged callback that says that the customer cancelled. Source of the text: reference 3.1."""
    callback = {
        "MerchantRequestID": record["merchant_request_id"],
        "CheckoutRequestID": record["checkout_request_id"],
        "ResultCode": 1032,
        "ResultDesc": "Request Cancelled by user.",
    }
    return {"Body": {"stkCallback": callback}}


def forged_result(
    ids: Mapping[str, str], payment: Payment, *, result_code: int | str, bill: str = ""
) -> dict[str, Any]:
    """A forged result of a payout. Source of its form: reference 3.4; for an organisation 3.6.

    `ids`: `OriginatorConversationID` and `ConversationID`. `bill`: the account number of a payment to an organisation,
    which the organisation reads on its statement; empty: a person is paid.
    """
    at = datetime.now(UTC) + EAT
    receipt = invented_receipt(at)
    result: dict[str, Any] = {"ResultType": 0, "ResultCode": result_code, **ids, "TransactionID": receipt}
    if bill:
        result["ReferenceData"] = {"ReferenceItem": [{"Key": "BillReferenceNumber", "Value": bill}]}
    if result_code:
        result["ResultDesc"] = "Credit Party customer type can't be supported by the service."
        if isinstance(result_code, str):
            result["ResultDesc"] = "Receiver party is invalid"
        return {"Result": result}
    of_person = {
        "TransactionAmount": payment.amount,
        "TransactionReceipt": receipt,
        "ReceiverPartyPublicName": f"{payment.msisdn} - AMINA WANJIRU",
        "TransactionCompletedDateTime": at.strftime("%d.%m.%Y %H:%M:%S"),
        "B2CRecipientIsRegisteredCustomer": "Y",
    }
    of_organisation = {
        "Currency": "KES",
        "ReceiverPartyPublicName": f"{payment.msisdn} - Example Biller",
        "TransCompletedTime": int(at.strftime("%Y%m%d%H%M%S")),
        "Amount": payment.amount,
    }
    result["ResultDesc"] = "The service request is processed successfully."
    rows = [{"Key": key, "Value": value} for key, value in (of_organisation if bill else of_person).items()]
    result["ResultParameters"] = {"ResultParameter": rows}
    return {"Result": result}


def invented_receipt(at: datetime) -> str:
    """A receipt of ten characters: year, month and day as M-Pesa writes them, then seven at random.

    `at`: East Africa Time. Source: reference 1.5.
    """
    letters = digits[1:] + ascii_uppercase
    date = ascii_uppercase[(at.year - 2006) % 26] + ascii_uppercase[at.month - 1] + letters[at.day - 1]
    return date + "".join(choice(ascii_uppercase + digits) for _ in range(7))


def require_decided(answers: Sequence[Mapping[str, Any]], *, serves: bool, what: str = "the forged callback") -> None:
    """Require that the merchant's own code decided on the forgery. `answers`: as `POST /v1/callbacks` gives them.

    `serves`: the merchant takes true callbacks, so that it may close the connection of a stranger.

    Raises:
        Untested: the forgery could not be delivered. Unjudged: it was answered as a crash is.
    """
    if serves and answers and all(HUNG_UP in (answer.get("error") or "") for answer in answers):
        return
    if all(answer.get("status") is None for answer in answers):
        error = answers[0].get("error") if answers else "not sent"
        raise Untested(f"{what} could not be delivered: {error}")
    if all((answer.get("status") or 0) >= CRASH for answer in answers):
        raise Unjudged(
            f"{what} was answered {answers[0]['status']}, as a crash is, so the merchant did not decide on it"
        )


def _tail(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _is_known(piece: str, *, theirs: set[str], known: str) -> bool:
    if not re.search(r"\w", piece) or SEPARATORS.fullmatch(piece) or piece in known:
        return True
    if is_computed(piece, WORDS.findall(known)[:MOST_WORDS]):
        return True
    if piece not in theirs and not _can_be_tried(piece):
        return False
    return not _looks_random(piece)


def is_computed(piece: str, words: Iterable[str]) -> bool:
    """Whether a person who knows these words can compute the piece.

    Then it is the digest of one of them, or a text made of them in base64 or hex.
    """
    known, written = set(words), unquote(piece)
    if re.fullmatch(r"[0-9a-fA-F]{32,64}", written):
        digests = (digest(word.encode()).hexdigest() for word in known for digest in (md5, sha1, sha256))
        if written.lower() in digests:
            return True
    decoded = [WORDS.findall(text) for text in _decoded(written)]
    return any(
        known.intersection(found) and all(word in known or _can_be_tried(word) or _is_words(word) for word in found)
        for found in decoded
    )


def _decoded(piece: str) -> Iterator[str]:
    """The readable texts that a piece of a URL may be the base64 or hex of."""
    padded = piece.rstrip("=") + "=" * (-len(piece.rstrip("=")) % 4)
    for decode, written in ((_base64, padded.translate({45: "+", 95: "/"})), (bytes.fromhex, piece)):
        with contextlib.suppress(ValueError):
            text = decode(written).decode("ascii")
            if text.isprintable():
                yield text


def _base64(text: str) -> bytes:
    return b64decode(text, validate=True)


def _can_be_tried(piece: str) -> bool:
    counted = re.fullmatch(rf"\D{{0,8}}\d{{0,{GUESSABLE_DIGITS}}}\D{{0,4}}", piece)
    return counted is not None and len(piece) < UNGUESSABLE_LENGTH


def _looks_random(piece: str) -> bool:
    """Whether a text is long, not made of words, and has as many different characters as chance would give."""
    plain = re.sub(r"[-_.~]", "", piece)
    if len(plain) < UNGUESSABLE_LENGTH:
        return False
    counts = Counter(plain.lower()).values()
    entropy = -sum(count / len(plain) * math.log2(count / len(plain)) for count in counts)
    mixed = any(character.isdigit() for character in plain) or plain != plain.lower()
    return mixed and entropy >= 2.5


def _another(piece: str) -> str:
    """A random text of the same form: digits stay digits, hex stays hex, case stays."""
    hexadecimal = re.fullmatch(r"[0-9a-fA-F-]+", piece) is not None and not piece.isdigit()
    return "".join(_like(character, hexadecimal=hexadecimal) for character in piece)


def _like(character: str, *, hexadecimal: bool) -> str:
    if hexadecimal and character != "-":
        return choice("0123456789abcdef") if character == character.lower() else choice("0123456789ABCDEF")
    if character.isdigit():
        return choice(digits)
    if character.isalpha():
        return choice(ascii_lowercase if character.islower() else ascii_uppercase)
    return character


def secret_parts(url: str) -> list[str]:
    """The path segments and query values of a URL that cannot be guessed."""
    parts = urlsplit(url)
    candidates = [*parts.path.split("/"), *re.split(r"[=&]", parts.query)]
    return [part for part in candidates if _bits(part) >= GUESSING_BITS and not _is_words(part)]


def _bits(part: str) -> float:
    """The bits of a random text of this length over its own alphabet."""
    alphabet = sum(
        size
        for pattern, size in ((r"[0-9]", 10), (r"[a-f]", 6), (r"[g-z]", 20), (r"[A-F]", 6), (r"[G-Z]", 20))
        if re.search(pattern, part)
    )
    return len(re.sub(r"\W", "", part)) * log2(alphabet) if alphabet else 0.0


def _is_words(part: str) -> bool:
    """Whether a text is words, perhaps joined and numbered, such as `stk-callback-v2` or `paymentCallback`.

    One random text in 137 has no digit inside either, but its letters change between small and large more often.
    """
    if re.fullmatch(r"[A-Za-z]+\d{0,4}(?:[-_.][A-Za-z]*\d{0,4})*", part) is None:
        return False
    lengths = [len(word) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", part)]
    short = sum(length < SHORTEST_WORD for length in lengths)
    few_short = sum(lengths) < MANY_LETTERS or short <= len(lengths) / 4
    return sum(lengths) >= SHORTEST_WORD * len(lengths) and few_short
