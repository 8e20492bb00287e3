"""The shops of the recipes: one for each framework, installed from its registry, with the target file of its page."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from environments import RegistryUnreachable, node_environment, python_environment

HERE = Path(__file__).parent
SHOPS = HERE / "shops" / "recipes"
EXAMPLES = HERE.parents[1] / "examples"
PAGES = HERE.parents[1] / "docs" / "recipes"


def _python(folder: Path) -> None:
    """The shop's own environment, where its developer has it."""
    shutil.copytree(SHOPS / "python", folder, dirs_exist_ok=True)
    (folder / ".venv").symlink_to(python_environment("recipes").parents[1])


def _node(folder: Path) -> None:
    shutil.copytree(SHOPS / "node", folder, dirs_exist_ok=True)
    (folder / "node_modules").symlink_to(node_environment("recipes") / "node_modules")


def _nest(folder: Path) -> None:
    _node(folder)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=folder, check=True, timeout=120)


def _laravel(folder: Path) -> None:
    """Debian's Laravel: no registry of PHP packages is asked. `.env` stands there, as on a developer's machine."""
    if not Path("/usr/share/php/Illuminate/Foundation").exists() or not Path("/usr/share/php/GuzzleHttp").exists():
        raise RegistryUnreachable("php-laravel-framework and php-guzzlehttp-guzzle (Debian) are not installed")
    for name in ("storage/framework/cache", "storage/framework/views", "storage/logs", "bootstrap/cache"):
        (folder / name).mkdir(parents=True)
    shutil.copy(folder / ".env.example", folder / ".env")


def _ruby(folder: Path) -> None:
    """Ruby and WEBrick of the system; no gem is fetched."""
    if subprocess.run(["ruby", "-rwebrick", "-e", ""], check=False, capture_output=True).returncode != 0:
        raise RegistryUnreachable("Ruby with WEBrick (Debian's ruby) is not installed")


def _go(folder: Path) -> None:
    """Built as the page says; no package is fetched."""
    if shutil.which("go") is None:
        raise RegistryUnreachable("Go (Debian's golang-go) is not installed")
    subprocess.run(["go", "build", "-o", "shop", "."], cwd=folder, check=True, timeout=300)


@dataclass(frozen=True)
class Recipe:
    """One shop: its page, and what its framework needs. `changed`: lines of the page's target file, as it says."""

    shop: str
    page: str
    install: Callable[[Path], None]
    changed: Mapping[str, str]
    among: Path = SHOPS

    @property
    def folder(self) -> Path:
        """Where the shop's own files are."""
        return self.among / self.shop


AS_WRITTEN: Mapping[str, str] = {}
WITH_THE_HOST_IN_ITS_SOURCE = {'MPESA_BASE_URL: "{daraja_url}"': "", "    env:": "    intercept: auto\n    env:"}
RECIPES = (
    Recipe("django", "django", _python, AS_WRITTEN),
    Recipe("flask", "flask", _python, AS_WRITTEN),
    Recipe("fastapi", "fastapi", _python, AS_WRITTEN),
    Recipe("express", "express", _node, AS_WRITTEN),
    Recipe(
        "fastify", "express", _node, {'MPESA_BASE_URL: "{daraja_url}"': "", "    env:": "    intercept: auto\n    env:"}
    ),
    Recipe("koa", "express", _node, AS_WRITTEN),
    Recipe("nest", "nest", _nest, AS_WRITTEN),
    Recipe("laravel", "laravel", _laravel, AS_WRITTEN),
    Recipe("ruby", "ruby", _ruby, AS_WRITTEN),
    Recipe("go", "go", _go, AS_WRITTEN, EXAMPLES),
)


def target_of_page(recipe: Recipe) -> str:
    """The target file of the page."""
    blocks = re.findall(r"```yaml\n(merchant:.*?)```", (PAGES / f"{recipe.page}.md").read_text(), re.DOTALL)
    text: str = blocks[0]
    for old, new in recipe.changed.items():
        assert old in text
        text = text.replace(old, new)
    return text
