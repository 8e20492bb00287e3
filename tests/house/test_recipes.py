"""The recipes: their target files load, their commands run or say that they do not, and their links lead somewhere."""

import re
from pathlib import Path

import pytest
from recipe_shops import RECIPES
from tayari.cli.commands import run
from tayari_target.target_file import load_target

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "recipes"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
RUN = {recipe.page for recipe in RECIPES}
"""Pages whose target file and commands `tests/real_clients/test_recipe_shops.py` runs."""
TRIED = {
    "tayari doctor examples/soko/tayari.yaml",
    "node --test examples/node/",
    "phpunit examples/php/ShopTest.php",
    "(cd examples/go && go test ./...)",
}
"""Commands that tests run: the first one here, the others in `tests/simulator/test_other_languages.py`."""


def blocks(page: Path, *kinds: str) -> list[str]:
    found = re.findall(r"```(\w+)\n(.*?)```", page.read_text(), re.DOTALL)
    return [text for kind, text in found if kind in kinds]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_target_file_of_a_recipe_loads(tmp_path: Path, page: Path) -> None:
    written = [text for text in blocks(page, "yaml") if text.startswith("merchant:")]
    path = tmp_path / "tayari.yaml"
    for text in written:
        path.write_text(text)
        assert load_target(path, {}).merchant.takes_payments

    assert written or page.stem in {"github-actions", "gitlab-ci", "jenkins", "unit-tests"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_of_a_recipe_is_tried_or_marked(page: Path) -> None:
    commands = {line.strip() for text in blocks(page, "sh") for line in text.splitlines()}
    text = page.read_text()

    assert commands <= TRIED or "Not run here" in text
    assert commands & TRIED or "Not run here" in text or page.stem in RUN
    assert ("Run on a real shop" in text) is (page.stem in RUN)


def test_the_recipes_are_listed_short_and_linked() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (FOLDER / "README.md").read_text())

    assert sorted(listed) == [page.name for page in PAGES]
    for page in PAGES:
        assert len(page.read_text().splitlines()) <= 80, page
        links = re.findall(r"\]\(([\w./-]+\.md)\)", page.read_text())
        assert [link for link in links if not (FOLDER / link).exists()] == []


def test_the_command_of_the_flask_recipe_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    assert run(["doctor", "examples/soko/tayari.yaml"]) == 0
