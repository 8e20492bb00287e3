"""Parameters that name a row of one of the core's tables, or a result code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Annotated

from tayari_formats.problems import Complaint, Path, describe, suggest

from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES
from tayari_simulator.catalogue.results import wire_form
from tayari_simulator.strict_reading import AtLeast, AtMost, ReadWith


def _row_of(what: str, table: Mapping[str, object]) -> Callable[[object, Path, list[Complaint]], object]:
    def read(value: object, path: Path, complaints: list[Complaint]) -> object:
        if isinstance(value, str) and value in table:
            return value
        message = f"{describe(value)} is no {what}{suggest(str(value), table)}"
        complaints.append(Complaint(path, message))
        return None

    return read


def _read_code(value: object, path: Path, complaints: list[Complaint]) -> object:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text.isascii() and text.replace("_", "").isalnum():
        return wire_form(text)
    complaints.append(Complaint(path, f"found {describe(value)}; expected a result code, as 1032 or SFC_IC0003"))
    return None


def _read_address(value: object, path: Path, complaints: list[Complaint]) -> object:
    try:
        return str(ip_address(value if isinstance(value, str) else ""))
    except ValueError:
        complaints.append(Complaint(path, f"found {describe(value)}; expected an IP address, as 203.0.113.66"))
        return None


def _read_media_type(value: object, path: Path, complaints: list[Complaint]) -> object:
    if isinstance(value, str) and re.fullmatch(r"[\w.+-]+/[\w.+-]+(;[ -~]*)?", value, re.ASCII):
        return value
    complaints.append(Complaint(path, f"found {describe(value)}; expected a content type, as text/html"))
    return None


Refusing = Annotated[int, AtLeast(400), AtMost(599)]
"""The status of a refusal."""
MediaType = Annotated[str, ReadWith(_read_media_type, {"type": "string", "pattern": "^[^/]+/[^/]+$"})]
Address = Annotated[str, ReadWith(_read_address, {"type": "string"})]
ErrorName = Annotated[str, ReadWith(_row_of("error of Daraja", ERRORS), {"enum": [*ERRORS]})]
GatewayFaultName = Annotated[
    str, ReadWith(_row_of("fault of the gateway", GATEWAY_FAULTS), {"enum": [*GATEWAY_FAULTS]})
]
PageName = Annotated[str, ReadWith(_row_of("page of the edge", PAGES), {"enum": [*PAGES]})]
ResultCode = Annotated[int | str, ReadWith(_read_code, {"type": ["string", "integer"], "pattern": "^\\w+$"})]
