"""The folders that ship with Tayari: scenario files and sample merchants."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_REPOSITORY = _HERE.parent.parent


def scenario_folder() -> Path:
    """The folder of the shipped scenario files: in the wheel, or in the repository."""
    packed = _HERE / "_scenarios"
    return packed if packed.is_dir() else _REPOSITORY / "scenarios"


def example_folder() -> Path:
    """The folder of the sample merchant: in the wheel, or in the repository."""
    packed = _HERE / "_examples" / "duka"
    return packed if packed.is_dir() else _REPOSITORY / "examples" / "duka"
