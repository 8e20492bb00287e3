"""The tables: switches, result codes, what is remembered and what is forgotten."""

from __future__ import annotations

import base64
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from core_kit import Desk
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tayari_simulator.apis.core.security_credential import LONGEST_KEPT, REMEMBERED, SecurityCredentials, made_key
from tayari_simulator.catalogue.advice import RETRY
from tayari_simulator.catalogue.errors import REFUSALS
from tayari_simulator.catalogue.options import OPTIONS, OptionError, Options
from tayari_simulator.catalogue.provenance import Profile
from tayari_simulator.catalogue.results import RESULTS, Wording, find, wire_form
from tayari_simulator.state.schedule import NEVER, Schedule
from tayari_simulator.state.tokens import MOST_TOKENS, Tokens
from tayari_simulator.state.transactions import Prompts, Status, Transaction, Transactions
from tayari_simulator.state_folder import KEY_FILE, initiator_key


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.name)
@pytest.mark.parametrize("profile", Profile)
def test_every_switch_has_a_possible_default_in_every_profile(row: object, profile: Profile) -> None:
    option = next(one for one in OPTIONS if one is row)

    assert option.check(option.default(profile)) == Options(profile).text(option.name)
    assert option.about
    assert option.source


@pytest.mark.parametrize(
    ("name", "value"),
    [(row.name, value) for row in OPTIONS for value in row.choices or ("0", "3")],
)
def test_a_payment_comes_to_its_end_under_every_position_of_every_switch(name: str, value: str) -> None:
    desk = Desk({name: value})
    if (name, value) in {("token_lifetime_s", "0"), ("max_amount", "0")}:
        assert desk.push().status in {400, 404}
        return
    changes = {"CallBackURL": "https://shop.example.co.ke/hooks/pay", "PhoneNumber": 254711000111}
    identifier = desk.pushed(**changes)

    results = desk.results(100)

    assert [result["CheckoutRequestID"] for result in results] == [identifier]
    assert desk.daraja.state.transactions.find(identifier).status is not Status.PROMPTED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"in_fligt": "mix"}, "did you mean in_flight?"),
        ({"zzzz": "1"}, "known are b2b_failure"),
        ({"in_flight": "never"}, "'never' is not one of mix, 4999"),
        ({"max_amount": "-1"}, "'-1' is not a number of at least 0"),
        ({"max_amount": "nan"}, "'nan' is not a number"),
    ],
)
def test_a_wrong_switch_is_explained(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        Options(Profile.DOCUMENTED, overrides)

    assert message in str(caught.value)


@pytest.mark.parametrize("row", RESULTS, ids=lambda row: f"{row.code}-{row.apis[0]}")
def test_every_result_code_can_be_shown_and_found(row: object) -> None:
    result = next(one for one in RESULTS if one is row)
    shown = result.to_dict()

    assert find(result.code) is not None
    assert wire_form(str(result.code)) == result.code
    assert shown["retry"] in RETRY
    assert result.meaning
    assert set(result.variants) <= set(Wording)
    assert bool(result.say_en) == bool(result.say_sw)


def test_every_code_that_a_customer_can_get_has_words_for_them() -> None:
    assert all(row.say_en and row.text for row in RESULTS if "stk" in row.apis or "stk_query" in row.apis)


def test_a_code_with_two_meanings_has_the_one_of_stk_for_stk() -> None:
    assert find(17).text == "Rule limited."  # type: ignore[union-attr]
    assert {row.text for row in RESULTS if row.code == 17} == {"Rule limited.", "System internal error.", ""}
    assert find("no such code") is None


def payment(number: int, status: Status = Status.PAID) -> Transaction:
    made = Transaction(
        f"ws_CO_{number}", "1", "stk_push", f"25470000000{number % 3}", 1, "1", "1", "A", "http://x/", 0.0, 1.0
    )
    made.status = status
    return made


def test_beyond_the_bound_the_oldest_finished_payments_are_forgotten() -> None:
    store = Transactions(most=5)
    for number in range(12):
        store.add(payment(number))

    assert [row.id for row in store.all()] == [f"ws_CO_{number}" for number in range(7, 12)]
    assert len(store) == 5
    assert sum(len(store.of(f"25470000000{tail}")) for tail in range(3)) == 5


def test_a_payment_that_is_open_is_never_forgotten() -> None:
    store = Transactions(most=2)
    for number in range(6):
        store.add(payment(number, Status.PROMPTED))

    assert len(store) == 6


def test_a_later_push_keeps_its_prompt_when_an_earlier_one_closes() -> None:
    prompts = Prompts()
    first, second = payment(0), payment(3)
    prompts.open(first)
    prompts.open(second)
    prompts.close(first)
    assert prompts.on("254700000000") is second
    prompts.close(second)

    assert prompts.on("254700000000") is None


def test_tokens_are_bounded_and_the_newest_stay() -> None:
    tokens = Tokens()
    for number in range(MOST_TOKENS + 3):
        tokens.issue(str(number), app="a", expires_s=1.0, cancel_old=False)

    assert len(tokens) == MOST_TOKENS
    assert tokens.find("Bearer 0", 0.0) is None
    assert tokens.find(f"Bearer {MOST_TOKENS}", 0.0) is not None


def test_the_agenda_keeps_the_order_of_time_and_then_of_planning() -> None:
    schedule = Schedule()
    plans = [payment(number) for number in range(4)]
    for plan, due_s in zip(plans, (2.0, 1.0, 2.0, 1.0), strict=True):
        schedule.add(due_s, plan)

    assert schedule.next_s == 1.0
    assert schedule.pop_due(0.5) is None
    due = [schedule.pop_due(5.0) for _ in range(5)]
    assert [found and found[2] for found in due] == [plans[1], plans[3], plans[0], plans[2], None]
    assert schedule.next_s == NEVER


def test_forgetting_leaves_nothing() -> None:
    desk = Desk()
    desk.pushed()
    desk.daraja.forget()

    assert desk.push().status == 404
    assert desk.daraja.state.schedule.next_s == NEVER
    assert len(desk.daraja.state.transactions) == 0


def test_a_credential_is_judged_by_its_text_once_and_only_so_many_are_kept() -> None:
    credentials = SecurityCredentials()
    sealed, other = credentials.encrypt("Secret1"), credentials.encrypt("Secret2")

    assert [credentials.decrypt(text) for text in (sealed, other, sealed)] == ["Secret1", "Secret2", "Secret1"]
    for number in range(REMEMBERED + 10):
        assert credentials.decrypt(f"bm8{number:05}") is None
    assert credentials.decrypt("A" * (LONGEST_KEPT + 4)) is None
    assert len(credentials.kept) == REMEMBERED
    assert credentials.decrypt(sealed) == "Secret1"


def test_those_who_ask_at_the_same_time_get_one_key() -> None:
    together, real = threading.Barrier(2), made_key

    def slowly() -> rsa.RSAPrivateKey:
        with suppress(threading.BrokenBarrierError):
            together.wait(0.2)  # a second maker, if there is one, is here by then
        return real()

    credentials = SecurityCredentials(slowly)
    with ThreadPoolExecutor(2) as pool:
        sealed = list(pool.map(credentials.encrypt, ("Secret1", "Secret2")))

    assert [credentials.decrypt(text) for text in sealed] == ["Secret1", "Secret2"]


_INITIATOR_APIS = "b2c b2b status balance reversal"
_ALL_MONEY = "stk b2c b2b"
CODES_OF_APIS = {
    "0": f"stk c2b {_INITIATOR_APIS}", "1": "stk b2c b2b reversal", "2": _ALL_MONEY, "3": _ALL_MONEY, "4": _ALL_MONEY,
    "5": "b2c", "8": _ALL_MONEY, "11": "b2c b2b reversal", "14": "b2c", "15": "core", "17": "stk b2b b2c", "18": "core",
    "20": "core", "21": _INITIATOR_APIS, "22": "core", "24": "core", "25": "core status", "29": "core",
    "26": f"stk {_INITIATOR_APIS}", "1001": "stk ratiba pull", "1005": "stk", "1019": "stk", "1025": "stk ratiba",
    "1031": "stk ratiba bonga", "1032": "stk", "1036": "stk", "1037": "stk", "1050": "ratiba", "1051": "ratiba",
    "2001": f"stk {_INITIATOR_APIS}", "2006": "b2c reversal", "2007": "c2b", "2020": "unknown", "2029": "unknown",
    "2028": "stk b2c reversal", "2033": "status", "2040": "b2c", "2043": "unknown", "2051": "unknown",
    "2202": "unknown", "4001": "b2b_express kyc", "4102": "b2b_express", "4104": "b2b_express", "4201": "b2b_express",
    "4203": "b2b_express", "4999": "stk_query", "5999": "stk", "8006": f"stk {_INITIATOR_APIS}", "9999": "stk",
    **dict.fromkeys(("6000", "6001", "6004", "6005", "6006", "6007", "6008", "6009", "6011"), "bonga"),
    "E3008": "stk", "R000001": "reversal", "R000002": "reversal", "SFC_IC0003": "stk b2c b2b", "TP40087": "stk",
    "TP40153": "balance", **{f"C2B0001{number}": "c2b" for number in range(1, 7)}, "1000": "pull", "00": "qr",
    "200": "bill_manager", "409": "bill_manager",
}  # fmt: skip
"""The reference's section 4: each code, and the APIs in which it occurs."""


@pytest.mark.parametrize("code", CODES_OF_APIS)
def test_every_code_has_a_meaning_in_each_api_in_which_it_occurs(code: str) -> None:
    rows = [row for row in RESULTS if str(row.code) == code]
    known = [api for row in rows for api in row.apis]

    assert set(CODES_OF_APIS[code].split()) <= set(known)
    assert len(known) == len(set(known)), "two rows speak for one API"
    assert all(row.meaning and row.retry and row.source for row in rows)


SAME_CODE = {
    "500.001.1001": (
        "Merchant does not exist", "Wrong credentials", "The transaction is being processed",
        "The transaction does not Exist", "Internal Server Error",
        "Unable to lock subscriber, a transaction is already in process for the current subscriber",
    ),
    "500.002.1001": ("Duplicate OriginatorConversationID.", "System internal error."),
    "500.003.02": ("System is busy. Please try again in few minutes.", "Error Occurred: Spike Arrest Violation"),
    "500.003.03": ("Quota Violation", "Error Occurred: Quota Violation"),
    "500.003.1001": ("Internal Server Error", "Urls are already registered."),
}  # fmt: skip
"""Codes that only the message distinguishes. Source: reference 2.2, 9."""


@pytest.mark.parametrize("code", SAME_CODE)
def test_errors_of_one_code_are_distinguished_by_their_messages(code: str) -> None:
    rows = {row.text: row for row in REFUSALS if row.code == code}

    assert set(SAME_CODE[code]) <= set(rows)
    assert len({rows[text].meaning for text in SAME_CODE[code]}) == len(SAME_CODE[code])
    assert all(code in rows[text].words() for text in SAME_CODE[code])


def test_simulators_of_one_machine_open_each_others_credentials(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: _sealed(SecurityCredentials(partial(initiator_key, folder))), range(3)))

    for _, sealed in made:
        assert [credentials.decrypt(sealed) for credentials, _ in made] == ["Secret1"] * 3
    assert len({credentials.certificate for credentials, _ in made}) == 1
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert SecurityCredentials().decrypt(made[0][1]) is None


def _with_password() -> bytes:
    form, lock = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    return made_key().private_bytes(serialization.Encoding.PEM, form, lock)


def _damaged() -> bytes:
    """A key of which one bit of the modulus is another: it loads all the same, and opens nothing."""
    der = bytearray(
        made_key().private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    der[100] ^= 1
    loaded = serialization.load_der_private_key(bytes(der), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    lines = base64.encodebytes(bytes(der)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n".encode()


@pytest.mark.parametrize("unusable", [lambda: b"no key", _with_password, _damaged])
def test_a_key_that_cannot_be_used_or_kept_is_replaced(unusable: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(unusable())
    credentials, sealed = _sealed(SecurityCredentials(partial(initiator_key, tmp_path)))
    assert credentials.decrypt(sealed) == "Secret1"
    assert SecurityCredentials(partial(initiator_key, tmp_path)).decrypt(sealed) == "Secret1"

    alone, sealed = _sealed(SecurityCredentials(partial(initiator_key, tmp_path / KEY_FILE)))
    assert alone.decrypt(sealed) == "Secret1"


def test_simulators_that_find_a_damaged_key_at_the_same_moment_make_one(tmp_path: Path) -> None:
    for _ in range(3):
        (tmp_path / KEY_FILE).write_bytes(b"no key")
        ready = Barrier(4)

        def find(ready: Barrier = ready) -> int:
            ready.wait(10)
            return initiator_key(tmp_path).public_key().public_numbers().n

        with ThreadPoolExecutor(4) as pool:
            found = {each.result() for each in [pool.submit(find) for _ in range(4)]}

        assert found == {initiator_key(tmp_path).public_key().public_numbers().n}


def _sealed(credentials: SecurityCredentials) -> tuple[SecurityCredentials, str]:
    return credentials, credentials.encrypt("Secret1")
