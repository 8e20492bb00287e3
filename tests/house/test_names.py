"""A name stands for one thing: a search for it finds one module, or one class."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("simulator", "contract_tests", "loadtests", "reports", "harness")
MODULES = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
OF_EVERY_PACKAGE = {"__init__", "__main__"}


def homes_of_classes() -> dict[str, list[str]]:
    """For each class at the top of a module: the modules that define one of this name."""
    homes = defaultdict(list)
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(path.relative_to(ROOT)))
    return homes


def test_a_module_name_occurs_once() -> None:
    homes = defaultdict(list)
    for path in MODULES:
        if path.stem not in OF_EVERY_PACKAGE:
            homes[path.stem].append(str(path.relative_to(ROOT)))

    assert len(homes) > 300
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


def test_a_class_name_occurs_once() -> None:
    homes = homes_of_classes()

    assert len(homes) > 300
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}
