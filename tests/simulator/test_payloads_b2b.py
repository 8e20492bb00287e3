"""B2B, tax remittance and B2Pochi as in the example payloads, and what they do to the ledger."""

from __future__ import annotations

from typing import Any

import pytest
from bench_daraja import scenario_of
from core_kit import Desk, error_of, payload, wire
from initiator_kit import CONVERSATION, NODE_ID, PHONE, SHORT_CODE, STATUS, ask, ending, parameters, result_of, same
from tayari_simulator.apis.initiator.b2b import COMMANDS
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.ledger import Account

B2B = "/mpesa/b2b/v1/paymentrequest"
TAX = "/mpesa/b2b/v1/remittax"
POCHI = "/mpesa/b2pochi/v1/paymentrequest"
EXAMPLES = {"b2b_paybill": B2B, "b2b_buygoods": B2B, "b2c_topup": B2B, "tax_remittance": TAX, "b2pochi": POCHI}


def pay(desk: Desk, example: str = "b2b_paybill", **changes: Any) -> Any:
    return result_of(desk, EXAMPLES[example], f"{example}.request", **changes)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_acknowledgement_is_the_example(example: str) -> None:
    ours = wire(ask(Desk(), EXAMPLES[example], f"{example}.request").body)

    assert [*ours] in ([*payload("b2b.response")], [*payload("b2c_v3.response")])
    assert CONVERSATION.fullmatch(ours["ConversationID"])
    assert NODE_ID.fullmatch(ours["OriginatorConversationID"]) or example == "b2pochi"
    assert (ours["ResponseCode"], ours["ResponseDescription"]) == (
        "0",
        "Accept the service request successfully.",
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("success.live_types", {}),
        ("success", {"b2b_result": "documentation", "result_types": "text", "result_desc_stop": "off"}),
    ],
)
def test_a_success_is_the_example(name: str, options: dict[str, str]) -> None:
    ours = pay(Desk(options))
    rows = ours["ResultParameters"]["ResultParameter"]
    example = payload(f"b2b.result.{name}")["Result"]
    expected = example["ResultParameters"]["ResultParameter"]

    assert [*ours] == [*example]
    assert [(row["Key"], type(row.get("Value"))) for row in rows] == [
        (row["Key"], type(row.get("Value"))) for row in expected
    ]
    assert ours["ReferenceData"] == example["ReferenceData"]
    assert (ours["ResultCode"], ours["ResultDesc"]) == (example["ResultCode"], example["ResultDesc"])
    found = parameters(ours)
    assert found["ReceiverPartyPublicName"] == "600000 - Example Shop"
    assert found["InitiatorAccountCurrentBalance"] == (
        "{Amount={CurrencyCode=KES, MinimumAmount=99976100, BasicAmount=999761.00}}"
    )
    assert found["DebitPartyAffectedAccountBalance"] == "Working Account|KES|999761.00|999761.00|0.00|0.00"


@pytest.mark.parametrize(
    ("code", "name", "changes", "options"),
    [
        ("SFC_IC0003", "receiver_invalid", {}, {}),
        (17, "system_error", {"AccountReference": "1d2ea2b9"}, {}),
        (2001, "single_parameter_object", {}, {"internal_results_url": "production_https"}),
    ],
)
def test_a_failure_is_the_example(code: int | str, name: str, changes: dict[str, Any], options: dict[str, str]) -> None:
    same(pay(ending(code, "b2b", options), **changes), f"b2b.result.fail.{name}")


def test_a_failure_of_taxes_is_the_example() -> None:
    same(pay(ending(2001, "tax_remittance"), "tax_remittance"), "tax_remittance.result.fail")


@pytest.mark.parametrize("form", ["plain", "references", "single_parameter"])
def test_every_failure_may_have_one_form(form: str) -> None:
    result = pay(ending(1, "b2b", {"b2b_failure": form}))

    assert ("ResultParameters" in result) is (form == "single_parameter")
    assert isinstance(result["ReferenceData"]["ReferenceItem"], list) is (form == "references")


@pytest.mark.parametrize("command", [row for row in COMMANDS if row != "BusinessTransferFromMMFToUtility"])
def test_a_command_moves_money_between_its_accounts(command: str) -> None:
    desk = Desk({"opening_working": "1000", "opening_utility": "1000"})
    ledger, (debit, credit) = desk.daraja.state.ledger, COMMANDS[command]
    desk.daraja.state.organisations.find(SHORT_CODE)
    desk.daraja.state.organisations.find("600000")
    ledger.set(SHORT_CODE, Account.MERCHANT, 1000)
    before = ledger.balance("600000", credit)

    assert pay(desk, CommandID=command)["ResultCode"] == 0
    assert ledger.balance(SHORT_CODE, debit) == 761
    assert ledger.balance("600000", credit) == before + 239
    assert sum(ledger.balances().values()) == 0


def test_a_full_utility_account_does_not_pay_a_bill() -> None:
    desk = Desk({"opening_working": "238", "opening_utility": "900000"})

    assert pay(desk)["ResultCode"] == 1
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.WORKING) == 238


def test_moving_to_the_own_utility_account_needs_a_role_that_names_it() -> None:
    desk = Desk()
    asked = {"CommandID": "BusinessTransferFromMMFToUtility", "PartyB": SHORT_CODE}
    organisation = desk.daraja.state.organisations.find(SHORT_CODE)
    assert organisation is not None
    refused = pay(desk, **asked)
    organisation.initiators[0].commands = frozenset({"BusinessTransferFromMMFToUtility"})

    assert refused["ResultCode"] == 21
    assert pay(desk, **asked)["ResultCode"] == 0
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 1_000_239


@pytest.mark.parametrize(
    ("example", "changes"),
    [("b2b_buygoods", {}), ("b2b_paybill", {"PartyB": "700000"}), ("tax_remittance", {"PartyB": "600000"})],
)
def test_an_unknown_receiver_ends_in_sfc_ic0003(example: str, changes: dict[str, Any]) -> None:
    result = pay(Desk(), example, **changes)

    assert (result["ResultCode"], result["ResultDesc"]) == ("SFC_IC0003", "Receiver party is invalid")


@pytest.mark.parametrize(("identifier", "switch", "code"), [("4", "any", 0), ("4", "2", "SFC_IC0003"), ("2", "2", 0)])
def test_a_till_may_need_identifier_type_2(identifier: str, switch: str, code: int | str) -> None:
    desk = Desk({"b2b_till_identifier": switch}, till="9034112")

    assert pay(desk, "b2b_buygoods", RecieverIdentifierType=identifier)["ResultCode"] == code


def test_taxes_go_to_the_revenue_authority() -> None:
    desk = Desk()
    result = pay(desk, "tax_remittance")

    assert result["ResultCode"] == 0
    assert {"Key": "BillReferenceNumber", "Value": 353353} in result["ReferenceData"]["ReferenceItem"]
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.WORKING) == 999_761


def test_a_business_wallet_is_paid_from_the_utility_account_once_for_each_id() -> None:
    desk = Desk()
    result = pay(desk, "b2pochi")
    again = ask(desk, POCHI, "b2pochi.request")

    assert result["ResultCode"] == 0
    assert parameters(result)["ReceiverPartyPublicName"] == f"{PHONE} - AMINA WANJIRU"
    assert error_of(again) == (500, "500.002.1001", "Duplicate OriginatorConversationID.")
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 999_900
    assert error_of(ask(desk, POCHI, "b2pochi.request", CommandID="BusinessPayment"))[2] == (
        "Bad Request - Invalid CommandID"
    )


def test_a_payment_between_organisations_is_found_by_its_status() -> None:
    desk = Desk()
    receipt = pay(desk)["TransactionID"]
    found = parameters(result_of(desk, STATUS, "transaction_status.request", TransactionID=receipt))

    assert (found["TransactionStatus"], found["DebitAccountType"]) == ("Completed", "Working Account")
    assert found["CreditPartyName"] == "600000 - Example Shop"


def test_a_payment_for_a_requester_plays_what_is_queued_for_the_short_code_that_is_paid() -> None:
    """Once; then the Requester, on whose behalf is paid, chooses the scenario."""
    named = "{{scenario: b2b/{}, about: It pays., when: {{endpoint: b2b{}}}}}"
    selector = Selector([scenario_of(named.format("of-requester", ", msisdn: 254700000000"))])
    selector.queue(scenario_of(named.format("queued", "")), msisdn="600000")
    desk = Desk()
    desk.daraja.state.choose = selector

    played = []
    for _ in range(2):
        ask(desk, B2B, "b2b_paybill.request")
        played.append(desk.notes[-1].scenario)

    assert played == ["b2b/queued", "b2b/of-requester"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"SenderIdentifierType": "1"}, "SenderIdentifierType"),
        ({"RecieverIdentifierType": None}, "RecieverIdentifierType"),
        ({"AccountReference": "x" * 14}, "AccountReference"),
        ({"Requester": "0711000111"}, "Requester"),
        ({"CommandID": "PayTaxToKRA"}, "CommandID"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], field: str) -> None:
    expected = (400, "400.002.02", f"Bad Request - Invalid {field}")

    assert error_of(ask(Desk(), B2B, "b2b_paybill.request", **changes)) == expected


def test_the_result_reports_a_limit_of_the_organisation() -> None:
    desk = Desk()
    organisations = desk.daraja.state.organisations
    organisation = organisations.find(SHORT_CODE)
    assert organisation is not None
    organisations.set_limits(organisation, None, 1000)
    codes = [pay(desk, Amount=amount)["ResultCode"] for amount in (600, 401, 400)]

    assert codes == [0, 4, 0]
