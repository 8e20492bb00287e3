"""Published clients, unpatched apart from their base URL, run every operation that they have.

What a faithful simulator must refuse stands in the table with its reason; everything else must succeed, and the
own parser of the client must read our message.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from clients import CLIENTS, Client, table
from driver_settings import RECEIVER_URL, settings_of
from environments import RegistryUnreachable, command_of
from tayari_control.process import Callbacks, SimulatorOptions, SimulatorProcess, start_simulator

pytestmark = pytest.mark.registry

_PHONES = count(254_733_000_100)
"""Each client has a phone of its own: the same amount twice within two minutes is limited."""
OTHER_FORMS = {
    "expires_in_type": "number",
    "balance_item": "empty",
    "callback_amount": "two_decimals",
    "request_id_style": "classic",
    "id_fraction_digits": "3",
}
"""How a push was answered in other years. The clients with a parser run on it too."""
PARSERS = frozenset({"mpesakit", "daraja-sdk-py", "mpesa-daraja-mcp", "singularity-payments", "django-daraja"})
FORMS = {"documented": {}, "other forms": OTHER_FORMS}
RUNS = [(form, client) for form in FORMS for client in CLIENTS if form == "documented" or client.name in PARSERS]


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest) -> None:
    """The environments of the selected clients, several at a time: a registry is slow to answer."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    clients = [spec.params["client"] for spec in specs if spec is not None and "client" in spec.params]
    wanted = {client.name: client for client in clients if isinstance(client, Client)}

    def build(client: Client) -> None:
        with suppress(RegistryUnreachable):
            command_of(client.name, client.driver)

    with ThreadPoolExecutor(4) as builders:
        list(builders.map(build, wanted.values()))


@pytest.fixture(scope="module")
def receiver_port() -> int:
    """Where each driver receives, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def simulator(request: pytest.FixtureRequest, receiver_port: int) -> Iterator[SimulatorProcess]:
    """A simulator that delivers to the driver what is sent to the shop."""
    words = [word for name, value in FORMS[request.param].items() for word in ("--option", f"{name}={value}")]
    callbacks = Callbacks(rewrite={RECEIVER_URL: f"http://127.0.0.1:{receiver_port}"})
    with start_simulator(SimulatorOptions(clock="scaled:20", callbacks=callbacks, extra=tuple(words))) as process:
        yield process


@pytest.mark.parametrize(
    ("simulator", "client"), RUNS, indirect=["simulator"], ids=[f"{client.name}-{form}" for form, client in RUNS]
)
@pytest.mark.usefixtures("built")
def test_a_real_client_runs_all_its_operations(
    client: Client,
    simulator: SimulatorProcess,
    receiver_port: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    try:
        words, environment = command_of(client.name, client.driver)
    except RegistryUnreachable as unreachable:
        request.getfixturevalue("not_proven")[client.name] = str(unreachable)
        pytest.skip(f"registry unreachable: {unreachable}")

    environment |= settings_of(simulator, receiver_port, tmp_path, phone=str(next(_PHONES)))
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)

    assert not done.returncode, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])["rows"]
    assert set(rows) == set(client.operations.split())
    unread = dict(client.unread_later)
    if "other forms" in request.node.name:
        unread |= client.unread_otherwise
    for name, row in rows.items():
        judge(client, name, row, unread)


def judge(client: Client, name: str, row: dict[str, Any], unread: Mapping[str, str]) -> None:
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


def test_the_page_has_the_table_of_clients() -> None:
    page = Path(__file__).parents[2] / "docs" / "real-clients.md"

    assert table() in page.read_text(), "write what `python tests/real_clients/clients.py` prints to the page"


def code_of(message: Any) -> str:
    """How the later message, of whichever API, says that it went."""
    if "Result" in message:
        return str(message["Result"]["ResultCode"])
    if "Body" in message:
        return str(message["Body"]["stkCallback"]["ResultCode"])
    if "responseHeader" in message:
        return str(message["responseHeader"]["responseCode"])
    return "0" if message.get("TransID") else str(message.get("resultCode"))
