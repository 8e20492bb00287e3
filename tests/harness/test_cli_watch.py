"""`tayari watch`: the timeline in a terminal, its filter, a payment closer, and its callback again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from running_simulator import Running, running
from tayari.cli.commands import run
from tayari.cli.output import Format, Output
from tayari.cli.watch_command import PaymentTimeline, act
from tayari_control.client import ControlClient

MSISDN = "254712345678"
OTHER = "254711000002"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as alone:
        for msisdn, amount in ((MSISDN, 1450), (OTHER, 20)):
            identifier = alone.pushed(msisdn, amount=amount, reference=f"INV{amount}")
            alone.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
        yield alone


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["watch", *words]) == 0
    return capsys.readouterr().out


def test_it_prints_what_there_is_with_numbers_masked(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = printed(capsys, server.control_url, "--once").splitlines()

    assert first.split()[0] == "1"
    assert "KES 1,450  INV1450  paid" in first
    assert "callback 200" in first
    assert "INV20" in second
    assert MSISDN not in first


@pytest.mark.parametrize(
    "words", [["--filter", "inv20 PAID"], ["--msisdn", OTHER], ["--latest", "1"]], ids=["words", "number", "latest"]
)
def test_it_prints_only_what_was_asked_for(
    server: Running, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (line,) = printed(capsys, server.control_url, "--once", *words).splitlines()

    assert "INV20" in line


def test_json_has_one_event_on_a_line(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = printed(capsys, server.control_url, "--once", "--format", "json").splitlines()

    assert [row["amount"] for row in json.loads(line)["payments"]] == [1450, 20]
    assert MSISDN not in line


def test_a_simulator_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", "http://127.0.0.1:9", "--once"]) == 20
    assert "start one with `tayari simulate`" in capsys.readouterr().err.replace("\n", " ")


def test_what_changed_is_printed_once_and_a_refused_call_too(server: Running) -> None:
    timeline, events = PaymentTimeline(), server.control.events(latest=0)
    next(events)
    server.push(MSISDN, token="expired")
    lines: list[str] = []
    while not any("404" in line for line in lines):
        event = next(events)
        lines += [line for line, _ in timeline.rows(event)]
        repeated = [*timeline.rows({**event, "entries": [], "skipped": 0})]

    assert "the token is unknown, expired or revoked" in " ".join(lines)
    assert repeated == []


def test_what_is_typed_filters_looks_closer_and_sends_again(
    server: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline, client, output = PaymentTimeline(), ControlClient(server.control_url), Output(Format.TEXT)
    list(timeline.rows(next(client.events())))
    before = len(server.taken)
    answers = {}
    for line in ("/inv20", "1", "r 2", "99", ""):
        act(line, timeline, client, output)
        answers[line] = capsys.readouterr().out

    assert timeline.words == "inv20"
    assert "nothing matched: success" in answers["1"]
    assert "sent again: 200" in answers["r 2"]
    assert len(server.taken) == before + 1
    assert "found '99'" in answers["99"]
    assert "send its callback again" in answers[""]
