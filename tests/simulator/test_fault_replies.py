"""Faults of Daraja's answers, one test each: what the caller gets, and what the simulator did."""

from __future__ import annotations

import orjson
import pytest
from bench_daraja import MSISDN, Bench, scenario_of
from core_kit import payload
from tayari_simulator.state.behaviour import Reply, Transport


def bench_with(fault: str, *, endpoint: str = "stk_push") -> Bench:
    bench = Bench()
    scenario = scenario_of(f"scenario: a/b\nabout: x\nwhen: {{endpoint: {endpoint}}}\nfaults: [{{{fault}}}]")
    if endpoint == "stk_push":
        bench.selector.queue(scenario, msisdn=MSISDN)
    else:
        bench.selector.queue(scenario, endpoint=endpoint)
    return bench


def pushed_under(fault: str) -> tuple[Reply, bool]:
    """The reply to a push under one fault, and whether a payment came of it."""
    bench = bench_with(fault)
    return bench.push(), bool(bench.last_id)


def test_api_error_refuses_in_darajas_envelope_with_a_fresh_id() -> None:
    bench = bench_with("api_error: {error: 500.003.02.system_busy, times: 2}")
    first, second = orjson.loads(bench.push().body), orjson.loads(bench.push().body)

    assert first["errorCode"] == second["errorCode"] == "500.003.02"
    assert first["errorMessage"] == "System is busy. Please try again in few minutes."
    assert first["requestId"] != second["requestId"]
    assert not bench.last_id


def test_gateway_fault_refuses_in_the_gateways_envelope() -> None:
    reply, accepted = pushed_under("gateway_fault: {fault: spike_arrest, retry_after_s: 12}")

    assert (reply.status, reply.headers) == (429, (("Retry-After", "12"),))
    assert orjson.loads(reply.body)["fault"]["detail"]["errorcode"] == "policies.ratelimit.SpikeArrestViolation"
    assert not accepted


def test_html_answers_with_a_page_of_the_edge() -> None:
    reply, accepted = pushed_under("html: {page: imperva_503}")

    assert (reply.status, reply.content_type) == (503, "text/html")
    assert b"Incapsula incident ID" in reply.body
    assert not accepted


def test_refuse_resets_the_call_and_closes_the_port() -> None:
    reply, accepted = pushed_under("refuse: {for_s: 3}")

    assert (reply.transport, reply.close_port_for_s) == (Transport.RESET, 3)
    assert not accepted


def test_reset_resets_the_connection() -> None:
    reply, accepted = pushed_under("reset: {}")

    assert (reply.transport, reply.close_port_for_s) == (Transport.RESET, 0)
    assert not accepted


@pytest.mark.parametrize("accepted", [False, True])
def test_hang_says_nothing_and_closes(accepted: bool) -> None:
    reply, exists = pushed_under(f"hang: {{for_s: 30, accepted: {str(accepted).lower()}}}")

    assert (reply.transport, reply.delay_s) == (Transport.CLOSE, 30)
    assert exists is accepted


def test_slow_holds_the_answer_of_a_call_that_has_happened() -> None:
    reply, accepted = pushed_under("slow: {first_byte_s: 4}")

    assert (reply.status, reply.delay_s) == (200, 4)
    assert accepted


def test_truncate_cuts_the_body_of_a_call_that_has_happened() -> None:
    reply, accepted = pushed_under("truncate: {keep_bytes: 15}")

    assert (reply.transport, reply.keep_bytes) == (Transport.TRUNCATE, 15)
    assert accepted


def test_wrong_content_type_answers_as_always_under_another_name() -> None:
    reply, accepted = pushed_under("wrong_content_type: {content_type: text/plain}")

    assert (reply.status, reply.content_type) == (200, "text/plain")
    assert orjson.loads(reply.body)["ResponseCode"] == "0"
    assert accepted


def test_malformed_json_answers_200_with_half_a_body() -> None:
    reply, accepted = pushed_under("malformed_json: {}")

    assert reply.status == 200
    assert reply.body.startswith(b'{"MerchantRequestID"')
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(reply.body)
    assert accepted


def test_empty_body_answers_with_a_status_only() -> None:
    reply, accepted = pushed_under("empty_body: {status: 502}")

    assert (reply.status, reply.body) == (502, b"")
    assert not accepted


def test_ack_lost_accepts_and_answers_as_a_gateway_that_gave_up() -> None:
    reply, accepted = pushed_under("ack_lost: {}")

    assert reply.status == 504
    assert b"GatewayTimeout" in reply.body
    assert accepted


def test_ack_lost_can_close_the_connection() -> None:
    reply, accepted = pushed_under("ack_lost: {drop: true}")

    assert reply.transport is Transport.CLOSE
    assert accepted


def test_ack_late_does_not_hold_up_the_outcome() -> None:
    bench = bench_with("ack_late: {by_s: 5}")
    reply = bench.push()

    assert reply.delay_s == 5
    assert [delivery.due_s - bench.seen[0].at_s for delivery in bench.advance(2)] == [1]


def test_ack_refused_is_a_refusal_inside_a_200() -> None:
    reply, accepted = pushed_under("ack_refused: {}")
    body = orjson.loads(reply.body)

    assert reply.status == 200
    assert body | {"MerchantRequestID": ""} == payload("stk_push.response.rejected_in_200") | {"MerchantRequestID": ""}
    assert not accepted


def test_ack_without_id_lacks_the_key_and_makes_no_payment() -> None:
    reply, accepted = pushed_under("ack_without_id: {}")
    body = orjson.loads(reply.body)

    assert set(body) == {"MerchantRequestID", "ResponseCode", "ResponseDescription", "CustomerMessage"}
    assert not accepted


@pytest.mark.parametrize(("form", "expires_in"), [("string", "60"), ("number", 60)])
def test_token_life_is_what_it_says_and_what_happens(form: str, expires_in: object) -> None:
    bench = bench_with(f"token_life: {{expires_in: 60, as: {form}}}", endpoint="oauth")
    token = orjson.loads(bench.oauth().body)
    bearer = f"Bearer {token['access_token']}"
    tokens = bench.daraja.state.tokens

    assert token["expires_in"] == expires_in
    assert tokens.find(bearer, bench.now_s + 59) is not None
    assert tokens.find(bearer, bench.now_s + 61) is None


def test_faults_follow_each_other_by_their_counts() -> None:
    bench = Bench()
    text = "scenario: a/b\nabout: x\nfaults: [{reset: {times: 2}}, {empty_body: {status: 500, after_calls: 2}}]"
    bench.selector.queue(scenario_of(text), msisdn=MSISDN)
    replies = [bench.push() for _ in range(4)]

    assert [reply.transport for reply in replies[:2]] == [Transport.RESET] * 2
    assert [reply.status for reply in replies[2:]] == [500, 200]


def test_faults_of_the_query_belong_to_their_payment() -> None:
    bench = Bench()
    text = 'scenario: a/b\nabout: x\nfaults: [{html: {page: imperva_503, "on": stk_query}}]'
    bench.selector.queue(scenario_of(text), msisdn=MSISDN)
    bench.push()
    played = bench.last_id
    bench.push(msisdn="254799999999")
    other = bench.last_id
    bench.advance(5)

    assert [bench.query(other).status, bench.query(played).status, bench.query(played).status] == [200, 503, 200]


def test_api_error_takes_another_status_and_a_retry_after() -> None:
    reply, accepted = pushed_under("api_error: {error: 500.003.02.spike_arrest, status: 429, retry_after_s: 30}")

    assert (reply.status, reply.headers) == (429, (("Retry-After", "30"),))
    assert orjson.loads(reply.body)["errorMessage"] == "Error Occurred: Spike Arrest Violation"
    assert not accepted


def test_gateway_fault_takes_another_status() -> None:
    reply, _ = pushed_under("gateway_fault: {fault: gateway_timeout, status: 503}")

    assert reply.status == 503
    assert "fault" in orjson.loads(reply.body)


def test_slow_body_sends_the_body_of_an_accepted_push_slowly() -> None:
    reply, accepted = pushed_under("slow_body: {over_s: 4}")

    assert (reply.transport, reply.body_over_s, reply.delay_s) == (Transport.SLOW_BODY, 4, 0)
    assert accepted


@pytest.mark.parametrize(
    ("error", "status"), [("404.001.03", 404), ("404.001.03.invalid_access_token.status_401", 401)]
)
def test_revoke_tokens_refuses_the_call_and_every_older_token(error: str, status: int) -> None:
    bench = bench_with(f"revoke_tokens: {{error: {error}}}")
    tokens = bench.daraja.state.tokens
    older = tokens.issue("o" * 28, app="key", expires_s=bench.now_s + 3600, cancel_old=False)
    reply = bench.push()

    assert (reply.status, bench.last_id) == (status, "")
    assert orjson.loads(reply.body)["errorCode"] == "404.001.03"
    assert tokens.find(f"Bearer {older.text}", bench.now_s) is None
    bench.push()
    assert bench.last_id
