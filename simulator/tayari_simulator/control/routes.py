"""The routes of the control API: one function each. Their table says what each is, and what it is given."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

import orjson
from aiohttp import web
from tayari_formats.problems import describe

from tayari_simulator.apis.c2b import hakikisha
from tayari_simulator.apis.core.execution import bring_result_forward
from tayari_simulator.catalogue.errors import REFUSALS
from tayari_simulator.catalogue.results import RESULTS
from tayari_simulator.control import schemas
from tayari_simulator.control.documents.provenance_document import standings
from tayari_simulator.control.endpoint import Controlled, ControlRefusal, answer_rows
from tayari_simulator.control.explain import explain
from tayari_simulator.control.handset_routes import msisdn_of
from tayari_simulator.control.organisation_routes import unknown_short_code
from tayari_simulator.control.send_callback import deliveries
from tayari_simulator.journal.entries import Question
from tayari_simulator.scenarios.magic import magic_rows
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.scenario_reader import read_inline, read_scenario
from tayari_simulator.scenarios.selector import Misplaced
from tayari_simulator.transport.metrics import metrics_text
from tayari_simulator.transport.payment_views import transaction_dict
from tayari_simulator.transport.simulator import ClockIsReal


async def blend(controlled: Controlled, _: web.Request, given: schemas.Blend) -> object:
    weights = given.mix if isinstance(given.mix, dict) else None
    controlled.selector.blend(weights)
    return {"mix": controlled.selector.mix}


async def magic(controlled: Controlled, *_: object) -> object:
    return {"magic": [row.to_dict() for row in magic_rows(controlled.selector.scenarios())]}


async def provenance(controlled: Controlled, *_: object) -> object:
    return {"provenance": [row.to_dict() for row in standings(controlled.simulator.options)]}


async def explain_payment(controlled: Controlled, request: web.Request, _: object) -> object:
    which = request.match_info["payment"]
    found = explain(controlled.simulator, controlled.selector, which)
    if found is None:
        message = f'nothing is known of "{which[:100]}"; give a CheckoutRequestID, a receipt or an MSISDN of this run'
        raise ControlRefusal(404, "unknown_payment", message)
    return found


async def health(controlled: Controlled, *_: object) -> object:
    """`degraded`: it answers, and something that it should have kept or done is missing."""
    simulator = controlled.simulator
    settings, lost, defects = simulator.settings(), simulator.journal_lost(), simulator.failures.counts
    return {
        "status": "degraded" if lost or defects else "ok",
        "journal_lost": lost,
        "defects": defects,
        "version": settings["version"],
        "daraja_url": settings["daraja_url"],
        "now_s": controlled.simulator.now_s(),
    }  # fmt: skip


async def metrics(controlled: Controlled, *_: object) -> web.Response:
    text = metrics_text(controlled.simulator.metrics(), queued=controlled.selector.queued)
    return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def settings(controlled: Controlled, *_: object) -> object:
    selector = controlled.selector
    return {**controlled.simulator.settings(), "active_scenario": selector.active, "mix": selector.mix}


async def reset(controlled: Controlled, *_: object) -> object:
    controlled.simulator.reset()
    controlled.selector.reset()
    return {"reset": True}


async def list_scenarios(controlled: Controlled, *_: object) -> object:
    return {"scenarios": [scenario.summary() for scenario in controlled.selector.scenarios()]}


async def show_scenario(controlled: Controlled, request: web.Request, _: object) -> object:
    return controlled.selector.get(request.match_info["name"]).to_dict()


async def load_scenario(controlled: Controlled, _: web.Request, given: schemas.LoadScenario) -> object:
    async with controlled.loading:
        scenario, problems = await asyncio.to_thread(read_scenario, given.yaml, file=given.file)
    if scenario is None:
        message = "; ".join(map(str, problems)) or "the file is empty"
        raise ControlRefusal(422, "bad_scenario", message, problems=problems)
    try:
        controlled.selector.load(scenario)
    except Misplaced as error:
        raise ControlRefusal(409, "misplaced_scenario", str(error)) from error
    return {"scenario": scenario.name}


async def activate_scenario(controlled: Controlled, _: web.Request, given: schemas.Activate) -> object:
    controlled.selector.activate(given.scenario)
    return {"scenario": given.scenario}


async def play_next(controlled: Controlled, _: web.Request, given: schemas.PlayNext) -> object:
    scenario = _meant(controlled, given.scenario)
    if given.hold_s and given.msisdn is None:
        raise ControlRefusal(400, "bad_body", "hold_s holds the callbacks of one number; give its msisdn too")
    try:
        controlled.selector.queue(scenario, msisdn=given.msisdn, endpoint=given.endpoint, times=given.times)
    except Misplaced as error:
        raise ControlRefusal(400, "misplaced_scenario", str(error)) from error
    if given.hold_s and given.msisdn is not None:
        _hold(controlled, given.msisdn, given.hold_s)
    return {"scenario": scenario.name, "times": given.times, "next": controlled.simulator.entries.next_seq}


async def clear_next(controlled: Controlled, *_: object) -> object:
    dropped = controlled.selector.queued
    controlled.selector.clear()
    return {"dropped": dropped}


async def revoke_tokens(controlled: Controlled, *_: object) -> object:
    return {"revoked": controlled.simulator.daraja.state.tokens.revoke()}


async def outage(controlled: Controlled, _: web.Request, given: schemas.Outage) -> object:
    controlled.simulator.refuse_connections(given.for_s, silent=given.kind is schemas.OutageKind.SILENT)
    return {"kind": given.kind.value, "for_s": given.for_s}


async def end_outage(controlled: Controlled, *_: object) -> object:
    return {"ended": await controlled.simulator.end_outage()}


async def hold(controlled: Controlled, _: web.Request, given: schemas.Hold) -> object:
    _hold(controlled, given.msisdn, given.for_s)
    next_seq = controlled.simulator.entries.next_seq
    return {"msisdn": given.msisdn, "for_s": given.for_s, "next": next_seq}


def _hold(controlled: Controlled, msisdn: str, for_s: float) -> None:
    simulator = controlled.simulator
    simulator.daraja.state.waiting_callbacks.hold(msisdn, for_s, simulator.now_s())


async def bring_result(controlled: Controlled, _: web.Request, given: schemas.BringResult) -> object:
    simulator = controlled.simulator
    transaction = simulator.transaction(given.checkout_request_id)
    if transaction is None:
        raise ControlRefusal(404, "unknown_payment", f'no payment "{given.checkout_request_id}"; give the id of one')
    if not transaction.next_due_s:
        raise ControlRefusal(409, "no_result", f"payment {transaction.id} has no further result in its scenario")
    bring_result_forward(simulator.daraja.state, transaction, simulator.now_s())
    simulator.changed()
    return {"payment": transaction_dict(transaction)}


async def set_wallet(controlled: Controlled, request: web.Request, given: schemas.Wallet) -> object:
    msisdn = msisdn_of(request)
    controlled.simulator.daraja.state.ledger.set_wallet(msisdn, given.balance)
    return {"msisdn": msisdn, "balance": given.balance}


async def pay_c2b(controlled: Controlled, _: web.Request, given: schemas.PayC2b) -> object:
    try:
        payment = controlled.simulator.pay_c2b(
            short_code=given.short_code,
            msisdn=given.msisdn,
            amount=given.amount,
            reference=given.reference,
            buy_goods=given.buy_goods,
        )
    except LookupError as error:
        raise unknown_short_code(given.short_code) from error
    return {"payment": payment}


async def advance(controlled: Controlled, _: web.Request, given: schemas.Advance) -> object:
    if [given.by_s, given.to, given.until].count(None) != 2:
        raise ControlRefusal(400, "bad_body", "expected exactly one of by_s, to: next and until: idle")
    try:
        moved = await controlled.simulator.advance(
            by_s=given.by_s, to_next=given.to is not None, until_idle=given.until is not None
        )
    except ClockIsReal as error:
        raise ControlRefusal(409, "clock_is_real", str(error) or "start the simulator with --clock manual") from error
    except ValueError as error:
        raise ControlRefusal(400, "bad_body", str(error)) from error
    return moved


async def payments(controlled: Controlled, request: web.Request, where: schemas.PaymentsWhere) -> web.StreamResponse:
    found = await controlled.simulator.all_transactions(
        msisdn=where.msisdn, transaction_id=where.checkout_request_id, reference=where.reference
    )
    return await answer_rows(request, found, before=b'{"payments":[', after=b"]}")


async def balance(controlled: Controlled, *_: object) -> object:
    return controlled.simulator.balance()


async def limits(controlled: Controlled, *_: object) -> object:
    return controlled.simulator.limits()


async def journal(controlled: Controlled, request: web.Request, where: schemas.JournalWhere) -> web.StreamResponse:
    question = Question(
        msisdn=where.msisdn,
        transaction_id=where.checkout_request_id,
        reference=where.reference,
        endpoint=where.endpoint,
        kind=where.kind,
        since=where.since,
        until=where.until,
    )
    rows, rest = await controlled.simulator.whole_journal(question, limit=where.limit)
    return await answer_rows(request, rows, before=b'{"entries":[', after=b"]," + orjson.dumps(rest)[1:])


async def wait(controlled: Controlled, _: web.Request, given: schemas.WaitFor) -> object:
    return await controlled.simulator.wait(
        given.for_,
        timeout_s=given.timeout_s,
        msisdn=given.msisdn,
        transaction_id=given.checkout_request_id,
        count=given.count,
        since=given.since,
    )


async def send_callback(controlled: Controlled, _: web.Request, given: schemas.SendCallback) -> object:
    scenario = controlled.selector.get(given.scenario) if given.scenario is not None else None
    planned = deliveries(controlled.simulator, given, scenario)
    answered = await controlled.simulator.send(
        planned, parallel=given.parallel, gap_s=given.gap_s, timeout_s=given.timeout_s
    )
    return {"deliveries": [row.to_dict() for row in answered]}


async def ask_account(controlled: Controlled, _: web.Request, given: schemas.AskAccount) -> object:
    """C2B Hakikisha: a token from the partner, and then the question."""
    simulator = controlled.simulator
    now_s, answered, problems, name = simulator.now_s(), [], [], None
    try:
        fetched = hakikisha.token_request(given.token_url, given.key, given.secret, now_s)
        answered += await simulator.send([fetched], timeout_s=given.timeout_s)
        token = hakikisha.token_of(answered[0].status, answered[0].body)
        asked = hakikisha.name_request(
            given.url, token, request_id=simulator.daraja.state.ids.request_id(), account=given.account,
            short_code=given.short_code, now_s=now_s,
        )  # fmt: skip
        answered += await simulator.send([asked], timeout_s=given.timeout_s)
        problems = hakikisha.problems_of(answered[1].status, answered[1].body, asked.body)
        name = hakikisha.account_name(answered[1].status, answered[1].body)
    except ValueError as error:
        problems = [str(error)]
    deliveries_made = [row.to_dict() for row in answered]
    return {"account_name": name, "problems": problems, "deliveries": deliveries_made}


async def codes(*_: object) -> object:
    return {"codes": [row.to_dict() for row in RESULTS], "refusals": [row.to_dict() for row in REFUSALS]}


async def show_certificate(controlled: Controlled, *_: object) -> web.Response:
    credentials = controlled.simulator.daraja.state.credentials
    certificate = await asyncio.to_thread(lambda: credentials.certificate)  # the first one takes up to 0.1 s
    return web.Response(text=certificate, content_type="application/x-pem-file")


async def interception(controlled: Controlled, *_: object) -> object:
    return controlled.simulator.intercepted()


async def show_schemas(controlled: Controlled, *_: object) -> object:
    return controlled.simulator.schemas()


def _meant(controlled: Controlled, given: object) -> Scenario:
    """The scenario of a name, or of an inline object."""
    if isinstance(given, str):
        return controlled.selector.get(given)
    if not isinstance(given, dict):
        raise ControlRefusal(400, "bad_body", f"scenario: found {describe(given)}; expected a name or an object")
    scenario, problems = read_inline(given)
    if scenario is None:
        raise ControlRefusal(422, "bad_scenario", "; ".join(row.message for row in problems), problems=problems)
    return scenario


async def console(*_: object) -> web.Response:
    """One page for people. It speaks to the control API, and loads nothing from elsewhere."""
    page, policy = console_page()
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return web.Response(text=page, content_type="text/html", headers=headers)


@cache
def console_page() -> tuple[str, str]:
    """The page, and the policy under which a browser runs it: its own style and script, by their hashes."""
    page = files("tayari_simulator.control").joinpath("console.html").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {_hash_of('style', page)}; script-src {_hash_of('script', page)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )
    return page, policy


def _hash_of(tag: str, page: str) -> str:
    """The source expression of the text between the tags."""
    found = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert found is not None, f"the console has a {tag} element"
    return f"'sha256-{b64encode(sha256(found[1].encode()).digest()).decode()}'"
