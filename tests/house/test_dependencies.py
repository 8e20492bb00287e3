"""What is installed is known: every range has an end, and every exact version its hashes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RANGES = [
    *PROJECT["build-system"]["requires"],
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["load"],
    *PROJECT["dependency-groups"]["dev"],
]
LOCKS = ["constraints.txt", "deploy/requirements.txt"]


@pytest.mark.parametrize("row", RANGES)
def test_a_range_has_an_upper_bound(row: str) -> None:
    assert "<" in row.partition(";")[0] or "==" in row


@pytest.mark.parametrize("lock", LOCKS)
def test_an_exact_version_has_its_hashes(lock: str) -> None:
    rows = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip())

    assert len(rows) > 40
    assert [row for row in rows if "==" not in row or "--hash=sha256:" not in row] == []


def test_the_image_gets_the_versions_that_the_tests_ran_with() -> None:
    pinned, deployed = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)) for lock in LOCKS
    )

    assert deployed < pinned
