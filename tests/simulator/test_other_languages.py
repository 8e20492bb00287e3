"""What docs/other-languages.md shows runs: the six calls with curl, and in JavaScript."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_simulator import Running, running
from tayari_simulator.scenarios.read import read_scenarios

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "other-languages.md").read_text(encoding="utf-8")
CURL = re.findall(r"\| `(curl [^`]+)` \|", DOCS)
SCRIPT = re.findall(r"\| `(control\([^`]+\))` \|", DOCS)
(START,) = re.findall(r"```js\n(.*?)```", DOCS, re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    scenarios, _ = read_scenarios([ROOT / "scenarios"])
    with running(scenarios) as server:
        yield server


def test_six_calls_are_shown_both_ways() -> None:
    assert len(CURL) == len(SCRIPT) == 6


def test_the_helper_shown_is_the_one_of_the_example() -> None:
    assert (ROOT / "examples" / "node" / "daraja.mjs").read_text(encoding="utf-8").endswith(START)


@pytest.mark.parametrize(
    ("wrong", "right", "failed"),
    [
        ("", "", 0),
        (" || order.state !== 'pending'", "", 1),  # the shop credits a success twice
    ],
)
def test_the_example_in_node_passes_and_finds_a_shop_that_credits_twice(
    tmp_path: Path, wrong: str, right: str, failed: int
) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed: the example was NOT tried")
    shutil.copytree(ROOT / "examples" / "node", tmp_path / "node")
    shop = tmp_path / "node" / "shop.mjs"
    code = shop.read_text(encoding="utf-8")
    assert wrong in code
    shop.write_text(code.replace(wrong, right), encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", "node/shop.test.mjs"], cwd=tmp_path,
        env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert re.findall(r"^not ok \d+ - (.*?)$", done.stdout, re.MULTILINE) == (
        ["a success that arrives twice credits once"] * failed
    ), done.stdout
    assert (done.returncode == 0) is (failed == 0)


@pytest.mark.parametrize("command", CURL)
def test_a_call_with_curl_is_answered(server: Running, command: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: this call was NOT tried")
    environ = {**os.environ, "CONTROL": server.control_url}

    done = subprocess.run(
        ["sh", "-c", f"{command} -sS --fail-with-body"], env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in json.loads(done.stdout)


def test_the_calls_in_javascript_are_answered(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed: these calls were NOT tried")
    (tmp_path / "daraja.mjs").write_text(START, encoding="utf-8")
    calls = ", ".join(f"() => {call}" for call in SCRIPT)
    (tmp_path / "main.mjs").write_text(
        "import { startDaraja } from './daraja.mjs'\n"
        "const daraja = await startDaraja()\nconst { control } = daraja\nconst answers = []\n"
        f"for (const call of [{calls}]) answers.push(await call())\n"
        "console.log(JSON.stringify(answers.map(answer => Object.keys(answer))))\ndaraja.stop()\n",
        encoding="utf-8",
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["node", "main.mjs"], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    queued, waited, payments, journal, outage, reset = json.loads(done.stdout)
    assert (queued, reset) == (["scenario", "times"], ["reset"])
    assert {"met", "entries"} <= set(waited)
    assert (payments, set(journal) >= {"entries", "next"}) == (["payments"], True)
    assert outage
