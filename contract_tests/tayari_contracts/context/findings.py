"""The ends of a check other than a plain pass: raised by checks, turned into a `Check` by `runner.check_run`."""

from __future__ import annotations

from tayari_money.payment_record import PaymentKind
from tayari_reports.model import NotTested
from tayari_target.driver import StatusView


class Finding(Exception):
    """The end of a check other than a pass; the text is the reason that the report shows."""


class Failed(Finding):
    """The merchant broke the rule. The text says what was found, then what was expected.

    `certain`: a retry would find the same.
    """

    def __init__(self, text: str, *, certain: bool = False) -> None:
        super().__init__(text)
        self.certain = certain


class Missing(Failed):
    """What the rule asks for did not come in time. The merchant's own limit of status queries may be the cause."""


class WrongCredit(Failed):
    """Too much was credited or paid out, or too often. One occurrence is proof.

    Any other failure is repeated alone before it counts, because checks that run side by side may be the cause.
    """


class Warned(Finding):
    """The merchant does not do what a SHOULD asks for, or keeps a MUST in a way that will cause trouble."""


class Unjudged(Finding):
    """The check ran, and what it saw decides nothing. `certain`: a retry would see the same."""

    def __init__(self, text: str, *, certain: bool = False) -> None:
        super().__init__(text)
        self.certain = certain


class Unsettled(Unjudged):
    """An ordinary payment that began later is not settled, so the merchant may not have handled earlier callbacks."""


class Untested(Finding):
    """The rule was not put to the test.

    `why`: the kind of reason. `certain`: a retry would end in the same way. `enable`: the key of the target file that
    would make the test possible; the text names it.
    """

    def __init__(
        self, text: str, *, why: NotTested = NotTested.SET_UP_FAILED, enable: str = "", certain: bool = False
    ) -> None:
        super().__init__(text)
        self.why = why
        self.enable = enable
        self.certain = certain


def key_missing(text: str, enable: str, *, certain: bool = False) -> Untested:
    """The finding that a rule cannot be tested without the key `enable` of the target file; the text names it."""
    text = text if enable in text else f"{text}; add {enable} to the target file"
    return Untested(text, why=NotTested.TARGET_KEY_MISSING, enable=enable, certain=certain)


def blocked_by(rule_id: str, reason: str) -> Untested:
    """The finding that a failure, which another rule reports, keeps this one from being judged."""
    return Untested(f"blocked by {rule_id}: {reason}", why=NotTested.BLOCKED)


def unknown_word(word: str, kind: PaymentKind = PaymentKind.STK_PAYMENT) -> Untested:
    """The finding that the merchant uses a word for a state that the target file does not translate."""
    sent = kind in (PaymentKind.PAYOUT, PaymentKind.REFUND)
    name, key = (kind.value, f"merchant.{kind}.status.states") if sent else ("payment", "merchant.status.states")
    return key_missing(
        f'the merchant calls a {name} "{word}", which {key} does not name; add it under paid, failed, pending or '
        "review",
        key,
    )


def credits_not_countable(what: str) -> Untested:
    """The finding that the merchant shows only whether it credited, so that `what` looks like the first credit."""
    return key_missing(
        f"merchant.status.credited is true or false, so that {what} cannot be seen; add merchant.ledger, or let "
        "merchant.status.credited find the shillings",
        "merchant.ledger",
        certain=True,
    )


class Inapplicable(Finding):
    """The merchant does not do what the rule is about."""


def say(view: StatusView) -> str:
    """A payment's state as a reason names it."""
    if view.state is not None:
        return view.state.value
    return f"in no state that could be read ({view.error or view.raw_state or 'empty answer'})"


def times(number: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def calls(number: int, one: str) -> str:
    """`1 push`, `2 pushes`, `3 queries`."""
    if number == 1:
        return f"1 {one}"
    stem, tail = (one[:-1], "ies") if one.endswith("y") else (one, "es" if one.endswith("sh") else "s")
    return f"{number} {stem}{tail}"


def quote(text: str, *, most: int = 160) -> str:
    """A text in quotation marks, on one line, shortened."""
    flat = " ".join(text.split())
    if not flat:
        return "nothing"
    return f'"{flat[:most]}..."' if len(flat) > most else f'"{flat}"'
