"""T12: token calls, pushes and queries go to one address, with a token that was given there."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of, header
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import Entry

OAUTH, CALLS = "oauth", ("stk_push", "stk_query")


@check("T12")
def one_address_for_everything(context: CheckContext) -> None:
    """Reads the hosts and the tokens of all calls of the run."""
    if not context.journal.entries(since=1, endpoint=CALLS[0], kind="request", limit=1):
        context.actions.pay()
    tokens = context.journal.entries(since=1, endpoint=OAUTH, kind="request")
    calls = [entry for name in CALLS for entry in context.journal.entries(since=1, endpoint=name, kind="request")]
    if not calls:
        raise Untested("the merchant called neither push nor query at the address that it was given")
    if not tokens:
        context.evidence.watch_since(int(calls[0]["seq"]), endpoint=CALLS[0])
        raise Failed(
            "pushes or queries came, and no token was fetched here, so the merchant fetches it from another address; "
            "expected one address for all calls"
        )
    context.evidence.tries = len(tokens) + len(calls)
    hosts = {host for entry in (*tokens, *calls) if (host := header(entry, "Host"))}
    if len(hosts) > 1:
        raise Failed(f"the merchant calls Daraja by several addresses, {' and '.join(sorted(hosts))}; expected one")
    expect_own_tokens(tokens, calls)


def expect_own_tokens(tokens: list[Entry], calls: list[Entry]) -> None:
    """Raises `Failed` when more than half of the calls brought a token that was not given here."""
    given = {str(answer_of(entry).get("access_token")) for entry in tokens}
    foreign = [entry for entry in calls if _token_of(entry) not in given]
    if len(foreign) * 2 > len(calls):
        raise Failed(
            f"{len(foreign)} of {len(calls)} calls brought a token that was not given here; expected one from here"
        )


def _token_of(entry: Entry) -> str:
    """The token after the scheme, whose case does not matter (RFC 9110, 11.1)."""
    return (header(entry, "Authorization") or "").rpartition(" ")[2]
