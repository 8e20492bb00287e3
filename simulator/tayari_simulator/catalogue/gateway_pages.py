"""What answers in front of Daraja: the gateway's `fault` envelopes and the HTML pages of the edge.

Sources: reference 1.10 and 2.2; the wordings are those of the payload collection (`gateway.*`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from tayari_simulator.catalogue import customer_texts as say
from tayari_simulator.catalogue.customer_texts import Phrase
from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import dumps

Json = Mapping[str, object]
Body = TypeVar("Body", Json, str)


@dataclass(frozen=True, slots=True)
class EdgeAnswer(Generic[Body]):
    """One envelope of the gateway (Apigee), or one page of the edge or of a proxy: HTML, or plain text."""

    name: str
    status: int
    body: Body
    when: str
    mark: Mark
    source: str
    say: Phrase
    """What the customer should be told."""
    retry: str
    content_type: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()

    def reply(self, *, retry_after_s: float | None = None) -> Reply:
        """The answer, ready to be written; `Retry-After` only on demand: the real gateway was not seen to send it."""
        body = self.body.encode() if isinstance(self.body, str) else dumps(self.body)
        headers: tuple[tuple[str, str], ...] = self.headers
        if retry_after_s is not None:
            headers = (*headers, ("Retry-After", f"{retry_after_s:g}"))
        return Reply(self.status, body, content_type=self.content_type, headers=headers)


_JSON: Final = "application/json"


def _fault(  # noqa: PLR0917 - the columns of the table
    name: str, status: int, text: str, code: str, when: str, mark: Mark, source: str, words: Phrase, retry: str
) -> EdgeAnswer[Json]:
    body = {"fault": {"faultstring": text, "detail": {"errorcode": code}}}
    return EdgeAnswer(name, status, body, when, mark, source, words, retry, _JSON)


_SOAP: Final[Json] = {
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

_FAULTS: Final[tuple[EdgeAnswer[Json], ...]] = (
    _fault("spike_arrest", 429,
           "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, periodInMicroseconds=60000000, "
           "maxBurstMessageCount=1.0}", "policies.ratelimit.SpikeArrestViolation",
           "too many calls; STK query in sandbox: five a minute", Mark.OBSERVED, "reference 1.11", say.BUSY, "backoff"),
    _fault("quota", 429, "Rate limit quota violation. Quota limit  exceeded. Identifier : _default",
           "policies.ratelimit.QuotaViolation", "the quota is used up", Mark.ASSUMED, "reference 1.10",
           say.BUSY, "backoff"),
    _fault("invalid_access_token", 401, "Invalid access token", "keymanagement.service.invalid_access_token",
           "bad token, refused by the gateway itself", Mark.ASSUMED, "reference 1.4", say.UNAVAILABLE, "new token"),
    _fault("gateway_timeout", 504, "Gateway Timeout", "messaging.adaptors.http.flow.GatewayTimeout",
           "the target did not answer: the outcome is unknown", Mark.OBSERVED, "reference 2.2",
           say.UNCONFIRMED, "ask first"),
    EdgeAnswer("soap_as_json", 500, _SOAP, "an upstream SOAP failure; its HTTP status is not known, 500 is assumed",
               Mark.OBSERVED, "reference 1.10", say.UNCONFIRMED, "ask first", _JSON),
)  # fmt: skip

_PAGES: Final = (
    EdgeAnswer("imperva_403", 403,
               '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"><meta '
               'name="format-detection" content="telephone=no"></head><body style="margin:0px;height:100%"><iframe '
               'id="main-iframe">Request unsuccessful. Incapsula incident ID: 812000990145671208-55301477120036'
               "</iframe></body></html>",
               "the edge blocks the caller, on every path", Mark.OBSERVED, "reference 1.10", say.UNAVAILABLE, "backoff",
               headers=(("Cache-Control", "no-cache, no-store"), ("Connection", "close"))),
    EdgeAnswer("imperva_503", 503,
               '<html><head><META NAME="robots" CONTENT="noindex,nofollow"></head><body>Request unsuccessful. '
               "Incapsula incident ID: 812000990145671208-8199</body></html>",
               "the edge cannot reach the gateway", Mark.OBSERVED, "reference 1.10", say.UNAVAILABLE, "backoff"),
    EdgeAnswer("bad_gateway_502", 502,
               "<html><head><title>502 Bad Gateway</title></head>"
               "<body><center><h1>502 Bad Gateway</h1></center></body></html>",
               "a plain proxy page", Mark.ASSUMED, "reference 1.10", say.UNCONFIRMED, "ask first"),
    EdgeAnswer("service_unreachable", 500, "Service is currently unreachable",
               "sandbox C2B with an unknown short code; as text or JSON, plain text is assumed", Mark.OBSERVED,
               "reference 2.2", say.NOTHING, "backoff", "text/plain"),
)  # fmt: skip

GATEWAY_FAULTS: Final[Mapping[str, EdgeAnswer[Json]]] = MappingProxyType({row.name: row for row in _FAULTS})
PAGES: Final = MappingProxyType({row.name: row for row in _PAGES})
