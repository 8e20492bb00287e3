"""The shipped scenarios of C2B and pull transactions: Daraja does what their files say."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from c2b_kit import REGISTER, SIMULATE, register, simulate
from core_kit import Desk, payload, wire
from shipped_scenarios import DOCUMENTS as ALL
from shipped_scenarios import SHIPPED as EVERY
from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.behaviour import Delivery, Reply, Transport

SHIPPED = [row for row in EVERY if row.name.startswith(("c2b/", "pull/"))]
DOCUMENTS = {row.name: ALL[row.name] for row in SHIPPED}
BODIES = {
    "c2b": (SIMULATE, payload("c2b_simulate.request.paybill")),
    "c2b_register": (REGISTER, payload("c2b_register.request")),
    "pull_register": ("/pulltransactions/v1/register", payload("pull_register.request")),
    "pull_query": ("/pulltransactions/v1/query", payload("pull_query.request")),
}
CALLED_BACK = [name for name, document in DOCUMENTS.items() if "outcome" in document]
REFUSED = [name for name in DOCUMENTS if name not in CALLED_BACK]


def playing(name: str) -> Desk:
    """A Daraja with registered URLs whose next call of the scenario's endpoint plays it."""
    desk = Desk()
    register(desk)
    selector = Selector(SHIPPED)
    scenario = selector.get(name)
    selector.queue(scenario, endpoint=scenario.when.endpoint)
    desk.daraja.state.choose = selector
    return desk


def called(desk: Desk, name: str) -> Reply:
    path, body = BODIES[DOCUMENTS[name]["when"]["endpoint"]]
    return desk.call(path, orjson.dumps(body))


def fault_of(name: str) -> tuple[str, dict[str, Any]]:
    ((fault, given),) = (next(iter(entry.items())) for entry in DOCUMENTS[name].get("faults", [{"none": {}}]))
    return fault, given


@pytest.mark.parametrize("name", REFUSED)
def test_a_call_is_answered_as_the_file_says_and_the_next_one_well(name: str) -> None:
    desk = playing(name)
    reply = called(desk, name)
    fault, given = fault_of(name)

    if fault == "api_error":
        assert (reply.status, wire(reply.body)["errorCode"]) == (
            ERRORS[given["error"]].status,
            ERRORS[given["error"]].code,
        )
    elif fault == "gateway_fault":
        assert wire(reply.body) == GATEWAY_FAULTS[given["fault"]].body
    elif fault == "html":
        assert reply.body.decode() == PAGES[given["page"]].body
    elif fault == "slow":
        assert reply.delay_s == given["first_byte_s"]
    else:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(reply.body)
    assert desk.after(5.0) == []
    assert called(desk, name).status == 200


@pytest.mark.parametrize("name", CALLED_BACK)
def test_a_payment_ends_and_is_confirmed_as_the_file_says(name: str) -> None:
    desk = playing(name)
    reply = called(desk, name)
    code = DOCUMENTS[name]["outcome"]["result_code"]
    (transaction,) = desk.daraja.state.transactions.all()
    sent = desk.after(100.0)

    assert reply.transport is (Transport.CLOSE if fault_of(name)[0] == "ack_lost" else Transport.NORMAL)
    assert transaction.result_code == code
    assert bool(transaction.receipt) is (code == 0)
    check_messages(name, sent, transaction.receipt)


def check_messages(name: str, sent: list[Delivery], receipt: str) -> None:
    """As many messages as the file says; what is changed in them is what it changes."""
    fault, given = fault_of(name)
    if not receipt or fault == "drop":
        assert sent == []
        return
    assert len(sent) == (2 if fault in ("duplicate", "forge") else 1)
    if fault == "malformed_callback":
        return
    message = wire(sent[-1].body)
    assert message["TransID"] == receipt
    if fault == "mutate":
        assert {key: message[key] for key in given.get("set", {})} == given.get("set", {})
        assert not set(given.get("drop", ())) & set(message)
        assert sent[0].note == "mutated" or "LastName" in sent[0].note or "MiddleName" in sent[0].note
    if fault == "forge":
        assert wire(sent[0].body)["TransID"] != receipt


def test_the_magic_number_of_a_c2b_payer_chooses_its_scenario() -> None:
    desk = Desk()
    register(desk)
    desk.daraja.state.choose = Selector(SHIPPED)
    number = DOCUMENTS["c2b/insufficient-funds"]["magic"]
    simulate(desk, Msisdn=f"254700000{number}")
    desk.after(2.0)

    assert [row.result_code for row in desk.daraja.state.transactions.all()] == [1]
