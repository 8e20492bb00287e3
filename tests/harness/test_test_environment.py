"""The test environment: one owner brings it up and takes it down, others attach to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from mini_target import mini_target
from tayari_control import simulator_process
from tayari_control.client import ControlError
from tayari_control.simulator_process import SimulatorOptions, start_simulator
from tayari_target.environment_options import simulator_options
from tayari_target.merchant_process import MerchantStartError
from tayari_target.resources import CONTROL_PORT, DARAJA_PORT
from tayari_target.target_file import load_target
from tayari_target.test_environment import EnvironmentUseError, TestEnvironment
from tiny_shop import write_target


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestEnvironment]:
    target = load_target(mini_target(tmp_path_factory.mktemp("mini")), {})
    with TestEnvironment(target) as environment:
        yield environment


def pay(environment: TestEnvironment, msisdn: str) -> str:
    started = environment.driver.start_payment(msisdn=msisdn, amount=10, reference=f"R{msisdn[-4:]}")
    assert started.accepted, started
    environment.control.wait("callback_answered", msisdn=msisdn, timeout_s=10)
    return str(environment.driver.read_status(started.payment_id or "", "").state)


def test_a_payment_goes_all_the_way(environment: TestEnvironment) -> None:
    assert pay(environment, "254700000001") == "paid"
    assert environment.can_restart
    assert environment.merchant_alive() is True


def test_secrets_are_known_so_that_they_can_be_masked(environment: TestEnvironment) -> None:
    assert set(environment.secrets) == {"pass1", "key1", "secret1", environment.control_token}
    assert environment.control_token


def test_another_process_attaches_by_the_description_and_drives_the_same_merchant(
    environment: TestEnvironment, tmp_path: Path
) -> None:
    described = environment.describe(tmp_path / "environment.json")

    with TestEnvironment.attach(described) as attached:
        assert attached.base_url == environment.base_url
        assert attached.control.settings()["daraja_url"] == environment.daraja_url
        assert pay(attached, "254700000002") == "paid"

    assert environment.merchant_alive() is True
    assert described.stat().st_mode & 0o077 == 0


def test_the_owner_knows_of_a_restart_that_an_attached_process_did(
    environment: TestEnvironment, tmp_path: Path
) -> None:
    attached = TestEnvironment.attach(environment.describe(tmp_path / "environment.json"))
    before = attached._merchant.pid if attached._merchant else None

    attached.restart_merchant()
    attached.close()

    assert environment.merchant_alive() is True
    assert environment._merchant is not None
    assert environment._merchant.pid != before
    assert pay(environment, "254700000003") == "paid"


def test_a_merchant_that_dies_is_noticed_and_started_again(environment: TestEnvironment) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{environment.base_url}/die", json={}, timeout=5)
    while environment.merchant_alive():
        pass

    environment.restart_merchant()

    assert pay(environment, "254700000004") == "paid"
    environment.kill_merchant()
    assert environment.merchant_alive() is False
    environment.restart_merchant()


def test_leaving_takes_everything_down(tmp_path: Path) -> None:
    with TestEnvironment(load_target(mini_target(tmp_path), {})) as environment:
        pids = [process.pid for process in (environment._simulator, environment._merchant) if process is not None]
        work_dir = environment.work_dir

    assert len(pids) == 2
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not work_dir.exists()


def test_a_merchant_that_does_not_start_takes_the_simulator_down_again(tmp_path: Path) -> None:
    environment = TestEnvironment(load_target(mini_target(tmp_path, env={"STUMBLE": "1"}), {}))

    with pytest.raises(MerchantStartError, match="SHOP_SECRET is not set"), environment:
        pytest.fail("entered")

    assert environment._simulator is not None
    with pytest.raises(ProcessLookupError):
        os.kill(environment._simulator.pid, 0)


def test_a_closed_environment_starts_no_merchant_again(tmp_path: Path) -> None:
    with TestEnvironment(load_target(mini_target(tmp_path), {})) as environment:
        pass

    with pytest.raises(EnvironmentUseError, match="the test environment is closed"):
        environment.restart_merchant()


def test_a_simulator_that_runs_already_is_used_and_left_running(tmp_path: Path) -> None:
    with start_simulator(SimulatorOptions()) as simulator:
        target = write_target(tmp_path, "http://127.0.0.1:9")

        with TestEnvironment(target, control_url=simulator.control_url) as environment:
            assert environment.daraja_url == simulator.daraja_url
            assert environment.placeholders["consumer_key"]
            assert environment.merchant_alive() is None
            with pytest.raises(EnvironmentUseError, match=r"add merchant\.start"):
                environment.restart_merchant()

        assert simulator.alive()


def test_a_control_url_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    environment = TestEnvironment(write_target(tmp_path, "http://127.0.0.1:9"), control_url="http://127.0.0.1:9")

    with pytest.raises(ControlError, match="did not answer"), environment:
        pytest.fail("entered")


def test_the_simulator_gets_the_account_and_the_callbacks_of_the_target_file(tmp_path: Path) -> None:
    rest = 'callbacks: {rewrite: {"https://shop.example": "http://192.0.2.7:8"}, source_header: X-Real-IP}'
    options = simulator_options(load_target(mini_target(tmp_path, rest=rest), {}), SimulatorOptions(seed=7), "1")

    words = " ".join(options.arguments())
    environment = options.environment({"TAYARI_PASSKEY": "old", "PATH": "/bin"})

    assert "--allow-host 192.0.2.7 --rewrite https://shop.example=http://192.0.2.7:8 --source-header X-Real-IP" in words
    assert "--seed 7" in words
    assert "pass1" not in words
    assert environment == {
        "PATH": "/bin",
        "TAYARI_PASSKEY": "pass1",
        "TAYARI_CONSUMER_KEY": "key1",
        "TAYARI_CONSUMER_SECRET": "secret1",
    }


def test_daraja_has_a_fixed_port_if_the_merchant_takes_no_other(tmp_path: Path) -> None:
    runs_already = simulator_options(write_target(tmp_path, "http://127.0.0.1:9"), SimulatorOptions(), "")
    is_started = simulator_options(load_target(mini_target(tmp_path), {}), SimulatorOptions(), "1")

    assert (runs_already.port, runs_already.control_port) == (DARAJA_PORT, CONTROL_PORT)
    assert (is_started.port, is_started.control_port) == (0, 0)


@pytest.mark.parametrize(
    ("port", "fix"),
    [
        (9310, "stop the other program, or choose other ports with --port and --control-port"),
        (443, "another run with `intercept: hosts`, or try `intercept: auto`"),
    ],
)
def test_a_port_that_is_taken_is_named_with_what_can_be_done_about_it(port: int, fix: str) -> None:
    """The simulator's own advice names an option that `tayari check` does not have."""
    said = f"tayari simulate: port {port} of 127.0.0.1 is taken by another program; stop it, or choose --tls-port"

    error = simulator_process._failed(20, [said], SimulatorOptions(port=9310, control_port=9311))

    assert error.port_taken
    assert str(error).startswith(f"port {port} of 127.0.0.1 is taken; ")
    assert str(error).endswith(fix)
