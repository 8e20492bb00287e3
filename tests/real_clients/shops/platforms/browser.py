"""A customer's browser, as far as a shop without scripts needs one: cookies, forms, redirects."""

from __future__ import annotations

import re
from html import unescape
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ALERT = re.compile(r'class="alert[^"]* alert-(?:danger|warning|error)[^"]*"[^>]*>(.*?)</div>', re.DOTALL)


class Browser:
    """Cookies, the page that is shown, and its address."""

    def __init__(self, timeout_s: float) -> None:
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
        self._timeout_s = timeout_s
        self.page = ""
        self.url = ""
        self.broken = 0
        """The first status of a page that says that the shop broke or was too busy; 0 where none did."""

    def get(self, url: str) -> int:
        """Open a page."""
        return self._open(Request(url))

    def send(self, url: str, fields: dict[str, str]) -> int:
        """Send a form with the token of the page that is shown."""
        token = TOKEN.search(self.page)
        body = urlencode({"csrfmiddlewaretoken": token[1] if token else "", **fields})
        return self._open(Request(url, data=body.encode(), headers={"Referer": self.url}))

    @property
    def alerts(self) -> str:
        """The warnings of the page that is shown, as text."""
        shown = unescape(re.sub(r"<[^>]+>", " ", " ".join(ALERT.findall(self.page))))
        return " ".join(shown.replace("\N{MULTIPLICATION SIGN}", " ").split())  # the sign closes the box

    def _open(self, request: Request) -> int:
        try:
            answer = self._opener.open(request, timeout=self._timeout_s)
        except HTTPError as refusal:
            answer = refusal
        with answer:
            self.page, self.url = answer.read().decode("utf-8", "replace"), answer.url
            status = int(answer.status)
            self.broken = self.broken or (status if status >= 500 else 0)
            return status
