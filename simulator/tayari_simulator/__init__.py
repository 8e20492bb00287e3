"""A fake of Safaricom's M-Pesa API (Daraja) that merchants are tested against."""

import os
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Final

__version__: Final = "0.1.0"


def build() -> str:
    """Whether the modules that each payment passes are compiled (`hatch_build.py`): `compiled` or `pure Python`."""
    clock = os.path.join(os.path.dirname(__file__), "clock")
    return "compiled" if any(os.path.exists(clock + suffix) for suffix in EXTENSION_SUFFIXES) else "pure Python"
