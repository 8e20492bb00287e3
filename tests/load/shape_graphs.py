"""The load shapes with their graphs, as the part of `docs/load.md` that is about them.

`python tests/load/shape_graphs.py --write docs/load.md` writes it there.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

from tayari_load.shapes import SHAPES, Shape

BARS = " ▁▂▃▄▅▆▇█"
BEGIN = "<!-- shapes: made by `python tests/load/shape_graphs.py --write docs/load.md` -->"
END = "<!-- end of the shapes -->"
WIDTH = 120


def graph(shape: Shape, width: int = 60, height: int = 4) -> str:
    """The level over the run's time as bars with an axis; where it has troubles, `x` marks their windows."""
    top = shape.highest
    shares = [shape.level((step + 0.5) / width) / top for step in range(width)]
    lines = []
    for row in range(height, 0, -1):
        bars = "".join(_bar(share * height - (row - 1)) for share in shares)
        lines.append(f"{top:>4.1f} ┤{bars}" if row == height else f"     │{bars}")
    lines.append(f" 0.0 ┴{'─' * width}")
    if shape.troubles:
        marks = "".join("x" if _troubled(shape, (step + 0.5) / width) else " " for step in range(width))
        lines.append(f"      {marks}  {', '.join(trouble.trouble for trouble in shape.troubles)}")
    return "\n".join(line.rstrip() for line in lines)


def _troubled(shape: Shape, share: float) -> bool:
    return any(row.begins <= share < row.begins + row.lasts for row in shape.troubles)


def _bar(share: float) -> str:
    """One cell that is filled from below, by eighths."""
    return BARS[min(len(BARS) - 1, max(0, round(share * (len(BARS) - 1))))]


def document() -> str:
    """Each shape with its sentence and its graph."""
    parts = [
        f"{textwrap.fill(f'`{row.name}`: {row.about}', WIDTH)}\n\n```text\n{graph(row)}\n```" for row in SHAPES.values()
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
