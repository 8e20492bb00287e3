"""What a run says of its environment: callback URLs, certificates, thresholds, and no secret."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tayari.run.codes import _by_code
from tayari.run.configuration import _callback, _credentials, callback_url, certificate_of, watched
from tayari_reports.model.facts import ConfigurationRow, How
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import Target, Thresholds

TARGET = """\
merchant:
  name: shop
  base_url: http://127.0.0.1:8000
  start: {command: run, env: {MPESA_URL: "{daraja_url}", MPESA_SECRET: "{consumer_secret}"}}
  pay: {request: POST /pay, json: {phone: "{msisdn}"}}
daraja: {short_code: "174379", passkey: "env:SHOP_PASSKEY"}
"""


@pytest.fixture
def target(tmp_path: Path) -> Target:
    path = tmp_path / "tayari.yaml"
    path.write_text(TARGET)
    return load_target(path, {"SHOP_PASSKEY": "bfb279f9aa9bdbcf"})


def settings(url: str, target: Target) -> dict[str, ConfigurationRow]:
    return {row.item: row for row in _callback(url, target)}


def push(url: object) -> dict[str, object]:
    body = json.dumps({"CallBackURL": url})
    return {"kind": "request", "endpoint": "stk_push", "request": {"body": body}}


def test_the_callback_url_is_that_of_the_first_push_that_has_one() -> None:
    other = {"kind": "request", "endpoint": "oauth", "request": {"body": "{}"}}
    torn = {"kind": "request", "endpoint": "stk_push", "request": {"body": "{"}}

    assert callback_url([other, torn, push(7), push("https://a.example/x"), push("https://b.example/")]) == (
        "https://a.example/x"
    )
    assert callback_url([other]) is None


@pytest.mark.parametrize(
    ("url", "https", "public"),
    [
        ("https://shop.example/cb", True, True),
        ("http://shop.example/cb", False, True),
        ("https://10.0.0.7/cb", True, False),
        ("https://shop.local/cb", True, False),
        ("http://127.0.0.1:8000/cb", None, None),
        ("http://localhost:8000/cb", None, None),
    ],
)
def test_the_form_of_a_callback_url(url: str, https: bool | None, public: bool | None, target: Target) -> None:
    found = settings(url, target)

    assert (found["callback.https"].ok, found["callback.public"].ok) == (https, public)
    assert "/cb" not in found["callback.https"].value


def test_words_that_daraja_forbids_are_named(target: Target) -> None:
    found = settings("https://shop.example/api/MPESA/query", target)["callback.words"]

    assert (found.ok, found.value) == (False, "it holds mpesa, query")


def test_a_host_that_may_not_be_called_is_not_looked_at(target: Target) -> None:
    found = settings("https://shop.example/cb", target)

    assert found["callback.certificate"].how is How.NOT_KNOWN
    assert "callbacks.allow_hosts" in found["callback.tls"].note


def test_only_the_names_of_credentials_are_shown(target: Target) -> None:
    (found,) = _credentials(target)

    assert found.value == "MPESA_SECRET, SHOP_PASSKEY"
    assert "bfb279" not in str(found)


@pytest.mark.parametrize(("counted", "met"), [(None, None), ((0, 0), None), ((0, 40), True), ((1, 40), False)])
def test_callback_errors_are_judged_only_where_there_were_callbacks(
    counted: tuple[int, int] | None, met: bool | None
) -> None:
    rows = {row.name: row for row in watched(Thresholds(payment_p95_s=4), None, counted)}

    assert rows["callback_errors"].met is met
    assert (rows["payment_p95_s"].limit, rows["payment_p95_s"].measured) == (4, None)


def test_codes_are_in_the_order_of_numbers_then_words() -> None:
    codes = {"1032": 1, "E3008": 1, "1": 1, "17": 1}

    assert [code for code, _ in sorted(codes.items(), key=_by_code)] == ["1", "17", "1032", "E3008"]


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """A TLS server on loopback whose certificate nobody signed, good for 20 more days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=20, hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, context), daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            raw, _ = listener.accept()
        except OSError:
            return
        try:
            context.wrap_socket(raw, server_side=True).close()
        except OSError:
            raw.close()


def test_a_certificate_is_dated_and_distrusted(tls_port: int, target: Target) -> None:
    seen = certificate_of("127.0.0.1", tls_port)

    assert (bool(seen.problem), seen.days_left, seen.tls_version) == (True, 20, "TLSv1.3")
    found = settings(f"https://127.0.0.1:{tls_port}/cb", target)
    assert found["callback.certificate"].ok is False
    assert "20 days left, not trusted" in found["callback.certificate"].value
    assert found["callback.certificate"].note == "Renew it before the launch."
    assert found["callback.tls"].ok is True
