"""The build hook of the wheel: with TAYARI_COMPILED=1 the modules that each payment passes are compiled with mypyc.

Without it the wheel is pure Python and fits everywhere. With it, it fits the Python and the platform that built it. The
sources are in both: they are what a module that is not compiled imports, and what a traceback's lines refer to.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILED: Final = (
    "clock",
    "state/behaviour", "state/exchange", "state/identifiers", "state/ledger", "state/schedule", "state/tokens",
    "state/transactions",
    "apis/core/daraja_state", "apis/core/dispatcher", "apis/core/execution", "apis/core/fields",
    "apis/core/organisations", "apis/stk/stk_callback", "apis/stk/stk_push",
    "journal/memory",
    "transport/callbacks/allowed_targets", "transport/callbacks/callback_client", "transport/callbacks/callback_sender",
    "transport/connections/daraja_port", "transport/connections/http_messages",
    "transport/connections/server_protocol", "transport/scheduler",
)  # fmt: skip
"""What one STK push passes, and the records that it is made of."""
PACKAGES: Final = ("simulator/tayari_simulator", "harness/tayari_formats")
"""The simulator, and what it imports."""
SETUP: Final = """
from mypyc.build import mypycify
from setuptools import setup

files = [*{files!r}, "--ignore-missing-imports"]
extensions = mypycify(files, opt_level="2", debug_level="0", group_name="tayari_simulator")
setup(name="tayari_simulator", packages=[], ext_modules=extensions)
"""


def wanted() -> bool:
    """Whether the wheel shall be a compiled one."""
    return os.environ.get("TAYARI_COMPILED", "") not in ("", "0")


def with_constructors(source: str) -> str:
    """The same module, in which each mutable dataclass has an `__init__` of its own; its lines keep their numbers.

    mypyc leaves the `__init__` of a dataclass to the interpreter, which then takes a sixth of a payment's time.
    """
    lines = [*source.splitlines(), ""]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and (parameters := _parameters(node)):
            assert lines[node.end_lineno or 0] == "", f"expected an empty line after class {node.name}"
            sets = "; ".join(f"self.{name} = {name}" for name in parameters)
            lines[node.end_lineno or 0] = f"    def __init__(self, {', '.join(parameters.values())}) -> None: {sets}"
    return "\n".join(lines) + "\n"


def _parameters(node: ast.ClassDef) -> dict[str, str]:
    """The parameters of its `__init__`, by field. None of a class that needs more than that each field is set."""
    decorators = [ast.unparse(row) for row in node.decorator_list]
    if not decorators or not decorators[0].startswith("dataclass") or "frozen" in decorators[0]:
        return {}
    fields = [row for row in node.body if isinstance(row, ast.AnnAssign) and "ClassVar" not in ast.unparse(row)]
    own = {row.name for row in node.body if isinstance(row, ast.FunctionDef)} & {"__init__", "__post_init__"}
    if node.bases or own or "kw_only" in decorators[0] or any("field(" in ast.unparse(row) for row in fields):
        return {}
    return {ast.unparse(row.target): ast.unparse(row) for row in fields}


def compile_into(folder: Path, root: Path) -> list[Path]:
    """Compile copies of the sources below `root` in this empty folder; returns the extension modules, relative to it.

    Raises:
        subprocess.CalledProcessError: the compiler's output stands above it.
    """
    for package in PACKAGES:
        shutil.copytree(root / package, folder / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    files = [f"tayari_simulator/{name}.py" for name in COMPILED]
    for name in files:
        path = folder / name
        path.write_text(with_constructors(path.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "setup.py").write_text(SETUP.format(files=files), encoding="utf-8")
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True)
    built = [path for pattern in ("*.so", "*.pyd") for path in folder.rglob(pattern)]
    return sorted(path.relative_to(folder) for path in built if "build" not in path.relative_to(folder).parts)


class CompiledSimulator(BuildHookInterface[Any]):
    """Adds the extension modules to the wheel, beside their sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs, beside hatchling."""
        return ["mypy[mypyc]>=1.14,<3", "setuptools"] if wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, where that is asked for; an editable installation is never compiled."""
        if not wanted() or version == "editable":
            return
        folder = Path(tempfile.mkdtemp(prefix="tayari-compiled-"))
        self._folder = folder
        build_data["pure_python"], build_data["infer_tag"] = False, True
        for path in compile_into(folder, Path(self.root)):
            build_data["force_include"][str(folder / path)] = str(path)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatch's
        """Forget what the compiler left."""
        if getattr(self, "_folder", None) is not None:
            shutil.rmtree(self._folder)
