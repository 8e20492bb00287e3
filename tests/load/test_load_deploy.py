"""The compose file and the Kubernetes manifest: their shape, and that every command in them is one we have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from tayari.cli.loading import load
from tayari_simulator.server.arguments import read_arguments

DEPLOY = Path(__file__).parents[2] / "deploy"
TEXT, WORDS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
SERVICE = {
    "type": "object",
    "required": ["image", "command"],
    "additionalProperties": False,
    "properties": {
        "image": TEXT, "build": {"type": "object", "required": ["context", "dockerfile"]}, "command": WORDS,
        "volumes": WORDS, "ports": WORDS, "depends_on": {"type": "object"}, "healthcheck": {"type": "object"},
        "deploy": {"type": "object"},
    },
}  # fmt: skip
OBJECT = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"enum": ["v1", "apps/v1", "batch/v1"]},
        "kind": {"enum": ["Service", "Deployment", "Job"]},
        "metadata": {"required": ["name"], "properties": {"name": {"pattern": "^[a-z0-9-]+$"}}},
    },
}


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return found


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def containers() -> Iterator[dict[str, Any]]:
    for row in objects():
        yield from row["spec"].get("template", {}).get("spec", {}).get("containers", ())


def commands() -> list[list[str]]:
    rows = [row["command"] for row in services().values()] + [row["args"] for row in containers()]
    return [[re.sub(r"\$\{\w+:-(.*?)\}", r"\1", word) for word in row] for row in rows]


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words[:3]))
def test_every_command_is_understood(words: list[str]) -> None:
    if words[0] == "simulate":
        assert read_arguments(words[1:], {}).host == "0.0.0.0"
        return
    program = typer.Typer()
    program.command()(load)
    context = typer.main.get_command(program).make_context("load", list(words[1:]))

    assert context.params["control"].endswith(":9311")
    assert bool(context.params["worker"]) is not bool(context.params["master"])


def test_the_compose_services_are_well_formed() -> None:
    for row in services().values():
        jsonschema.validate(row, SERVICE)
    assert set(services()) == {"simulator", "master", "worker"}
    assert all(port.startswith("127.0.0.1:") for port in services()["simulator"]["ports"])


def test_the_manifests_objects_are_well_formed_and_find_each_other() -> None:
    pods = [row["spec"]["template"]["metadata"]["labels"] for row in objects() if "template" in row["spec"]]
    for row in objects():
        jsonschema.validate(row, OBJECT)
        selector = row["spec"].get("selector", {})
        wanted = selector.get("matchLabels", selector)
        assert not wanted or wanted in pods
    named = {row["metadata"]["name"] for row in objects() if row["kind"] == "Service"}
    hosts = set(re.findall(r"(tayari-\w+):\d", (DEPLOY / "kubernetes.yaml").read_text()))
    assert hosts <= named


def test_as_many_workers_are_started_as_are_waited_for() -> None:
    master = next(row for row in containers() if row["name"] == "master")["args"]
    workers = next(row for row in objects() if row["metadata"]["name"] == "tayari-worker")["spec"]["parallelism"]

    assert int(master[master.index("--expect-workers") + 1]) == workers
