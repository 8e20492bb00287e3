"""The compose file, the Kubernetes manifest and the Dockerfile: well-formed, and their very commands run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from mini_target import MINI
from strain import PERFORMANCE, strained
from tayari_reports.model import State
from tayari_reports.model.run_files import read_run
from tayari_target.merchant_process import answers, free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TARGET = """\
merchant:
  name: mini
  base_url: "http://127.0.0.1:{port}"
  pay:
    request: "POST /pay"
    json: {{phone: "{{msisdn}}", amount: "{{amount}}", reference: "{{reference}}"}}
    payment_id: $.id
    message: $.message
  status:
    request: "GET /payments/{{payment_id}}"
    state: $.status
    message: $.message
    states: {{paid: [PAID], failed: [FAILED], pending: [PENDING]}}
  ledger: {{request: "GET /payments/{{payment_id}}", credits: $.credits}}
daraja: {{short_code: 174379, passkey: env:TAYARI_PASSKEY, consumer_key: key1, consumer_secret: secret1}}
"""
CREDENTIALS = {"TAYARI_PASSKEY": "pass1", "TAYARI_CONSUMER_KEY": "key1", "TAYARI_CONSUMER_SECRET": "secret1"}


def compose(file: str = "compose.yaml") -> dict[str, Any]:
    """The file as `docker compose` reads it: anchors merged, variables at their defaults."""
    text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", (DEPLOY / file).read_text())
    found = yaml.safe_load(text)
    return {name: part for name, part in found.items() if not name.startswith("x-")}


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def containers() -> Iterator[dict[str, Any]]:
    for row in objects():
        yield from row["spec"].get("template", {}).get("spec", {}).get("containers", ())


def commands(file: str) -> dict[str, list[str]]:
    """The commands of simulator, master and worker."""
    if file == "compose.yaml":
        return {name: row["command"] for name, row in compose()["services"].items()}
    return {row["name"]: row["args"] for row in containers()}


def test_the_compose_file_publishes_ports_on_loopback_alone() -> None:
    services = compose()["services"]

    assert set(services) == {"simulator", "master", "worker"}
    assert all(port.startswith("127.0.0.1:") for port in services["simulator"]["ports"])


def test_the_manifests_objects_keep_the_kubernetes_schemas() -> None:
    version = kubernetes_validate.latest_version()
    for row in objects():
        kubernetes_validate.validate(row, version, strict=True)

    assert {row["kind"] for row in objects()} >= {"Service", "Deployment"}


def test_the_manifests_objects_find_each_other() -> None:
    pods = [row["spec"]["template"]["metadata"]["labels"] for row in objects() if "template" in row["spec"]]
    for row in objects():
        selector = row["spec"].get("selector", {})
        wanted = selector.get("matchLabels", selector)
        assert not wanted or wanted in pods
    named = {row["metadata"]["name"] for row in objects() if row["kind"] == "Service"}
    hosts = set(re.findall(r"(tayari-\w+):\d", (DEPLOY / "kubernetes.yaml").read_text()))
    assert hosts <= named


def test_as_many_workers_are_started_as_are_waited_for() -> None:
    master = commands("kubernetes.yaml")["master"]
    workers = next(row for row in objects() if row["metadata"]["name"] == "tayari-worker")["spec"]["parallelism"]

    assert int(master[master.index("--expect-workers") + 1]) == workers
    services = compose()["services"]
    assert "${WORKERS:-2}" in (DEPLOY / "compose.yaml").read_text()
    assert int(services["worker"]["deploy"]["replicas"]) == 2


@contextmanager
def running(command: list[str], folder: Path, name: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """A process with its output in a file; gone afterwards."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=output)
    try:
        yield log
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(met: Any, what: str) -> None:
    end = time.monotonic() + 30
    while not met():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def changed(word: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        word = word.replace(old, new)
    return word


def on_loopback(words: list[str], ports: Mapping[str, str], folder: Path) -> list[str]:
    """A command of the file, its hosts mapped to loopback addresses, its ports to free ones, its time to 6 s."""
    changes = {
        "tayari-": "", "simulator:": "127.0.0.1:", "merchant:": "127.0.0.1:", "master:": "127.0.0.2:",
        "0.0.0.0:": "127.0.0.2:", "0.0.0.0": "127.0.0.1", "/target/": f"{folder}/",
        "/tmp/report": f"{folder}/report", **ports,
    }  # fmt: skip
    fixed = {"--duration": "6", "--rate": "8"}
    mapped = [fixed.get(before, changed(word, changes)) for before, word in zip(["", *words], words, strict=False)]
    return [sys.executable, "-m", "tayari", *mapped]


@pytest.mark.slow
@pytest.mark.parametrize("file", ["compose.yaml", pytest.param("kubernetes.yaml", marks=pytest.mark.long)])
def test_the_files_own_commands_run_a_load_over_separate_processes(tmp_path: Path, file: str) -> None:
    ports = {port: str(free_port()) for port in ("9310", "9311", "5557")}
    shop, words = str(free_port()), commands(file)
    (tmp_path / "tayari.yaml").write_text(TARGET.format(port=shop))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TAYARI_")}
    environment = {**clean, **CREDENTIALS}
    mini = {"DARAJA": f"http://127.0.0.1:{ports['9310']}", "PASSKEY": "pass1", "KEY": "key1", "SECRET": "secret1"}
    with ExitStack() as stack:
        up = stack.enter_context
        up(running(on_loopback(words["simulator"], ports, tmp_path), tmp_path, "simulator", environment))
        up(running([sys.executable, str(MINI), shop], tmp_path, "shop", {**clean, **mini}))
        until(lambda: answers(f"http://127.0.0.1:{ports['9311']}/health"), "no simulator")
        until(lambda: answers(f"http://127.0.0.1:{shop}/health"), "no merchant")
        for number in ("1", "2"):
            up(running(on_loopback(words["worker"], ports, tmp_path), tmp_path, f"worker{number}", environment))
        master = subprocess.run(
            on_loopback(words["master"], ports, tmp_path), cwd=tmp_path, env=environment, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip

    load = read_run(tmp_path / "report" / "run.json").load
    assert load is not None, master.stdout + master.stderr
    assert master.returncode == (11 if strained(load) else 0), master.stdout + master.stderr
    assert load.started == load.settled > 20
    assert {"generator 1", "generator 2", "fake Daraja"} == {row.name for row in load.processes}
    assert load.balance is not None
    assert (load.balance.problems, load.invalid) == ((), ())
    states = {check.rule: check.state for check in read_run(tmp_path / "report" / "run.json").checks}
    performance = State.UNKNOWN if strained(load) else State.PASS
    assert {states.pop(rule) for rule in PERFORMANCE if rule in states} == {performance}
    assert set(states.values()) == {State.PASS}, states


@pytest.mark.long
def test_the_suite_of_the_compose_file_judges_its_merchant(tmp_path: Path) -> None:
    services = compose("compose-merchant.yaml")["services"]
    ports = {port: str(free_port()) for port in ("9310", "9311", "8000")}
    target = changed((DEPLOY / "merchant.yaml").read_text(), {"merchant:8000": f"127.0.0.1:{ports['8000']}"})
    (tmp_path / "merchant.yaml").write_text(target)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TAYARI_")}
    hosts = {"simulator:": "127.0.0.1:", "/tmp/duka.db": f"{tmp_path}/duka.db", "0.0.0.0": "127.0.0.1", **ports}
    shop = {name: changed(value, hosts) for name, value in services["merchant"]["environment"].items()}
    serve = [sys.executable, str(ROOT / "examples/duka/duka.py")]
    serve += [changed(word, hosts) for word in services["merchant"]["command"]]
    shown = {**clean, **services["simulator"]["environment"]}
    with ExitStack() as stack:
        up = stack.enter_context
        up(running(on_loopback(services["simulator"]["command"], ports, tmp_path), tmp_path, "simulator", shown))
        up(running(serve, tmp_path, "shop", {**clean, **shop}))
        until(lambda: answers(f"http://127.0.0.1:{ports['9311']}/health"), "no simulator")
        until(lambda: answers(f"http://127.0.0.1:{ports['8000']}/health"), "no merchant")
        done = subprocess.run(
            on_loopback(services["check"]["command"], ports, tmp_path), cwd=tmp_path, env=shown, capture_output=True,
            text=True, timeout=240, check=False,
        )  # fmt: skip

    states = {check.rule: check.state for check in read_run(tmp_path / "report" / "run.json").checks}
    assert State.FAIL not in states.values(), done.stdout
    assert sum(state is State.PASS for state in states.values()) >= 10


@pytest.mark.long
@pytest.mark.registry
def test_the_dockerfiles_steps_make_a_working_tayari(tmp_path: Path) -> None:
    """Its COPY and RUN lines in a clean environment: without a daemon that is as near as one comes."""
    lines = (DEPLOY / "Dockerfile").read_text()
    steps = re.findall(r"pip install --no-cache-dir ([^&\n\\]+)", lines)
    assert steps[-1].split() == ["--no-deps", "/app"]
    assert "COPY . /app\n" in lines
    assert json.loads(re.findall(r"ENTRYPOINT (.*)", lines)[0]) == ["tayari"]
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    (tmp_path / "app.tar").write_bytes(archive)
    with tarfile.open(tmp_path / "app.tar") as tar:
        tar.extractall(tmp_path / "app")  # our own archive: Python before 3.11.4 knows no filter

    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv" / "bin" / "pip"), "install", "-q", "--no-cache-dir"]
    for step in steps:
        subprocess.run([*pip, *step.replace("/app", f"{tmp_path}/app").split()], check=True, timeout=300)
    tayari = str(tmp_path / "venv" / "bin" / "tayari")
    shown = subprocess.run([tayari, "load", "--help"], capture_output=True, text=True, check=True).stdout

    assert "--expect-workers" in shown
