"""Up and up, past what is asked for."""

from __future__ import annotations

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="stress",
    about="From half the load to three times of it, so that the knee is seen; `--find-limit` measures where it is.",
    level=lambda share: 0.5 + 2.5 * share,
)
