"""JUnit XML, as CI servers read it: one suite per category, and the verdict as a test of its own.

Source: Jenkins' schema junit-10.xsd, which the tests hold every document against.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from tayari_reports.model import Category, Run, State
from tayari_reports.model.outcomes import Outcome
from tayari_reports.verdict import Judgement, percent
from tayari_reports.verdict.sentences import answer, build_line, first_step, lasting_name, moment

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ELEMENTS: Final = {
    State.FAIL: "failure",
    State.UNKNOWN: "error",
    State.ERROR: "error",
    State.NOT_TESTED: "skipped",
    State.NOT_APPLICABLE: "skipped",
    State.ATTESTED: "skipped",
}
"""What a state becomes; a pass, and a SHOULD that is not met, stay without an element."""


def render(run: Run, judgement: Judgement) -> str:
    """The run as JUnit XML.

    The suite `Verdict` fails unless the merchant is ready: a CI server that knows only JUnit must not show an empty
    or an inconclusive run in green.
    """
    root = ET.Element("testsuites", {"name": f"Tayari {_xml(run.merchant)}"})
    _verdict_suite(root, run, judgement)
    for category in Category:
        found = [one for one in judgement.outcomes if one.rule.category is category]
        if found:
            suite = ET.SubElement(root, "testsuite", {"name": category.value})
            for one in found:
                _case(suite, one, waived=one in judgement.waived)
    for suite in root.iter("testsuite"):
        suite.attrib.update(_totals(suite))
        suite.set("timestamp", moment(run.started_at).replace(" EAT", "+03:00").replace(" ", "T"))
    root.attrib.update({name: value for name, value in _totals(root).items() if name != "skipped"})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _properties(suite: ET.Element, run: Run, judgement: Judgement) -> None:
    """The figures of the whole run: Jenkins' schema allows them in a suite, not above all suites."""
    counts = {f"tayari.count.{state}": str(judgement.counts[state]) for state in State}
    facts = {
        "tayari.verdict": judgement.verdict.value,
        "tayari.score": percent(judgement.score),
        "tayari.coverage": percent(judgement.coverage),
        **counts,
        "tayari.merchant": run.merchant,  # tools that merge reports drop the name above all suites
        "tayari.build": build_line(run),
        "tayari.run": run.run_id,
        "tayari.suite": run.suite,
        "tayari.version": run.tayari_version,
    }
    group = ET.SubElement(suite, "properties")
    for name, value in facts.items():
        ET.SubElement(group, "property", {"name": name, "value": _xml(value)})


def _verdict_suite(root: ET.Element, run: Run, judgement: Judgement) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": "Verdict"})
    _properties(suite, run, judgement)
    case = ET.SubElement(suite, "testcase", {"classname": "Tayari", "name": "verdict", "time": "0.000"})
    if judgement.exit_code != 0:
        failure = ET.SubElement(case, "failure", {"type": judgement.verdict, "message": _xml(answer(judgement))})
        failure.text = _xml(first_step(run, judgement))


def _case(suite: ET.Element, one: Outcome, *, waived: bool) -> None:
    duration = f"{sum(check.duration_s for check in one.checks):.3f}"
    names = {"classname": f"Tayari.{one.rule.category}", "name": _xml(lasting_name(one.rule))}
    case = ET.SubElement(suite, "testcase", {**names, "time": duration})
    element = "skipped" if waived else _ELEMENTS.get(one.state)
    if element is None:
        if one.state is State.WARN:
            ET.SubElement(case, "system-out").text = _xml(f"warn: {one.reason}\n{_advice(one)}")
        return
    made = ET.SubElement(case, element, {"message": _xml(f"failed, waived: {one.reason}" if waived else one.reason)})
    if element != "skipped":
        made.set("type", one.rule.severity if one.state is State.FAIL else one.state)
        made.text = _xml(_advice(one))


def _advice(one: Outcome) -> str:
    about = one.rule.title if one.rule.kind == "scenario" else ""
    parts = (
        ("The situation", about),
        ("Why it costs money", one.rule.why),
        ("How to fix it", one.rule.fix),
        ("Repeat", one.repeat),
    )
    return "\n".join(f"{name}: {text}" for name, text in parts if text)


def _totals(element: ET.Element) -> dict[str, str]:
    cases = list(element.iter("testcase"))
    seconds = sum(float(case.get("time", "0")) for case in cases)
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {name: str(sum(case.find(tag) is not None for case in cases)) for name, tag in kinds.items()}
    return {"tests": str(len(cases)), **counts, "time": f"{seconds:.3f}"}


def _xml(text: str) -> str:
    """Text without the characters that XML 1.0 forbids."""
    return _NOT_XML.sub("\ufffd", text)
