"""What ships with Tayari: folders of scenario files, sample merchants and documents, and the usual ports."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DARAJA_PORT: Final = 9310
CONTROL_PORT: Final = 9311
"""Used when the merchant runs already: its base URL must be something that can be written down."""

_HERE = Path(__file__).resolve().parent
_REPOSITORY = _HERE.parent.parent


def scenario_folder() -> Path:
    """The folder of the shipped scenario files: in the wheel, or in the repository."""
    packed = _HERE / "_scenarios"
    return packed if packed.is_dir() else _REPOSITORY / "scenarios"


def example_folder(name: str = "duka") -> Path:
    """The folder of a sample merchant, the shop or another one: in the wheel, or in the repository."""
    packed = _HERE / "_examples" / name
    return packed if packed.is_dir() else _REPOSITORY / "examples" / name


def docs_folder() -> Path:
    """The folder of the documents: in the wheel, or in the repository."""
    packed = _HERE / "_docs"
    return packed if packed.is_dir() else _REPOSITORY / "docs"


def target_schema() -> str:
    """The JSON Schema of the target file."""
    return (_HERE / "target_file" / "target.schema.json").read_text(encoding="utf-8")
