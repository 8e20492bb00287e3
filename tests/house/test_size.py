"""How long functions and modules may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("simulator", "contract_tests", "loadtests", "reports", "harness", "examples", "benchmarks")
MODULES = sorted(path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py"))

LONGEST_FUNCTION = 50
LONGEST_MODULE = 400


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from its first line to its last, without the docstring."""
    first, *rest = function.body
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    end = function.end_lineno or function.lineno
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring and rest else 0
    return end - function.lineno + 1 - docstring


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert source.count("\n") <= LONGEST_MODULE
    assert {node.name: code_lines(node) for node in functions if code_lines(node) > LONGEST_FUNCTION} == {}
