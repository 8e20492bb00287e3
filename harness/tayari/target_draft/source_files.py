"""The source of a merchant, as far as it is read: text files of known kinds, within bounds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

_SKIPPED: Final = frozenset({
    "node_modules", "vendor", "dist", "build", "target", "out", "bin", "obj", "static", "assets",
    "migrations", "site-packages", "__pycache__", "test", "tests", "__tests__", "spec", "docs", "coverage", "venv",
    "env", "htmlcov", "e2e", "testing",
})  # fmt: skip
_SUFFIXES: Final = frozenset({
    ".py", ".js", ".cjs", ".mjs", ".ts", ".php", ".java", ".kt", ".go", ".rb", ".ru", ".json", ".toml", ".txt",
    ".cfg", ".xml", ".gradle", ".kts", ".mod", ".yml", ".yaml", ".properties", ".prisma", ".example", ".sample",
})  # fmt: skip
CODE: Final = (".py", ".js", ".cjs", ".mjs", ".ts", ".php", ".java", ".kt", ".go", ".rb")
"""Suffixes of programs; the other files that are read hold settings."""
SCRIPT: Final = (".js", ".cjs", ".mjs", ".ts")
"""Suffixes of JavaScript and TypeScript."""
_PLAIN: Final = frozenset(
    {"Pipfile", "Gemfile", "artisan", "Procfile", ".env.example", ".env.sample", ".env.dist", "mvnw", "gradlew"}
)
_PUBLIC: Final = "public"
"""Served as it is: of its files only programs in PHP are read."""
_TESTS: Final = re.compile(r"(^test_|_test\.\w+$|\.(test|spec|min|d)\.\w+$|^conftest\.py$|^package-lock\.json$)")
_FILE_BYTES: Final = 400_000
_ALL_BYTES: Final = 20_000_000
_MOST_FILES: Final = 3_000
MANIFESTS: Final = re.compile(
    r"(^|/)(requirements[\w.-]*\.txt|pyproject\.toml|setup\.(py|cfg)|Pipfile|Gemfile|package\.json|composer\.json|pom\.xml"
    r"|build\.gradle(\.kts)?|go\.mod)$"
)
"""Files that name a project's dependencies."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file; `name` is relative to the project, with slashes."""

    name: str
    text: str = field(repr=False)

    def place(self, offset: int) -> str:
        """`file:line` of a character, as editors open it."""
        return f"{self.name}:{self.text.count(chr(10), 0, offset) + 1}"

    @property
    def stem(self) -> str:
        """The name without its last suffix."""
        return self.name.rpartition(".")[0] or self.name

    @property
    def folder(self) -> str:
        """The folder of the file, with a slash at its end; empty for the project's own."""
        return self.name[: self.name.rfind("/") + 1]


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a pattern was found."""

    file: SourceFile
    match: re.Match[str]

    @property
    def place(self) -> str:
        """`file:line`."""
        return self.file.place(self.match.start())

    @property
    def before(self) -> str:
        """The beginning of its line, as far as the match."""
        return self.file.text[: self.match.start()].rpartition("\n")[2]

    @property
    def line(self) -> str:
        """The line on which it begins."""
        return (
            self.file.text[: self.match.end()].rpartition("\n")[2]
            + self.file.text[self.match.end() :].partition("\n")[0]
        )


@dataclass(frozen=True, slots=True)
class Project:
    """The folder of a merchant, read once."""

    folder: Path
    files: tuple[SourceFile, ...]
    complete: bool = True
    """False: there was more than is read."""

    def find(self, pattern: str, *suffixes: str) -> Iterator[Hit]:
        """Every place of a pattern, in files with one of these suffixes; without suffixes, in all."""
        regex = compiled(pattern)
        for file in self.files:
            if not suffixes or file.name.endswith(suffixes):
                for match in regex.finditer(file.text):
                    yield Hit(file, match)

    def first(self, pattern: str, *suffixes: str) -> Hit | None:
        """The first of them."""
        return next(self.find(pattern, *suffixes), None)

    def manifests(self) -> Sequence[SourceFile]:
        """The files that name its dependencies."""
        return [file for file in self.files if MANIFESTS.search(file.name)]

    def named(self, name: str) -> SourceFile | None:
        """The file of this name that is nearest to the top folder."""
        found = [file for file in self.files if f"/{file.name}".endswith(f"/{name}")]
        return min(found, key=lambda file: file.name.count("/"), default=None)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern; `^` and `$` are a line's."""
    return re.compile(pattern, re.MULTILINE)


def read_project(folder: Path) -> Project:
    """Read the source below a folder. Tests, installed packages and generated files are left out."""
    files: list[SourceFile] = []
    size = 0
    for path in _paths(folder):
        if len(files) >= _MOST_FILES or size >= _ALL_BYTES:
            return Project(folder, tuple(files), complete=False)
        try:
            raw = path.read_bytes() if path.stat().st_size <= _FILE_BYTES else b""
        except OSError:
            continue  # a link that leads nowhere, or a file that is not ours to read
        size += len(raw)
        if raw and b"\0" not in raw:
            files.append(SourceFile(path.relative_to(folder).as_posix(), raw.decode("utf-8", errors="replace")))
    return Project(folder, tuple(files))


def _paths(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        is_public = _PUBLIC in Path(here).relative_to(folder).parts
        for name in sorted(names):
            if is_public and not name.endswith(".php"):
                continue
            known = Path(name).suffix in _SUFFIXES or name in _PLAIN
            if known and not _TESTS.search(name):
                yield Path(here, name)
