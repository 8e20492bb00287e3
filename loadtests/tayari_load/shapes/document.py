"""The shapes' part of `docs/load.md`: `python -m tayari_load.shapes.document --write docs/load.md`."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import Final

from tayari_load.shapes import SHAPES

BEGIN: Final = "<!-- shapes: made by `python -m tayari_load.shapes.document --write docs/load.md` -->"
END: Final = "<!-- end of the shapes -->"
_WIDTH: Final = 120


def document() -> str:
    """Each shape with its sentence and its graph."""
    parts = [
        f"{textwrap.fill(f'`{row.name}`: {row.about}', _WIDTH)}\n\n```text\n{row.graph()}\n```"
        for row in SHAPES.values()
    ]
    return "\n\n".join([BEGIN, *parts, END])


def written(text: str) -> str:
    """The document with its part about shapes as it should be.

    Raises:
        ValueError: it has no such part.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected a part between {BEGIN} and {END}")
    return head + document() + tail


def main() -> None:
    """Print the part, or write it into a file."""
    parser = argparse.ArgumentParser(description="The load shapes with their graphs, as Markdown.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="the document to write it into")
    given = parser.parse_args()
    if given.write is None:
        sys.stdout.write(document() + "\n")
        return
    given.write.write_text(written(given.write.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
