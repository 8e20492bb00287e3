"""The recipes on real shops: the framework from its registry, the target file of the page, doctor, and a suite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from environments import RegistryUnreachable
from recipe_shops import RECIPES, Recipe, target_of_page
from tayari_target.target_file import load_target

OF_THE_PAGE = {"(php artisan mpesa:ask &) && ": "", "./shop": "go run ."}
"""What the page says in place of the proposal: a worker of the shop's own, and a program that is built already."""

pytestmark = [pytest.mark.registry, pytest.mark.long]


def tayari(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, as the shop's developer runs it in the shop's folder with its own programs first on the path."""
    environment = {**os.environ, "PATH": f"{folder}/.venv/bin{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "tayari", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.shop)
def test_a_shop_of_a_recipe_is_proposed_sound_and_ready(
    tmp_path: Path, not_proven: dict[str, str], recipe: Recipe
) -> None:
    folder = tmp_path / "my-shop"
    shutil.copytree(recipe.folder, folder)
    try:
        recipe.install(folder)
    except RegistryUnreachable as unreachable:
        not_proven[f"the recipe {recipe.shop}"] = str(unreachable)
        pytest.skip(f"NOT PROVEN: {unreachable}")

    assert tayari(folder, "init", "--yes").returncode == 0
    proposed = load_target(folder / "tayari.yaml", {}).merchant
    (folder / "tayari.yaml").write_text(target_of_page(recipe))
    written = load_target(folder / "tayari.yaml", {}).merchant
    doctor = tayari(folder, "doctor")
    check = tayari(folder, "check", "--suite", "smoke")

    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert check.returncode == 0, check.stdout + check.stderr
    assert proposed.start is not None
    assert written.start is not None
    command = written.start.command
    for of_the_page, of_the_proposal in OF_THE_PAGE.items():
        command = command.replace(of_the_page, of_the_proposal)
    assert proposed.start.command.replace(".venv/bin/", "") == command
    assert proposed.start.env.items() <= written.start.env.items()
    assert proposed.start.intercept is written.start.intercept
    assert proposed.pay.call == written.pay.call
    assert proposed.status is not None
    assert written.status is not None
    assert proposed.status.call == written.status.call
