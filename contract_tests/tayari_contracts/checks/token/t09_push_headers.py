"""T09: the push says that it is JSON, and carries a Bearer token."""

from __future__ import annotations

import re

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import header
from tayari_contracts.context.findings import Failed
from tayari_contracts.steps.pushes import first_push


@check("T09")
def sends_json_and_bearer(context: CheckContext) -> None:
    """Reads the headers of one push."""
    push = first_push(context, context.actions.pay())
    content_type = header(push, "Content-Type") or ""
    if not re.match(r"application/json\b", content_type, re.IGNORECASE):
        raise Failed(
            f"the STK push has {f'Content-Type {content_type}' if content_type else 'no Content-Type'}; "
            "expected application/json, without which Daraja does not read the body"
        )
    scheme = (header(push, "Authorization") or "").partition(" ")[0]
    if scheme.lower() != "bearer":
        raise Failed(
            f"the STK push has {f'the Authorization scheme {scheme}' if scheme else 'no Authorization header'}; "
            "expected Bearer and the access token"
        )
