"""P14: a balance is read by the name of its account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Inapplicable, Untested, blocked_by, key_missing
from tayari_contracts.context.payment import Entry
from tayari_contracts.steps.payouts import CREDENTIAL_REFUSED, answered_messages, require_taken

BALANCE: Final = "account_balance"
UTILITY: Final = "Utility Account"
CHARGES: Final = "Charges Paid Account"
FORMS: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "as M-Pesa sends it today": (
        ("Working Account", 1200), (UTILITY, 30672.5), (CHARGES, -1540), ("Merchant Account", 0),
        ("Organization Settlement Account", 0),
    ),
    "with its accounts in another order": ((CHARGES, -1541), ("Working Account", 1201), (UTILITY, 30673.5)),
    "with an account that is new": (
        ("Float Account", 7), ("Loyalty Account", 8), (UTILITY, 30674.5), ("Working Account", 1202), (CHARGES, -1542),
    ),
}  # fmt: skip
"""Accounts and balances of three texts. Source: reference 3.9 (set and order vary, negative charges are normal).

The name Loyalty Account is invented."""


@check("P14")
def a_balance_is_read_by_name(context: CheckContext) -> None:
    """The balance text comes in three forms; the utility account has another balance in each."""
    since = context.journal.now()
    _require_balance(context)
    for number, (form, accounts) in enumerate(FORMS.items()):
        _play_balance(context, number, form, accounts)
    context.evidence.tries = len(FORMS)
    context.evidence.watch_since(since, endpoint=BALANCE)


def _require_balance(context: CheckContext) -> None:
    payout = context.target.merchant.payout
    if payout is not None and payout.balance is not None:
        return
    if not context.journal.entries(since=1, endpoint=BALANCE, kind="request", limit=1):
        raise Inapplicable(
            "the merchant asks M-Pesa for no balance, and the target file has no merchant.payout.balance"
        )
    raise key_missing(
        "the merchant asks M-Pesa for its balance, and what it reads there cannot be seen", "merchant.payout.balance"
    )


def _play_balance(context: CheckContext, number: int, form: str, accounts: tuple[tuple[str, float], ...]) -> None:
    """Let the merchant ask for its balance, answer with these accounts, and compare what staff see.

    Raises:
        Failed: they see another balance. Untested: the merchant did not ask.
    """
    text = "&".join(f"{name}|KES|{held:.2f}|{held:.2f}|0.00|0.00" for name, held in accounts)
    where = "Result.ResultParameters.ResultParameter[AccountBalance].Value"
    name = f"inline/p14-{number}"
    scenario = {
        "scenario": name, "about": f"The balance comes {form}.", "when": {"endpoint": BALANCE},
        "outcome": after(0.3), "faults": [{"mutate": {"set": {where: text}}}],
    }  # fmt: skip
    since = context.control.play_next(scenario, endpoint=BALANCE)
    refusal = context.driver.refresh_balance()
    results = context.time.until(
        lambda: answered_messages(context, scenario, since), within_s=context.time.settle_s + context.time.reconcile_s
    )
    if not results:
        context.control.clear_next()
        raise Untested(f"no balance was asked for, or its result was not delivered ({refusal or 'no request came'})")
    _require_answer(results[0])
    require_taken(results[0], f"a balance {form}")
    wanted = dict(accounts)[UTILITY]
    context.time.until(lambda: context.driver.read_balance()[0] == wanted, within_s=context.time.settle_s)
    shown, why = context.driver.read_balance()
    if shown != wanted:
        raise Failed(
            f"a balance came {form} ({text}), and staff see {why if shown is None else f'{shown:g}'} for the utility "
            f"account; expected {wanted:g}, found by its name"
        )


def _require_answer(result: Entry) -> None:
    """Require that M-Pesa sent the balance.

    Raises:
        Untested: it did not; P01 judges a refused credential.
    """
    message = body_of(result).get("Result") or {}
    code = str(message.get("ResultCode"))
    if code in CREDENTIAL_REFUSED:
        raise blocked_by("P01", f"M-Pesa refused the credential of a balance query ({code})")
    if code != "0":
        raise Untested(f"M-Pesa refused to send the balance: {code} {message.get('ResultDesc')}")
