"""Several instances of one merchant: each has a port, a folder and a state of its own, or one runs alone."""

import re
from pathlib import Path

import pytest
from mini_target import mini_target
from rich.console import Console
from tayari.run.doctor.diagnose_instances import second_process
from tayari.run.doctor.doctor_findings import DoctorFinding
from tayari.run.order import RunOrder
from tayari.run.progress import RunProgress
from tayari.run.session import doctor
from tayari_target.instances import Instances, most_instances, only_one_because
from tayari_target.merchant_process import answers
from tayari_target.resources import example_folder
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment

DUKA = example_folder() / "tayari.yaml"
OWN = {"OWN": "{instance}"}
"""A setting by which the mini merchant says that its instances have something of their own."""


def mini(folder: Path, **how: object) -> Target:
    return load_target(mini_target(folder, **how), {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("replace", "rest", "reason"),
    [
        ({"{port}": "8000"}, "", "a fixed port"),
        ({"{daraja_url}": "http://127.0.0.1:9310"}, "", "does not give it {daraja_url}"),
        ({"{instance}": "1"}, "", "would share their files"),
        ({'request: "GET /payments/{payment_id}"\n': "file: state.json\n"}, "", "at one place for all instances"),
        ({}, 'callbacks: {rewrite: {"https://shop.example": "http://127.0.0.1:8000"}}', "a fixed address"),
        ({"  name: mini\n": "  name: mini\n  adapter: mine:Mine\n"}, "", "an adapter drives it"),
    ],
)
def test_one_instance_runs_alone_where_a_second_would_not_be_separate(
    tmp_path: Path, replace: dict[str, str], rest: str, reason: str
) -> None:
    assert reason in only_one_because(mini(tmp_path, env=OWN, replace=replace, rest=rest))


def test_a_merchant_that_runs_already_has_one_instance(tmp_path: Path) -> None:
    target = mini(tmp_path, env=OWN)

    assert only_one_because(target) == ""
    assert "--control" in only_one_because(target, control_url="http://127.0.0.1:9311")


def test_a_status_probe_with_the_folder_of_its_instance_can_be_read_apart(tmp_path: Path) -> None:
    probe = {'request: "GET /payments/{payment_id}"\n': 'file: "{work_dir}/{payment_id}.json"\n'}

    assert only_one_because(mini(tmp_path, env=OWN, replace=probe)) == ""


@pytest.mark.parametrize(
    ("replace", "judged"),
    [
        ({}, True),
        ({"{port}": "8000"}, False),
        ({"{daraja_url}": "http://127.0.0.1:9310"}, False),
        (
            {"{daraja_url}": "https://sandbox.safaricom.co.ke", "ready: /health": "ready: /health, intercept: auto"},
            True,
        ),
    ],
)
def test_doctor_names_the_rules_that_a_merchant_without_another_daraja_loses(
    tmp_path: Path, replace: dict[str, str], judged: bool
) -> None:
    found = list(second_process(mini(tmp_path, env=OWN, replace=replace)))

    assert ["T10 and T11 are not judged" in finding.message for finding in found] == [True] * (not judged)


def test_a_machine_bears_more_instances_of_a_merchant_that_mostly_waits() -> None:
    assert 1 <= most_instances() <= most_instances(patient=True)


def test_each_instance_has_port_folder_and_state_of_its_own_and_all_end_together(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    others = Instances(mini(tmp_path, env=OWN), 3, keep_logs_in=logs)
    others.begin()

    second, third = environments = others.ready()
    assert [environment.placeholders["instance"] for environment in environments] == ["2", "3"]
    for name in ("port", "work_dir", "daraja_url"):
        assert second.placeholders[name] != third.placeholders[name]
    assert second.driver.start_payment(msisdn="254700000001", amount=10, reference="R1").accepted
    assert second.control.payments()
    assert third.control.payments() == []
    with TestEnvironment.attach(third.describe(tmp_path / "environment.json")) as attached:
        assert attached.instance == 3

    printed = {f"merchant-{one.instance}.log": one.merchant_log_tail() for one in environments}
    others.close()

    assert all(printed.values())
    for name, text in printed.items():
        assert (logs / name).read_text().startswith(text)
    assert not any(answers(environment.base_url) for environment in environments)
    assert others.ready() == ()


def test_an_instance_that_does_not_start_is_missing_and_says_why(tmp_path: Path) -> None:
    with Instances(mini(tmp_path, env={**OWN, "STUMBLE": "1"}), 2) as others:
        others.begin()

        assert others.ready() == ()
        assert "SHOP_SECRET is not set" in others.problems[0]


def found_of(path: Path) -> DoctorFinding:
    found = doctor(RunOrder(target=path), RunProgress(Console(quiet=True)))
    return next(finding for finding in found if finding.name == "instances")


def test_the_preflight_sees_that_two_instances_have_states_of_their_own(tmp_path: Path) -> None:
    found = found_of(mini_target(tmp_path, env=OWN))

    assert (found.ok, found.fix) == (True, "")
    assert "each with a state of its own" in found.message


def test_the_preflight_sees_that_two_instances_share_one_database(tmp_path: Path) -> None:
    text = (
        DUKA.read_text().replace("{target_dir}", str(DUKA.parent)).replace("{work_dir}/duka.db", f"{tmp_path}/one.db")
    )
    path = tmp_path / "tayari.yaml"
    path.write_text(text.replace("    env:\n", '    env:\n      OWN: "{instance}"\n'))

    found = found_of(path)

    assert found.ok
    assert re.search(r"shows payment TY\w+ of the first one: they share their state", found.message)
    assert "{work_dir}" in found.fix
