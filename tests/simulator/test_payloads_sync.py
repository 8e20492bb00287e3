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
from core_kit import NOW_S, Desk, error_of, payload, wire
from PIL import Image
from test_payloads_stk import NODE_ID, OLD_ID, RECEIPT

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


ORGANISATION = "/sfcverify/v1/query/info"
HAKIKISHA = "/mpesa/b2c/hakikisha/v1/hakikisha"
KYC = "/v1/KYC-validation/validateID"
IMSI, SWAP = "/imsi/v1/checkATI", "/imsi/v2/checkATI"
HALF_PAST_THREE_S = NOW_S + 54 * 60 + 58
"""15:30:01 in East Africa."""


def test_organisation_info_is_the_example() -> None:
    example = payload("org_info.response")
    ours = answer(Desk(), ORGANISATION, payload("org_info.request"))

    assert with_ids(ours, example, ConversationID=NODE_ID) == json.dumps(example)


@pytest.mark.parametrize("change", [{"Identifier": "999999"}, {"IdentifierType": 2}])
def test_an_unknown_organisation_is_an_invalid_identifier(change: dict[str, Any]) -> None:
    ours = answer(Desk(), ORGANISATION, payload("org_info.request") | change)

    assert ours["ResponseMessage"] == "Invalid Identifier"
    assert "OrganizationName" not in ours


def test_a_till_is_asked_for_as_a_till() -> None:
    ours = answer(Desk({"organisation_info_code": "0"}, till="9034112"), ORGANISATION,
                  {"IdentifierType": "2", "Identifier": 9034112})  # fmt: skip

    assert (ours["ResponseCode"], ours["OrganizationShortCode"]) == ("0", "9034112")


def test_hakikisha_is_the_example() -> None:
    ours = answer(Desk(now_s=HALF_PAST_THREE_S), HAKIKISHA, payload("b2c_hakikisha.request"))

    assert json.dumps(ours) == json.dumps(payload("b2c_hakikisha.response"))


@pytest.mark.parametrize("status", [200, 400])
def test_hakikisha_of_nobody_is_the_example(status: int) -> None:
    desk = Desk({"hakikisha_unknown_status": str(status)}, now_s=HALF_PAST_THREE_S)
    request = payload("b2c_hakikisha.request")
    request["body"]["msisdn"] = "254711000404"
    reply = desk.call(HAKIKISHA, orjson.dumps(request))

    assert reply.status == status
    assert json.dumps(wire(reply.body)) == json.dumps(payload("b2c_hakikisha.response.not_found"))


def test_a_document_of_somebody_else_is_the_example() -> None:
    ours = answer(Desk(), KYC, payload("kyc_validation.request"))

    assert json.dumps(ours) == json.dumps(payload("kyc_validation.response.mismatch"))


def test_the_last_eight_digits_are_the_customer_s_document() -> None:
    ours = answer(Desk(), KYC, payload("kyc_validation.request") | {"idNumber": "11000111"})

    assert (ours["status"], ours["responseMessage"]) == (True, "Details match")


def test_imsi_is_the_example() -> None:
    example = payload("imsi.response")

    ours = answer(Desk(), IMSI, payload("imsi.request"))

    assert with_ids(ours, example, requestRefID=NODE_ID) == json.dumps(example)


def test_a_sim_that_was_never_swapped_is_the_example() -> None:
    example = payload("swap.response")
    ours = answer(Desk({"request_id_style": "classic"}), SWAP, {"customerNumber": 254711000115})

    assert with_ids(ours, example, requestRefID=OLD_ID) == json.dumps(example)


@pytest.mark.parametrize(
    ("number", "date"), [("254711000120", "06-10-2026 10:15"), ("254711000111", "01-05-2022 10:15")]
)
def test_a_swapped_sim_says_when(number: str, date: str) -> None:
    assert answer(Desk(), SWAP, {"customerNumber": number})["lastSwapDate"] == date


def test_age_on_network_and_the_lookup_say_what_imsi_says() -> None:
    request = payload("imsi.request")
    whole = answer(Desk(), IMSI, request)
    age = answer(Desk(), "/registration/lookup/v1/checkATI", request)
    lookup = answer(Desk(), "/imsi-lookup/v1/checkATI", request)

    assert age["msisdnRegistrationDate"] == whole["msisdnRegistrationDate"]
    assert lookup["imsi"] == whole["imsi"]


@pytest.mark.parametrize(
    ("body", "authorization", "status"),
    [({"customerNumber": "0711000111"}, "", 400), ({"customerNumber": "254711000404"}, "", 404), ({}, "Bearer x", 401)],
)
def test_imsi_refuses_with_a_bare_status(body: Any, authorization: str, status: int) -> None:
    reply = Desk().call(IMSI, orjson.dumps(body), authorization=authorization)

    assert (reply.status, reply.body) == (status, b"")


def test_iot_envelope_is_the_example() -> None:
    example = payload("iot.envelope.response")
    ours = answer(Desk(), "/simportal/v1/queryLifeCycleStatus", {"msisdn": "254711000111"})

    assert re.fullmatch(r"2026-10-07T14:35:03\.2\d{8}", ours["header"]["timestamp"])
    assert NODE_ID.fullmatch(ours["header"]["requestRefId"])
    for key in ("timestamp", "requestRefId"):
        ours["header"][key] = example["header"][key]
    assert json.dumps(ours) == json.dumps(example)


BILLS = "/v1/billmanager-invoice"
APP_KEY = re.compile(r"AG_\d{10}_\d{8}[A-Z]{2}")


def bill(desk: Desk, path: str, example: str) -> Any:
    return answer(desk, f"{BILLS}/{path}", payload(f"bill_manager.{example}.request"))


def test_bill_manager_opt_in_is_the_example() -> None:
    desk = Desk()
    example = payload("bill_manager.optin.response")

    assert with_ids(bill(desk, "optin", "optin"), example, app_key=APP_KEY) == json.dumps(example)
    changed = bill(desk, "change-optin-details", "optin")
    assert json.dumps(changed) == json.dumps(payload("bill_manager.change_optin.response"))


def test_bill_manager_refuses_a_bad_token_as_in_the_example() -> None:
    reply = Desk().call(f"{BILLS}/optin", b"{}", authorization="Bearer unknown")
    example = payload("bill_manager.optin.error.unauthorized")

    assert reply.status == 401
    assert with_ids(wire(reply.body), example, requestId=NODE_ID) == json.dumps(example)


@pytest.mark.parametrize(
    ("path", "example"), [("single-invoicing", "single_invoice"), ("bulk-invoicing", "bulk_invoice")]
)
def test_an_invoice_is_answered_as_in_the_example(path: str, example: str) -> None:
    assert json.dumps(bill(Desk(), path, example)) == json.dumps(payload("bill_manager.invoice.response"))


def test_a_cancellation_is_answered_as_in_the_example() -> None:
    desk = Desk()
    bill(desk, "single-invoicing", "single_invoice")

    cancelled = bill(desk, "cancel-single-invoice", "cancel_single")

    assert json.dumps(cancelled) == json.dumps(payload("bill_manager.cancel.response"))


@pytest.mark.parametrize(
    ("path", "example"), [("cancel-single-invoice", "cancel_single"), ("cancel-bulk-invoices", "cancel_bulk")]
)
def test_a_paid_invoice_cannot_be_cancelled_as_in_the_example(path: str, example: str) -> None:
    desk = Desk()
    invoices = [payload("bill_manager.single_invoice.request") | {"externalReference": f"INV-0042{n}"} for n in (1, 2)]
    answer(desk, f"{BILLS}/bulk-invoicing", invoices)
    reconciled = bill(desk, "reconciliation", "reconciliation")

    refused = bill(desk, path, example)

    assert reconciled == {"resmsg": "Success", "rescode": "200"}
    assert json.dumps(refused) == json.dumps(payload("bill_manager.cancel.error.conflict"))


IOT = (
    "/simportal/v1/allsims", "/simportal/v1/queryLifeCycleStatus", "/simportal/v1/querycustomerinfo",
    "/simportal/v1/simactivation", "/simportal/v1/getactivationtrends", "/simportal/v1/renameasset",
    "/simportal/v1/suspend_unsuspend_sub", "/simportal/v1/searchmessages", "/simportal/v1/filtermessages",
    "/simportal/v1/deleteMessageThread", "/simportal/v1/getallmessages", "/simportal/v1/sendsinglemessage",
    "/simportal/v1/deletemessage", "/simportal/v1/getlocationinfo",
)  # fmt: skip


@pytest.mark.parametrize("path", IOT)
def test_every_path_of_iot_answers_in_the_envelope_of_the_example(path: str) -> None:
    example = payload("iot.envelope.response")
    ours = answer(Desk(), path, {"msisdn": "254711000111", "operation": "unsuspend"})

    assert list(ours["header"]) == list(example["header"])
    assert example["body"].items() <= ours["body"].items()


BILL_PATHS = [
    ("/v1/billmanager-invoice/optin", "optin"),
    ("/v1/billmanager-invoice/change-optin-details", "optin"),
    ("/v1/billmanager-invoice/single-invoicing", "single_invoice"),
    ("/v1/billmanager-invoice/bulk-invoicing", "bulk_invoice"),
    ("/v1/billmanager-invoice/change-invoice", "single_invoice"),
    ("/v1/billmanager-invoice/change-invoices", "bulk_invoice"),
    ("/v1/billmanager-invoice/reconciliation", "reconciliation"),
    ("/v1/billmanager-invoice/cancel-single-invoice", "cancel_single"),
    ("/v1/billmanager-invoice/cancel-bulk-invoices", "cancel_bulk"),
]


@pytest.mark.parametrize("prefix", ["", BILLS])
@pytest.mark.parametrize(("path", "example"), BILL_PATHS)
def test_every_path_of_bill_manager_takes_its_example(prefix: str, path: str, example: str) -> None:
    desk = Desk()
    invoices = [payload("bill_manager.single_invoice.request") | {"externalReference": f"INV-0042{n}"} for n in (1, 2)]
    answer(desk, f"{BILLS}/bulk-invoicing", invoices)

    assert answer(desk, prefix + path, payload(f"bill_manager.{example}.request"))["rescode"] == "200"


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "/v1/dynamic-offers/fetch", "?msisdn=254711000111", {}),
        ("POST", "/v1/dynamic-offers/facebook-bundle/purchase", "", {
            "msisdn": "254711000111", "offeringId": "1", "paymentMode": "airtime", "accountId": "a", "price": 50,
            "resourceAmount": "1024", "validity": "24", "transactionId": "t-1"}),
        ("POST", "/v2/bundles/get/status", "", {"id": "t-1", "serviceAccountId": "a"}),
    ],
)  # fmt: skip
def test_mobile_center_answers_what_is_assumed(method: str, path: str, query: str, body: Any) -> None:
    reply = Desk().call(path, orjson.dumps(body), method=method, query=query)

    assert reply.status == 200
    assert wire(reply.body)["responseCode"] == "200"


def opted_in(desk: Desk, short_code: str = "174379") -> Desk:
    """Bill Manager is used by the short code of the STK push."""
    body = payload("bill_manager.optin.request") | {"shortcode": short_code}
    answer(desk, "/v1/billmanager-invoice/optin", body)
    return desk


def test_a_payment_push_is_the_example() -> None:
    desk = opted_in(Desk())
    answer(desk, "/v1/billmanager-invoice/single-invoicing", payload("bill_manager.single_invoice.request"))
    desk.pushed(PhoneNumber=254711000111, AccountReference="HOUSE-12B", Amount=800)
    (pushed,) = [row for row in desk.after(20.0) if row.url == payload("bill_manager.optin.request")["callbackurl"]]
    ours, example = wire(pushed.body), payload("bill_manager.payment_push")

    assert pushed.attempts_left == 4
    ours |= {"shortCode": example["shortCode"]}
    assert with_ids(ours, example, transactionId=RECEIPT) == json.dumps(example)


def test_a_c2b_payment_is_pushed_too_and_pays_the_invoice() -> None:
    desk = opted_in(Desk(), "600984")
    answer(desk, "/v1/billmanager-invoice/single-invoicing", payload("bill_manager.single_invoice.request"))
    body = {"ShortCode": "600984", "CommandID": "CustomerPayBillOnline", "Amount": 800, "Msisdn": "254711000111",
            "BillRefNumber": "HOUSE-12B"}  # fmt: skip
    answer(desk, "/mpesa/c2b/v2/simulate", body)
    pushed = [wire(row.body) for row in desk.after(20.0)]

    assert [row["shortCode"] for row in pushed] == ["600984"]
    refused = bill(desk, "cancel-single-invoice", "cancel_single")
    assert json.dumps(refused) == json.dumps(payload("bill_manager.cancel.error.conflict"))


def test_an_organisation_that_did_not_opt_in_gets_no_message() -> None:
    desk = opted_in(Desk(), "600984")
    desk.pushed(AccountReference="HOUSE-12B")

    assert len(desk.after(20.0)) == 1
