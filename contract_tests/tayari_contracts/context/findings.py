"""How a check ends when it does not simply pass: raised by checks, turned into a `Check` by `runner.check_run`."""

from __future__ import annotations

from tayari_money.payment_record import PaymentKind
from tayari_reports.model import NotTested
from tayari_target.driver import StatusView


class Finding(Exception):
    """A check's ending other than a pass; the text is the sentence that the report shows."""


class Failed(Finding):
    """The merchant broke the rule. Say what was found, then what was expected. `certain`: a second look would see the
    same.
    """

    def __init__(self, text: str, *, certain: bool = False) -> None:
        super().__init__(text)
        self.certain = certain


class Missing(Failed):
    """What the rule asks for did not come in time. A merchant that limits its status queries may have had none left."""


class WrongCredit(Failed):
    """Too much was credited, or too often. One occurrence is proof; any other failure is repeated alone first, for
    checks that run side by side may be to blame."""


class Warned(Finding):
    """A SHOULD is not met, or a MUST is met in a way that will hurt."""


class Unjudged(Finding):
    """The check ran, and what it saw does not decide. `certain`: a second look would see the same."""

    def __init__(self, text: str, *, certain: bool = False) -> None:
        super().__init__(text)
        self.certain = certain


class Unsettled(Unjudged):
    """An ordinary payment that was begun later is not settled, so earlier callbacks may not be dealt with."""


class Untested(Finding):
    """The check did not run; `why` is from the closed list. `certain`: no second look would find anything else.

    `enable`: the key of the target file that would let it run; the text names it.
    """

    def __init__(
        self, text: str, *, why: NotTested = NotTested.SET_UP_FAILED, enable: str = "", certain: bool = False
    ) -> None:
        super().__init__(text)
        self.why = why
        self.enable = enable
        self.certain = certain


def key_missing(text: str, enable: str, *, certain: bool = False) -> Untested:
    """What a rule asks for cannot be seen or brought about without this key of the target file; the text names it."""
    text = text if enable in text else f"{text}; add {enable} to the target file"
    return Untested(text, why=NotTested.TARGET_KEY_MISSING, enable=enable, certain=certain)


def blocked_by(rule_id: str, reason: str) -> Untested:
    """Another rule carries the failure that keeps this one from being judged."""
    return Untested(f"blocked by {rule_id}: {reason}", why=NotTested.BLOCKED)


def unknown_word(word: str, kind: PaymentKind = PaymentKind.STK_PAYMENT) -> Untested:
    """The merchant names a state that the target file does not translate: that is no fault of the merchant's."""
    sent = kind in (PaymentKind.PAYOUT, PaymentKind.REFUND)
    name, key = (kind.value, f"merchant.{kind}.status.states") if sent else ("payment", "merchant.status.states")
    return key_missing(
        f'the merchant calls a {name} "{word}", which {key} does not name; add it under paid, failed, pending or '
        "review",
        key,
    )


def credits_not_countable(what: str) -> Untested:
    """The merchant says only whether it credited, so that `what` looks like the first credit."""
    return key_missing(
        f"merchant.status.credited is true or false, so that {what} cannot be seen; add merchant.ledger, or let "
        "merchant.status.credited find the shillings",
        "merchant.ledger",
        certain=True,
    )


class Inapplicable(Finding):
    """What the rule is about does not exist in this merchant, and no traffic says otherwise."""


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
