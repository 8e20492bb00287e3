"""Runs as `tayari check` makes them: ready, not ready, inconclusive and invalid, with and without load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sample_load import load
from sample_statements import ATTESTATIONS, CODES, CONFIGURATION, SIGNED
from tayari_reports.model import (
    Category,
    Check,
    Exchange,
    Level,
    NotTested,
    Preflight,
    Rule,
    Run,
    Severity,
    State,
    Threshold,
)
from tayari_reports.model.statement_records import Waiver
from tayari_reports.redaction import fingerprint

BEGAN = 1_791_372_903.0
CHECKOUT = "ws_CO_071020261435032708374149"

RULES = (
    ("T01", "The access token is cached", Category.INTEGRATION, Severity.HIGH),
    ("T04", "A refused token is fetched again, once", Category.INTEGRATION, Severity.HIGH),
    ("T09", "Requests carry a Bearer header and JSON", Category.INTEGRATION, Severity.MEDIUM),
    ("S01", "The password is made from the timestamp that is sent", Category.INTEGRATION, Severity.CRITICAL),
    ("S06", "Every way of writing a phone number is understood", Category.PAYMENT_FLOW, Severity.HIGH),
    ("S12", "One click asks the customer once", Category.PAYMENT_FLOW, Severity.CRITICAL),
    ("A01", "An acknowledgement is not a payment", Category.PAYMENT_FLOW, Severity.CRITICAL),
    ("A06", "A lost acknowledgement does not cause a second push", Category.ERROR_HANDLING, Severity.CRITICAL),
    ("A12", "Transient refusals are retried with growing gaps", Category.ERROR_HANDLING, Severity.HIGH),
    ("C01", "Callbacks are answered within five seconds", Category.PERFORMANCE, Severity.MEDIUM),
    ("C03", "The same callback twice credits once", Category.PAYMENT_FLOW, Severity.CRITICAL),
    ("C06", "The amount paid is compared with the order", Category.PAYMENT_FLOW, Severity.CRITICAL),
    ("C07", "A forged success is not believed", Category.SECURITY, Severity.CRITICAL),
    ("C10", "Alphanumeric result codes are failures, not crashes", Category.ERROR_HANDLING, Severity.HIGH),
    ("C18", "A late failure does not take back a paid payment", Category.PAYMENT_FLOW, Severity.CRITICAL),
    ("C20", "Malformed callbacks are refused and change nothing", Category.SECURITY, Severity.HIGH),
    ("C21", "The raw callback message is stored", Category.SECURITY, Severity.MEDIUM),
    ("Q01", "A missing callback is settled by query", Category.PAYMENT_FLOW, Severity.CRITICAL),
    ("Q12", "Missed confirmations are recovered with growing gaps", Category.ERROR_HANDLING, Severity.HIGH),
    ("U01", "Each common result has its own message", Category.ERROR_HANDLING, Severity.MEDIUM),
    ("U05", "Insufficient funds are named as the cause", Category.ERROR_HANDLING, Severity.MEDIUM),
    ("U06", "An outage is named, with an alternative", Category.ERROR_HANDLING, Severity.MEDIUM),
    ("L01", "Payments settle within the target's p95", Category.PERFORMANCE, Severity.HIGH),
    ("L02", "The success rate under load is kept", Category.PERFORMANCE, Severity.HIGH),
)
SHOULD = {"C21", "U01", "C01"}
GROUPS = {"T": "token", "S": "request", "A": "acknowledgement", "C": "callback", "Q": "query", "U": "customer"}
WORDS = {
    "C03": (
        "Goods are handed out twice for one payment; at 2 % duplicated callbacks and a basket of KES 1,500, "
        "a shop with 10,000 payments a month gives away KES 300,000.",
        "Make the receipt number unique in the ledger, and do the credit and the state change in one transaction.",
    ),
    "C07": (
        "Anyone who guesses or sees a CheckoutRequestID can mark an order as paid without paying.",
        "Before crediting, confirm the result with an STK query, or accept callbacks only on a secret path.",
    ),
    "A12": (
        "Every short outage at Safaricom becomes a lost sale, or a flood of calls that gets the app throttled.",
        "Retry 429, 500.003.02, 503 and refused connections two or three times, with doubling gaps and some jitter.",
    ),
    "U01": (
        "Customers who cannot tell what went wrong give up or call support.",
        "Map each result code to its own text.",
    ),
}


def rule(name: str) -> Rule:
    """One rule of the sample plan."""
    _, title, category, severity = next(row for row in RULES if row[0] == name)
    why, fix = WORDS.get(name, ("A payment is lost or has to be corrected by hand.", "See the rule's description."))
    level = Level.SHOULD if name in SHOULD else Level.MUST
    return Rule(
        id=name,
        title=title,
        category=category,
        severity=severity,
        level=level,
        why=why,
        fix=fix,
        source="C",
        waivable=name not in {"C03", "C07"},
        group=GROUPS.get(name[0], "performance"),
    )


def exchanges() -> tuple[Exchange, ...]:
    """A push, its callback, the same callback again, and what the merchant then says."""
    callback = (
        '{"Body": {"stkCallback": {"MerchantRequestID": "6a1d-4f02-b7c8", "CheckoutRequestID": "' + CHECKOUT + '", '
        '"ResultCode": 0, "ResultDesc": "The service request is processed successfully.", "CallbackMetadata": '
        '{"Item": [{"Name": "Amount", "Value": 1500}, {"Name": "MpesaReceiptNumber", "Value": "UJ7K4T9QWX"}, '
        '{"Name": "TransactionDate", "Value": 20261007143521}, {"Name": "PhoneNumber", "Value": 254708374149}]}}}}'
    )
    json_type = (("Content-Type", "application/json"),)
    push = Exchange(
        at=BEGAN + 1.2,
        kind="to_daraja",
        title="STK push",
        method="POST",
        url="http://127.0.0.1:9310/mpesa/stkpush/v1/processrequest",
        request_headers=(("Authorization", "Bearer c9SQxWWhmdVRlyh0zh8gZDTkubVF"), *json_type),
        request_body='{"BusinessShortCode": "174379", "Password": "MTc0Mzc5YmZiMjc5", "Amount": 1500, '
        '"PartyA": "254708374149", "PhoneNumber": "254708374149", "AccountReference": "ORDER-88"}',
        status=200,
        response_headers=json_type,
        response_body='{"MerchantRequestID": "6a1d-4f02-b7c8", "CheckoutRequestID": "' + CHECKOUT + '", '
        '"ResponseCode": "0", "CustomerMessage": "Success. Request accepted for processing"}',
        duration_s=0.04,
    )
    first = Exchange(
        at=BEGAN + 3.1,
        kind="callback",
        title="callback",
        method="POST",
        url="http://127.0.0.1:8000/mpesa/callback/k2J9",
        request_headers=json_type,
        request_body=callback,
        status=200,
        response_headers=json_type,
        response_body='{"ResultCode": 0, "ResultDesc": "Accepted"}',
        duration_s=0.02,
    )
    status = Exchange(
        at=BEGAN + 5.0,
        kind="to_merchant",
        title="status",
        method="GET",
        url="http://127.0.0.1:8000/api/payments/88",
        status=200,
        response_headers=json_type,
        response_body='{"status": "PAID", "credited": 3000, "receipt": "UJ7K4T9QWX"}',
        duration_s=0.01,
    )
    return push, first, replace(first, at=BEGAN + 4.1, title="callback, duplicate 2 of 2"), status


def passed(name: str, tries: int = 3) -> Check:
    """A check that passed."""
    return Check(rule=name, state=State.PASS, tries=tries, started_at=BEGAN, duration_s=1.4)


def ended(name: str, state: State, reason: str, **more: object) -> Check:
    """A check that did not pass, with proof where it failed."""
    proof = exchanges() if state in {State.FAIL, State.WARN} else ()
    made = Check(
        rule=name, state=state, reason=reason, evidence=proof, duration_s=2.0, repeat=f"tayari check --only {name}"
    )
    return replace(made, **more)  # type: ignore[arg-type]  # the caller names fields of Check


def run(given: Iterable[Check] = (), **more: object) -> Run:
    """A run over the sample plan; rules that `given` does not name passed."""
    found = {check.rule: check for check in given}
    made = Run(
        run_id="2026-10-07-143503-6f1c",
        tayari_version="0.1.0",
        suite="ci",
        profile="documented",
        merchant="duka",
        base_url="http://127.0.0.1:8000",
        started_at=BEGAN,
        finished_at=BEGAN + 41.6,
        seed=7,
        config_sha256="9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
        depth="state probe",
        plan=tuple(rule(row[0]) for row in RULES),
        checks=tuple(found.get(row[0], passed(row[0])) for row in RULES),
        preflight=(
            Preflight(name="merchant answers", ok=True),
            Preflight(name="callback reaches the merchant", ok=True),
        ),
        environment=(("Python", "3.11.9"), ("Platform", "Linux x86_64")),
        capabilities=("stk_push", "stk_query"),
        configuration=CONFIGURATION,
        codes=CODES,
        monitoring=(
            Threshold(name="payment_p95_s", limit=10.0, measured=None, unit="s", samples=0, met=None),
            Threshold(name="callback_errors", limit=0.0, measured=0.01, unit="of callbacks", samples=400, met=False),
        ),
        attestations=ATTESTATIONS,
        provenance=(("fraction digits in CheckoutRequestID", "disputed", "captures of May and August 2026"),),
    )
    return replace(made, **more)  # type: ignore[arg-type]  # the caller names fields of Run


def ready() -> Run:
    """Everything passed, with load, and two of four have signed."""
    return run(load=load(), sign_off=SIGNED)


def minor() -> Run:
    """One SHOULD is not met."""
    return run([ended("U01", State.WARN, "Codes 1 and 1032 get the same text: 'Payment failed'.")])


def not_ready() -> Run:
    """Money is credited twice and on forged results, among lesser things."""
    return run(
        [
            ended("U01", State.WARN, "Codes 1 and 1032 get the same text: 'Payment failed'."),
            ended("A12", State.FAIL, "No retry after HTTP 503; expected at least one, with growing gaps."),
            ended("C03", State.FAIL, "Credited twice: KES 3000 for a payment of KES 1500; expected one credit."),
            ended("C07", State.FAIL, "Paid on a forged callback from 203.0.113.9; expected no credit without proof."),
            untested("C21", NotTested.TARGET_KEY_MISSING, "merchant.audit"),
            ended("Q12", State.UNKNOWN, "Only one query was seen before the payment settled; gaps need two."),
            ended("C10", State.ERROR, "The simulator did not deliver the callback in time."),
        ],
        load=load(),
    )


def untested(name: str, why: NotTested, enable: str = "") -> Check:
    """A check that was not made."""
    reason = f"`{enable}` is not in the target file." if enable else "The payment could not be started."
    return Check(rule=name, state=State.NOT_TESTED, not_tested=why, enable=enable, reason=reason, tries=0)


def inconclusive() -> Run:
    """Nothing failed, and some blocking rules could not be judged."""
    return run(
        [
            untested("C06", NotTested.TARGET_KEY_MISSING, "merchant.ledger"),
            untested("C18", NotTested.SET_UP_FAILED),
            untested("C21", NotTested.TARGET_KEY_MISSING, "merchant.audit"),
            ended("Q12", State.UNKNOWN, "Only one query was seen before the payment settled; gaps need two."),
            Check(rule="S12", state=State.NOT_APPLICABLE, reason="The merchant has no page of its own.", tries=0),
            Check(rule="U06", state=State.ATTESTED, reason="Attested by A. Wanjiru on 2026-10-01.", tries=0),
        ]
    )


def invalid() -> Run:
    """Preflight stopped the run before any rule."""
    broken = Preflight(
        name="passkey",
        ok=False,
        message="The merchant's password does not decode with the passkey of the target file.",
        fix="Set daraja.passkey in tayari.yaml to the passkey that the merchant uses.",
    )
    none = tuple(untested(row[0], NotTested.INTERRUPTED) for row in RULES)
    return run(none, preflight=(Preflight(name="merchant answers", ok=True), broken))


def waiver(name: str, *, expires: str = "2026-12-01", **more: object) -> Waiver:
    """A waiver of the failure that `not_ready` and `waived` have; the sample runs ended on 2026-10-07."""
    reasons = {check.rule: check.reason for check in not_ready().checks}
    made = Waiver(
        rule=name,
        reason="The retry comes with the new gateway client; support watches failed orders until then.",
        owner="Amina Wanjiru",
        ticket="PAY-412",
        expires=expires,
        fingerprint=fingerprint(name, reasons.get(name, "")),
    )
    return replace(made, **more)  # type: ignore[arg-type]  # the caller names fields of Waiver


def waived() -> Run:
    """One blocking failure that somebody answers for, until soon."""
    failure = ended("A12", State.FAIL, "No retry after HTTP 503; expected at least one, with growing gaps.")
    return run([failure], waivers=(waiver("A12", expires="2026-10-15"), waiver("C07"), waiver("T01")))


ALL = {
    "ready": ready,
    "minor": minor,
    "waived": waived,
    "not_ready": not_ready,
    "inconclusive": inconclusive,
    "invalid": invalid,
}
