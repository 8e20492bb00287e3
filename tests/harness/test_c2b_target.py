"""A merchant whose customers pay by themselves: its part of the target file, and its preflight."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from tayari.run.doctor.doctor_findings import DoctorFinding
from tayari.run.doctor.preflight import examine
from tayari_target.driver import MerchantDriver
from tayari_target.target_file import Target, TargetError, load_target
from tayari_target.target_file.target_model import C2b
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import Started

DUKA = Path(__file__).parents[2] / "examples" / "duka" / "tayari.yaml"
LANDLORD = """\
merchant:
  name: landlord
  base_url: http://127.0.0.1:8000
  c2b:
    open_account: {request: POST /flats, json: {rent: "{amount}"}, account: $.flat}
    account: {sql: "select total from flats where number = {account}", url: "sqlite:///flats.db", total: $.total}
"""


def load(folder: Path, text: str) -> Target:
    path = folder / "tayari.yaml"
    path.write_text(text)
    return load_target(path)


def preflight(*, c2b: C2b | None = None, **changed: str) -> dict[str, DoctorFinding]:
    """The findings of Duka's preflight, with another section or other variables."""
    target = load_target(DUKA)
    start = target.merchant.start
    assert start is not None
    env = MappingProxyType({**start.env, **changed})
    merchant = replace(target.merchant, start=replace(start, env=env), c2b=c2b or target.merchant.c2b)
    environment = TestEnvironment(replace(target, merchant=merchant))
    environment.prepare()
    try:
        return {finding.name: finding for finding in examine(environment, lambda _: None)}
    finally:
        environment.close()


def test_a_merchant_that_is_only_paid_by_hand_needs_no_prompt(tmp_path: Path) -> None:
    merchant = load(tmp_path, LANDLORD).merchant

    assert not merchant.takes_payments
    assert merchant.capabilities == {"c2b"}
    assert merchant.c2b is not None
    assert merchant.c2b.open_account is not None
    assert merchant.c2b.open_account.call.names("amount")
    assert merchant.c2b.account is not None
    assert merchant.c2b.account.way.sql_url == "sqlite:///flats.db"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (", total: $.total}", "}", "merchant.c2b.account: a mapping; expected a mapping with credits, total or both"),
        ("{account}", "{payment_id}", "{payment_id} is not known at this point; expected one of {account}"),
        ("sql: ", "file: f, sql: ", "merchant.c2b.account.file: sql and file; expected one of"),
        (", account: $.flat", "", "merchant.c2b.open_account.account: missing"),
        ("name: landlord", "name: landlord\n  capabilities: []", "no c2b beside merchant.c2b; expected c2b"),
    ],
)
def test_each_mistake_is_reported(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in LANDLORD
    with pytest.raises(TargetError) as caught:
        load(tmp_path, LANDLORD.replace(old, new))

    assert words in "; ".join(map(str, caught.value.problems))


@pytest.mark.slow
def test_the_preflight_sees_urls_a_confirmation_a_credit_and_a_refund() -> None:
    found = preflight()

    names = ["C2B URLs", "confirmation", "account", "refund result", "refund"]
    assert [found[name].ok and not found[name].fix for name in names] == [True] * 5
    assert found["refund"].message == "a payment was given back by reversal, and the merchant shows it"
    assert found["C2B URLs"].message == "174379 has URLs, ResponseType Completed"


@pytest.mark.slow
def test_the_preflight_says_why_there_are_no_urls() -> None:
    refused = preflight(DUKA_DEFECTS="c2b-own-response-type")["C2B URLs"]

    assert refused.ok
    assert "Daraja refused the registration (400)" in refused.message
    assert "B01" in refused.fix


@pytest.mark.slow
@pytest.mark.parametrize("refused", [1, 2])
def test_an_account_that_is_not_opened_beside_a_payment_is_opened_alone(
    monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    opens, asked = MerchantDriver.open_account, count()

    def locked_at_first(driver: MerchantDriver, **values: Any) -> Started:
        if next(asked) < refused:
            return Started(accepted=False, status=500, payment_id=None, body="database is locked")
        return opens(driver, **values)

    monkeypatch.setattr(MerchantDriver, "open_account", locked_at_first)
    account = preflight()["account"]

    assert account.ok == (refused == 1)
    assert ("database is locked" in account.message) == (refused == 2)


@pytest.mark.slow
def test_another_short_code_is_named() -> None:
    c2b = load_target(DUKA).merchant.c2b
    assert c2b is not None
    found = preflight(c2b=replace(c2b, short_code="600984"))["C2B URLs"]

    assert found.message == "URLs are registered for 174379, not for 600984"
    assert "merchant.c2b.short_code" in found.fix
