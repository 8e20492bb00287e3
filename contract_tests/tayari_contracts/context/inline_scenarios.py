"""Scenarios that a check makes on the spot: the same content as a scenario file, played once for one payer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

Fault = Mapping[str, Mapping[str, Any]]
"""One entry of `faults`: the fault's name, and its parameters."""

ITEM: Final = "Body.stkCallback.CallbackMetadata.Item"
"""The path of a callback's items, as the fault `mutate` names it."""


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


UNPAID: Final = situation("inline/unpaid", outcome=after(1.0, result_code=1032))
"""An ordinary payment that its customer cancels. Unlike a success, it needs no query that confirms it."""
