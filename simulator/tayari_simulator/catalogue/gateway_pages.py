"""What answers in front of Daraja: the gateway's `fault` envelopes and the HTML pages of the edge.

Sources: reference 1.10 and 2.2; the wordings are those of the payload collection (`gateway.*`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import dumps


@dataclass(frozen=True, slots=True)
class GatewayFault:
    """One envelope of the gateway (Apigee)."""

    name: str
    status: int
    body: Mapping[str, object]
    when: str
    mark: Mark
    source: str

    def reply(self, *, retry_after_s: float | None = None) -> Reply:
        """The fault, ready to be written; `Retry-After` only on demand: the real gateway was not seen to send it."""
        headers = () if retry_after_s is None else (("Retry-After", f"{retry_after_s:g}"),)
        return Reply(self.status, dumps(self.body), content_type="application/json", headers=headers)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the edge or of a proxy: HTML, or plain text."""

    name: str
    status: int
    body: str
    headers: tuple[tuple[str, str], ...]
    when: str
    mark: Mark
    source: str
    content_type: str = "text/html"

    def reply(self) -> Reply:
        """The page, ready to be written."""
        return Reply(self.status, self.body.encode(), content_type=self.content_type, headers=self.headers)


def _fault(text: str, code: str) -> dict[str, object]:
    return {"fault": {"faultstring": text, "detail": {"errorcode": code}}}


_SOAP: Final = {
    "Envelope": {
        "encodingStyle": "http://schemas.xmlsoap.org/soap/encoding/",
        "Body": {
            "Fault": {
                "faultcode": "soap:Server",
                "faultstring": (
                    "Execution of ServiceCallout SC-SearchURL failed. Reason: ResponseCode 503 is treated as error"
                ),
                "faultactor": {},
                "detail": {"source": {"errorcode": "steps.servicecallout.ExecutionFailed"}},
            }
        },
    }
}

_FAULTS: Final = (
    GatewayFault(
        "spike_arrest",
        429,
        _fault(
            "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, "
            "periodInMicroseconds=60000000, maxBurstMessageCount=1.0}",
            "policies.ratelimit.SpikeArrestViolation",
        ),
        "too many calls; STK query in sandbox: five a minute",
        Mark.OBSERVED,
        "reference 1.11",
    ),
    GatewayFault(
        "quota",
        429,
        _fault(
            "Rate limit quota violation. Quota limit  exceeded. Identifier : _default",
            "policies.ratelimit.QuotaViolation",
        ),
        "the quota is used up",
        Mark.ASSUMED,
        "reference 1.10",
    ),
    GatewayFault(
        "invalid_access_token",
        401,
        _fault("Invalid access token", "keymanagement.service.invalid_access_token"),
        "bad token, refused by the gateway itself",
        Mark.ASSUMED,
        "reference 1.4",
    ),
    GatewayFault(
        "gateway_timeout",
        504,
        _fault("Gateway Timeout", "messaging.adaptors.http.flow.GatewayTimeout"),
        "the target did not answer: the outcome is unknown",
        Mark.OBSERVED,
        "reference 2.2",
    ),
    GatewayFault(
        "soap_as_json",
        500,
        _SOAP,
        "an upstream SOAP failure; its HTTP status is not known, 500 is assumed",
        Mark.OBSERVED,
        "reference 1.10",
    ),
)

_PAGES: Final = (
    Page(
        "imperva_403",
        403,
        '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"><meta name="format-detection" '
        'content="telephone=no"></head><body style="margin:0px;height:100%"><iframe id="main-iframe">Request '
        "unsuccessful. Incapsula incident ID: 812000990145671208-55301477120036</iframe></body></html>",
        (("Cache-Control", "no-cache, no-store"), ("Connection", "close")),
        "the edge blocks the caller, on every path",
        Mark.OBSERVED,
        "reference 1.10",
    ),
    Page(
        "imperva_503",
        503,
        '<html><head><META NAME="robots" CONTENT="noindex,nofollow"></head><body>Request unsuccessful. Incapsula '
        "incident ID: 812000990145671208-8199</body></html>",
        (),
        "the edge cannot reach the gateway",
        Mark.OBSERVED,
        "reference 1.10",
    ),
    Page(
        "bad_gateway_502",
        502,
        "<html><head><title>502 Bad Gateway</title></head>"
        "<body><center><h1>502 Bad Gateway</h1></center></body></html>",
        (),
        "a plain proxy page",
        Mark.ASSUMED,
        "reference 1.10",
    ),
    Page(
        "service_unreachable",
        500,
        "Service is currently unreachable",
        (),
        "sandbox C2B with an unknown short code; as text or JSON, plain text is assumed",
        Mark.OBSERVED,
        "reference 2.2",
        "text/plain",
    ),
)

GATEWAY_FAULTS: Final[Mapping[str, GatewayFault]] = MappingProxyType({row.name: row for row in _FAULTS})
PAGES: Final[Mapping[str, Page]] = MappingProxyType({row.name: row for row in _PAGES})
