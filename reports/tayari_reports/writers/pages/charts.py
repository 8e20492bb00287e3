"""Small line charts of a load run as inline SVG. Colours come from the page's classes, numbers from the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup, escape

from tayari_reports.model import Load

WIDTH: Final = 560
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 26
_GAP: Final = 2.0
"""Between a window and the next one."""
_MOST_POINTS: Final = 240

Points = Sequence[tuple[float, float | None]]
"""Seconds since the start, and the value; None where nothing was measured."""


_Merge = Callable[[list[float]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart. `css` is its class: `a`, `b`, `c`, `f` or `limit`."""

    name: str
    css: str
    points: Points
    dots: bool = False
    """Whether each point is drawn: few points far apart are not a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartMark:
    """A moment that the chart names, or with `until` a stretch of time that it shades."""

    at: float
    text: str
    until: float | None = None
    number: int = 0
    """Drawn above a window; the text below the charts names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One drawn chart with its caption and its legend."""

    title: str
    series: tuple[Series, ...]
    svg: Markup
    nothing: tuple[str, ...] = ()
    """What never happened, so that its line would only hide the axis."""


def charts(load: Load) -> tuple[Chart, ...]:
    """Load, settled time, callback lag and outcomes over time, fault windows shaded; each as far as it was measured."""
    return (*_flow(load), *_outcomes(load), *_lag(load))


def _shades(load: Load) -> tuple[ChartMark, ...]:
    return tuple(
        ChartMark(at=begin, until=end, text=what, number=number)
        for number, (begin, end, what) in enumerate(load.faults, start=1)
    )


def _outcomes(load: Load) -> list[Chart]:
    rows = load.outcomes
    if len(rows) < 2:
        return []
    names = (("settled", "b"), ("failed", "f"), ("stuck", "c"))
    lines = tuple(
        Series(name=name, css=css, points=_thin([(row[0], float(row[column])) for row in rows], _mean))
        for column, (name, css) in enumerate(names, start=1)
    )
    drawn = tuple(line for line in lines if line.name == "settled" or any(value for _, value in line.points))
    nothing = tuple(line.name for line in lines if line not in drawn)
    return [replace(chart("Payments ended per second", drawn, marks=_shades(load)), nothing=nothing)]


def _lag(load: Load) -> list[Chart]:
    points = _thin(list(load.callback_lag), max)
    if sum(value is not None for _, value in points) < 2:
        return []
    line = Series(name="callback answered, p95", css="a", points=points)
    return [chart("Time to answer a callback, p95 in seconds", (line,), marks=_shades(load))]


def _flow(load: Load) -> list[Chart]:
    if len(load.timeline) < 2:
        return []
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
    made = [chart("Payments per second", flow, marks=_shades(load))]
    if any(value is not None for _, value in p95.points):
        made.append(chart("Time to settled, p95 in seconds", tuple(times), marks=_shades(load)))
    return made


def chart(
    title: str,
    series: tuple[Series, ...],
    *,
    marks: tuple[ChartMark, ...] = (),
    ends: tuple[str, str] | None = None,
    top: float | None = None,
) -> Chart:
    """The lines over time. `ends` are the words under its two ends, `top` is the highest value of the axis."""
    values = [value for line in series for _, value in line.points if value is not None]
    moments = [moment for line in series for moment, _ in line.points]
    top = top or _ceiling(max(values, default=0.0))
    first, last = min(moments), max(moments)
    span = (last - first) or 1.0

    def place(moment: float, value: float) -> tuple[float, float]:
        x = _LEFT + (moment - first) / span * (WIDTH - _LEFT - _RIGHT)
        return x, HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)

    grid = "".join(_grid(place(first, part * top / 2)[1], part * top / 2) for part in range(3))
    lines = "".join(_line(line, place) for line in series)
    label = escape("; ".join([f"{title}: {_spoken(series)}", *_described(marks)]))
    shades = "".join(
        _mark(mark, place(max(first, mark.at), 0)[0], place(min(last, mark.until or last), 0)[0]) for mark in marks
    )
    feet = _ends(ends or (f"{first:.0f} s", f"{last:.0f} s"))
    body = f"<title>{label}</title>{shades}{grid}{feet}{lines}"
    svg = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg>'
    return Chart(title=title, series=series, svg=Markup(svg))


def _line(line: Series, place: Callable[[float, float], tuple[float, float]]) -> str:
    steps: list[str] = []
    dots: list[str] = []
    pen_down = False
    for moment, value in line.points:
        if value is not None:
            x, y = place(moment, value)
            steps.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
            dots.append(f'<circle class="dot {line.css}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        pen_down = value is not None
    drawn = f'<path class="line {line.css}" d="{"".join(steps)}"/>'
    return drawn + "".join(dots) if line.dots else drawn


def _grid(y: float, value: float) -> str:
    text = f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    return f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>{text}'


def _ends(words: tuple[str, str]) -> str:
    places = ((_LEFT, "start", words[0]), (WIDTH - _RIGHT, "end", words[1]))
    return "".join(
        f'<text x="{x}" y="{HEIGHT - 7}" text-anchor="{anchor}">{escape(word)}</text>' for x, anchor, word in places
    )


def _mark(mark: ChartMark, begin: float, end: float) -> str:
    """A shaded window, or a dashed line at a moment."""
    if mark.until is None:
        return (
            f'<path class="mark" d="M{begin:.1f} {_TOP}V{HEIGHT - _BOTTOM}"><title>{escape(mark.text)}</title></path>'
        )
    width = max(1.0, end - begin - _GAP)
    place = f'x="{begin:.1f}" y="{_TOP}" width="{width:.1f}" height="{HEIGHT - _TOP - _BOTTOM}"'
    edge = f'<path d="M{begin:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>'
    name = f'<text x="{begin + width / 2:.1f}" y="{_TOP + 13}" text-anchor="middle">{mark.number}</text>'
    return f'<g class="window"><title>{escape(mark.text)}</title><rect {place}/>{edge}{name}</g>'


def _described(marks: tuple[ChartMark, ...]) -> list[str]:
    return [f"{mark.text} from {mark.at:.0f} to {mark.until:.0f} s" for mark in marks if mark.until is not None]


def _spoken(series: Iterable[Series]) -> str:
    return "; ".join(
        f"{line.name} up to {max(found):g}"
        for line in series
        if (found := [value for _, value in line.points if value is not None])
    )


def _thin(points: list[tuple[float, float | None]] | list[tuple[float, float]], merge: _Merge) -> Points:
    """At most `_MOST_POINTS` points: an hour of load must not weigh more than a minute."""
    step = max(1, -(-len(points) // _MOST_POINTS))
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
