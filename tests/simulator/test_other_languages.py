"""What docs/other-languages.md shows runs: the six calls with curl and in JavaScript, and the examples."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from running_simulator import Running, running
from shipped_scenarios import SHIPPED

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "other-languages.md").read_text(encoding="utf-8")
CURL = re.findall(r"\| `(curl [^`]+)` \|", DOCS)
SCRIPT = re.findall(r"\| `(control\([^`]+\))` \|", DOCS)
(START,) = re.findall(r"```js\n(.*?)```", DOCS, re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(SHIPPED) as server:
        yield server


def test_six_calls_are_shown_both_ways() -> None:
    assert len(CURL) == len(SCRIPT) == 6


def test_the_helper_shown_is_the_one_of_the_example() -> None:
    assert (ROOT / "examples" / "node" / "daraja.mjs").read_text(encoding="utf-8").endswith(START)


@dataclass(frozen=True)
class Example:
    """One folder of `examples/` with a shop and its tests: how they are run, and a defect that they find."""

    folder: str
    needs: tuple[str, ...]
    """Commands or files that must be there."""
    command: str
    """Of a shell, in the folder."""
    failed: str
    """A pattern of a test that fails, by the runner's words."""
    file: str
    defect: tuple[str, str]
    found_by: str
    probe: str = "true"
    """A command that succeeds where an extension is there, too."""


JARS = ":".join(
    f"/usr/share/java/{name}.jar"
    for name in (
        "junit-jupiter-api", "junit-jupiter-engine", "junit-platform-commons", "junit-platform-engine",
        "junit-platform-launcher", "junit-platform-reporting", "junit-platform-console", "opentest4j",
        "apiguardian-api", "picocli",
    )
)  # fmt: skip
"""Where Debian's `junit5` puts JUnit; a project has it from Maven or Gradle."""
JUNIT = "org.junit.platform.console.ConsoleLauncher --disable-banner --disable-ansi-colors"
EXAMPLES = (
    Example(
        "node", ("node",), "node --test --test-reporter=tap shop.test.mjs", r"^not ok \d+ - (.*?)$", "shop.mjs",
        ("order.state === 'paid' || ", ""), "a success that arrives twice credits once",
    ),
    Example(
        "php", ("php", "phpunit"), "phpunit ShopTest.php", r"^\d+\) ShopTest::(\w+)$", "shop.php",
        ("$order['state'] === 'paid' || ", ""), "testASuccessThatArrivesTwiceCreditsOnce", "php -m | grep -qx curl",
    ),
    Example(
        "java", ("javac", *JARS.split(":")),
        f"javac -d classes -cp {JARS} *.java && java -cp {JARS}:classes {JUNIT} --select-class ShopTest",
        r"^  JUnit Jupiter:ShopTest:(\w+)\(\)$", "Shop.java", ('state.equals("paid") || ', ""),
        "aSuccessThatArrivesTwiceCreditsOnce",
    ),
    Example(
        "go", ("go",), "go test ./...", r"^--- FAIL: (\w+)", "shop.go",
        ("paid != float64(payment.Amount)", "paid < 0"), "TestASuccessOfAnotherAmountCreditsNothing",
    ),
)  # fmt: skip
COMPILED = {"java", "go"}
"""Too slow for each run of the tests, as their tools are too large for each machine that tests."""


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(each, id=each.folder, marks=pytest.mark.long if each.folder in COMPILED else [])
        for each in EXAMPLES
    ],
)
def test_an_example_passes_and_its_tests_find_a_defect(tmp_path: Path, example: Example) -> None:
    if missing := [name for name in example.needs if shutil.which(name) is None and not Path(name).exists()]:
        pytest.skip(f"{missing[0]} is not installed: the example in examples/{example.folder} was NOT tried")
    if subprocess.run(example.probe, shell=True, check=False).returncode != 0:
        pytest.skip(f"`{example.probe}` fails: the example in examples/{example.folder} was NOT tried")
    shutil.copytree(ROOT / "examples" / example.folder, tmp_path / "good")
    shutil.copytree(tmp_path / "good", tmp_path / "bad")
    shop = tmp_path / "bad" / example.file
    code = shop.read_text(encoding="utf-8")
    assert code.count(example.defect[0]) == 1
    shop.write_text(code.replace(*example.defect), encoding="utf-8")

    with ThreadPoolExecutor(2) as pool:
        good, bad = pool.map(lambda name: _tested(tmp_path / name, example), ("good", "bad"))

    assert good == (True, []), good
    assert bad == (False, [example.found_by]), bad


def _tested(folder: Path, example: Example) -> tuple[bool, list[str]]:
    """Whether the tests in this folder passed, and the names of those that did not."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", example.command], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    return done.returncode == 0, re.findall(example.failed, done.stdout, re.MULTILINE)


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
    assert (queued, reset) == (["scenario", "times", "next"], ["reset"])
    assert {"met", "entries"} <= set(waited)
    assert (payments, set(journal) >= {"entries", "next"}) == (["payments"], True)
    assert outage
