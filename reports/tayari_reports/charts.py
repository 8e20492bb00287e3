"""Small line charts of a load run as inline SVG. Colours come from the page's classes, numbers from the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from tayari_reports.model import Load

WIDTH: Final = 560
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 26
_MOST_POINTS: Final = 240

Points = Sequence[tuple[float, float | None]]
"""Seconds since the start, and the value; None where nothing was measured."""


_Merge = Callable[[list[float]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart. `css` is its class: `a`, `b` or `limit`."""

    name: str
    css: str
    points: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One drawn chart with its caption and its legend."""

    title: str
    series: tuple[Series, ...]
    svg: Markup


def charts(load: Load) -> tuple[Chart, ...]:
    """Payments per second, and the settled time; nothing where the run has no timeline."""
    if len(load.timeline) < 2:
        return ()
    rows = load.timeline
    flow = (
        Series(name="started", css="a", points=_thin([(row[0], float(row[1])) for row in rows], _mean)),
        Series(name="settled", css="b", points=_thin([(row[0], float(row[2])) for row in rows], _mean)),
    )
    p95 = Series(name="settled p95", css="b", points=_thin([(row[0], row[3]) for row in rows], max))
    limits = [row.limit for row in load.thresholds if row.unit == "s"]
    times = [p95]
    if limits:
        ends = [(rows[0][0], limits[0]), (rows[-1][0], limits[0])]
        times.append(Series(name=f"limit {limits[0]:g} s", css="limit", points=ends))
    made = [_chart("Payments per second", flow)]
    if any(value is not None for _, value in p95.points):
        made.append(_chart("Time to settled, p95 in seconds", tuple(times)))
    return tuple(made)


def _chart(title: str, series: tuple[Series, ...]) -> Chart:
    values = [value for line in series for _, value in line.points if value is not None]
    moments = [moment for line in series for moment, _ in line.points]
    top, first, last = _ceiling(max(values, default=0.0)), min(moments), max(moments)
    span = (last - first) or 1.0

    def place(moment: float, value: float) -> tuple[float, float]:
        x = _LEFT + (moment - first) / span * (WIDTH - _LEFT - _RIGHT)
        return x, HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)

    grid = "".join(_grid(place(first, part * top / 2)[1], part * top / 2) for part in range(3))
    lines = "".join(_line(line, place) for line in series)
    label = escape(f"{title}: {_spoken(series)}")
    body = f"<title>{label}</title>{grid}{_moments(first, last)}{lines}"
    svg = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg>'
    return Chart(title=title, series=series, svg=Markup(svg))


def _line(line: Series, place: Callable[[float, float], tuple[float, float]]) -> str:
    steps: list[str] = []
    pen_down = False
    for moment, value in line.points:
        if value is not None:
            x, y = place(moment, value)
            steps.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
        pen_down = value is not None
    return f'<path class="line {line.css}" d="{"".join(steps)}"/>'


def _grid(y: float, value: float) -> str:
    text = f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    return f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>{text}'


def _moments(first: float, last: float) -> str:
    places = ((_LEFT, "start", first), (WIDTH - _RIGHT, "end", last))
    return "".join(
        f'<text x="{x}" y="{HEIGHT - 7}" text-anchor="{anchor}">{moment:.0f} s</text>' for x, anchor, moment in places
    )


def _spoken(series: Iterable[Series]) -> str:
    return "; ".join(
        f"{line.name} up to {max(found):g}"
        for line in series
        if (found := [value for _, value in line.points if value is not None])
    )


def _thin(points: list[tuple[float, float | None]] | list[tuple[float, float]], merge: _Merge) -> Points:
    """At most `_MOST_POINTS` points: an hour of load must not weigh more than a minute."""
    step = -(-len(points) // _MOST_POINTS)
    groups = [points[start : start + step] for start in range(0, len(points), step)]
    thinned: list[tuple[float, float | None]] = []
    for group in groups:
        values = [value for _, value in group if value is not None]
        thinned.append((group[0][0], merge(values) if values else None))
    return thinned


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _ceiling(value: float) -> float:
    """The next round number, so that the axis reads well."""
    scale = 1.0
    while scale * 10 < value:
        scale *= 10
    while scale > value > 0:
        scale /= 10
    return next((part * scale for part in (1, 2, 4, 6, 8, 10) if part * scale >= value), 10 * scale) or 1.0
