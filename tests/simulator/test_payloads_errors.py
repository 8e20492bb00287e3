"""The example payloads of refusals, gateway envelopes and edge pages are what the catalogues hold."""

from __future__ import annotations

import json
import re

import pytest
from core_kit import PAYLOADS, payload, wire
from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES

FILLED: dict[str, tuple[str, dict[str, str]]] = {
    "400.002.02.invalid_field": ("400.002.02.invalid_field", {"field": "PhoneNumber"}),
    "401.002.01.invalid_access_token": ("401.002.01", {"token": "kQ3vT8yXw0ZrLm5NpBc7HsUa2DfE"}),
    "404.001.04.invalid_authentication_header": ("404.001.04", {}),
    "405.001.method_not_allowed": ("405.001", {"method": "GET"}),
    "no_error_message": ("500.001.1001.no_message", {}),
}
NO_EXAMPLE = {"service_unreachable"}
"""Of it the reference has the words alone."""
STATUSES = {"405.001": 405}
FILES = sorted(path.name[6:-5] for path in PAYLOADS.glob("error.*.json"))


@pytest.mark.parametrize("name", FILES)
def test_refusal_is_the_example(name: str) -> None:
    spec_name, fill = FILLED.get(name, (name, {}))
    example = payload(f"error.{name}")
    spec = ERRORS[spec_name]

    reply = spec.reply(example["requestId"], **fill)

    assert json.dumps(wire(reply.body)) == json.dumps(example)
    assert reply.status == STATUSES.get(spec.code, int(re.match(r"\d+", spec.code)[0]))  # type: ignore[index]


@pytest.mark.parametrize("name", sorted(GATEWAY_FAULTS))
def test_gateway_envelope_is_the_example(name: str) -> None:
    reply = GATEWAY_FAULTS[name].reply()

    assert json.dumps(wire(reply.body)) == json.dumps(payload(f"gateway.fault.{name}"))
    assert reply.headers == ()


@pytest.mark.parametrize("name", sorted(set(PAGES) - NO_EXAMPLE))
def test_edge_page_is_the_example(name: str) -> None:
    example = payload(f"gateway.{name}.http")

    reply = PAGES[name].reply()

    assert (reply.status, reply.body.decode()) == (example["status"], example["body_text"])
    assert dict(reply.headers) | {"Content-Type": reply.content_type} == example["headers"]


def test_every_gateway_example_has_a_row() -> None:
    faults = {path.name[14:-5] for path in PAYLOADS.glob("gateway.fault.*.json")}
    pages = {path.name[8:-10] for path in PAYLOADS.glob("gateway.*.http.json")}

    assert faults == set(GATEWAY_FAULTS)
    assert pages == set(PAGES) - NO_EXAMPLE
    assert PAGES["service_unreachable"].reply().body == b"Service is currently unreachable"


def test_retry_after_is_sent_only_on_demand() -> None:
    reply = GATEWAY_FAULTS["spike_arrest"].reply(retry_after_s=12)

    assert reply.headers == (("Retry-After", "12"),)
