"""The compiled templates of the pages: kept where that is possible, and never in the way of a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2.bccache import bc_magic
from tayari_reports.writers.pages import page_templates

PAGE = "trend.html"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the templates of this test are kept."""
    folder = tmp_path / "kept"
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr(page_templates, "_COMPILED", folder)
    return folder


def compiled() -> bool:
    """Whether a page is compiled anew when it is asked for."""
    pages = page_templates.page_templates(percent=str, moment=str, headline=str, build=str, tone=str)
    sources: list[str] = []
    compile_source = pages._compile

    def compile_counted(source: str, filename: str) -> Any:
        sources.append(source)
        return compile_source(source, filename)

    pages._compile = compile_counted  # type: ignore[method-assign]
    assert pages.get_template(PAGE).name == PAGE
    return bool(sources)


def test_a_page_is_compiled_once(folder: Path) -> None:
    assert [compiled(), compiled()] == [True, False]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"other", bc_magic, bc_magic + b"no pickle", bc_magic + b"\x80\x04N.N"])
def test_a_damaged_file_is_made_anew(folder: Path, content: bytes) -> None:
    compiled()
    [kept] = folder.iterdir()
    kept.write_bytes(content)

    assert [compiled(), compiled()] == [True, False]


def test_what_another_version_of_the_library_compiled_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled()
    monkeypatch.setattr(page_templates, "_FILE", "%s.jinja2-0.0.cache")

    assert compiled()
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_made_or_a_python_that_writes_none_keeps_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("a file")
    assert [compiled(), compiled()] == [True, True]

    folder.unlink()
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert [compiled(), compiled()] == [True, True]
    assert not folder.exists()
