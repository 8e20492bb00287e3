"""`GET /`: the console, one page for people. It speaks to the control API, and loads nothing from elsewhere."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from aiohttp import web

from tayari_simulator.control.endpoint import Controlled


async def console(_: Controlled, __: web.Request) -> web.Response:
    """`GET /`."""
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
