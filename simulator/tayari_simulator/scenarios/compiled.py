"""A scenario file compiled into the behaviour that the core obeys."""

from __future__ import annotations

from tayari_simulator.apis.registry import TRANSACTIONS
from tayari_simulator.scenarios.model import FaultUse, Further, Header, Outcome, Query
from tayari_simulator.state.behaviour import ALWAYS, FOREVER, Armed, Behaviour, QuerySays, Step


def compile_behaviour(header: Header, faults: tuple[FaultUse, ...]) -> Behaviour:
    """Make the behaviour of a file that was linted."""
    # Calls of an MSISDN are counted by who chooses; calls of an endpoint by the play itself.
    skipped = 0 if header.when.endpoint in TRANSACTIONS else header.when.from_call - 1
    behaviour = Behaviour(
        name=header.scenario,
        steps=(_first(header.outcome or Outcome()), *map(_further, header.then)),
        query=_query(header.query) if header.query else None,
        armed=tuple(_armed(use, call, skipped) for use in faults for call in use.calls),
    )
    for use in faults:
        behaviour = use.fault.prepare(behaviour)
    return behaviour


def _armed(use: FaultUse, call: str, skipped: int) -> Armed:
    placing = use.placing
    lasting = placing.is_window or placing.probability < 1.0
    return Armed(
        fault=use.fault,
        on=call,
        times=placing.times or (ALWAYS if lasting else 1),
        after_calls=placing.after_calls + skipped,
        probability=placing.probability,
        from_s=placing.from_s,
        until_s=FOREVER if placing.until_s is None else placing.until_s,
        draws=use.draws,
    )


def _first(outcome: Outcome) -> Step:
    return Step(
        result_code=outcome.result_code,
        result_desc=outcome.result_desc,
        after=outcome.after_s,
        callback=outcome.callback,
        callback_after=outcome.callback_after_s,
        truth=not outcome.queue_timeout,
        to_timeout_url=outcome.queue_timeout,
    )


def _further(further: Further) -> Step:
    return Step(
        result_code=further.result_code,
        result_desc=further.result_desc,
        after=further.after_s,
        callback=further.callback,
    )


def _query(query: Query) -> QuerySays:
    return QuerySays(
        result_code=query.result_code,
        result_desc=query.result_desc,
        in_flight=tuple(form.value for form in query.in_flight),
        checkout_request_id=query.checkout_request_id,
        error=query.error,
        for_calls=query.for_calls,
    )
