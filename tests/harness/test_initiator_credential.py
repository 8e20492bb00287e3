"""`{security_credential}`: what a merchant gets that keeps the encrypted password of an initiator in a setting."""

from pathlib import Path
from typing import Any

import pytest
from mini_target import ENV, mini_target
from tayari_simulator.apis.core.organisations import SANDBOX_PASSWORD as PLAYED_PASSWORD
from tayari_simulator.apis.core.security_credential import SecurityCredentials
from tayari_simulator.state_folder import initiator_key
from tayari_target.initiator_credential import SANDBOX_PASSWORD, initiator_password, security_credential
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment

NAMED: list[dict[str, Any]] = [
    {"short_code": "512345"},
    {"short_code": "512346", "initiators": [{"name": "payroll", "password": "first"}, {"name": "b", "password": "c"}]},
]


def test_the_password_is_that_of_the_first_initiator_or_of_the_sandbox() -> None:
    assert SANDBOX_PASSWORD == PLAYED_PASSWORD
    assert initiator_password([]) == SANDBOX_PASSWORD
    assert initiator_password(NAMED) == "first"


def test_the_simulator_opens_it() -> None:
    credentials = SecurityCredentials()

    assert credentials.decrypt(security_credential(credentials.certificate, "s3cret {x}")) == "s3cret {x}"


@pytest.mark.usefixtures("forked_programs")
def test_a_merchant_that_asks_for_it_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAYARI_STATE", str(tmp_path / "state"))
    folder = tmp_path / "shop"
    folder.mkdir()
    asks = load_target(mini_target(folder, env={**ENV, "SEALED": "{security_credential}"}), {})

    with TestEnvironment(asks) as environment:
        given = environment.placeholders["security_credential"]

    opened = SecurityCredentials(lambda: initiator_key(tmp_path / "state"))
    assert opened.decrypt(given) == SANDBOX_PASSWORD
