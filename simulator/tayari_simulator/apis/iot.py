"""`POST /simportal/v1/...`: management of IoT SIMs. Source: reference 3.22.

Known are the paths, the envelope and its spelling (`Operation Successfull`, `recepitId`). The fields of the requests
and of most bodies are not: any JSON object is taken, `msisdn` names the SIM, and what the bodies say is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.fields import LONGEST_TEXT, Field, Fields
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.identifiers import EAT

MOST: Final = 1000
"""SIMs and messages that are remembered: the oldest go first."""
_KEYS: Final = ("msisdn", "operation", "assetName", "message", "messageId", "searchValue")
"""The keys that are looked at where a request has them; the names are assumed."""

Body = dict[str, Any]


@dataclass(slots=True)
class Sim:
    """One SIM as the portal knows it."""

    msisdn: str
    status: str = "Active"
    asset: str = ""


@dataclass(slots=True)
class SimPortal:
    """The SIMs that requests named, and the messages that were sent to them."""

    sims: dict[str, Sim] = field(default_factory=dict)
    messages: list[Body] = field(default_factory=list)
    sent: int = 0

    def sim(self, msisdn: str) -> Sim:
        """The SIM of this number; it is made when a request first names it."""
        if msisdn not in self.sims:
            if len(self.sims) >= MOST:
                del self.sims[next(iter(self.sims))]
            self.sims[msisdn] = Sim(msisdn)
        return self.sims[msisdn]

    def send(self, msisdn: str, words: str) -> Body:
        """Remember one message."""
        self.sent += 1
        message: Body = {"recepitId": str(self.sent), "msisdn": msisdn, "message": words}
        self.messages = [*self.messages[1 - MOST :], message]
        return message


def fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """The keys that are looked at; none is required, and others are ignored."""
    rows = tuple(
        Field(name=name, read=_any_text, schema={}, about="looked at where it is there", required=False,
              source="none; assumed")
        for name in _KEYS
    )  # fmt: skip
    return Fields(rows)


def handle(operation: str) -> Callable[[DarajaState, JournalExchange, list[Any]], Reply]:
    """The handler of one operation, which is the last part of its path."""
    act = OPERATIONS[operation]

    def answer(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
        request_fields = dict(zip(_KEYS, values, strict=True))
        exchange.msisdn = request_fields["msisdn"][:20]
        body = act(state.part(SimPortal), request_fields, exchange.url.partition("?")[2])
        return Reply(200, dumps({"header": header(state, exchange), "body": body}))

    return answer


def header(state: DarajaState, exchange: JournalExchange) -> Body:
    """The header of a good answer, as IoT and Lipa na Bonga have it."""
    when = datetime.fromtimestamp(exchange.at_s, EAT)
    return {
        "requestRefId": state.ids.request_id(),
        "responseCode": 200,
        "responseMessage": "Success",
        "customerMessage": "Operation Successfull",
        "timestamp": f"{when:%Y-%m-%dT%H:%M:%S.%f}000",
    }


def _done(status: str = "Active") -> Body:
    return {"desc": "Operation successfull", "status": status, "statusCode": "0"}


def _all_sims(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    return _done() | {"sims": _page([_shown(sim) for sim in portal.sims.values()], query)}


def _status(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    return _done(portal.sim(request_fields["msisdn"]).status)


def _customer(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    sim = portal.sim(request_fields["msisdn"])
    return _done(sim.status) | _shown(sim)


def _activate(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    sim = portal.sim(request_fields["msisdn"])
    sim.status = "Active"
    return _done(sim.status)


def _trends(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    active = sum(sim.status == "Active" for sim in portal.sims.values())
    return _done() | {"active": active, "suspended": len(portal.sims) - active}


def _rename(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    sim = portal.sim(request_fields["msisdn"])
    sim.asset = request_fields["assetName"]
    return _done(sim.status)


def _suspend(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    sim = portal.sim(request_fields["msisdn"])
    sim.status = "Active" if request_fields["operation"].lower().startswith("un") else "Suspended"
    return _done(sim.status)


def _send(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    return _done() | {"recepitId": portal.send(request_fields["msisdn"], request_fields["message"])["recepitId"]}


def _messages(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:
    number, words = request_fields["msisdn"], request_fields["searchValue"]
    found = [row for row in portal.messages if number in ("", row["msisdn"]) and words in row["message"]]
    return _done() | {"messages": _page(found, query)}


def _delete(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    portal.messages = [row for row in portal.messages if row["recepitId"] != request_fields["messageId"]]
    return _done()


def _delete_thread(portal: SimPortal, request_fields: Mapping[str, str], query: str) -> Body:  # noqa: ARG001
    portal.messages = [row for row in portal.messages if row["msisdn"] != request_fields["msisdn"]]
    return _done()


OPERATIONS: Final[Mapping[str, Callable[[SimPortal, Mapping[str, str], str], Body]]] = {
    "allsims": _all_sims,
    "queryLifeCycleStatus": _status,
    "querycustomerinfo": _customer,
    "simactivation": _activate,
    "getactivationtrends": _trends,
    "renameasset": _rename,
    "suspend_unsuspend_sub": _suspend,
    "searchmessages": _messages,
    "filtermessages": _messages,
    "deleteMessageThread": _delete_thread,
    "getallmessages": _messages,
    "sendsinglemessage": _send,
    "deletemessage": _delete,
    "getlocationinfo": _status,
}
"""What each path does. Source of the paths: reference 3.22."""


def _shown(sim: Sim) -> Body:
    return {"msisdn": sim.msisdn, "assetName": sim.asset, "simStatus": sim.status}


def _page(rows: list[Body], query: str) -> list[Body]:
    """The rows that `?pageNo=&pageSize=` ask for; the first page has number 1 (assumed)."""
    asked = parse_qs(query)
    number, size = (_number(asked.get(key, [""])[-1]) for key in ("pageNo", "pageSize"))
    size = size or len(rows)
    start = (max(number, 1) - 1) * size
    return rows[start : start + size]


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 9 else 0


def _any_text(value: Any) -> str:
    """Whatever is there, as text."""
    return "" if value is None else str(value)[:LONGEST_TEXT]
