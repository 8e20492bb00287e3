"""Tayari: is our M-Pesa integration ready for production, and what is the proof?"""

from importlib.metadata import version
from pathlib import Path

__all__ = ["__version__", "example_folder", "scenario_folder"]

__version__ = version("tayari")

_HERE = Path(__file__).resolve().parent
_REPOSITORY = _HERE.parent.parent


def scenario_folder() -> Path:
    """Where the shipped scenario files are: in the wheel, or in the repository."""
    packed = _HERE / "_scenarios"
    return packed if packed.is_dir() else _REPOSITORY / "scenarios"


def example_folder() -> Path:
    """Where the sample merchant is: in the wheel, or in the repository."""
    packed = _HERE / "_examples" / "duka"
    return packed if packed.is_dir() else _REPOSITORY / "examples" / "duka"
