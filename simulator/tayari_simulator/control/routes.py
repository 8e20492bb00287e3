"""The routes of the control API: one function each. `route_table` is their table."""

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
from tayari_simulator.catalogue.errors import REFUSALS
from tayari_simulator.catalogue.results import RESULTS
from tayari_simulator.control import schemas
from tayari_simulator.control.documents.provenance_document import standings
from tayari_simulator.control.endpoint import Controlled, ControlRefusal, answer, answer_rows, named
from tayari_simulator.control.explain import explain
from tayari_simulator.control.handset_routes import msisdn_of
from tayari_simulator.control.organisation_routes import unknown_short_code
from tayari_simulator.control.schemas import read_body, read_query
from tayari_simulator.control.send_callback import deliveries
from tayari_simulator.journal.entries import Question
from tayari_simulator.scenarios.magic import magic_rows
from tayari_simulator.scenarios.mix import BadMix
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.scenario_reader import read_inline, read_scenario
from tayari_simulator.scenarios.selector import Misplaced
from tayari_simulator.transport.metrics import metrics_text
from tayari_simulator.transport.simulator import ClockIsReal, TargetRefused


async def blend(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/mix`."""
    given = await read_body(request, schemas.Blend)
    weights = given.mix if isinstance(given.mix, dict) else None
    try:
        controlled.selector.blend(weights)
    except BadMix as error:
        raise ControlRefusal(400, "bad_mix", str(error)) from error
    return answer({"mix": controlled.selector.mix})


async def magic(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/magic`."""
    return answer({"magic": [row.to_dict() for row in magic_rows(controlled.selector.scenarios())]})


async def provenance(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/provenance`."""
    return answer({"provenance": [row.to_dict() for row in standings(controlled.simulator.options)]})


async def explain_payment(controlled: Controlled, request: web.Request) -> web.Response:
    """`GET /v1/explain/PAYMENT`."""
    which = request.match_info["payment"]
    found = explain(controlled.simulator, controlled.selector, which)
    if found is None:
        message = f'nothing is known of "{which[:100]}"; give a CheckoutRequestID, a receipt or an MSISDN of this run'
        raise ControlRefusal(404, "unknown_payment", message)
    return answer(found)


async def health(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /health`. `degraded`: it answers, and something that it should have kept or done is missing."""
    simulator = controlled.simulator
    settings, lost, defects = simulator.settings(), simulator.journal_lost(), simulator.failures.counts
    return answer({
        "status": "degraded" if lost or defects else "ok",
        "journal_lost": lost,
        "defects": defects,
        "version": settings["version"],
        "daraja_url": settings["daraja_url"],
        "now_s": controlled.simulator.now_s(),
    })  # fmt: skip


async def metrics(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /metrics`."""
    text = metrics_text(controlled.simulator.metrics(), queued=controlled.selector.queued)
    return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def settings(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/settings`."""
    selector = controlled.selector
    return answer({**controlled.simulator.settings(), "active_scenario": selector.active, "mix": selector.mix})


async def reset(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/reset`."""
    await read_body(request, schemas.Nothing)
    controlled.simulator.reset()
    controlled.selector.reset()
    return answer({"reset": True})


async def list_scenarios(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/scenarios`."""
    return answer({"scenarios": [scenario.summary() for scenario in controlled.selector.scenarios()]})


async def show_scenario(controlled: Controlled, request: web.Request) -> web.Response:
    """`GET /v1/scenarios/NAME`."""
    return answer(named(controlled, request.match_info["name"]).to_dict())


async def load_scenario(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/scenarios`."""
    given = await read_body(request, schemas.LoadScenario)
    async with controlled.loading:
        scenario, problems = await asyncio.to_thread(read_scenario, given.yaml, file=given.file)
    if scenario is None:
        message = "; ".join(map(str, problems)) or "the file is empty"
        raise ControlRefusal(422, "bad_scenario", message, problems=problems)
    try:
        controlled.selector.load(scenario)
    except Misplaced as error:
        raise ControlRefusal(409, "misplaced_scenario", str(error)) from error
    return answer({"scenario": scenario.name})


async def activate_scenario(controlled: Controlled, request: web.Request) -> web.Response:
    """`PUT /v1/scenarios/active`."""
    given = await read_body(request, schemas.Activate)
    if given.scenario is not None:
        named(controlled, given.scenario)
    controlled.selector.activate(given.scenario)
    return answer({"scenario": given.scenario})


async def play_next(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/next`."""
    given = await read_body(request, schemas.PlayNext)
    scenario = _meant(controlled, given.scenario)
    if given.hold_s and given.msisdn is None:
        raise ControlRefusal(400, "bad_body", "hold_s holds the callbacks of one number; give its msisdn too")
    try:
        controlled.selector.queue(scenario, msisdn=given.msisdn, endpoint=given.endpoint, times=given.times)
    except Misplaced as error:
        raise ControlRefusal(400, "misplaced_scenario", str(error)) from error
    if given.hold_s and given.msisdn is not None:
        _hold(controlled, given.msisdn, given.hold_s)
    return answer({"scenario": scenario.name, "times": given.times, "next": controlled.simulator.entries.next_seq})


async def clear_next(controlled: Controlled, _: web.Request) -> web.Response:
    """`DELETE /v1/next`."""
    dropped = controlled.selector.queued
    controlled.selector.clear()
    return answer({"dropped": dropped})


async def revoke_tokens(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/tokens/revoke`."""
    await read_body(request, schemas.Nothing)
    return answer({"revoked": controlled.simulator.daraja.state.tokens.revoke()})


async def outage(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/outage`."""
    given = await read_body(request, schemas.Outage)
    controlled.simulator.refuse_connections(given.for_s, silent=given.kind is schemas.OutageKind.SILENT)
    return answer({"kind": given.kind.value, "for_s": given.for_s})


async def end_outage(controlled: Controlled, _: web.Request) -> web.Response:
    """`DELETE /v1/outage`."""
    return answer({"ended": await controlled.simulator.end_outage()})


async def hold(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/hold`."""
    given = await read_body(request, schemas.Hold)
    _hold(controlled, given.msisdn, given.for_s)
    next_seq = controlled.simulator.entries.next_seq
    return answer({"msisdn": given.msisdn, "for_s": given.for_s, "next": next_seq})


def _hold(controlled: Controlled, msisdn: str, for_s: float) -> None:
    simulator = controlled.simulator
    simulator.daraja.state.waiting_callbacks.hold(msisdn, for_s, simulator.now_s())


async def set_wallet(controlled: Controlled, request: web.Request) -> web.Response:
    """`PUT /v1/wallets/MSISDN`."""
    msisdn = msisdn_of(request)
    given = await read_body(request, schemas.Wallet)
    controlled.simulator.daraja.state.ledger.set_wallet(msisdn, given.balance)
    return answer({"msisdn": msisdn, "balance": given.balance})


async def pay_c2b(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/c2b`."""
    given = await read_body(request, schemas.PayC2b)
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
    return answer({"payment": payment})


async def advance(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/clock/advance`."""
    given = await read_body(request, schemas.Advance)
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
    return answer(moved)


async def payments(controlled: Controlled, request: web.Request) -> web.StreamResponse:
    """`GET /v1/payments`."""
    where = read_query(request, schemas.PaymentsWhere)
    found = await controlled.simulator.all_transactions(
        msisdn=where.msisdn, transaction_id=where.checkout_request_id, reference=where.reference
    )
    return await answer_rows(request, found, before=b'{"payments":[', after=b"]}")


async def balance(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/balance`."""
    return answer(controlled.simulator.balance())


async def limits(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/limits`."""
    return answer(controlled.simulator.limits())


async def journal(controlled: Controlled, request: web.Request) -> web.StreamResponse:
    """`GET /v1/journal`."""
    where = read_query(request, schemas.JournalWhere)
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


async def wait(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/wait`."""
    given = await read_body(request, schemas.WaitFor)
    return answer(
        await controlled.simulator.wait(
            given.for_,
            timeout_s=given.timeout_s,
            msisdn=given.msisdn,
            transaction_id=given.checkout_request_id,
            count=given.count,
            since=given.since,
        )
    )


async def send_callback(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/callbacks`."""
    given = await read_body(request, schemas.SendCallback)
    scenario = named(controlled, given.scenario) if given.scenario is not None else None
    planned = deliveries(controlled.simulator, given, scenario)
    try:
        answered = await controlled.simulator.send(
            planned, parallel=given.parallel, gap_s=given.gap_s, timeout_s=given.timeout_s
        )
    except TargetRefused as error:
        raise ControlRefusal(403, "target_refused", str(error)) from error
    return answer({"deliveries": [row.to_dict() for row in answered]})


async def ask_account(controlled: Controlled, request: web.Request) -> web.Response:
    """`POST /v1/hakikisha`: C2B Hakikisha, a token from the partner and then the question."""
    given = await read_body(request, schemas.AskAccount)
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
    except TargetRefused as error:
        raise ControlRefusal(403, "target_refused", str(error)) from error
    except ValueError as error:
        problems = [str(error)]
    deliveries_made = [row.to_dict() for row in answered]
    return answer({"account_name": name, "problems": problems, "deliveries": deliveries_made})


async def codes(_: Controlled, __: web.Request) -> web.Response:
    """`GET /v1/codes`."""
    return answer({"codes": [row.to_dict() for row in RESULTS], "refusals": [row.to_dict() for row in REFUSALS]})


async def show_certificate(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/certificate`."""
    credentials = controlled.simulator.daraja.state.credentials
    certificate = await asyncio.to_thread(lambda: credentials.certificate)  # the first one takes up to 0.1 s
    return web.Response(text=certificate, content_type="application/x-pem-file")


async def interception(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/interception`."""
    return answer(controlled.simulator.intercepted())


async def show_schemas(controlled: Controlled, _: web.Request) -> web.Response:
    """`GET /v1/schemas`."""
    return answer(controlled.simulator.schemas())


def _meant(controlled: Controlled, given: object) -> Scenario:
    """The scenario of a name, or of an inline object."""
    if isinstance(given, str):
        return named(controlled, given)
    if not isinstance(given, dict):
        raise ControlRefusal(400, "bad_body", f"scenario: found {describe(given)}; expected a name or an object")
    scenario, problems = read_inline(given)
    if scenario is None:
        raise ControlRefusal(422, "bad_scenario", "; ".join(row.message for row in problems), problems=problems)
    return scenario


async def console(_: Controlled, __: web.Request) -> web.Response:
    """`GET /`: the console, one page for people. It speaks to the control API, and loads nothing from elsewhere."""
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
