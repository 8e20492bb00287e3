"""K02: the state of a payment can be found out."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned

WAYS = "a request, an SQL query, a file or a command"


@check("K02")
def a_state_can_be_read(context: CheckContext) -> None:
    """Reads the state of one payment that has begun."""
    if not context.profile.shows_state:
        raise Warned(
            f"the target file has no merchant.status, so most rules cannot be judged; expected {WAYS} that "
            "shows a payment's state. If the merchant keeps no state, nobody can find out who has paid"
        )
    view = context.observations.readable(context.actions.pay_accepted())
    if view.state is None:
        raise Failed(
            f"no state could be read for a payment that has begun ({view.error or f'HTTP {view.http_status}'}); "
            f"expected pending, paid or failed by {WAYS}"
        )
