"""`tayari docs`: the documents, as they ship with this version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion
from tayari_target.resources import docs_folder

from tayari.cli.options import FormatOption
from tayari.cli.output import Format, Output


def docs(
    topic: Annotated[
        str | None, typer.Argument(help="Such as target-file; left out: all topics.", show_default=False)
    ] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """The documents: all topics, or the page of one."""
    output = Output(form)
    folder = docs_folder()
    pages = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}
    if topic is None:
        rows = [(name, _title(path)) for name, path in pages.items()]
        output.json([{"topic": name, "title": title, "file": str(pages[name])} for name, title in rows])
        output.table(("topic", "about"), rows)
        output.text("\n`tayari docs TOPIC` prints a page (Markdown)", style="dim")
        return
    name = topic.removeprefix("docs/").removesuffix(".md")
    if name not in pages:
        near = suggestion(name, pages) or "; `tayari docs` lists them"
        raise output.fail(f"{topic!r} is no topic of the documents{near}", Exit.BAD_CONFIGURATION)
    text = pages[name].read_text(encoding="utf-8")
    output.json({"topic": name, "title": _title(pages[name]), "file": str(pages[name]), "text": text})
    if form is Format.TEXT:
        typer.echo(text, nl=False)


def _title(page: Path) -> str:
    """The page's first heading."""
    with page.open(encoding="utf-8") as lines:
        return next((line.removeprefix("# ").strip() for line in lines if line.startswith("# ")), page.stem)
