"""What a rendering says to its readers: verdict, score, coverage, counts and the rows of the categories, read back."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

from rich.console import Console
from tayari_reports.model import Category, Run, State
from tayari_reports.verdict import Judgement, judge, percent
from tayari_reports.verdict.sentences import STATES, TITLES, counted
from tayari_reports.writers.terminal import render_terminal
from tayari_reports.writers.writer_table import prepare

Figures = tuple[str, str, str, dict[str, int]]
"""Verdict, score, coverage, and the states that occur with their numbers."""


def screen(run: Run) -> str:
    """What the terminal shows."""
    out = io.StringIO()
    clean = prepare(run)
    render_terminal(clean, judge(clean), Console(file=out, width=400))
    return out.getvalue()


def counts_of(sentence: str) -> dict[str, int]:
    """`41 passed, 3 failed` as numbers."""
    return {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+?)(?=[,.\n│]|\s{2}|$)", sentence)}


def figures_in_document(summary: dict[str, Any], state_words: dict[str, str]) -> Figures:
    found = {state_words[state]: number for state, number in summary["counts"].items() if number}
    return summary["verdict"], percent(summary["score"]), percent(summary["coverage"]), found


def figures_in_text(text: str, title: str) -> Figures:
    """Read the verdict and the figures out of a text for people."""
    figures = re.search(r"score ([\d.]+ %)\W+coverage ([\d.]+ %)\W+(\d[^\n│<]*)", text, re.IGNORECASE)
    assert figures is not None
    verdict = {title.upper(): name for name, title in TITLES.items()}[title.upper()]
    return verdict.value, figures[1], figures[2], counts_of(figures[3])


def figures_in(kind: str, text: str) -> Figures:
    """What one rendering says."""
    words = {state.value: word for state, word in STATES.items()}
    if kind == "json":
        return figures_in_document(json.loads(text)["judgement"], words)
    if kind == "ctrf":
        return figures_in_document(json.loads(text)["results"]["extra"], words)
    if kind == "junit":
        facts = {node.get("name"): str(node.get("value")) for node in ET.fromstring(text).iter("property")}
        numbers = {word: int(facts[f"tayari.count.{state}"]) for state, word in words.items()}
        figures = facts["tayari.score"], facts["tayari.coverage"]
        return facts["tayari.verdict"], *figures, {word: count for word, count in numbers.items() if count}
    if kind == "html":
        parts = {
            name: re.search(rf'id="{name}"[^>]*>([^<]*)<', text) for name in ("score", "coverage", "counts", "verdict")
        }
        score, coverage, counts, title = (match[1] for match in parts.values() if match)
        return figures_in_text(f"score {score} · coverage {coverage} · {counts}", title)
    title = re.search(
        r"## ([A-Za-z ]+)(?:: suite ci)? \(`" if kind == "md" else r"╭─ +([A-Z ]+)(?:, for suite ci)?: ", text
    )
    assert title is not None
    return figures_in_text(text, title[1])


def expected(judgement: Judgement) -> Figures:
    """What each of them must say."""
    numbers = counts_of(counted(judgement))
    return judgement.verdict.value, percent(judgement.score), percent(judgement.coverage), numbers


def figures_in_paper(text: str) -> Figures:
    """Read the figures out of the text of a PDF, as `pdftotext -raw` gives it."""
    title = next(line for line in text.splitlines() if line in TITLES.values())
    score, coverage = (re.search(rf"^{name}\n([\d.]+ %)$", text, re.MULTILINE) for name in ("Score", "Coverage"))
    counts = re.search(r"^Results ([^.;]*)[.;]", text, re.MULTILINE)
    assert score is not None
    assert coverage is not None
    assert counts is not None
    sentence = " ".join(counts[1].split())
    return figures_in_text(f"score {score[1]} · coverage {coverage[1]} · {sentence}", title)


def figures_in_bundle(content: bytes) -> tuple[str, str, str]:
    """Verdict, score and coverage in a bundle's manifest."""
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("manifest.json"))
    return manifest["verdict"], manifest["score"], manifest["coverage"]


def figures_in_badge(text: str) -> str:
    """The words of a badge."""
    return ET.fromstring(text).get("aria-label", "").partition(": ")[2]


Rows = list[tuple[str, list[str]]]
"""Each category, and the total, with its cells."""


def rows_of(judgement: Judgement) -> Rows:
    """The rows that every table of categories must have."""
    return [
        (row.name, [*map(str, (row.total, row.counts[State.PASS], row.failed, row.not_judged)), row.success])
        for row in (*judgement.categories, judgement.total)
    ]


def rows_in(kind: str, text: str) -> Rows:
    """The rows of the categories in the HTML, the Markdown or the terminal."""
    found = []
    for name in (*Category, "Total"):
        if kind == "html":
            cells = re.search(rf'<th scope="row">{name}</th>(.*?)<td class="wide">', text)
            values = re.findall(r'<td class="num">([^<]*)</td>', cells[1]) if cells else []
        else:
            line = next((one for one in text.splitlines() if re.match(rf"(\| )?{name} ", one)), "")
            values = re.findall(r"[\d.]+ %|\d+|–", line)
        found.append((str(name), values))
    return found
