"""ARCHITECTURE.md names what exists: every home in the glossary, and every package."""

import ast
import re
from pathlib import Path

import pytest
from tayari_contracts.checks.check_registry import checks

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / folder for folder in ("simulator", "contract_tests", "loadtests", "reports", "harness")]
PACKAGES = {
    ".".join(found.parent.relative_to(source).parts): found
    for source in SOURCES
    for found in source.rglob("__init__.py")
}
ROW = re.compile(r"\| ([^|]+) \| ([^|]+) \| ([^|]+) \|")
HOMES = {
    row[1]: re.findall(r"`([\w.]+)`", row[3])
    for row in map(ROW.fullmatch, (ROOT / "ARCHITECTURE.md").read_text().partition("## Glossary")[2].splitlines())
    if row and "`" in row[3]
}


def exists(name: str) -> bool:
    path = Path(*name.split("."))
    return any((source / path).is_dir() or (source / path).with_suffix(".py").is_file() for source in SOURCES)


def test_every_home_in_the_glossary_exists() -> None:
    assert len(HOMES) > 30
    assert [(term, name) for term, names in HOMES.items() for name in names if not exists(name)] == []


def test_every_package_has_a_term() -> None:
    homes = {name for names in HOMES.values() for name in names}

    assert len(PACKAGES) > 20
    assert [name for name in PACKAGES if not any(home == name or home.startswith(f"{name}.") for home in homes)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is_for(package: str) -> None:
    docstring = ast.get_docstring(ast.parse(PACKAGES[package].read_text())) or ""

    assert len(docstring.split()) >= 5


def test_a_check_is_in_the_folder_of_its_family() -> None:
    catalogue = ROOT / "contract_tests" / "tayari_contracts" / "catalogue"
    families = {
        rule_id: path.stem
        for path in catalogue.glob("*.yaml")
        for rule_id in re.findall(r"^- id: (\w+)$", path.read_text(), re.MULTILINE)
    }
    folders = {rule_id: function.__module__.split(".")[2] for rule_id, function in checks().items()}

    assert len(folders) > 100
    assert {rule_id: family for rule_id, family in folders.items() if families[rule_id] != family} == {}


def test_each_check_is_a_module_of_its_own() -> None:
    rules_of: dict[str, list[str]] = {}
    for rule_id, function in checks().items():
        if not rule_id.startswith("M"):  # the money rules are one table over the invariants
            rules_of.setdefault(function.__module__.rpartition(".")[2], []).append(rule_id)

    assert len(rules_of) > 100
    assert {name: ids for name, ids in rules_of.items() if [name[:3].upper()] != ids} == {}
