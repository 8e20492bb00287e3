"""`tayari init --watch`: one payment by hand, and the target file that is written from it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from mini_target import MINI
from tayari.target_draft.payment_watch import PaymentWatch
from tayari.target_draft.recording_proxy import ProxyExchange
from tayari.target_draft.traffic_draft import Push, draft_from_traffic
from tayari_money.payment_record import PaymentState
from tayari_target.merchant_process import answers, free_port
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import Target
from tayari_target.target_file.target_reader import SANDBOX_PASSKEY

PUSH = Push(
    at_s=10.0,
    msisdn="254712345678",
    amount="1500",
    reference="ORDER-7",
    checkout_request_id="ws_CO_1",
    callback_url="https://shop.example/mpesa/callback",
    short_code="174379",
)
FORM = "application/x-www-form-urlencoded"


def seen(method: str, path: str, at_s: float, *, body: str = "", answer: str = "{}", **more: str) -> ProxyExchange:
    content_type = more.pop("content_type", "application/json")
    return ProxyExchange(
        at_s=at_s,
        method=method,
        path=path,
        content_type=content_type,
        body=body,
        status=200,
        answer=answer,
        location=more.get("location", ""),
    )


def target_of(folder: Path, *exchanges: ProxyExchange, push: Push = PUSH) -> Target:
    path = folder / "tayari.yaml"
    path.write_text(draft_from_traffic("shop", "http://127.0.0.1:8000", exchanges, push).text())
    return load_target(path, {})


@contextmanager
def running_merchant(port: int, daraja_url: str) -> Iterator[None]:
    environment = {**os.environ, "DARAJA": daraja_url, "PASSKEY": SANDBOX_PASSKEY}
    process = subprocess.Popen([sys.executable, str(MINI), str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not answers(f"http://127.0.0.1:{port}"):
            assert time.monotonic() < until, "the merchant did not start"
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def pay_in_a_browser(url: str) -> None:
    """What a checkout page does: it sends the form, and asks until the payment has ended."""
    session = requests.Session()
    session.trust_env = False
    session.get(f"{url}/health", timeout=20)
    given = {"phone": "254712345678", "amount": 20, "reference": "ORDER-7"}
    started_as = session.post(f"{url}/pay", json=given, timeout=20).json()["id"]
    while session.get(f"{url}/payments/{started_as}", timeout=20).json()["status"] == "PENDING":
        time.sleep(0.1)


def test_a_payment_by_hand_becomes_a_target_file(tmp_path: Path) -> None:
    printed: list[str] = []
    port = free_port()
    merchant = f"http://127.0.0.1:{port}"
    with (
        PaymentWatch(merchant, printed.append, port=0, quiet_s=0.3) as watch,
        running_merchant(port, watch.daraja_url),
    ):
        watch.invite()
        browser = threading.Thread(target=pay_in_a_browser, args=(watch.url,))
        browser.start()
        watched = watch.follow()
        browser.join()

    assert watched.push is not None
    path = tmp_path / "tayari.yaml"
    path.write_text(draft_from_traffic("mini", merchant, watched.seen, watched.push).text())
    written = load_target(path, {}).merchant
    assert written.status is not None
    assert written.status.call is not None
    assert (written.base_url, written.pay.call.path, written.status.call.path) == (
        merchant,
        "/pay",
        "/payments/{payment_id}",
    )
    assert written.pay.call.json == {"phone": "{msisdn}", "amount": "{amount}", "reference": "{reference}"}
    assert (written.pay.payment_id, written.status.state) == ("$.id", "$.status")
    assert (written.status.states["PAID"], written.status.states["PENDING"]) == (
        PaymentState.PAID,
        PaymentState.PENDING,
    )
    assert "seen: the callback was answered 200" in printed
    assert "seen: POST /pay was answered 202" in printed
    assert any(f"open {watch.url} in a browser" in line for line in printed)


def test_a_form_is_read_and_its_redirect_names_the_payment(tmp_path: Path) -> None:
    form = seen("POST", "/buy", 9.0, body="tel=0712+345+678&kes=1500&item=ORDER-7&gift=no", content_type=FORM,
                location="/orders/a81c")  # fmt: skip
    page = seen("GET", "/orders/a81c", 11.0, answer="<b>paid</b>")

    merchant = target_of(tmp_path, form, page).merchant

    assert merchant.pay.call.form == {
        "tel": "{msisdn_local}", "kes": "{amount}", "item": "{reference}", "gift": "no",
    }  # fmt: skip
    assert merchant.pay.payment_id == "url:/orders/([^/?]+)"
    assert merchant.status is not None
    assert merchant.status.call is not None
    assert merchant.status.call.path == "/orders/{payment_id}"


def test_a_foreign_callback_host_is_led_to_the_merchant(tmp_path: Path) -> None:
    target = target_of(tmp_path, seen("POST", "/pay", 9.0, body='{"phone": "0712345678", "amount": 1500}'))

    assert target.callbacks.rewrite == {"https://shop.example": "http://127.0.0.1:8000"}


def test_the_request_with_the_phone_number_is_the_start(tmp_path: Path) -> None:
    pay = seen("POST", "/pay", 8.0, body='{"mobile": "+254712345678", "total": 1500.0}', answer='{"data": {"id": 41}}')
    tracked = seen("POST", "/track", 9.0, body='{"page": 1}')
    poll = seen("POST", "/state", 11.0, body='{"id": 41}', answer='{"state": "DONE"}')

    merchant = target_of(tmp_path, tracked, pay, poll).merchant

    assert merchant.pay.call.path == "/pay"
    assert merchant.pay.payment_id == "$.data.id"
    assert merchant.status is not None
    assert merchant.status.call is not None
    assert (merchant.status.call.path, merchant.status.call.json) == ("/state", {"id": "{payment_id}"})
    assert merchant.status.states["DONE"] == "paid"


def test_a_push_that_no_browser_started_is_marked(tmp_path: Path) -> None:
    target_of(tmp_path)

    assert "# CHECK: the push came without a request through this proxy" in (tmp_path / "tayari.yaml").read_text()


def test_an_interrupt_before_the_payment_writes_nothing(tmp_path: Path) -> None:
    words = ["init", "--watch", "http://127.0.0.1:9", str(tmp_path / "tayari.yaml"), "--port", "0"]
    with subprocess.Popen([sys.executable, "-m", "tayari", *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("in a browser and pay once" in line for line in process.stdout)

        process.send_signal(signal.SIGINT)

    assert process.returncode == 12
    assert not (tmp_path / "tayari.yaml").exists()
