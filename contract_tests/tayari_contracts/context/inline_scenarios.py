"""Scenarios that a check makes on the spot: the same content as a scenario file, played once for one payer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from tayari_control.client import ControlClient

Fault = Mapping[str, Mapping[str, Any]]
"""One entry of `faults`: the fault's name, and its parameters."""

OF_THE_ACKNOWLEDGEMENT: Final = frozenset({"before_ack", "ack_late", "ack_lost", "hang", "slow", "slow_body"})
"""Faults that decide when the merchant gets the answer to its push, and so what comes first."""


ITEM: Final = "Body.stkCallback.CallbackMetadata.Item"
"""The path of a callback's items, as the fault `mutate` names it."""


def sets_the_order(scenario: object) -> bool:
    """Whether a scenario itself says what comes first, the acknowledgement or the callback."""
    faults = (scenario.get("faults") or ()) if isinstance(scenario, Mapping) else ()
    named = {name for fault in faults for name in ((fault,) if isinstance(fault, str) else fault)}
    return bool(named & OF_THE_ACKNOWLEDGEMENT)


def has_no_faults(scenario: object) -> bool:
    """Whether Daraja answers the push of a scenario as it does on any day."""
    return scenario is None or (isinstance(scenario, Mapping) and not scenario.get("faults"))


def situation(name: str, *faults: Fault, about: str = "", **keys: Any) -> dict[str, Any]:
    """The content of a scenario file. `keys` are further top-level keys: `outcome`, `query`, `then`."""
    content: dict[str, Any] = {"scenario": name, "about": about or name.replace("/", ": ").replace("-", " ")}
    if faults:
        content["faults"] = [dict(fault) for fault in faults]
    return {**content, **keys}


def token_situation(name: str, *faults: Fault) -> dict[str, Any]:
    """The same for calls of OAuth."""
    return situation(name, *faults, when={"endpoint": "oauth"})


def refused(error: str, *, times: int = 1) -> Fault:
    """The next pushes are refused with a row of the error catalogue (`404.001.03`)."""
    return {"api_error": {"error": error, "times": times}}


def gateway(fault: str, *, times: int = 1) -> Fault:
    """The next pushes meet the gateway's own envelope (`spike_arrest`)."""
    return {"gateway_fault": {"fault": fault, "times": times}}


def page(name: str, *, times: int | Literal["always"] = 1) -> Fault:
    """The next pushes are answered by the edge, with HTML (`imperva_503`); `always` is until it is cleared."""
    return {"html": {"page": name, "times": times}}


def after(seconds: float, *, result_code: int | str = 0, callback: bool = True) -> dict[str, Any]:
    """An `outcome`."""
    return {"result_code": result_code, "after_s": seconds, "callback": callback}


HELD_S: Final = 12.0
"""How long a callback waits at most for the merchant to answer the start of its payment.

Some merchants answer only when they know the end: they get their callback then."""


UNPAID: Final = situation("inline/unpaid", outcome=after(1.0, result_code=1032))
"""An ordinary payment that its customer cancels. Unlike a success, it needs no query that confirms it."""


@contextmanager
def callbacks_held(control: ControlClient, msisdn: str, *, free: bool, longer_s: float = 0.0) -> Iterator[None]:
    """Hold the callbacks of this MSISDN's payments while the block runs, unless `free`.

    `longer_s`: after the block they are held for this time more, whatever `free` says.
    """
    if not free or longer_s:
        control.hold(msisdn, for_s=HELD_S + longer_s)
    try:
        yield
    finally:
        if not free or longer_s:
            control.hold(msisdn, for_s=longer_s)
