"""`html`: the edge answers with a page."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.catalogue.gateway_pages import PAGES
from tayari_simulator.faults.base import PageName, TableFault
from tayari_simulator.state.behaviour import Reply


@dataclass(frozen=True, slots=True)
class Html(TableFault):
    """Answer with an HTML page of the edge; Daraja never sees the call."""

    page: PageName

    def instead(self) -> Reply:
        return PAGES[self.page].reply()
