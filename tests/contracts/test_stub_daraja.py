"""The listener that stands in for Daraja where its certificate, or its silence, is the point."""

import socket
import ssl
import time

import pytest
import requests
from tayari_contracts.steps.stub_daraja import Listener, untrusted_certificate


def wait_for(seen: list[float] | list[str]) -> None:
    end = time.monotonic() + 5
    while not seen and time.monotonic() < end:
        time.sleep(0.02)


def test_a_caller_that_verifies_hangs_up_and_is_counted() -> None:
    with untrusted_certificate() as certificate, Listener(certificate=certificate) as listener:
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{listener.url}/oauth/v1/generate", timeout=5)
        end = time.monotonic() + 5
        while not listener.refused and time.monotonic() < end:
            time.sleep(0.02)

    assert (listener.refused, listener.calls) == (1, [])


def test_a_caller_that_trusts_anybody_is_heard() -> None:
    trusting = ssl._create_unverified_context()
    with untrusted_certificate() as certificate, Listener(certificate=certificate) as listener:
        port = int(listener.url.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            trusting.wrap_socket(plain) as connection,
        ):
            connection.sendall(b"GET /oauth/v1/generate HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 200")
    assert listener.calls == ["GET /oauth/v1/generate HTTP/1.1"]


def test_a_call_is_held_until_its_caller_gives_up() -> None:
    with Listener() as listener:
        with pytest.raises(requests.Timeout):
            requests.post(f"{listener.url}/mpesa/stkpush/v1/processrequest", timeout=0.3)
        wait_for(listener.held_s)

    assert 0.2 < listener.held_s[0] < 3
