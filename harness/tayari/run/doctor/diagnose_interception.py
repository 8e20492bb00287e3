"""How a merchant with Safaricom's host names in its code came to the simulator, or why it did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from tayari_target.merchant_interception import Intercept
from tayari_target.target_file.target_model import Start

from tayari.run.doctor.doctor_findings import DoctorFinding, bad, good, warning

Calls = Iterable[Mapping[str, Any]]
"""The `calls` of `GET /v1/interception`."""

PRODUCTION: Final = "production host"
"""Name of the finding that the merchant called it."""
_NAME: Final = "interception"
_SHOWN: Final = 300
"""Characters of a body; secrets are taken out of it as of every finding."""
_PRODUCTION_HOST: Final = "api.safaricom.co.ke"
"""Source: reference 1.1."""
_TRUST: Final = (
    "its runtime reads none of SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, NODE_EXTRA_CA_CERTS, DENO_CERT and "
    "the trust store of JAVA_TOOL_OPTIONS, or it brings certificates of its own: let it trust the file {ca_file} "
    "({{ca_file}} in merchant.start.env or merchant.start.command)"
)
_NEXT_WAY: Final[Mapping[Intercept, str]] = {
    Intercept.PROXY: "try `intercept: auto`",
    Intercept.AUTO: "try `intercept: hosts`, which serves every client, on Linux where port 443 is free "
    "(`tayari docs interception`)",
    Intercept.HOSTS: "`tayari docs interception` lists which clients work",
}
_EXPIRED: Final = (
    "start the simulator again: each start makes a certificate for 90 days, and a new authority where the old one soon "
    "runs out; where it was just started, correct the merchant's clock"
)


def which_way(calls: Calls) -> DoctorFinding | None:
    """How the merchant's calls came; None: without an interception."""
    ways = {str(row["way"]) for row in calls}
    if "played" in ways:
        return good(_NAME, "the merchant's calls to Safaricom's hosts came through the proxy")
    if "tls" in ways:
        return good(_NAME, "the merchant's calls to Safaricom's hosts came by names inside its process")
    return None


def refused_hosts(calls: Calls) -> DoctorFinding | None:
    """Other hosts that the merchant called, and that were refused."""
    hosts = sorted({str(row["host"]) for row in calls if row["way"] == "refused" and row["host"]})
    if not hosts:
        return None
    message = f"the merchant called {', '.join(hosts[:5])}, and was refused: only Safaricom's hosts are played"
    return warning(_NAME, message, "give it a stand-in for them, or write `other_hosts: pass` in merchant.start")


def production_calls(entries: Iterable[Mapping[str, Any]]) -> DoctorFinding | None:
    """Calls that the merchant made of Safaricom's production host. They were played here, and went nowhere else."""
    asked: dict[str, int] = {}
    last: Mapping[str, Any] = {}
    for entry in entries:
        request = entry.get("request") or {}
        headers = request.get("headers") or {}
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        host = next((str(value) for name, value in pairs if str(name).lower() == "host"), "")
        if entry.get("kind") == "request" and host.partition(":")[0].rstrip(".").lower() == _PRODUCTION_HOST:
            path = urlsplit(str(request.get("url", ""))).path
            call = f"{request.get('method')} https://{_PRODUCTION_HOST}{path}"
            asked[call], last = asked.get(call, 0) + 1, request
    if not asked:
        return None
    calls = ", ".join(f"{call} ({count} times)" if count > 1 else call for call, count in asked.items())
    body = f"; the last one with {_shown(str(last['body']))}" if last.get("body") else ""
    message = f"the merchant called Safaricom's production host: {calls}{body}; all of it was played here"
    fix = f"run tests with the settings of the sandbox; a test elsewhere would move real money at {_PRODUCTION_HOST}"
    return warning(PRODUCTION, message, fix)


def _shown(body: str) -> str:
    """The body, or its first whole fields: masking does not know half of a phone number."""
    return body if len(body) <= _SHOWN else f"{body[:_SHOWN].rpartition(',')[0]}, ..."


def never_came(
    start: Start | None, calls: Calls, ca_file: str, daraja_url: str, answered: int | None = None
) -> DoctorFinding | None:
    """Why no call of an intercepted merchant reached the simulator.

    None: it is not intercepted, or it refused the payment (`answered` 4xx) and so had nobody to call.
    """
    if start is None or start.intercept is Intercept.OFF:
        return None
    rows = list(calls)
    distrust = next((row for row in rows if row["way"] == "untrusted"), None)
    if distrust is not None and "EXPIRED" in str(distrust["reason"]):
        message = f"for the merchant the certificate has expired ({distrust['reason']}), and it ended its calls"
        return bad("certificate", message, _EXPIRED)
    if distrust is not None:
        message = f"the merchant does not trust the local authority ({distrust['reason']}), and ended its calls"
        return bad("certificate", message, _TRUST.format(ca_file=ca_file))
    refused = refused_hosts(rows)
    if refused is not None:
        return bad(_NAME, refused.message, refused.fix)
    unread = next((row for row in rows if row["way"] == "refused"), None)
    if unread is not None:
        fix = f"{_NEXT_WAY[start.intercept]}; else fix what it says"
        return bad(_NAME, f"a call of the merchant was refused: {unread['reason']}", fix)
    if answered is not None and 400 <= answered < 500:
        return None
    message = "the merchant called no host of Safaricom's, neither through the proxy nor by name"
    next_way = _NEXT_WAY[start.intercept]
    fix = f"{next_way}; or give the merchant the Daraja base URL {daraja_url} ({{daraja_url}} in merchant.start.env)"
    return bad(_NAME, message, fix)
