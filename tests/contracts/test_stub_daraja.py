"""The listener that stands in for Daraja where its certificate, or its silence, is the point."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
import requests
from mutants import DUKA, ROOT, run_rules
from tayari_contracts.steps.stub_daraja import StubListener, own_certificate
from tayari_reports.model import State
from tayari_target.merchant_interception import Intercept

SANDBOX = "https://sandbox.safaricom.co.ke/oauth/v1/generate"
TOKEN_CALL = "GET /oauth/v1/generate HTTP/1.1"

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


@pytest.fixture(scope="module")
def certificate() -> Iterator[tuple[Path, Path]]:
    with own_certificate() as files:
        yield files


@pytest.fixture
def listener(certificate: tuple[Path, Path]) -> Iterator[StubListener]:
    with StubListener(certificate) as listener:
        yield listener


def call(listener: StubListener, url: str, *, verify: str | bool, through_proxy: bool) -> requests.Response:
    proxies = {"https": f"http://{listener.address}"} if through_proxy else None
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, proxies=proxies, verify=verify, timeout=5)


def becomes(met: Callable[[], object]) -> bool:
    end = time.monotonic() + 30
    while not met() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(met())


@pytest.mark.parametrize("through_proxy", [False, True])
def test_a_caller_that_verifies_hangs_up_and_is_counted(listener: StubListener, through_proxy: bool) -> None:
    url = SANDBOX if through_proxy else f"https://{listener.address}/oauth/v1/generate"

    with pytest.raises(requests.exceptions.SSLError):
        call(listener, url, verify=True, through_proxy=through_proxy)

    assert becomes(lambda: listener.refused == 1)
    assert listener.calls == []


@pytest.mark.parametrize("through_proxy", [False, True])
@pytest.mark.parametrize("trusts", [False, True])
def test_a_caller_that_verifies_nothing_or_trusts_the_certificate_is_noticed(
    listener: StubListener, certificate: tuple[Path, Path], through_proxy: bool, trusts: bool
) -> None:
    url = SANDBOX if through_proxy else f"https://{listener.address}/oauth/v1/generate"

    answer = call(listener, url, verify=str(certificate[0]) if trusts else False, through_proxy=through_proxy)

    assert answer.json()["access_token"]
    assert (listener.calls, listener.refused) == ([TOKEN_CALL], 0)


def test_a_call_is_held_until_its_caller_gives_up(listener: StubListener) -> None:
    with pytest.raises(requests.Timeout):
        requests.post(f"http://{listener.address}/mpesa/stkpush/v1/processrequest", timeout=0.3)

    assert becomes(lambda: listener.held_s)
    assert listener.held_s[0] > 0.2


def test_its_port_is_free_when_it_has_ended(certificate: tuple[Path, Path]) -> None:
    """A merchant with a host file of its own needs port 443 of an address, of which there are few."""
    with StubListener(certificate) as listener:
        host, _, port = listener.address.partition(":")
        requests.get(f"https://{listener.address}/oauth/v1/generate", verify=False, timeout=5)

    with socket.create_server((host, int(port))) as server:
        assert server.getsockname() == (host, int(port))


def test_a_call_of_another_host_is_the_matter_of_the_runs_own_proxy(certificate: tuple[Path, Path]) -> None:
    asked: list[bytes] = []

    def refuse_one(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            asked.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 403 Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=refuse_one, args=(server,), daemon=True).start()
        onward = f"http://127.0.0.1:{server.getsockname()[1]}"
        with (
            StubListener(certificate, onward=onward) as listener,
            pytest.raises(requests.exceptions.ProxyError, match="403"),
        ):
            call(listener, "https://sms.example/send", verify=True, through_proxy=True)

    assert asked[0].startswith(b"CONNECT sms.example:443 ")
    assert listener.calls == []


@pytest.mark.parametrize(
    ("shop", "way", "defects", "state"),
    [
        pytest.param(DUKA, Intercept.AUTO, ["tls-unverified"], State.FAIL, id="a name inside the process"),
        pytest.param(ROOT / "examples" / "soko", Intercept.PROXY, [], State.PASS, id="a proxy"),
    ],
)
def test_an_intercepted_merchant_is_judged_by_the_certificate_that_it_takes(
    shop: Path, way: Intercept, defects: list[str], state: State
) -> None:
    (check,) = run_rules(["T10"], shop=shop, defects=defects, intercept=way)

    assert check.state is state, check.reason
