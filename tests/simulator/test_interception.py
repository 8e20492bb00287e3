"""Safaricom's host names lead to the simulator, under TLS and through the proxy, and nothing leads to Safaricom."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from running_simulator import Running, becomes_silent, running
from tayari_simulator.state_folder import state_folder
from tayari_simulator.transport.connections.listener import listening_socket
from tayari_simulator.transport.interception import authority as authorities
from tayari_simulator.transport.interception import forward_proxy
from tayari_simulator.transport.interception.authority import CA_FILE, AuthorityError, LocalAuthority
from tayari_simulator.transport.interception.forward_proxy import Asked, ForwardProxy, Others, ProxyRefused, read_head
from tayari_simulator.transport.interception.hosts import is_safaricom, is_this_machine
from tayari_simulator.transport.interception.record import MOST_ROWS, InterceptionRecord, Way

TOKEN = "/oauth/v1/generate?grant_type=client_credentials"
SANDBOX, PRODUCTION = "https://sandbox.safaricom.co.ke", "https://api.safaricom.co.ke"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    with running(tls=True, tls_port=0, proxy_port=0, state_folder=folder) as server:
        yield server


@pytest.fixture
def settings(server: Running) -> dict[str, Any]:
    requests.post(f"{server.control_url}/v1/reset", json={}, timeout=5).raise_for_status()
    return dict(server.control.settings())


def call(settings: dict[str, Any], url: str, *, ca_file: str | None = None, **how: Any) -> requests.Response:
    """A call through the proxy, by a client that trusts the local authority and reads no environment."""
    proxies = {"http": settings["proxy_url"], "https": settings["proxy_url"]}
    with requests.Session() as session:
        session.trust_env = False
        return session.request("GET", url, proxies=proxies, verify=ca_file or settings["ca_file"], timeout=10, **how)


def answer_to(settings: dict[str, Any], raw: bytes) -> str:
    """What the proxy answers to these bytes."""
    with socket.create_connection(
        (urlsplit(settings["proxy_url"]).hostname, urlsplit(settings["proxy_url"]).port)
    ) as it:
        it.settimeout(10)
        it.sendall(raw)
        return b"".join(iter(lambda: it.recv(65536), b"")).decode()


def calls(server: Running) -> list[tuple[str, str, int]]:
    rows = requests.get(f"{server.control_url}/v1/interception", timeout=5).json()["calls"]
    return [(row["host"], row["way"], row["count"]) for row in rows]


@pytest.mark.parametrize(
    "host", [SANDBOX, PRODUCTION, "https://SANDBOX.Safaricom.co.KE", "https://api.safaricom.co.ke."]
)
def test_safaricoms_names_are_played_through_the_proxy(server: Running, settings: dict[str, Any], host: str) -> None:
    answer = call(settings, host + TOKEN, auth=("key", "secret"))

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "expires_in"}
    (entry,) = server.control.journal(limit=10)["entries"]
    assert entry["endpoint"] == "oauth"
    assert is_safaricom(entry["request"]["headers"]["Host"])
    assert sorted(row[1:] for row in calls(server)) == [("played", 1), ("tls", 1)]


def test_the_absolute_form_is_played_too(server: Running, settings: dict[str, Any]) -> None:
    answer = call(settings, "http://sandbox.safaricom.co.ke" + TOKEN, auth=("key", "secret"))

    assert answer.status_code == 200
    assert calls(server) == [("sandbox.safaricom.co.ke", "played", 1)]


def test_the_tls_port_shows_safaricoms_names(settings: dict[str, Any]) -> None:
    tls = urlsplit(settings["tls_url"])
    command = [
        "import ssl, socket, sys; c = ssl.create_default_context(cafile=sys.argv[1]);",
        "[c.wrap_socket(socket.create_connection((sys.argv[2], int(sys.argv[3]))), server_hostname=n).close()",
        "for n in ('sandbox.safaricom.co.ke', 'api.safaricom.co.ke', 'localhost', '127.0.0.1')]",
    ]
    words = [sys.executable, "-c", " ".join(command), settings["ca_file"], str(tls.hostname), str(tls.port)]

    assert subprocess.run(words, capture_output=True, text=True, timeout=30, check=False).stderr == ""


def test_a_client_that_does_not_trust_the_authority_is_reported(
    server: Running, settings: dict[str, Any], tmp_path: Path
) -> None:
    other = LocalAuthority.open(tmp_path)

    with pytest.raises(requests.exceptions.SSLError):
        call(settings, SANDBOX + TOKEN, ca_file=str(other.ca_file))

    assert [row for row in calls(server) if row[1] == "untrusted"] == [("", "untrusted", 1)]


def test_a_client_for_which_the_certificate_has_expired_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorities, "_LEAF_DAYS", -1)
    with running(tls=True, tls_port=0, proxy_port=0, state_folder=tmp_path) as server:
        with pytest.raises(requests.exceptions.SSLError, match="certificate has expired"):
            call(dict(server.control.settings()), SANDBOX + TOKEN)

        rows = requests.get(f"{server.control_url}/v1/interception", timeout=5).json()["calls"]

    assert [(row["way"], "CERTIFICATE_EXPIRED" in row["reason"]) for row in rows] == [
        ("played", False),
        ("untrusted", True),
    ]


def test_other_hosts_are_refused_with_the_way_out(server: Running, settings: dict[str, Any]) -> None:
    answer = call(settings, "http://shop.example/")

    assert answer.status_code == 403
    assert "shop.example is not called from this test" in answer.text
    assert "--proxy-others pass" in answer.text
    assert calls(server) == [("shop.example", "refused", 1)]


def test_this_machine_passes(server: Running, settings: dict[str, Any]) -> None:
    answer = call(settings, f"{server.daraja_url}{TOKEN}", auth=("key", "secret"))

    assert answer.status_code == 200
    assert calls(server) == [("127.0.0.1", "passed", 1)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "not as base URL"),
        (b"\x16\x03\x01\x02\x00", "write http:// in HTTPS_PROXY"),
        (b"hello\r\n\r\n", "this is not HTTP/1.1"),
        (b"CONNECT sandbox.safaricom.co.ke:80 HTTP/1.1\r\n\r\n", "is played on port 443 only, not on 80"),
        (b"CONNECT sandbox.safaricom.co.ke HTTP/1.1\r\n\r\n", "expected HOST:PORT"),
        (b"CONNECT shop.example:99999 HTTP/1.1\r\n\r\n", "is not HOST:PORT"),
        (b"GET https://sandbox.safaricom.co.ke/ HTTP/1.1\r\n\r\n", "https goes through CONNECT"),
        (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", "127.0.0.1:1 cannot be reached"),
    ],
)
def test_what_is_no_call_to_a_proxy_is_answered(settings: dict[str, Any], raw: bytes, expected: str) -> None:
    assert expected in answer_to(settings, raw)


def test_an_outage_closes_the_ports_of_an_interception_and_they_open_again(
    server: Running, settings: dict[str, Any]
) -> None:
    requests.post(f"{server.control_url}/v1/outage", json={"kind": "refuse", "for_s": 60}, timeout=5).raise_for_status()
    for name in ("daraja_url", "tls_url", "proxy_url"):
        assert becomes_refused(settings[name])

    requests.post(f"{server.control_url}/v1/reset", json={}, timeout=5).raise_for_status()
    until_open(lambda: call(settings, SANDBOX + TOKEN, auth=("key", "secret")).status_code == 200)


def test_a_port_that_another_program_took_during_an_outage_opens_when_it_is_given_back(
    server: Running, settings: dict[str, Any]
) -> None:
    requests.post(f"{server.control_url}/v1/outage", json={"kind": "refuse", "for_s": 60}, timeout=5).raise_for_status()
    assert becomes_refused(settings["tls_url"])
    with listening_socket("127.0.0.1", urlsplit(settings["tls_url"]).port or 0) as taken:
        taken.listen()
        requests.post(f"{server.control_url}/v1/reset", timeout=5).raise_for_status()
        until_open(lambda: requests.get(settings["daraja_url"], timeout=5).status_code > 0)

    until_open(lambda: call(settings, SANDBOX + TOKEN, auth=("key", "secret")).status_code == 200)


def test_a_silent_outage_is_one_of_the_ports_of_an_interception_too(server: Running, settings: dict[str, Any]) -> None:
    requests.post(f"{server.control_url}/v1/outage", json={"kind": "silent", "for_s": 60}, timeout=5).raise_for_status()
    for name in ("daraja_url", "tls_url", "proxy_url"):
        assert becomes_silent(settings[name])
    requests.post(f"{server.control_url}/v1/reset", timeout=5).raise_for_status()

    until_open(lambda: requests.get(settings["daraja_url"], timeout=5).status_code > 0)


def becomes_refused(url: str) -> bool:
    """Whether connections are refused, now or soon: the system closes a port in a later turn of the loop."""
    parts = urlsplit(url)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=5).close()
        except ConnectionRefusedError:
            return True
        except OSError:  # taken and dropped: it is about to close
            time.sleep(0.01)
    return False


def until_open(met: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            assert met()
            return
        except requests.exceptions.ConnectionError:
            time.sleep(0.02)
    raise AssertionError("the port did not open again")


@pytest.mark.parametrize(
    "host",
    [
        "sandbox.safaricom.co.ke",
        "API.SAFARICOM.CO.KE",
        "api.safaricom.co.ke.",
        "safaricom.co.ke",
        "new.safaricom.co.ke",
    ],
)
def test_a_name_of_safaricoms_in_any_spelling(host: str) -> None:
    assert is_safaricom(host)
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", ["safaricom.co.ke.example", "notsafaricom.co.ke", "co.ke", "", "127.0.0.1"])
def test_a_name_that_only_looks_like_it(host: str) -> None:
    assert not is_safaricom(host)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "duka.localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_this_machine_by_its_names(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["localhost.example", "0.0.0.0", "10.0.0.1", "::ffff:10.0.0.1", "128.0.0.1"])
def test_another_machine(host: str) -> None:
    assert not is_this_machine(host)


def proxy(others: Others) -> ForwardProxy:
    own = lambda: ("127.0.0.1", 1)  # noqa: E731 - an address that nothing is sent to
    return ForwardProxy("127.0.0.1", 0, plain=own, tls=own, others=others, record=InterceptionRecord())


def test_an_answer_under_way_gets_through_although_the_proxy_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward_proxy, "CLOSE_S", 60.0)
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await may_answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def test() -> bytes:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        own = server.sockets[0].getsockname
        port = ForwardProxy("127.0.0.1", 0, plain=own, tls=own, others=Others.REFUSE, record=InterceptionRecord())
        await port.open()
        reader, writer = await asyncio.open_connection(*port.address)
        writer.write(f"GET http://sandbox.safaricom.co.ke{TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await asked.wait()
        closing = asyncio.create_task(port.close())
        await asyncio.sleep(0)  # it has begun to close
        may_answer.set()
        answered = await reader.read()
        await closing
        writer.close()
        server.close()
        return answered

    assert asyncio.run(test()).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize("others", list(Others))
@pytest.mark.parametrize("host", ["sandbox.safaricom.co.ke", "Api.Safaricom.Co.Ke.", "x.safaricom.co.ke"])
def test_safaricom_is_never_called_whatever_passes(others: Others, host: str) -> None:
    assert proxy(others)._address(Asked("CONNECT", host, 443, b"")) == (Way.PLAYED, ("127.0.0.1", 1))


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "192.0.513", "3221225985"])
def test_addresses_never_pass_for_they_may_be_safaricoms(host: str) -> None:
    with pytest.raises(ProxyRefused, match="only host names may pass"):
        proxy(Others.PASS)._address(Asked("CONNECT", host, 443, b""))


def test_other_names_pass_where_they_may() -> None:
    assert proxy(Others.PASS)._address(Asked("CONNECT", "Shop.example", 443, b"")) == (
        Way.PASSED, ("shop.example", 443)
    )  # fmt: skip


def test_a_head_in_absolute_form_becomes_one_that_a_server_reads() -> None:
    asked = read_head(
        b"POST http://user@sandbox.safaricom.co.ke:8080/a/b?c=d#e HTTP/1.1\r\nHost: x\r\nProxy-Authorization: s\r\n"
        b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\n"
    )

    assert (asked.host, asked.port) == ("sandbox.safaricom.co.ke", 8080)
    assert asked.head == (b"POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")


def test_the_authority_is_made_once_and_its_key_is_its_owners(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: LocalAuthority.open(folder), range(8)))

    assert len({row.certificate.serial_number for row in opened}) == 1
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"tayari-ca-with-key.pem": 0o600, CA_FILE: 0o644}
    assert b"PRIVATE" not in opened[0].ca_file.read_bytes()


def test_who_found_no_authority_removes_none_that_was_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, made, look = Event(), Event(), authorities._is_usable

    def slow_first_look(whole: Path) -> bool:
        found, is_first = look(whole), not looked.is_set()
        looked.set()
        if is_first:
            made.wait(0.5)  # another one is made in this time, unless that has to wait too
        return found

    monkeypatch.setattr(authorities, "_is_usable", slow_first_look)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(LocalAuthority.open, tmp_path)
        assert looked.wait(30)
        quick = LocalAuthority.open(tmp_path)
        made.set()

    assert slow.result().certificate == quick.certificate


def test_an_authority_that_soon_runs_out_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorities, "_AUTHORITY_DAYS", 20)
    old = LocalAuthority.open(tmp_path)
    monkeypatch.undo()

    new = LocalAuthority.open(tmp_path)

    assert old.certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=30)
    assert new.certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=365)
    assert LocalAuthority.open(tmp_path).certificate == new.certificate


def test_files_that_are_no_authority_are_named(tmp_path: Path) -> None:
    (tmp_path / "tayari-ca-with-key.pem").write_text("nothing")

    with pytest.raises(AuthorityError, match=r"tayari-ca-with-key\.pem holds no certificate with its key.*delete it"):
        LocalAuthority.open(tmp_path)
    with pytest.raises(AuthorityError, match="TAYARI_STATE"):
        LocalAuthority.open(tmp_path / "tayari-ca-with-key.pem")


def test_where_the_authority_is_kept() -> None:
    assert state_folder({"TAYARI_STATE": "/a"}) == Path("/a")
    assert state_folder({"XDG_STATE_HOME": "/b"}) == Path("/b/tayari")
    assert state_folder({}) == Path.home() / ".local" / "state" / "tayari"


def test_the_record_is_bounded() -> None:
    record = InterceptionRecord()
    for number in range(MOST_ROWS + 3):
        record.note(f"host{number}", Way.REFUSED, "why", at_s=1.0)

    assert len(record.to_dict()["calls"]) == MOST_ROWS
    assert record.to_dict()["others"] == 3
    assert json.dumps(record.to_dict())
