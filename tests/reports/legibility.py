"""Whether every text of a page can be read: by day and by night, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser

WIDTHS: Final = (390, 1280)
_SCRIPT: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_SCRIPT_FUNCTION: Final = _SCRIPT[_SCRIPT.index("(root)") :]


def problems_of(page: Any, root: str = "body") -> list[str]:
    """What cannot be read on a page as it is now."""
    found: list[str] = page.evaluate(_SCRIPT_FUNCTION, root)
    return sorted(set(found))


def problems_everywhere(browser: Browser, url: str) -> Iterator[str]:
    """The same in both colour schemes and both widths, with every fold open."""
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.goto(url)
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
            yield from (f"{scheme}, {width}: {problem}" for problem in problems_of(page))
            page.close()
