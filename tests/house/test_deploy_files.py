"""What ships for CI servers and containers keeps the published schemas, and its scripts run.

A container, GitHub and GitLab themselves are not here: `docker build`, a run of the workflow, of the action and of the
GitLab job are not tried by any test. tests/load/test_load_deploy.py plays the commands of the compose files.
"""

from __future__ import annotations

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for
from tayari_target.target_file import load_target

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
pytest.importorskip("check_jsonschema", reason="the package is not installed (run make): NO schema was looked at")
SCHEMAS = files("check_jsonschema") / "builtin_schemas" / "vendor"
"""As schemastore.org and the Compose specification publish them; the package carries copies."""

FILES = {
    ".github/workflows/release.yaml": "github-workflows",
    "deploy/github-action/action.yml": "github-actions",
    "deploy/tayari.gitlab-ci.yml": "gitlab-ci",
    "deploy/compose.yaml": "compose-spec",
    "deploy/compose-merchant.yaml": "compose-spec",
}


def read(file: str) -> Any:
    """The file, variables of Compose at their defaults. The schema looks into no job whose name begins with a dot."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if "compose" in file:
        text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text)
    found = yaml.load(text, Loader=_Loader)
    return {name.removeprefix("."): part for name, part in found.items()} if "gitlab" in file else found


class _Loader(yaml.SafeLoader):
    """`on` is a key of GitHub's, and no truth."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag != "tag:yaml.org,2002:bool" or first not in "oO"]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def problems(document: Any, schema: str) -> list[str]:
    """What the published schema says against it."""
    rules = json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8"))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator_for(rules)(rules).iter_errors(document)]


@pytest.mark.parametrize(("file", "schema"), FILES.items())
def test_a_file_keeps_its_published_schema(file: str, schema: str) -> None:
    assert problems(read(file), schema) == []


@pytest.mark.parametrize(
    ("file", "place", "key"),
    [
        (".github/workflows/release.yaml", ("jobs", "check"), "timeout-minuts"),
        ("deploy/github-action/action.yml", ("runs",), "step"),
        ("deploy/tayari.gitlab-ci.yml", ("tayari",), "scripts"),
        ("deploy/compose.yaml", ("services", "worker"), "replicsa"),
        ("deploy/compose-merchant.yaml", ("services", "check"), "commnad"),
    ],
)
def test_a_wrong_word_would_be_seen(file: str, place: tuple[str, ...], key: str) -> None:
    document = read(file)
    part = document
    for name in place:
        part = part[name]
    part[key] = ["x"]

    assert problems(document, FILES[file]) != []


def step(name: str) -> str:
    """The script of a step of the GitHub action."""
    steps = read("deploy/github-action/action.yml")["runs"]["steps"]
    return str(next(row["run"] for row in steps if row.get("name") == name))


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ({"SCENARIOS": "payment/* ack/lost"}, "gate tayari.yaml payment/* ack/lost --out {temp}/tayari-report"),
        ({"WAIVERS": "known.yaml"}, "check tayari.yaml --suite smoke --out {temp}/tayari-report --waivers known.yaml"),
    ],
)
def test_the_scripts_for_ci_call_tayari_with_their_inputs(given: dict[str, str], called: str, tmp_path: Path) -> None:
    fake = tmp_path / "tayari" / "bin" / "tayari"
    fake.parent.mkdir(parents=True)
    fake.write_text('#!/bin/sh\necho "$@"\nexit 10\n')
    fake.chmod(0o755)
    (tmp_path / "payment").mkdir()
    (tmp_path / "payment" / "file").touch()  # what the shell would make of payment/*
    names = {"TARGET": "tayari.yaml", "SUITE": "smoke", "SCENARIOS": "", "WAIVERS": "", **given}
    github = {**names, "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step("gate")],
        cwd=tmp_path, env=github, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout.strip()) == (10, called.format(temp=tmp_path)), done.stderr
    if "WAIVERS" in given:
        return
    script = "\n".join(read("deploy/tayari.gitlab-ci.yml")["tayari"]["script"]).replace(
        "/tmp/tayari", f"{tmp_path}/tayari"
    )
    gitlab = {**{f"TAYARI_{name}": value for name, value in names.items()}, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=gitlab, capture_output=True, text=True, check=False)
    expected = called.replace("{temp}/", "")
    assert (done.returncode, done.stdout.strip()) == (10, expected), done.stderr


def test_the_image_is_small_not_roots_and_says_whether_it_is_well() -> None:
    build, image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ${BASE}\n")

    assert re.findall(r"^ARG BASE=python:3\.12-slim-\w+@sha256:([0-9a-f]{64})$", build, re.MULTILINE), build
    assert re.findall(r"^FROM (.*)$", build, re.MULTILINE) == ["${BASE} AS build"]
    assert "COPY . /app" in build
    assert re.findall(r"^COPY (.*)$", image, re.MULTILINE) == ["--from=build /opt/tayari /opt/tayari"]
    assert re.findall(r"^USER (\d+)$", image, re.MULTILINE) == ["10001"]
    assert image.index("USER ") < image.index("ENTRYPOINT ")
    assert {"9310", "9311", "5557", "8089"} == set(re.findall(r"^EXPOSE (.*)$", image, re.MULTILINE)[0].split())
    assert json.loads(re.findall(r"CMD (\[\"python.*\])$", image, re.MULTILINE)[0])[0] == "python"


@pytest.mark.parametrize("file", [".github/workflows/release.yaml", "deploy/github-action/action.yml"])
def test_an_action_of_others_is_named_by_its_commit(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    used = re.findall(r"^[^#\n]*\buses: (.*)$", text, re.MULTILINE)

    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", one)] == []


def test_the_services_of_the_compose_file_find_each_other() -> None:
    services = read("deploy/compose-merchant.yaml")["services"]
    target = load_target(DEPLOY / "merchant.yaml", {})
    simulate, check = services["simulator"]["command"], services["check"]["command"]

    assert target.merchant.base_url == "http://merchant:8000"
    assert target.merchant.start is None
    assert simulate[simulate.index("--rewrite") + 1] == "https://shop.example=http://merchant:8000"
    assert services["merchant"]["environment"]["MPESA_BASE_URL"] == "http://simulator:9310"
    assert check[check.index("--control") + 1] == "http://simulator:9311"
    assert services["check"]["environment"] == services["simulator"]["environment"]


def test_the_devcontainer_sets_the_repository_up() -> None:
    found = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))

    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found["postCreateCommand"].removeprefix("make ") in targets
    assert set(map(str, found["forwardPorts"])) == set(found["portsAttributes"])
