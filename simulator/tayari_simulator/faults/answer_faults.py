"""Faults of any answer: another one, late, broken, or none; and of the access tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES
from tayari_simulator.faults.base import ErrorName, GatewayFaultName, MediaType, PageName, Refusing, TableFault
from tayari_simulator.state.behaviour import Behaviour, Call, Reply, Transport
from tayari_simulator.strict_reading import AtLeast, AtMost, Count, Seconds


@dataclass(frozen=True, slots=True)
class ApiError(TableFault):
    """Refuse with a row of the error catalogue; no payment exists. `status` replaces the row's: 429 for the rate codes.

    `retry_after_s` adds a header that was not seen live.
    """

    error: ErrorName
    status: Refusing | None = None
    retry_after_s: Seconds | None = None

    def instead(self) -> Reply:
        reply = ERRORS[self.error].reply()
        reply.status = self.status or reply.status
        if self.retry_after_s is not None:
            reply.headers = (("Retry-After", f"{self.retry_after_s:g}"),)
        return reply


@dataclass(frozen=True, slots=True)
class GatewayFault(TableFault):
    """Refuse in the gateway's words; Daraja never sees the call. `status` replaces that of the fault.

    `retry_after_s` adds a header that was not seen live.
    """

    fault: GatewayFaultName
    retry_after_s: Seconds | None = None
    status: Refusing | None = None

    def instead(self) -> Reply:
        reply = GATEWAY_FAULTS[self.fault].reply(retry_after_s=self.retry_after_s)
        reply.status = self.status or reply.status
        return reply


@dataclass(frozen=True, slots=True)
class Html(TableFault):
    """Answer with an HTML page of the edge; Daraja never sees the call."""

    page: PageName

    def instead(self) -> Reply:
        return PAGES[self.page].reply()


@dataclass(frozen=True, slots=True)
class Refuse(TableFault):
    """Reset this call and close the port for `for_s` seconds: whoever comes meanwhile is refused, others too.

    With `silent` nobody is refused and nobody is answered: connecting takes until the caller gives up.
    """

    for_s: Seconds
    silent: bool = False

    def instead(self) -> Reply:
        return Reply(503, b"", transport=Transport.RESET, close_port_for_s=self.for_s, port_silent=self.silent)


@dataclass(frozen=True, slots=True)
class Reset(TableFault):
    """Reset the connection; Daraja never sees the call."""

    def instead(self) -> Reply:
        return Reply(503, b"", transport=Transport.RESET)


@dataclass(frozen=True, slots=True)
class Hang(TableFault):
    """Say nothing for `for_s` seconds, then close. With `accepted` the call was handled nevertheless."""

    for_s: Seconds
    accepted: bool = False

    def instead(self) -> Reply | None:
        """Silence, where the call is not handled."""
        if self.accepted:
            return None
        return Reply(503, b"", delay_s=self.for_s, transport=Transport.CLOSE)

    def shape(self, reply: Reply) -> None:
        """Silence in place of the answer that was due. A reply made by `instead` is silent already."""
        if self.accepted:
            reply.delay_s += self.for_s
            reply.transport = Transport.CLOSE


@dataclass(frozen=True, slots=True)
class Slow(TableFault):
    """Hold the answer for `first_byte_s` seconds; what it answers has happened before."""

    first_byte_s: Seconds

    def shape(self, reply: Reply) -> None:
        reply.delay_s += self.first_byte_s


@dataclass(frozen=True, slots=True)
class SlowBody(TableFault):
    """Send the head at once and the body in small pieces over `over_s` seconds, then close. The call was handled."""

    over_s: Seconds = 2.0

    def shape(self, reply: Reply) -> None:
        reply.transport = Transport.SLOW_BODY
        reply.body_over_s = self.over_s


@dataclass(frozen=True, slots=True)
class Truncate(TableFault):
    """Send `keep_bytes` of the body under its full Content-Length, then close. The call was handled."""

    keep_bytes: Count = 20

    def shape(self, reply: Reply) -> None:
        reply.transport = Transport.TRUNCATE
        reply.keep_bytes = self.keep_bytes


@dataclass(frozen=True, slots=True)
class MalformedJson(TableFault):
    """Answer 200 with JSON that breaks off in the middle, complete by its Content-Length. The call was handled."""

    def shape(self, reply: Reply) -> None:
        reply.status = 200
        reply.body = reply.body[: max(1, len(reply.body) // 2)]


@dataclass(frozen=True, slots=True)
class EmptyBody(TableFault):
    """Answer with `status` and no body; the call is not handled."""

    status: Annotated[int, AtLeast(200), AtMost(599)] = 500

    def instead(self) -> Reply:
        return Reply(self.status, b"")


@dataclass(frozen=True, slots=True)
class WrongContentType(TableFault):
    """Answer as always, and call the body `content_type`. The call was handled."""

    content_type: MediaType = "text/html"

    def shape(self, reply: Reply) -> None:
        reply.content_type = self.content_type


class Written(StrEnum):
    """The two forms of `expires_in`."""

    STRING = "string"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class TokenLife(TableFault):
    """Issue tokens that live `expires_in` seconds (default: the profile's), written as text or as a number."""

    expires_in: Count | None = None
    as_: Written | None = None
    calls = frozenset({Call.OAUTH})

    def prepare(self, behaviour: Behaviour) -> Behaviour:
        """Tell the token endpoint, which alone can make a token."""
        return replace(behaviour, token_expires_in_s=self.expires_in, token_expires_in_as=self.as_)


@dataclass(frozen=True, slots=True)
class RevokeTokens(TableFault):
    """Refuse this call for its token with `error`, and every later call that brings a token issued before it."""

    error: ErrorName = "404.001.03"
    calls = frozenset({Call.STK_PUSH, Call.STK_QUERY})

    def instead(self) -> Reply:
        reply = ERRORS[self.error].reply()
        reply.revokes_tokens = True
        return reply
