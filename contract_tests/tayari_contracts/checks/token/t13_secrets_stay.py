"""T13: no key, secret, passkey or credential leaves the merchant."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import page, refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.steps.pushes import calm_pushes

SHORTEST: Final = 10
"""Characters. A shorter secret may be an ordinary word of a page."""

NAMES: Final = {"passkey": "the passkey", "consumer_secret": "the consumer secret", "consumer_key": "the consumer key"}


@check("T13")
def keeps_its_secrets(context: CheckContext) -> None:
    """Makes a payment that succeeds, one with wrong credentials and one with an HTML answer, and reads every answer."""
    secrets = secrets_of(context.environment.placeholders)
    if not secrets:
        raise Untested("the merchant's secrets are not known, or too short to be distinguished from words")
    payments = [
        context.actions.pay(scenario)
        for scenario in (
            None,
            situation("inline/ack-wrong-credentials", refused("500.001.1001.wrong_credentials", times=4)),
            situation("inline/service-html", page("imperva_403", times=4)),
        )
    ]
    context.observations.wait("callback_answered", payments[0])
    for payment in payments:
        calm_pushes(context, payment, calm_s=0.3, within_s=2.0, at_least=0)
        context.observations.status(payment)
    answers = [f"{answer.response_headers} {answer.response_body}" for answer in context.evidence.driver_exchanges]
    answers += [str(entry.get("response")) for payment in payments for entry in context.journal.callbacks(payment)]
    if leaked := leaks(answers, secrets):
        raise Failed(f"the merchant's answers show {' and '.join(leaked)}; expected none of its secrets in any answer")


def secrets_of(known: Mapping[str, str]) -> dict[str, str]:
    """The secrets that no answer may hold, by the name that a message may show."""
    found = {name: known[key] for key, name in NAMES.items() if len(known.get(key, "")) >= SHORTEST}
    key, secret = known.get("consumer_key", ""), known.get("consumer_secret", "")
    if key and secret:
        found["the Basic credential of the token call"] = b64encode(f"{key}:{secret}".encode()).decode()
    return found


def leaks(texts: Iterable[str], secrets: Mapping[str, str]) -> list[str]:
    """The names of the secrets that are in any of the texts."""
    everything = "\n".join(texts)
    return [name for name, secret in secrets.items() if secret in everything]
