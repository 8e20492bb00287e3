"""What the documents show is so: their files are read by the readers, their commands have these options.

The README's commands are run (`test_readme`), the calls of docs/other-languages.md and docs/console.md are made.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from bench_daraja import scenario_of
from tayari.cli.commands import COMMANDS
from tayari_simulator.server.arguments import _parser as simulator_parser
from tayari_target.target_file import load_target

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(tayari [a-z].*)$", re.MULTILINE)
SCENARIO = "scenario: documents/example\nabout: An example.\nwhen: {endpoint: stk_push}\noutcome: {result_code: 0}\n"
ELSEWHERE = ("scrape_configs",)
"""Files of other programs: `test_monitoring` plays Prometheus' part."""


def blocks(page: str, language: str) -> list[str]:
    """The blocks of this language in one document."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [body for _, kind, body in BLOCK.findall(text) if kind == language]


def commands() -> list[str]:
    """Every command of ours that a block of a document shows."""
    text = "\n".join(body for page in DOCS for _, _, body in BLOCK.findall(page.read_text(encoding="utf-8")))
    found = [line.split(" #")[0].rstrip(" \\") for line in COMMAND.findall(text)]
    return sorted(set(found))


def options_of(words: list[str]) -> set[str]:
    """The options of a command, by its first words."""
    if words[1] == "simulate":
        return {name for action in simulator_parser()._actions for name in action.option_strings}
    command = COMMANDS[words[1]].load(words[1])
    inner = getattr(command, "commands", None)
    command = command if inner is None else inner[words[2]]
    return {"--help", "-h", *(name for param in command.params for name in (*param.opts, *param.secondary_opts))}


@pytest.mark.parametrize("command", commands())
def test_a_command_of_a_document_has_the_options_that_it_shows(command: str) -> None:
    words = shlex.split(re.sub(r"[\[\]]", "", command))
    shown = {word.split("=")[0] for word in words if word.startswith("--")}

    assert shown <= options_of(words)


@pytest.mark.parametrize("text", blocks("scenarios.md", "yaml"))
def test_a_scenario_of_a_document_is_one(text: str) -> None:
    assert scenario_of(text if text.startswith("scenario:") else SCENARIO + text).about


TARGETS = [*blocks("target-file.md", "yaml"), *blocks("interception.md", "yaml")]


@pytest.mark.parametrize("text", TARGETS)
def test_a_part_of_a_target_file_in_a_document_is_read(text: str, tmp_path: Path) -> None:
    shown = yaml.safe_load(text)
    whole = yaml.safe_load(TARGETS[0])
    part = {"merchant": {"start": shown["start"]}} if "start" in shown else shown
    for name, value in part.items():
        whole[name] = {**whole.get(name, {}), **value} if isinstance(value, dict) else value
    whole["merchant"]["start"].setdefault("ready", "/health")
    path = tmp_path / "tayari.yaml"
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    passwords = {"PAYROLL_PASSWORD": "one", "OLD_PASSWORD": "another"}

    assert load_target(path, passwords).merchant.name == "duka"


def test_the_statements_of_the_documents_have_no_mistake(tmp_path: Path) -> None:
    words = []
    texts = [*blocks("waivers.md", "yaml"), *blocks("report.md", "yaml")]
    for text in texts:
        (kind,) = yaml.safe_load(text)
        if kind not in ELSEWHERE:
            valid = re.sub(r"expires: [\d-]+", f"expires: {datetime.now(UTC).date() + timedelta(days=30)}", text)
            (tmp_path / f"{kind}.yaml").write_text(valid, encoding="utf-8")
            words += [f"--{kind.replace('_', '-')}", str(tmp_path / f"{kind}.yaml")]
    done = subprocess.run(
        [sys.executable, "-m", "tayari", "report", "lint", *words], capture_output=True, text=True, check=False
    )

    assert len(words) == 6
    assert done.returncode == 0, done.stdout + done.stderr
