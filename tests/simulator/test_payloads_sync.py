"""The example payloads of the APIs that answer at once are what the simulator puts on the wire, key order included."""

from __future__ import annotations

import io
import json
import re
from base64 import b64decode
from typing import Any

import orjson
import pytest
import zxingcpp
from core_kit import Desk, error_of, payload, wire
from PIL import Image
from test_payloads_stk import NODE_ID, OLD_ID

CONVERSATION_ID = re.compile(r"AG_\d{8}_[0-9a-f]{20}")
QR = "/mpesa/qrcode/v1/generate"


def answer(desk: Desk, path: str, body: Any) -> Any:
    """The answer to this body, read as the examples are."""
    reply = desk.call(path, orjson.dumps(body))
    assert reply.status == 200, reply.body
    return wire(reply.body)


def with_ids(ours: Any, example: Any, **forms: re.Pattern[str]) -> str:
    """Ours as text, with the example's ids once their forms were checked."""
    for key, form in forms.items():
        assert form.fullmatch(ours[key]), ours[key]
        ours[key] = example[key]
    return json.dumps(ours)


def picture(answered: Any) -> Image.Image:
    return Image.open(io.BytesIO(b64decode(answered["QRCode"])))


def test_qr_answer_of_production_is_the_example() -> None:
    example = payload("dynamic_qr.response.code_00")
    ours = answer(Desk({"qr_response": "00"}), QR, payload("dynamic_qr.request"))

    assert picture(ours).size == (300, 300)
    assert with_ids(ours | {"QRCode": example["QRCode"]}, example, RequestID=NODE_ID) == json.dumps(example)


def test_qr_answer_of_the_documentation_is_the_example() -> None:
    example = payload("dynamic_qr.response")
    ours = answer(Desk({"request_id_style": "classic"}), QR, payload("dynamic_qr.request"))
    forms = {"ResponseCode": CONVERSATION_ID, "RequestID": OLD_ID}

    assert with_ids(ours | {"QRCode": example["QRCode"]}, example, **forms) == json.dumps(example)


@pytest.mark.parametrize("size", ["300", 61, 1000])
def test_a_qr_code_scans_and_says_what_was_asked_for(size: Any) -> None:
    request = payload("dynamic_qr.request") | {"Size": size}
    image = picture(answer(Desk(), QR, request))
    (found,) = zxingcpp.read_barcodes(image)

    assert image.format == "PNG"
    assert image.size == (int(size), int(size))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    assert json.loads(found.text) == {key: value for key, value in request.items() if key != "Size"}


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"Size": "20"}, "needs at least"),
        ({"Size": 1001}, "Size is 1001"),
        ({"TrxCode": "XX"}, "TrxCode is 'XX'"),
        ({"TrxCode": "SM"}, "TrxCode SM sends money to an MSISDN"),
        ({"Amount": 0}, "Amount is 0"),
        ({"MerchantName": "\x01" * 200, "RefNo": "\x01" * 200, "Size": 1000}, "too long for a QR code"),
        ({"RefNo": ""}, "RefNo is ''"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(change: dict[str, Any], note: str) -> None:
    desk = Desk()
    reply = desk.call(QR, orjson.dumps(payload("dynamic_qr.request") | change))

    assert error_of(reply) == (400, "400.002.05", "Invalid Request Payload")
    assert note in desk.note
