"""Replies that are not simply written: late, cut short, reset, slow, or followed by an outage."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

from tayari_simulator.clock import Clock
from tayari_simulator.state.behaviour import Reply, Transport
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.transport.connections.http_messages import Incoming, head_of
from tayari_simulator.transport.connections.listener import Listener

SLOW_PIECES: Final = 20

_LINGER_NONE: Final = struct.pack("ii", 1, 0)

UNANSWERED: Final = {
    Transport.RESET: "reset by the simulator before an answer",
    Transport.CLOSE: "closed by the simulator without an answer",
}


def note_fault(reply: Reply, exchange: JournalExchange) -> None:
    """Write into the exchange what the caller really gets."""
    exchange.duration_s += reply.delay_s
    if reply.transport in UNANSWERED:
        exchange.status = 0
        exchange.response_headers = ()
        exchange.response_body = b""
        exchange.error = UNANSWERED[reply.transport]
    elif reply.transport is Transport.TRUNCATE:
        exchange.response_body = reply.body[: reply.keep_bytes]
        exchange.error = f"truncated by the simulator after {reply.keep_bytes} of {len(reply.body)} bytes"


async def perform(call: Incoming, reply: Reply, clock: Clock, listener: Listener) -> Reply | None:
    """Give the caller a reply that takes time or ends badly; then close the port, if the reply says so.

    Returns what is still to be written; None: the connection has been dealt with.
    """
    left: Reply | None = reply
    listener.held.add(call.line)
    try:
        if reply.delay_s:
            await asyncio.sleep(clock.real_s(reply.delay_s))
        if reply.transport is not Transport.NORMAL:
            await _misbehave(call, reply, clock)
            left = None
    finally:
        listener.held.discard(call.line)
    if reply.close_port_for_s:
        listener.close_for(clock.real_s(reply.close_port_for_s), silent=reply.port_silent)
    return left


async def _misbehave(call: Incoming, reply: Reply, clock: Clock) -> None:
    transport = call.transport
    if transport is None:
        return
    if reply.transport is Transport.RESET:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        transport.abort()
    elif reply.transport is Transport.CLOSE:
        transport.close()
    elif reply.transport is Transport.TRUNCATE:
        transport.write(head_of(reply, len(reply.body)) + reply.body[: reply.keep_bytes])
        transport.close()
    else:
        await _drip(transport, reply, clock.real_s(reply.body_over_s))


async def _drip(transport: asyncio.Transport, reply: Reply, over_s: float) -> None:
    """The head at once, the body in small pieces over a number of real seconds."""
    transport.write(head_of(reply, len(reply.body), keep_alive=False))
    size = max(1, -(-len(reply.body) // SLOW_PIECES))
    for start in range(0, len(reply.body), size):
        await asyncio.sleep(over_s / SLOW_PIECES)
        if transport.is_closing():
            return
        transport.write(reply.body[start : start + size])
    transport.close()
