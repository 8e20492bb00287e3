"""Published clients, unpatched apart from their base URL, against the simulator: every operation, outcome and parser.

The table has what a faithful simulator must refuse, with the reason; everything else must succeed, and the
own parser of the client must read our message. Each client runs in one process, which then is asked further things.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from clients import CLIENTS, Client, table
from driver_process import RECEIVER_URL, Driver, Json, object_of, settings_of
from environments import RegistryUnreachable, command_of
from tayari_contracts.checks.request.s01_password import password_problem
from tayari_control.client import ControlClient
from tayari_control.simulator_process import CallbackRoute, SimulatorOptions, SimulatorProcess, start_simulator

pytestmark = pytest.mark.registry

_PHONES = count(254_722_000_100)
CODES: tuple[int | str, ...] = (0, 1032, "SFC_IC0003")
"""Paid, cancelled, and a code that is no number."""
OTHER_FORMS = {
    "expires_in_type": "number",
    "balance_item": "empty",
    "callback_amount": "two_decimals",
    "request_id_style": "classic",
    "wording": "classic-2021",
    "id_fraction_digits": "3",
    "query_description": "successsfully",
}
"""Everything of the successful path that was seen to differ between years and environments, the other way round."""
LENIENT = {"reversal_identifier": "any", "b2c_own_id": "optional", "whole_amounts": "accept"}
"""What several clients send and no document settles."""
FORMS: Mapping[str, Mapping[str, str]] = {"documented": {}, "other forms": OTHER_FORMS, "lenient": LENIENT}
RUNS = [(form, client) for form in ("documented", "other forms") for client in CLIENTS]


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest) -> None:
    """The environments of the selected clients, several at a time: a registry is slow to answer."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    runs = [spec.params["played"] for spec in specs if spec is not None and "played" in spec.params]

    def build(client: Client) -> None:
        with suppress(RegistryUnreachable):
            command_of(client.name, client.driver)

    with ThreadPoolExecutor(4) as builders:
        list(builders.map(build, {client.name: client for _, client in runs}.values()))


@pytest.fixture(scope="module")
def receiver_port() -> int:
    """Where each driver receives, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def simulators(receiver_port: int) -> Iterator[Mapping[str, SimulatorProcess]]:
    """A simulator of each form, which delivers to the driver what is sent to the shop. Its clock is fast."""
    callbacks = CallbackRoute(rewrite={RECEIVER_URL: f"http://127.0.0.1:{receiver_port}"})
    options = {form: {**switches, "same_amount": "accept"} for form, switches in FORMS.items()}
    words = {
        form: tuple(word for name, value in rows.items() for word in ("--option", f"{name}={value}"))
        for form, rows in options.items()
    }
    started = {
        form: start_simulator(SimulatorOptions(clock="scaled:20", callbacks=callbacks, extra=extra))
        for form, extra in words.items()
    }
    yield started
    for process in started.values():
        process.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A client that has run all its operations, and its process."""

    client: Client
    form: str
    rows: Json
    driver: Driver
    control: ControlClient
    phone: str
    passkey: str

    def asked(self, what: Json) -> Json:
        """What the client told of a push or a query; made again where the clock turned in the middle of it."""
        since = self.control.journal_end()
        told = self.driver.ask(what)
        return self.driver.ask(what) if clock_turned(self.control, since, self.passkey) else told

    def pushed(self, code: int | str, **scenario: Any) -> Any:
        """The callback of a push that ends with this code."""
        before = len(self.control.payments(msisdn=self.phone))
        outcome = {"result_code": code, "after_s": 0.2}
        self.control.play_next({"outcome": outcome, **scenario}, msisdn=self.phone)
        answer = self.asked({"push": True})
        payments = self.control.payments(msisdn=self.phone)
        assert len(payments) > before, answer
        payment = payments[before]
        assert scenario or payment["checkout_request_id"] in json.dumps(answer), answer
        self.control.wait("idle", timeout_s=20)
        entries = self.control.journal(checkout_request_id=payment["checkout_request_id"])["entries"]
        (reply,) = [entry for entry in entries if '"stkCallback"' in entry["request"]["body"]]
        assert reply["response"]["status"] == 200
        return json.loads(reply["request"]["body"])


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest,
    built: None,
    simulators: Mapping[str, SimulatorProcess],
    receiver_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    """The client's own process, once it has run all operations."""
    form, client = request.param
    try:
        words, environment = command_of(client.name, client.driver)
    except RegistryUnreachable as unreachable:
        request.getfixturevalue("not_proven")[client.name] = str(unreachable)
        pytest.skip(f"registry unreachable: {unreachable}")
    simulator, phone = simulators[form], str(next(_PHONES))
    folder = tmp_path_factory.mktemp("driver")
    settings = settings_of(simulator, receiver_port, folder, phone=phone)
    control, passkey = ControlClient(simulator.control_url), settings["PASSKEY"]
    since = control.journal_end()
    driver, reply = begun(words, environment | settings, folder)
    if clock_turned(control, since, passkey):
        driver.end()
        driver, reply = begun(words, environment | settings, folder)
    assert "rows" in reply, reply
    yield Played(
        client=client, form=form, rows=reply["rows"], driver=driver, control=control, phone=phone, passkey=passkey
    )
    control.close()
    driver.end()


def begun(words: list[str], environment: Mapping[str, str], folder: Path) -> tuple[Driver, Json]:
    """The client's process, and what it printed once it had run all operations."""
    driver = Driver(words, {**environment, "ON_DEMAND": "1"}, folder)
    return driver, driver.line_with("rows")


def clock_turned(control: ControlClient, since: int, passkey: str) -> bool:
    """Whether a client that reads the clock for the Password and again for the Timestamp read two different seconds:
    Daraja refuses that, and it is a matter of chance (findings/password_other_second.sh).
    """
    asked = (entry for entry in control.journal_entries(since=since) if entry["endpoint"] in {"stk_push", "stk_query"})
    bodies = (object_of(entry["request"]["body"]) for entry in asked)
    return any("made with the timestamp" in password_problem(body, passkey=passkey) for body in bodies if body)


def only(runs: list[tuple[str, Client]]) -> pytest.MarkDecorator:
    """The runs of a test."""
    names = [f"{client.name}-{form}" for form, client in runs]
    return pytest.mark.parametrize("played", runs, indirect=True, ids=names, scope="module")


PUSHING = [run for run in RUNS if "stk_push" not in run[1].refused]


@only(RUNS)
def test_a_real_client_runs_all_its_operations(played: Played) -> None:
    client = played.client
    unread = {**client.unread_later, **(client.unread_otherwise if played.form == "other forms" else {})}

    assert set(played.rows) == set(client.operations.split())
    for name, row in played.rows.items():
        judge(client, name, row, unread)


@only(PUSHING)
def test_a_real_client_reads_every_outcome_and_queries_it(played: Played) -> None:
    for code in CODES:
        callback = played.pushed(code)

        assert callback["Body"]["stkCallback"]["ResultCode"] == code
        if "parsed" in played.rows["stk_push"]:
            read_as_it_should_be(played, callback, code)
        if "stk_query" in played.rows:
            assert f'"{code}"' in json.dumps(played.asked({"query": callback})["answer"])


@only([run for run in PUSHING if run[0] == "documented"])
def test_a_real_client_that_loses_the_acknowledgement(played: Played) -> None:
    """Daraja has no idempotency: a client that repeats the push asks the customer to pay twice."""
    before = len(played.control.payments(msisdn=played.phone))

    played.pushed(0, faults=[{"ack_lost": {"status": 504}}])

    assert len(played.control.payments(msisdn=played.phone)) - before == played.client.pushes_after_504


@only([("lenient", client) for client in CLIENTS if client.name in {"umojasdk", "mpesa-api"}])
def test_what_no_document_settles_is_served_where_it_is_switched(played: Played) -> None:
    switched = {"reversal", "b2c"} & set(played.client.refused)

    assert switched
    for name in switched:
        assert code_of(played.rows[name]["message"]) == "0", (name, played.rows[name])


@only([("documented", client) for client in CLIENTS if client.name == "mpesakit"])
def test_mpesakit_calls_the_query_of_a_cancelled_payment_successful(played: Played) -> None:
    """Its `is_successful` of a query reads ResponseCode, which only says that the query was answered."""
    answer = played.asked({"query": played.pushed(1032)})["answer"]

    assert answer == {"result_code": "1032", "successful": True}


@only([("documented", client) for client in CLIENTS if client.name == "mpesakit"])
def test_mpesakit_sends_the_passkey_along(played: Played) -> None:
    """The secret that the password is made from travels beside it, in push and query."""
    entries = played.control.journal(msisdn=played.phone)["entries"]

    sent = {entry["endpoint"]: entry["request"]["body"] for entry in entries if entry["kind"] == "request"}
    assert all('"Passkey"' in sent[endpoint] for endpoint in ("stk_push", "stk_query"))


def test_the_page_has_the_table_of_clients() -> None:
    page = Path(__file__).parents[2] / "docs" / "real-clients.md"

    assert table() in page.read_text(), "write what `python tests/real_clients/clients.py` prints to the page"


def read_as_it_should_be(played: Played, callback: Json, code: int | str) -> None:
    """The client's own parser read the callback, unless it is known not to."""
    reply = played.driver.ask({"parse": callback})
    if code == "SFC_IC0003" and not played.client.reads_letters:
        assert "raised" in reply, reply
        return
    text = json.dumps(reply["answer"])
    assert str(code) in text
    if code == 0:
        items = callback["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
        assert all(
            str(item["Value"]) in text for item in items if item["Name"] in {"MpesaReceiptNumber", "PhoneNumber"}
        )


def judge(client: Client, name: str, row: Json, unread: Mapping[str, str]) -> None:
    """What came of an operation is what the table says."""
    if expected := client.refused.get(name) or client.unread.get(name):
        assert expected in row["raised"], (name, row)
        return
    assert "raised" not in row, (name, row)
    if "message" in row:
        assert row["message"] is not None, f"{name}: no message came"
        assert code_of(row["message"]) == client.failed.get(name, "0"), (name, row["message"])
    assert unread.get(name, "") in row.get("parse_raised", ""), (name, row)
    assert ("parse_raised" in row) == (name in unread), (name, row)


def code_of(message: Any) -> str:
    """How the later message, of whichever API, says that it went."""
    if "Result" in message:
        return str(message["Result"]["ResultCode"])
    if "Body" in message:
        return str(message["Body"]["stkCallback"]["ResultCode"])
    if "responseHeader" in message:
        return str(message["responseHeader"]["responseCode"])
    return "0" if message.get("TransID") else str(message.get("resultCode"))
