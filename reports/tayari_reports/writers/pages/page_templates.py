"""The templates of the HTML pages, compiled once: as Python keeps its modules, in `__pycache__` beside them."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket

_COMPILED: Final = Path(__file__).parent / "templates" / "__pycache__"
_FILE: Final = f"%s.jinja2-{jinja2.__version__}.cache"


class _KeptTemplates(FileSystemBytecodeCache):
    """A folder that cannot be written keeps nothing. What was kept of another text or version is not used, and nothing
    of a damaged file.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, ValueError, TypeError, pickle.UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


def page_templates(**filters: Callable[..., Any]) -> Environment:
    """The templates, with these filters. Every text that is filled in is escaped; a missing one is an error."""
    environment = Environment(
        loader=PackageLoader("tayari_reports.writers.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=None if sys.dont_write_bytecode else _KeptTemplates(str(_COMPILED), _FILE),
    )
    environment.filters.update(filters)
    return environment
