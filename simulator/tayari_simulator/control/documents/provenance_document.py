"""Everything that this fake does and that one could doubt: how sure we are, and from where it is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.catalogue.errors import ERROR_LIST
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES, EdgeAnswer
from tayari_simulator.catalogue.options import OPTIONS, PRESETS, Options
from tayari_simulator.catalogue.provenance import Mark, Profile
from tayari_simulator.catalogue.results import RESULTS
from tayari_simulator.faults.table import FAULTS, SOURCES


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourStanding:
    """One behaviour. `values` are the defaults of the profiles, `now` is what this simulator does; empty: no switch."""

    kind: str
    name: str
    about: str
    mark: Mark
    source: str
    values: tuple[str, ...] = ()
    now: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As the control API shows it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "about": self.about,
            "mark": str(self.mark),
            "source": self.source,
            "profiles": dict(zip(map(str, Profile), self.values, strict=True)) if self.values else None,
            "now": self.now or None,
        }


def standings(options: Options) -> list[BehaviourStanding]:
    """Every row: the APIs and the switches first."""
    return [*_apis(), *_switches(options), *_errors(), *_edge(), *_codes(), *_faults()]


def _apis() -> Iterator[BehaviourStanding]:
    for row in ENDPOINTS:
        about = f"`{row.method} {row.path}`: {row.about}"
        others = [f"{row.also} as well"] * bool(row.also) + [f"also `{path}`" for path in row.aliases]
        others += [f"with the option {option} also `{path}`" for path, option in row.switched]
        if others:
            about += f" ({', '.join(others)})"
        yield BehaviourStanding(kind="API", name=row.name, about=about, mark=row.mark, source=row.source)


def _switches(options: Options) -> Iterator[BehaviourStanding]:
    for row in OPTIONS:
        yield BehaviourStanding(
            kind="option",
            name=row.name,
            about=row.about,
            mark=row.mark,
            source=row.source,
            values=row.defaults,
            now=options.text(row.name),
        )


def _errors() -> Iterator[BehaviourStanding]:
    for row in ERROR_LIST:
        about = f"HTTP {row.status}, {row.message or 'no message'}: {row.when}"
        yield BehaviourStanding(kind="error", name=row.name, about=about, mark=row.mark, source=row.source)


def _edge() -> Iterator[BehaviourStanding]:
    rows: list[EdgeAnswer[Any]] = [*GATEWAY_FAULTS.values(), *PAGES.values()]
    for row in rows:
        about = f"HTTP {row.status}: {row.when}"
        yield BehaviourStanding(kind="edge", name=row.name, about=about, mark=row.mark, source=row.source)


def _codes() -> Iterator[BehaviourStanding]:
    for row in RESULTS:
        name = f"{row.code} ({', '.join(row.apis)})"
        about = row.text or row.meaning
        yield BehaviourStanding(kind="result code", name=name, about=about, mark=row.mark, source=row.source)


def _faults() -> Iterator[BehaviourStanding]:
    for name, (mark, source) in SOURCES.items():
        about = (FAULTS[name].__doc__ or "").partition("\n")[0]
        yield BehaviourStanding(kind="fault", name=name, about=about, mark=mark, source=source)


def provenance_markdown(rows: Iterable[BehaviourStanding]) -> str:
    """The table as a page of documentation; it shows the defaults of the profiles, not what one simulator does."""
    rows = list(rows)
    counts = Counter(row.mark for row in rows)
    lines = [
        "# Provenance",
        "",
        "What this fake Daraja does, how sure that is, and its source.",
        "",
        "- *documented*: the official documentation says so;",
        "- *observed*: captures, clients or probes of the real thing agree;",
        "- *disputed*: sources conflict, and the behaviour can be switched;",
        "- *assumed*: no source was found.",
        "",
        "A source such as `reference 3.1` is a chapter of the notes on Daraja from which this project was made; the",
        "notes are not part of it. This page is made by `python -m tayari_simulator --provenance`; a running simulator",
        "shows its own values at `GET /v1/provenance`.",
        "",
        "The words for the customer, in English and Swahili (`tayari explain CODE`), are this project's own. So is the",
        "advice on a refusal whether to try again.",
        "",
        f"{len(rows)} behaviours: " + ", ".join(f"{counts[mark]} {mark}" for mark in Mark) + ".",
    ]
    for kind in dict.fromkeys(row.kind for row in rows):
        lines += ["", f"## {_TITLES[kind]}", "", *_table([row for row in rows if row.kind == kind])]
    lines += ["", "## Other names of `--profile`", "", *_presets()]
    return "\n".join(lines) + "\n"


_TITLES = {
    "API": "The APIs",
    "option": "Switches (`--option NAME=VALUE`) and the value of each profile",
    "error": "Refusals",
    "edge": "The gateway and the edge",
    "result code": "Result codes",
    "fault": "Faults of scenarios",
}


def _table(rows: list[BehaviourStanding]) -> Iterator[str]:
    switches = bool(rows[0].values)
    columns = ["what", "about", *([*map(str, Profile)] if switches else []), "standing", "source"]
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        cells = [f"`{row.name}`", _cell(row.about), *row.values, str(row.mark), row.source]
        yield f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _presets() -> Iterator[str]:
    yield "| name | profile | switches |"
    yield "| --- | --- | --- |"
    for name, (profile, changes) in PRESETS.items():
        shown = ", ".join(f"`{option}={value}`" for option, value in changes.items()) or "none"
        yield f"| `{name}` | {profile} | {shown} |"
