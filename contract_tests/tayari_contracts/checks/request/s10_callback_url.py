"""S10: the CallBackURL works in production, and cannot be guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Warned
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.forged_callback import is_computed, secret_parts
from tayari_contracts.steps.pushes import first_push

REFUSED_WORDS: Final = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
"""Words that Daraja refuses in C2B URLs (reference 1.9). Shops use them in STK URLs, so here they are a warning."""

TUNNELS: Final = (
    "ngrok.io", "ngrok.app", "ngrok.dev", "ngrok-free.app", "ngrok-free.dev", "loca.lt", "localtunnel.me", "serveo.net",
    "trycloudflare.com", "webhook.site", "requestbin.com", "pipedream.net", "beeceptor.com", "requestcatcher.com",
    "localhost.run", "lhr.life", "pagekite.me", "devtunnels.ms",
)  # fmt: skip
"""Hosts of tunnels and request bins."""

NOBODYS: Final = ("example.com", "example.org", "example.net", "yourdomain.com", "your-domain.com", "mydomain.com")
"""Hosts of tutorials: with a copied one, results go to nobody, or to a stranger."""


@check("S10")
def gives_a_usable_callback_url(context: CheckContext) -> None:
    """The CallBackURLs of two pushes are compared, as the merchant sent them."""
    urls = [_url_of(context, context.actions.pay()) for _ in range(2)]
    if problem := unusable(urls[0]):
        raise Failed(
            f"the CallBackURL {_shown(urls[0])} {problem}; expected a full https:// address, because no result arrives "
            "there"
        )
    if weak := weaknesses(urls):
        raise Warned(f"the CallBackURL {_shown(urls[0])} {'; it '.join(weak)}")
    if is_local(urlsplit(urls[0])):
        context.evidence.notes.append("the CallBackURL is this machine's: HTTPS and a public host could not be judged")


def _url_of(context: CheckContext, payment: Payment) -> str:
    """The CallBackURL of a payment, without the order's reference and phone, also encoded: they are no secrets."""
    url = str(body_of(first_push(context, payment)).get("CallBackURL", ""))
    computed = [part for part in secret_parts(url) if is_computed(part, (payment.reference, payment.msisdn))]
    for known in (payment.reference, *computed):
        url = url.replace(known, "order")
    return url


def unusable(url: str) -> str:
    """Why Daraja cannot call this URL at all; empty when it can."""
    if not url.strip():
        return "is empty"
    if re.search(r"\s", url):
        return "holds blanks"
    if re.search(r"[<>{}]|%7B|%3C", url, re.IGNORECASE):
        return "holds a placeholder that was never filled in"
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        return f"is no URL ({error})"
    if parts.scheme not in ("http", "https"):
        return "does not begin with https://"
    if not host or host in ("undefined", "null", "none"):
        return "names no host"
    return ""


def weaknesses(urls: Sequence[str]) -> list[str]:
    """The weaknesses of a usable URL, given as in two payments. Of a URL of this machine only the path is judged."""
    parts = urlsplit(urls[0])
    found = [] if is_local(parts) else _public_weaknesses(parts)
    plain = urls[0]
    for secret in secret_parts(plain):  # one random part in 20,000 holds such a word by chance
        plain = plain.replace(secret, "")
    words = [word for word in REFUSED_WORDS if re.search(rf"(?<![a-z]){word}(?![a-z])", plain, re.IGNORECASE)]
    if words:
        found.append(f"holds the word {words[0]}, which Daraja refuses for C2B URLs")
    if not any(secret_parts(url) for url in urls):
        found.append("has no part that cannot be guessed, so that anybody can find it and send results to it")
    return found


def is_local(parts: SplitResult) -> bool:
    """Whether the host is this machine or a private network."""
    host = (parts.hostname or "").lower()
    if host in ("localhost", "host.docker.internal") or host.endswith((".local", ".internal", ".test", ".localhost")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def _public_weaknesses(parts: SplitResult) -> list[str]:
    host = (parts.hostname or "").lower()
    found = []
    if parts.scheme != "https":
        found.append("is not HTTPS, which production demands")
    if any(host == nobody or host.endswith(f".{nobody}") for nobody in NOBODYS):
        found.append("is at a host that tutorials use, and that is not the merchant's")
    if any(host == tunnel or host.endswith(f".{tunnel}") for tunnel in TUNNELS):
        found.append("leads through a tunnel, which production refuses")
    return found


def _shown(url: str) -> str:
    """The URL with its secret parts shortened."""
    shown = url
    for secret in secret_parts(url) if not unusable(url) else ():
        shown = shown.replace(secret, f"{secret[:3]}...")
    return repr(shown)
