"""What doctor says of a refused initiator, and of secrets that are ordinary words."""

import json
from pathlib import Path

import pytest
from mini_target import mini_target
from tayari.run.doctor.diagnose_initiator import failed_because, fix_of
from tayari.run.doctor.diagnose_secrets import ordinary_words
from tayari_target.target_file import load_target

KNOWN = [
    {"short_code": "600992", "initiators": ["testapi"], "expired_initiators": []},
    {"short_code": "512345", "initiators": ["payroll", "old"], "expired_initiators": ["old"]},
]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (
            {"InitiatorName": "salaries", "PartyA": "512345"},
            "the merchant names the initiator 'salaries'; expected one of 512345: payroll, old",
        ),
        (
            {"Initiator": "refunds", "ReceiverParty": 600992},
            "the merchant names the initiator 'refunds'; expected one of 600992: testapi",
        ),
        (
            {"Initiator": "testapi", "ReceiverParty": "600992"},
            "the initiator testapi of 600992 is known, and its credential does not open: another certificate",
        ),
        ({"InitiatorName": "old", "PartyA": "512345"}, "the password of the initiator old of 512345 is expired"),
        ({"InitiatorName": "x", "PartyA": "999999"}, "no organisation has the short code 999999"),
        ({"InitiatorName": "x"}, "no organisation has the short code that is missing in the request"),
    ],
)
def test_a_refused_initiator_says_which_was_found_and_which_was_expected(sent: dict[str, object], words: str) -> None:
    call = {"request": {"body": json.dumps(sent)}}

    assert failed_because("2001", "The initiator information is invalid.", call, KNOWN).startswith(words)
    assert "{security_credential}" in fix_of("2001")


def test_another_result_is_told_by_its_meaning_or_in_its_own_words() -> None:
    assert failed_because("8006", "x", {}, KNOWN) == "the initiator is locked after wrong passwords"
    assert failed_because("17", "System internal error.", {}, KNOWN) == "System internal error."
    assert "initiator" not in fix_of("17")


def test_a_secret_that_is_an_ordinary_word_is_named_by_its_variable(tmp_path: Path) -> None:
    replaced = {
        "passkey: pass1": "passkey: 'env:SHOP_PASSKEY'",
        "consumer_key: key1": "consumer_key: 'env:SHOP_KEY'",
        "consumer_secret: secret1": "consumer_secret: 'env:SHOP_SECRET'",
    }
    environ = {"SHOP_PASSKEY": "Payment", "SHOP_KEY": "pending", "SHOP_SECRET": "kWq81-payment", "OTHER": "paid"}
    target = load_target(mini_target(tmp_path, replace=replaced), environ)

    found = list(ordinary_words(target, environ))

    assert [finding.message.split(" is ")[0] for finding in found] == [
        "the value of SHOP_PASSKEY",
        "the value of SHOP_KEY",
    ]
    assert all(finding.ok and finding.fix for finding in found)
    assert not any(word in finding.message for finding in found for word in ("Payment", "pending"))


def test_a_file_without_variables_has_no_such_secret(tmp_path: Path) -> None:
    assert list(ordinary_words(load_target(mini_target(tmp_path), {}), {"SHOP_KEY": "payment"})) == []
