"""`POST /mpesa/qrcode/v1/generate`: a QR code that a customer scans to pay. Source: reference 3.11."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.fields import (
    Field,
    Fields,
    amount,
    digits,
    msisdn,
    numeric_schema,
    one_of,
    text,
    text_schema,
)
from tayari_simulator.catalogue.errors import INVALID_PAYLOAD, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange, dumps

TRX_CODES: Final = ("BG", "WA", "PB", "SM", "SB")
"""Buy goods, withdraw at an agent, pay bill, send money, send to business."""
LARGEST_SIZE: Final = 1000
"""Pixels. No limit is documented; assumed, so that one call cannot hold up the others."""
LONGEST: Final = 200
"""Characters of a name or a reference. Assumed: more would not fit into a symbol that a phone reads well."""
QUIET_ZONE: Final = 4
"""Light modules around a symbol: the standard's least."""

_SAYS: Final = "reference 3.11"


def fields(options: Options) -> Fields:
    """The fields in the documentation's order. A bad one is 400.002.05, as the documented errors have no 400.002.02."""
    rows: tuple[tuple[str, Any, Any, str], ...] = (
        ("MerchantName", text(LONGEST), text_schema(LONGEST), "the name that the customer sees"),
        ("RefNo", text(LONGEST), text_schema(LONGEST), "the reference of the payment; BillRefNumber of a pay bill"),
        (
            "Amount",
            amount(options),
            numeric_schema(r"^[1-9]\d*$"),
            "whole shillings, from 1",
        ),
        ("TrxCode", one_of(TRX_CODES), {"enum": list(TRX_CODES)}, "BG, WA, PB, SM or SB"),
        ("CPI", digits(5, 12), numeric_schema(r"^\d{5,12}$"), "the till, agent, pay bill or MSISDN that is paid"),
        ("Size", _size, numeric_schema(r"^\d{1,4}$"), f"width and height in pixels, up to {LARGEST_SIZE}"),
    )
    return Fields(
        tuple(
            Field(name=name, read=read, schema=schema, about=about, source=_SAYS, refusal=INVALID_PAYLOAD)
            for name, read, schema, about in rows
        )
    )


def generate(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Draw the symbol and answer with it.

    Raises:
        Refused: 400.002.05 when CPI is no MSISDN where money is sent to one, or Size has too few pixels.
    """
    merchant, reference, shillings, code, party, size = values
    if code == "SM" and msisdn(party) is None:
        raise Refused(INVALID_PAYLOAD, note=f"CPI is {party}; TrxCode SM sends money to an MSISDN, 2547... or 2541...")
    image = picture(content(merchant, reference, shillings, code, party), size)
    documented = state.options.says("qr_response", "documentation")
    return Reply(
        200,
        dumps({
            "ResponseCode": state.ids.conversation_id(exchange.at_s) if documented else "00",
            "RequestID": state.ids.request_id(),
            "ResponseDescription": "QR Code Successfully Generated."
            if documented
            else "The service request is processed successfully.",
            "QRCode": b64encode(image).decode(),
        }),
    )  # fmt: skip


def content(merchant: str, reference: str, shillings: int, code: str, party: str) -> str:
    """What the symbol says. The real content is not documented: assumed to be the request's own fields, as JSON."""
    named = {"MerchantName": merchant, "RefNo": reference, "Amount": shillings, "TrxCode": code, "CPI": party}
    return dumps(named).decode()


@lru_cache(maxsize=64)
def picture(text: str, size: int) -> bytes:
    """A PNG of `size` by `size` pixels with a QR code in its middle, modules as large as they can be.

    Raises:
        Refused: 400.002.05, fewer pixels than the symbol has modules, or text that no symbol holds.
    """
    import segno  # noqa: PLC0415 - 0.03 s of every start, for an API that few runs call
    from segno import writers  # noqa: PLC0415

    try:
        symbol = segno.make_qr(text, error="m", boost_error=False)
    except segno.DataOverflowError as error:
        raise Refused(INVALID_PAYLOAD, note=f"MerchantName and RefNo are too long for a QR code: {error}") from None
    modules = len(symbol.matrix)
    scale = size // (modules + 2 * QUIET_ZONE)
    if scale < 1:
        least = modules + 2 * QUIET_ZONE
        raise Refused(INVALID_PAYLOAD, note=f"Size is {size}; this text needs at least {least} pixels")
    before = (size - modules * scale) // 2
    after = size - modules * scale - before
    empty = bytearray(size)
    rows = [empty] * before
    for line in symbol.matrix:
        pixels = b"".join(b"\x01" * scale if module else b"\x00" * scale for module in line)
        rows += [bytearray(before) + pixels + bytearray(after)] * scale
    rows += [empty] * after
    image = BytesIO()
    writers.save(tuple(rows), (size, size), image, kind="png", border=0)  # type: ignore[attr-defined]  # untyped
    return image.getvalue()


def _size(value: Any) -> int | None:
    """Pixels, as a number or as text."""
    found = digits(1, 4)(value)
    return int(found) if found is not None and 1 <= int(found) <= LARGEST_SIZE else None
