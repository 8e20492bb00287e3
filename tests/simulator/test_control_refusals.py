"""What the control API refuses: one shape, a way out in the message, and nothing changed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from running_simulator import Running, running
from shipped_scenarios import SHIPPED
from tayari_simulator.control import routes
from tayari_simulator.scenarios.scenario_reader import read_scenario

MSISDN = "254712345678"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(SHIPPED) as alone:
        yield alone


def state_of(server: Running) -> Any:
    """What a refused request must not have changed."""
    metrics = requests.get(f"{server.control_url}/metrics", timeout=5).text
    queued = next(line for line in metrics.splitlines() if line.startswith("tayari_queued_scenarios "))
    return queued, server.control.settings(), server.control.payments(), len(server.control.scenarios())


NEXT = "/v1/next"
CALLBACKS = "/v1/callbacks"
Case = tuple[str, str, Any, int, str, str]
CASES: list[Case] = [
    ("POST", NEXT, {}, 400, "bad_body", "required key `scenario` is missing"),
    ("POST", NEXT, [], 400, "bad_body", "found a list; expected a mapping"),
    ("POST", NEXT, {"scenario": 5, "msisdn": MSISDN}, 400, "bad_body", "expected a name or an object"),
    (
        "POST",
        NEXT,
        {"scenario": "payment/success", "msisdm": MSISDN},
        400,
        "bad_body",
        "msisdm: unknown key; did you mean msisdn?",
    ),
    ("POST", NEXT, {"scenario": "payment/success"}, 400, "misplaced_scenario", "exactly one of msisdn and endpoint"),
    (
        "POST",
        NEXT,
        {"scenario": "payment/success", "msisdn": "0712345678"},
        400,
        "bad_body",
        'msisdn: found "0712345678"; expected 12 digits',
    ),
    ("POST", NEXT, {"scenario": "payment/success", "msisdn": MSISDN, "times": 0}, 400, "bad_body", "at least 1"),
    (
        "POST",
        NEXT,
        {"scenario": "payment/success", "endpoint": "stk_push", "hold_s": 1},
        400,
        "bad_body",
        "give its msisdn",
    ),
    ("POST", NEXT, {"scenario": "payment/sucess", "msisdn": MSISDN}, 404, "unknown_scenario", "payment/success?"),
    (
        "POST",
        NEXT,
        {"scenario": "token/edge-403", "msisdn": MSISDN},
        400,
        "misplaced_scenario",
        "queue it with endpoint: oauth",
    ),
    (
        "POST",
        NEXT,
        {"scenario": {"outcome": {"after_s": 0}}, "msisdn": MSISDN},
        422,
        "bad_scenario",
        "outcome.after_s: found 0; expected a number above 0",
    ),
    (
        "POST",
        NEXT,
        {"scenario": {"outcome": {"result_code": 1}}, "endpoint": "c2b"},
        400,
        "misplaced_scenario",
        "or write when: {endpoint: c2b} in the scenario",
    ),
    ("PUT", "/v1/scenarios/active", {}, 400, "bad_body", "required key `scenario` is missing"),
    ("PUT", "/v1/scenarios/active", {"scenario": "x/y"}, 404, "unknown_scenario", 'no scenario "x/y" is loaded'),
    ("POST", "/v1/scenarios", {"yaml": ""}, 422, "bad_scenario", "inline.yaml:1: found nothing; expected a mapping"),
    ("POST", "/v1/scenarios", {"yaml": "scenario: a/b"}, 422, "bad_scenario", "required key `about` is missing"),
    ("GET", "/v1/scenarios/x/y", None, 404, "unknown_scenario", 'no scenario "x/y"'),
    ("POST", "/v1/reset", {"all": True}, 400, "bad_body", "all: unknown key"),
    ("POST", "/v1/outage", {"kind": "hang", "for_s": 1}, 400, "bad_body", 'kind: found "hang"; known: refuse, silent'),
    ("POST", "/v1/outage", {"kind": "refuse", "for_s": 0}, 400, "bad_body", "for_s: found 0"),
    ("PUT", f"/v1/wallets/{MSISDN}", {"balance": -1}, 400, "bad_body", "balance: found -1; expected at least 0"),
    ("PUT", f"/v1/wallets/{MSISDN}", {"balance": 1.5}, 400, "bad_body", "balance: found 1.5; expected a whole number"),
    ("PUT", "/v1/wallets/12", {"balance": 1}, 400, "bad_msisdn", '"12": found "12"; expected 12 digits'),
    ("POST", "/v1/clock/advance", {"by_s": 1}, 409, "clock_is_real", "--clock manual"),
    ("POST", "/v1/clock/advance", {"by_s": 1, "to": "next"}, 400, "bad_body", "exactly one of by_s, to: next"),
    ("POST", "/v1/clock/advance", {"by_s": -1}, 400, "bad_body", "by_s: found -1; expected a number above 0"),
    ("POST", "/v1/wait", {"for": "callback"}, 400, "bad_body", "did you mean callback_answered?"),
    ("POST", "/v1/wait", {"for": "idle", "timeout_s": 1e9}, 400, "bad_body", "expected at most 600"),
    ("GET", "/v1/payments?phone=1", None, 400, "bad_query", "phone: unknown key"),
    ("GET", "/v1/payments?msisdn=1&msisdn=2", None, 400, "bad_query", "msisdn: given more than once"),
    ("GET", "/v1/journal?since=-1", None, 400, "bad_query", 'since: found "-1"; expected a whole number'),
    ("GET", "/v1/journal?limit=0", None, 400, "bad_query", "limit: found 0; expected at least 1"),
    ("GET", "/v1/journal?kind=call", None, 400, "bad_query", "did you mean callback?"),
    ("POST", CALLBACKS, {}, 400, "bad_body", "no target; give checkout_request_id, or url"),
    ("POST", CALLBACKS, {"checkout_request_id": "ws_CO_1"}, 404, "unknown_payment", 'no payment "ws_CO_1"'),
    ("POST", CALLBACKS, {"url": "ftp://x", "body": {}}, 400, "bad_body", "expected http://... or https://..."),
    ("POST", CALLBACKS, {"url": "http://127.0.0.1:9"}, 400, "bad_body", "nothing to send"),
    (
        "POST",
        CALLBACKS,
        {"url": "http://127.0.0.1:9", "body": {}, "raw": ""},
        400,
        "bad_body",
        "body and raw exclude each other",
    ),
    (
        "POST",
        CALLBACKS,
        {"url": "http://127.0.0.1:9", "raw": "x", "drop": ["Body"]},
        400,
        "bad_body",
        "raw is sent as it is",
    ),
    (
        "POST",
        CALLBACKS,
        {"url": "http://127.0.0.1:9", "body": {"Body": {}}, "set": {"Bdy": 1}},
        400,
        "unknown_path",
        '"Bdy" is not in this body; did you mean Body?',
    ),
    (
        "POST",
        CALLBACKS,
        {"url": "http://127.0.0.1:9", "body": {}, "headers": {"X": "a\nb"}},
        400,
        "bad_body",
        "one line of text",
    ),
    (
        "POST",
        CALLBACKS,
        {"url": "http://127.0.0.1:9", "body": {}, "times": 100, "gap_s": 9},
        400,
        "bad_body",
        "send fewer, or closer",
    ),
    (
        "POST",
        CALLBACKS,
        {"url": "http://shop.example/", "body": {}},
        403,
        "target_refused",
        "shop.example",
    ),
    ("GET", "/v1/nxt", None, 404, "not_found", "no route /v1/nxt; did you mean /v1/next?"),
    ("GET", NEXT, None, 405, "method_not_allowed", "GET is not for /v1/next; use DELETE, POST"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}: {case[5]}")
def test_a_bad_request_is_refused_and_changes_nothing(server: Running, case: Case) -> None:
    method, path, body, status, code, message = case
    before = state_of(server)
    answer = requests.request(method, server.control_url + path, json=body, timeout=5)
    error = answer.json()["error"]

    assert (answer.status_code, error["code"]) == (status, code)
    assert message in error["message"]
    assert state_of(server) == before
    assert server.taken == []


@pytest.mark.parametrize("raw", ["{", "nope", "\xff"])
def test_a_body_that_is_not_json_is_refused(server: Running, raw: str) -> None:
    answer = requests.post(server.control_url + NEXT, data=raw.encode("latin-1"), timeout=5)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_json")


def test_every_problem_of_a_scenario_is_reported_with_file_and_line(server: Running) -> None:
    text = "scenario: a/b\nabout: x\nwhn: {}\noutcome: {result_code: 2002}\n"
    answer = requests.post(
        f"{server.control_url}/v1/scenarios", json={"yaml": text, "file": "mine.yaml"}, timeout=5
    ).json()

    assert [(row["file"], row["line"]) for row in answer["errors"]] == [("mine.yaml", 3)]
    assert answer["error"]["message"].startswith("mine.yaml:3: whn: unknown key; did you mean when?")


def test_a_web_page_of_another_site_cannot_steer_the_simulator(server: Running) -> None:
    answer = requests.post(f"{server.control_url}/v1/reset", headers={"Origin": "http://evil.example"}, timeout=5)
    own = requests.post(f"{server.control_url}/v1/reset", headers={"Origin": server.control_url}, timeout=5)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_site")
    assert own.status_code == 200


DEEP = "[" * 900 + "]" * 900
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        (NEXT, f'{{"scenario": {DEEP}, "msisdn": "{MSISDN}"}}', "bad_json", "nested deeper than 100 levels"),
        (CALLBACKS, f'{{"url": "http://127.0.0.1:1/", "body": {DEEP}}}', "bad_json", "nested deeper than 100 levels"),
        (CALLBACKS, f'{{"url": "http://127.0.0.1:1/", "body": 1, "set": {{"a": {DEEP}}}}}', "bad_json", "as raw text"),
        (NEXT, f'{{"scenario": "payment/success", "times": {DIGITS}}}', "bad_json", "the body is not JSON"),
        ("/v1/wait", f'{{"for": "idle", "since": {2**63}}}', "bad_body", f"expected at most {2**63 - 1}"),
        ("/v1/scenarios", f'{{"yaml": "scenario: {DIGITS}"}}', "bad_scenario", "more digits than JSON readers keep"),
    ],
)
def test_absurd_bodies_are_the_callers_fault(server: Running, path: str, body: str, code: str, message: str) -> None:
    answer = requests.post(f"{server.control_url}{path}", data=body, timeout=10)

    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["code"] == code
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize("number", ["9" * 5000, str(2**63), "-1", "1e3", "²"])
@pytest.mark.parametrize("key", ["since", "until", "limit"])
def test_absurd_numbers_in_a_query_are_the_callers_fault(server: Running, key: str, number: str) -> None:
    answer = requests.get(f"{server.control_url}/v1/journal", params={key: number}, timeout=10)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_query")


def test_a_scenario_that_takes_long_to_read_does_not_keep_daraja_waiting(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is held until a payment has been answered meanwhile, or for longer than that payment waits."""
    begun, answered = threading.Event(), threading.Event()

    def slow(*args: Any, **kwargs: Any) -> Any:
        begun.set()
        answered.wait(30)
        return read_scenario(*args, **kwargs)

    monkeypatch.setattr(routes, "read_scenario", slow)
    body = {"yaml": "scenario: 5"}
    token = server.token()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(requests.post, f"{server.control_url}/v1/scenarios", json=body, timeout=60)
        assert begun.wait(30)
        pushed = server.push("254712340000", token=token)
        still_reading = not loading.done()
        answered.set()

    assert (pushed.status_code, still_reading) == (200, True)
    assert loading.result().status_code == 422


@pytest.mark.parametrize("host", ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "localhost.evil.test"])
def test_a_name_that_another_site_could_have_is_refused(server: Running, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    answer = requests.post(f"{server.control_url}/v1/reset", json={}, headers=headers, timeout=5)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_host")
    assert f"found the host name {host}" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "host", ["simulator:9311", "localhost", "127.0.0.1", "[::1]:9311", "10.1.2.3", "a.localhost:1"]
)
def test_addresses_and_names_of_this_network_are_served(server: Running, host: str) -> None:
    assert requests.get(f"{server.control_url}/health", headers={"Host": host}, timeout=5).status_code == 200


def test_a_name_that_was_given_at_start_is_served() -> None:
    with running(control_names=("Daraja.test",)) as named:
        answer = requests.get(f"{named.control_url}/health", headers={"Host": "daraja.test:9311"}, timeout=5)

    assert answer.status_code == 200


def test_the_clock_stays_within_the_dates_that_can_be_written() -> None:
    with running(clock="manual") as still:
        answer = requests.post(f"{still.control_url}/v1/clock/advance", json={"by_s": 1e15}, timeout=5)

    assert answer.status_code == 400
    assert "beyond the year 2100" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health HTTP/1.1\r\nHost: 127.0.\xe4.1", 403),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\xff\xfe", 403),
        (b"GET /v1/nothing%ff\xff HTTP/1.1\r\nHost: localhost", 404),
        (b"GET /v1/explain/%ff%fe HTTP/1.1\r\nHost: localhost", 404),
    ],
)
def test_bytes_that_are_no_text_are_refused_in_the_same_shape(server: Running, head: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(server.control_url).port or 0), timeout=10) as line:
        line.sendall(head + b"\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: line.recv(65536), b""))

    assert int(answer.split()[1]) in (status, 400)
    assert b'"error"' in answer or b" 400 " in answer
    answer.partition(b"\r\n\r\n")[2].decode()
