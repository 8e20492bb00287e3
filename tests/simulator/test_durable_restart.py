"""Nothing is lost: a simulator that is killed goes on where it was, and its counts add up at every moment."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from core_kit import NOW_S, Desk, Playing, payload
from tayari_simulator.apis.bill_manager import BillBook
from tayari_simulator.apis.core.execution import bring_result_forward
from tayari_simulator.apis.core.prompts import answer_prompt
from tayari_simulator.journal.pending import PendingFile, before, beside
from tayari_simulator.journal.resume import read_left
from tayari_simulator.journal.sqlite_file import JournalFileError
from tayari_simulator.state.behaviour import Behaviour, Step
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.handsets import BEHAVIOURS, WAITS, Handset, Press
from tayari_simulator.state.identifiers import EAT
from tayari_simulator.transport.metrics import balance
from tayari_simulator.transport.simulator import Simulator
from transport_kit import in_loop, journal_of, merchant, payments_of, port

LATER = {"outcome_after_s": "3600"}


def killed(simulator: Simulator) -> None:
    """As after kill -9: nothing is written any more, whatever still happens in this process."""
    assert isinstance(simulator.daraja.state.keeper, PendingFile)
    simulator.daraja.state.keeper.close()
    simulator.daraja.state.keeper = None


async def settled(there: Any) -> Any:
    """The balance once nothing is pending."""
    for _ in range(300):
        counts = there.simulator.balance()
        if not counts["pending"]:
            return counts
        await asyncio.sleep(0.01)
    raise AssertionError(counts)


def test_a_callback_that_was_planned_is_sent_by_the_next_process(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop:
            async with port(journal_file=file, options={"outcome_after_s": "0.3"}) as there:
                _, ack = await there.push(shop.url)
                killed(there.simulator)
            assert shop.requests == []
            async with port(journal_file=file) as there:
                (entry,) = await there.answered()
                counts = await settled(there)

                assert shop.bodies[0]["Body"]["stkCallback"]["CheckoutRequestID"] == ack["CheckoutRequestID"]
                assert entry["note"] == ""
                assert (counts["accepted"], counts["called_back"], counts["balanced"]) == (1, 1, True)

    in_loop(test)


def test_a_callback_that_nobody_answered_is_sent_again_with_the_same_receipt(tmp_path: Path) -> None:
    async def never(_: bytes) -> None:
        return None

    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant(never) as deaf, merchant() as shop:
            async with port(journal_file=file, deliver_to=deaf.url) as there:
                await there.push("http://127.0.0.1:1/")
                while not deaf.requests:
                    await asyncio.sleep(0.01)
            async with port(journal_file=file, deliver_to=shop.url) as there:
                (entry,) = await there.answered()

                assert shop.bodies == deaf.bodies
                assert entry["note"] == "resumed after a restart"
                assert (await settled(there))["called_back"] == 1
            async with port(journal_file=file, deliver_to=shop.url) as there:
                assert there.simulator.resumed.pending == 0
                assert len(shop.requests) == 1

    in_loop(test)


def test_what_was_finished_is_still_known_to_the_query(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop:
            async with port(journal_file=file) as there:
                _, ack = await there.push(shop.url)
                await there.answered()
                (old,) = payments_of(there.simulator, transaction_id=ack["CheckoutRequestID"])
            async with port(journal_file=file) as there:
                (new,) = payments_of(there.simulator, transaction_id=ack["CheckoutRequestID"])

        same = ("state", "receipt", "result_code", "result_desc", "account_reference", "merchant_request_id")
        assert [new[key] for key in same] == [old[key] for key in same]
        assert new["state"] == "paid"

    in_loop(test)


def test_a_payment_keeps_its_scenario_and_its_next_step(tmp_path: Path) -> None:
    two = Behaviour(name="payment/two", steps=(Step(result_code=1032), Step(result_code=0)))

    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop:
            async with port(Playing(two), journal_file=file, clock="manual") as there:
                await there.push(shop.url)
                await there.simulator.advance(to_next=True)
                await there.answered()
                killed(there.simulator)
            async with port(journal_file=file, clock="manual", behaviours={two.name: two}.get) as there:
                await there.simulator.advance(until_idle=True)

                assert [body["Body"]["stkCallback"]["ResultCode"] for body in shop.bodies] == [1032, 0]
                counts = there.simulator.balance()
                assert (counts["called_back"], counts["pending"], counts["balanced"]) == (1, 0, True)

    in_loop(test)


def test_a_result_that_was_brought_forward_stays_so(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop:
            async with port(journal_file=file, clock="manual", options=LATER) as there:
                _, ack = await there.push(shop.url)
                await there.simulator.advance(by_s=60)
                at_s, payment = there.simulator.now_s(), there.simulator.transaction(ack["CheckoutRequestID"])
                assert payment is not None
                bring_result_forward(there.simulator.daraja.state, payment, at_s)
                killed(there.simulator)
            async with port(journal_file=file, clock="manual", options=LATER) as there:
                await there.simulator.advance(by_s=0)
                (found,) = payments_of(there.simulator, transaction_id=ack["CheckoutRequestID"])

                assert (found["state"], found["result_due_at"]) == ("paid", at_s)

    in_loop(test)


@pytest.mark.parametrize(("press", "code"), [(Press.CANCEL, 1032), (Press.PAY, 0)])
def test_what_the_customer_did_with_the_prompt_stays_done(tmp_path: Path, press: Press, code: int) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop:
            async with port(Playing(WAITS), journal_file=file, clock="manual") as there:
                await there.push(shop.url)
                state, now_s = there.simulator.daraja.state, there.simulator.now_s()
                (payment,) = state.transactions.all()
                answer_prompt(state, Handset(msisdn=payment.msisdn), press, None, now_s)
                killed(there.simulator)
            async with port(journal_file=file, clock="manual", behaviours=BEHAVIOURS.get) as there:
                await there.answered()

                assert [body["Body"]["stkCallback"]["ResultCode"] for body in shop.bodies] == [code]
                (found,) = payments_of(there.simulator, transaction_id=payment.id)
                assert found["result_due_at"] == now_s

    in_loop(test)


def test_a_scenario_that_is_gone_is_named_and_the_payment_still_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Behaviour(name="payment/gone")

    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop:
            async with port(Playing(gone), journal_file=file, clock="manual") as there:
                await there.push(shop.url)
            async with port(journal_file=file, clock=f"manual:{NOW_S:.0f}") as there:
                await there.simulator.advance(until_idle=True)
                assert there.simulator.balance()["called_back"] == 1

    in_loop(test)
    assert "payment/gone" in caplog.text


def test_entries_and_a_clock_moved_by_hand_go_on(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with port(journal_file=file, clock="manual", options=LATER) as there:
            await there.simulator.advance(by_s=7200)
            await there.log_in()
            await there.push()
            first = journal_of(there.simulator)["entries"][-1]["seq"]
            now_s = there.simulator.now_s()
        async with port(journal_file=file, clock="manual", options=LATER) as there:
            assert there.simulator.now_s() >= now_s
            assert journal_of(there.simulator)["entries"][0]["seq"] == first + 1

    in_loop(test)


def test_a_reset_is_remembered_and_a_torn_line_does_no_harm(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with port(journal_file=file, options=LATER) as there:
            await there.push()
            there.simulator.reset()
            await there.log_in()
            await there.push(PhoneNumber=254700000001)
        with beside(file).open("ab") as lines:
            lines.write(b'["result","ws_')
        async with port(journal_file=file, options=LATER) as there:
            counts = there.simulator.balance()
            (payment,) = payments_of(there.simulator)

            assert payment["msisdn"] == "254700000001"
            assert {key: counts[key] for key in ("accepted", "forgotten", "pending", "balanced")} == {
                "accepted": 2, "forgotten": 1, "pending": 1, "balanced": True,
            }  # fmt: skip

    in_loop(test)


def test_the_file_begins_anew_when_it_has_grown_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop:
            async with port(journal_file=file, options={"outcome_after_s": "0.05"}) as there:
                keeper = there.simulator.daraja.state.keeper
                assert isinstance(keeper, PendingFile)
                keeper._most_bytes = 3000
                for number in range(20):
                    await there.push(shop.url, PhoneNumber=254700000000 + number)
                await there.answered(20)
                assert before(beside(file)).exists()
                assert beside(file).stat().st_size < 6000
                await there.push("http://127.0.0.1:1/", PhoneNumber=254700000099)
                killed(there.simulator)
            async with port(journal_file=file) as there:
                counts = await settled(there)

        assert (counts["accepted"], counts["called_back"], counts["balanced"]) == (21, 21, True)

    in_loop(test)


def kept(path: Path) -> PendingFile:
    """A file that somebody has begun, with nothing in it."""
    keeper = PendingFile(path)
    keeper.begin([], {"accepted": 0, "forgotten": 0, "ended": {}, "number": 0})
    return keeper


def test_a_line_that_the_disk_took_in_part_costs_no_other_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, write = kept(tmp_path / "journal-pending"), os.write
    call = JournalExchange(ExchangeKind.REQUEST, "", "POST", "/", (), b"{}", NOW_S, NOW_S)

    monkeypatch.setattr("tayari_simulator.journal.pending.os.write", lambda file, text: write(file, text[:9]))
    keeper.called("/torn", call)
    monkeypatch.undo()
    keeper.called("/whole", call)
    keeper.close()

    assert [row[0] for row in read_left(tmp_path / "journal-pending", lambda _: None).calls] == ["/whole"]
    assert keeper.lost == 1


def test_a_file_that_cannot_be_made_stops_no_payment(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    keeper = kept(folder / "journal-pending")
    shutil.rmtree(folder)

    keeper._turn()
    keeper._turn()
    keeper.forgot()

    assert keeper.lost == 1


def test_two_processes_never_share_a_journal(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with port(journal_file=file):
            with pytest.raises(JournalFileError, match="another simulator writes it"):
                async with port(journal_file=file):
                    pass

    in_loop(test)


def test_what_is_lost_shows_in_the_balance() -> None:
    desk = Desk()
    desk.pushed()
    assert balance(desk.daraja.state, under_way=0)["balanced"]
    desk.daraja.state.schedule.clear()
    unplanned = balance(desk.daraja.state, under_way=0)
    desk.daraja.state.transactions.clear()
    missing = balance(desk.daraja.state, under_way=0)

    assert (unplanned["balanced"], unplanned["owed"], unplanned["planned"]) == (False, 1, 0)
    assert (missing["balanced"], missing["difference"]) == (False, 1)


def test_a_file_of_something_else_is_explained(tmp_path: Path) -> None:
    beside(str(tmp_path / "journal")).write_text('["payment", 1]\n')

    async def test() -> None:
        with pytest.raises(JournalFileError, match="belongs to the journal"):
            async with port(journal_file=str(tmp_path / "journal")):
                pass

    in_loop(test)


def test_nothing_falls_due_any_more_in_a_simulator_that_is_closing(tmp_path: Path) -> None:
    """The answer to a callback under way comes while it closes; the next result is the next process's to tell."""

    async def test() -> None:
        file = str(tmp_path / "journal")
        async with merchant() as shop, port(journal_file=file, options=LATER) as there:
            await there.push(shop.url)
            (payment,) = there.simulator.daraja.state.transactions.all()
            await there.simulator.close()
            there.simulator.daraja.state.schedule.add(0.0, payment)
            there.simulator.callback_sender.planned()
            await asyncio.sleep(0.05)

            assert (payment.step, shop.requests) == (0, [])

    in_loop(test)


def test_a_standing_order_goes_on_and_no_debit_is_made_twice(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        order = payload("ratiba.request") | {"StartDate": "20261007", "EndDate": "20261012", "Frequency": "2"}
        async with port(journal_file=file, clock=f"manual:{NOW_S:.0f}") as there:
            await there.call("/standingorder/v1/createStandingOrderExternal", order)
            await there.simulator.advance(by_s=90_000)
            assert debits(there) == ["20261007", "20261008"]
            killed(there.simulator)
        async with port(journal_file=file, clock=f"manual:{NOW_S:.0f}") as there:
            await there.simulator.advance(by_s=86_400)

            assert debits(there) == ["20261007", "20261008", "20261009"]

    in_loop(test)


def debits(there: Any) -> list[str]:
    """The days of the C2B payments that were made."""
    made = [row for row in there.simulator.daraja.state.transactions.all() if row.kind == "c2b"]
    return [f"{datetime.fromtimestamp(row.created_s, EAT):%Y%m%d}" for row in made]


REGISTER_URL = "/mpesa/c2b/v2/registerurl"
BILLS = "/v1/billmanager-invoice"
PULL = "/pulltransactions/v1/register"


@pytest.mark.parametrize("turns", [False, True])
def test_what_is_no_transaction_survives_a_restart(tmp_path: Path, *, turns: bool) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        invoice = payload("bill_manager.single_invoice.request") | {"amount": "100", "accountReference": "INV-1"}
        async with merchant() as shop:
            async with port(journal_file=file) as there:
                urls = {"ShortCode": "174379", "ConfirmationURL": shop.url, "ValidationURL": shop.url}
                await there.call(REGISTER_URL, payload("c2b_register.request") | urls)
                opt_in = payload("bill_manager.optin.request") | {"shortcode": "174379", "callbackurl": shop.url}
                _, opted = await there.call(f"{BILLS}/optin", opt_in)
                await there.call(f"/{BILLS}/single-invoicing", invoice)
                await there.call(PULL, payload("pull_register.request") | {"ShortCode": "174379"})
                await there.push(shop.url, AccountReference="INV-1", Amount=100)
                await settled(there)
                if turns:
                    keeper = there.simulator.daraja.state.keeper
                    assert isinstance(keeper, PendingFile)
                    keeper._turn()
                    before(beside(file)).unlink()
                killed(there.simulator)
            async with port(journal_file=file) as there:
                state = there.simulator.daraja.state
                organisation = state.organisations.find("174379")

                assert organisation is not None
                assert organisation.urls is not None
                assert organisation.urls.confirmation == shop.url
                assert state.part(BillBook).opt_ins["174379"].app_key == opted["app_key"]
                (bill,) = state.part(BillBook).invoices.values()
                assert (bill.account, bill.paid) == ("INV-1", 0 if turns else 100)
                _, again = await there.call(PULL, payload("pull_register.request") | {"ShortCode": "174379"})
                assert "already" in str(again).lower()
                assert len(shop.requests) == 3

    in_loop(test)


def test_a_reset_forgets_what_was_registered(tmp_path: Path) -> None:
    async def test() -> None:
        file = str(tmp_path / "journal")
        async with port(journal_file=file) as there:
            await there.call(REGISTER_URL, payload("c2b_register.request"))
            there.simulator.reset()
        async with port(journal_file=file) as there:
            organisation = there.simulator.daraja.state.organisations.find("600984")

            assert organisation is not None
            assert organisation.urls is None

    in_loop(test)
