"""A target file as a proposal: what is known of a merchant, with a comment for its source and a mark for each doubt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tayari.target_draft.starting_file import FIRST_LINE, OPTIONAL_KEYS, THRESHOLDS

CHECK: Final = "CHECK: "
"""Begins each comment on something that nobody but the merchant's developer can know."""
USUAL_STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "paid": ("PAID", "COMPLETED", "SUCCESS"),
    "failed": ("FAILED", "CANCELLED"),
    "pending": ("PENDING",),
}


_USUAL_ACCOUNT: Final = """
# The Daraja account that your merchant uses. Left out: the public sandbox short code and passkey, any key pair.
# daraja:
#   short_code: "174379"
#   passkey: env:MPESA_PASSKEY
"""


@dataclass(frozen=True, slots=True)
class Value:
    """One proposed value, where it comes from, and the doubt about it; empty: none."""

    text: str
    source: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDraft:
    """A request to the merchant."""

    request: Value
    body: Mapping[str, object] = field(default_factory=dict)
    is_form: bool = False
    body_doubt: str = ""
    identifier: Value | None = None
    message: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDraft:
    """How a state is read."""

    request: Value
    body: Mapping[str, object] = field(default_factory=dict)
    state: Value
    states: Mapping[str, Sequence[str]]
    states_doubt: str = ""
    shown: Mapping[str, Value] = field(default_factory=dict)
    """What the answer shows besides the state: keys of `SHOWN`."""
    shows_more: bool = True
    """Whether the file has those keys at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """How the credits of an account that customers pay into are read."""

    request: Value
    total: Value
    credits: Value | None = None
    statement: Value | None = None
    """Where its answer lists the receipts of the account's payments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDraft:
    """A request, and what is read in its answer: where staff see payments, or what can still be paid out."""

    request: Value
    texts: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class C2bDraft:
    """Customers who pay by themselves. Field names are keys of the target file."""

    register: RequestDraft | None = None
    open_account: RequestDraft | None = None
    account: AccountDraft | None = None
    unallocated: ListDraft | None = None
    recover: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDraft:
    """How the merchant is started."""

    command: Value
    ready: Value
    env: Mapping[str, Value] = field(default_factory=dict)
    intercept: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that is proposed."""

    name: str
    about: Sequence[str]
    """What was recognised, one line each."""
    base_url: Value
    start: StartDraft | None = None
    pay: RequestDraft | None = None
    status: StatusDraft | None = None
    payout: RequestDraft | None = None
    payout_status: StatusDraft | None = None
    payout_alerts: ListDraft | None = None
    payout_wallet: ListDraft | None = None
    refund: RequestDraft | None = None
    refund_status: StatusDraft | None = None
    c2b: C2bDraft | None = None
    short_code: Value | None = None
    rewrite: Value | None = None
    """The start of the merchant's callback URLs, which leads to its own address here."""
    deliver_to: Value | None = None

    def text(self) -> str:
        """The target file."""
        lines = [FIRST_LINE, "# Proposed by `tayari init`. `tayari docs target-file` describes every key."]
        lines += [f"# {line}" for line in self.about]
        lines += [
            f"# The line below {CHECK.strip()} is a guess: correct it. `tayari doctor` tries the file on traffic."
        ]
        lines += ["", "merchant:", f"  name: {_quoted(self.name)}", *_line(2, "base_url", self.base_url)]
        lines += _start(self.start) if self.start else []
        if self.pay is not None:
            lines += _request(2, "pay", self.pay, "payment_id")
        if self.status is not None:
            lines += _status(2, self.status)
        elif self.pay is not None:
            lines += [*_NO_STATUS, ""]
        if self.payout is not None:
            lines += _request(2, "payout", self.payout, "payout_id")
            lines += _status(4, self.payout_status) if self.payout_status else []
            lines += _list(4, "alerts", self.payout_alerts) if self.payout_alerts else []
            lines += _list(4, "wallet", self.payout_wallet, "available") if self.payout_wallet else []
        if self.refund is not None:
            lines += _request(2, "refund", self.refund, "refund_id")
            lines += _status(4, self.refund_status) if self.refund_status else []
        lines += _c2b(self.c2b) if self.c2b is not None else []
        proposed = {name for name in OPTIONAL_KEYS if getattr(self, name, None) is not None}
        optional = "".join(text for name, text in OPTIONAL_KEYS.items() if name not in proposed)
        return "\n".join(lines) + "\n" + optional + self._daraja() + self._callbacks() + THRESHOLDS

    @property
    def doubts(self) -> tuple[str, ...]:
        """Everything that is marked, in the order of the file."""
        return tuple(
            line.partition(CHECK)[2] for line in self.text().splitlines() if line.lstrip().startswith(f"# {CHECK}")
        )

    def _daraja(self) -> str:
        if self.short_code is None:
            return _USUAL_ACCOUNT
        lines = _line(2, "short_code", self.short_code)
        lines += ["  # passkey: env:MPESA_PASSKEY      # left out: the public passkey of the sandbox"]
        return "\n" + "\n".join(["daraja:", *lines]) + "\n"

    def _callbacks(self) -> str:
        lines = ["", "callbacks:"]
        if self.rewrite is not None:
            lines += _comments(2, self.rewrite)
            lines += [f"  rewrite: {{{_quoted(self.rewrite.text)}: {_quoted(self.base_url.text)}}}"]
        elif self.deliver_to is not None:
            lines += _line(2, "deliver_to", self.deliver_to)
        lines += [
            "  # The header in which your merchant, or the proxy before it, sees the caller's address (C08).",
            "  source_header: X-Forwarded-For",
        ]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class StatusField:
    """What a status often shows besides its state; each lets more rules be judged."""

    pattern: str
    """A regular expression of the names that answers have for it."""
    unseen: str
    """The comment in the file where it is not found."""
    doubt: str = ""

    def value(self, place: str) -> Value:
        """What the draft holds where it was found at this place."""
        return Value(place, doubt=self.doubt)


SHOWN: Final[Mapping[str, StatusField]] = {
    "credited": StatusField(
        r"(?i)^(amount_?(paid|credited|received)|(total_?)?paid(_?amount)?|credit(ed|s)?(_?amount)?)$",
        "credited: $.amount_paid         # shillings credited for it; without this or ledger no double credit is seen",
        "the shillings that were credited for the payment, and nothing or 0 before?",
    ),
    "receipt": StatusField(
        r"(?i)^(mpesa_?)?receipt(_?(number|no|code))?$|^mpesa_?(code|ref\w*|transaction_?id)$|^trans_?id$",
        "receipt: $.receipt",
    ),
    "message": StatusField(
        r"(?i)^(message|status_?(message|text)|result_?desc(ription)?|reason|detail)$",
        "message: $.message              # what the customer is told",
    ),
}


_NO_STATUS: Final = (
    f"  # {CHECK}no route was found that shows a payment's state; without it most rules are not tested",
    '  # status: {request: "GET /payments/{payment_id}", state: $.status, states: {paid: [PAID], failed: [FAILED]}}',
    "  # or read it where the merchant stores it:",
    "  # status:",
    '  #   sql: "select status, receipt, amount_paid from payments where id = {payment_id}"',
    "  #   url: sqlite:///{work_dir}/shop.db        # or postgresql://..., mysql://...",
    "  #   state: $.status",
    "  #   receipt: $.receipt",
    "  #   credited: $.amount_paid",
    "  #   states: {paid: [PAID], failed: [FAILED], pending: [PENDING]}",
)


def _start(start: StartDraft) -> list[str]:
    lines = ["  start:", *_line(4, "command", start.command), *_line(4, "ready", start.ready)]
    if start.intercept is not None:
        lines += _line(4, "intercept", start.intercept)
    if start.env:
        lines += ["    env:"]
        for name, value in start.env.items():
            lines += _line(6, name, value)
    return [*lines, ""]


def _request(indent: int, key: str, draft: RequestDraft, identifier: str) -> list[str]:
    pad = " " * indent
    lines = [f"{pad}{key}:", *_line(indent + 2, "request", draft.request)]
    kind = "form" if draft.is_form else "json"
    if draft.body_doubt:
        lines += [f"{pad}  # {CHECK}{draft.body_doubt}"]
    lines += [f"{pad}  {_body(kind, draft.body)}"] if draft.body else []
    for name, value in ((identifier, draft.identifier), ("message", draft.message)):
        lines += _line(indent + 2, name, value) if value is not None else []
    return [*lines, ""]


def _status(indent: int, draft: StatusDraft) -> list[str]:
    pad = " " * indent
    lines = [f"{pad}status:", *_line(indent + 2, "request", draft.request)]
    lines += [f"{pad}  {_body('json', draft.body)}"] if draft.body else []
    lines += _line(indent + 2, "state", draft.state)
    if draft.states_doubt:
        lines += [f"{pad}  # {CHECK}{draft.states_doubt}"]
    lines += [f"{pad}  states:"]
    for state, words in draft.states.items():
        lines += [f"{pad}    {state}: [{', '.join(map(_quoted, words))}]"] if words else []
    for name, row in SHOWN.items() if draft.shows_more else ():
        found = draft.shown.get(name)
        lines += _line(indent + 2, name, found) if found else [f"{pad}  # {row.unseen}"]
    return [*lines, ""]


def _c2b(draft: C2bDraft) -> list[str]:
    lines = ["  c2b:"]
    if draft.register is not None:
        lines += _request(4, "register", draft.register, "")[:-1]
    if draft.open_account is not None:
        lines += _request(4, "open_account", draft.open_account, "account")[:-1]
    else:
        lines += ["    # open_account: {request: POST /api/accounts, account: $.account}  # or accounts: [NUMBER, ...]"]
    if draft.account is not None:
        lines += ["    account:", *_line(6, "request", draft.account.request), *_line(6, "total", draft.account.total)]
        lines += _line(6, "credits", draft.account.credits) if draft.account.credits else []
        if draft.account.statement is not None:
            lines += _list(4, "statement", ListDraft(request=draft.account.request, texts=draft.account.statement))
    else:
        lines += ['    # account: {request: "GET /api/accounts/{account}", total: $.total}']
    if draft.unallocated is not None:
        lines += _list(4, "unallocated", draft.unallocated)
    else:
        lines += ['    # unallocated: {request: GET /api/unallocated, texts: "$[*].receipt"}']
    lines += ["    recover:", *_line(6, "request", draft.recover)] if draft.recover is not None else []
    if draft == C2bDraft():
        doubt = "confirmations are read, and no account was found to pay into; take this out if no customer pays so"
        lines[:1] = [f"  # {CHECK}{doubt}", "  c2b: {}"]
    return [*lines, ""]


def _list(indent: int, key: str, draft: ListDraft, place: str = "texts") -> list[str]:
    lines = [f"{' ' * indent}{key}:", *_line(indent + 2, "request", draft.request)]
    return [*lines, *_line(indent + 2, place, draft.texts)]


def _line(indent: int, key: str, value: Value) -> list[str]:
    return [*_comments(indent, value), f"{' ' * indent}{key}: {_quoted(value.text)}"]


def _comments(indent: int, value: Value) -> list[str]:
    pad = " " * indent
    found = [f"{pad}# from {value.source}"] if value.source else []
    return [*found, f"{pad}# {CHECK}{value.doubt}"] if value.doubt else found


def _body(key: str, body: Mapping[str, object]) -> str:
    return f"{key}: {{{', '.join(f'{_quoted(name)}: {_quoted(each)}' for name, each in body.items())}}}"


def _quoted(value: object) -> str:
    """The value as YAML and JSON both read it."""
    return json.dumps(value, ensure_ascii=False)
