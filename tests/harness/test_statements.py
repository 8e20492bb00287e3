"""Waivers, attestations and the sign-off sheet: read, or refused with file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tayari.run.statement_files import StatementFiles, expiring, read_statements
from tayari_reports.model.statement_records import ChecklistAnswer, Decision
from tayari_target.target_file import TargetError

WAIVER = """\
waivers:
  - rule: A12
    reason: The retry comes with the new client.
    owner: Amina Wanjiru
    ticket: PAY-412
    expires: 2026-12-01
    fingerprint: 0123456789abcdef
"""
ATTESTATION = """\
attestations:
  - {item: database.backups, answer: yes, person: Amina Wanjiru, date: 2026-10-01, evidence: wiki, expires: 2027-01-01}
"""
SIGN_OFF = """\
sign_off:
  - {role: QA, name: Amina Wanjiru, date: 2026-10-08, decision: go with conditions, conditions: Backups first.}
"""


def problems(tmp_path: Path, text: str, kind: str = "waivers") -> list[str]:
    """What is wrong with a file, without its folder."""
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(TargetError) as refused:
        read_statements(StatementFiles(**{kind: path}))
    return [str(one).removeprefix(f"{tmp_path}/") for one in refused.value.problems]


def test_sound_files_are_read(tmp_path: Path) -> None:
    for name, text in (("waivers", WAIVER), ("attestations", ATTESTATION), ("sign-off", SIGN_OFF)):
        (tmp_path / f"tayari-{name}.yaml").write_text(text)
    found = read_statements(StatementFiles().beside(tmp_path / "tayari.yaml"))

    (waiver,), (attestation,), (signature,) = found.waivers, found.attestations, found.sign_off
    assert (waiver.rule, waiver.expires, waiver.fingerprint) == ("A12", "2026-12-01", "0123456789abcdef")
    assert (attestation.item, attestation.answer) == ("database.backups", ChecklistAnswer.YES)
    assert (signature.decision, signature.conditions) == (Decision.GO_WITH_CONDITIONS, "Backups first.")


def test_without_files_nothing_is_said(tmp_path: Path) -> None:
    found = read_statements(StatementFiles().beside(tmp_path / "tayari.yaml"))

    assert (found.waivers, found.attestations, found.sign_off) == ((), (), ())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rule: A12", "rule: A99", "file.yaml:2: waivers[0].rule: 'A99'; expected a rule"),
        ("rule: A12", "rule: C03", "file.yaml:2: waivers[0].rule: C03 can never be waived"),
        ("    ticket: PAY-412\n", "", "file.yaml:2: waivers[0].ticket: missing; expected where the fix is tracked"),
        ("2026-12-01", "December", "file.yaml:6: waivers[0].expires: 'December'; expected a date such as"),
        ("2026-12-01", "20261201", "file.yaml:6: waivers[0].expires: '20261201'; expected a date such as"),
        ("0123456789abcdef", "C03", "file.yaml:7: waivers[0].fingerprint: 'C03'; expected 16 hexadecimal digits"),
        ("owner:", "owners:", "file.yaml:4: waivers[0].owners: unknown key"),
        ("waivers:", "waiver:", "file.yaml:1: waivers: missing"),
    ],
)
def test_each_mistake_in_a_waiver_has_its_line(old: str, new: str, expected: str, tmp_path: Path) -> None:
    assert any(one.startswith(expected) for one in problems(tmp_path, WAIVER.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("database.backups", "database.backup", "'database.backup'; expected an item of the checklist; did you mean"),
        ("answer: yes", "answer: sure", "'sure'; expected one of yes, partly, no, not applicable"),
        ("person: Amina Wanjiru, ", "", "person: missing"),
    ],
)
def test_each_mistake_in_an_attestation_has_its_line(old: str, new: str, expected: str, tmp_path: Path) -> None:
    found = problems(tmp_path, ATTESTATION.replace(old, new), "attestations")

    assert found[0].startswith("file.yaml:2: ")
    assert expected in found[0]


def test_conditions_must_be_written_down(tmp_path: Path) -> None:
    text = SIGN_OFF.replace(", conditions: Backups first.", "")

    assert "conditions: missing; expected the conditions" in problems(tmp_path, text, "sign_off")[0]


@pytest.mark.parametrize(
    ("today", "wrong", "soon"),
    [
        ("2026-12-02", ["A12: ended on 2026-12-01; renew it with its owner, or take it out"], []),
        ("2026-12-01", [], ["A12: ends today, on 2026-12-01"]),
        ("2026-11-30", [], ["A12: ends in 1 day, on 2026-12-01"]),
        ("2026-11-17", [], ["A12: ends in 14 days, on 2026-12-01"]),
        ("2026-11-16", [], []),
        ("2026-09-02", [], []),
        ("2026-09-01", ["A12: 91 days left; expected at most 90; end it by 2026-11-30"], []),
    ],
)
def test_the_age_of_a_waiver_is_linted(today: str, wrong: list[str], soon: list[str], tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WAIVER)
    found = expiring(StatementFiles(waivers=path), today=date.fromisoformat(today))

    assert tuple([one.message for one in part] for part in found) == (wrong, soon)
    assert all(one.line == 6 for part in found for one in part)


@pytest.mark.parametrize(
    ("today", "soon"),
    [
        ("2027-01-02", ["database.backups: ended on 2027-01-01 and counts as no answer; ask again"]),
        ("2026-12-18", ["database.backups: ends in 14 days, on 2027-01-01"]),
        ("2026-12-17", []),
    ],
)
def test_an_attestation_that_ends_is_a_warning(today: str, soon: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(ATTESTATION)
    found = expiring(StatementFiles(attestations=path), today=date.fromisoformat(today))

    assert tuple([one.message for one in part] for part in found) == ([], soon)


def test_a_day_that_is_none_has_no_age(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WAIVER.replace("2026-12-01", "2026-13-01"))

    assert expiring(StatementFiles(waivers=path), today=date(2026, 11, 1)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("waivers", WAIVER, "waivers[1].rule: A12 is on line 2 already; expected each once; keep one of them"),
        ("attestations", ATTESTATION, "attestations[1].item: database.backups is on line 2 already"),
        ("sign_off", SIGN_OFF, "sign_off[1].role: QA is on line 2 already"),
    ],
)
def test_two_statements_of_one_thing_are_refused(kind: str, text: str, expected: str, tmp_path: Path) -> None:
    twice = text + text.partition("\n")[2]

    assert expected in problems(tmp_path, twice, kind)[0]


def test_two_failures_of_one_rule_may_be_waived_side_by_side(tmp_path: Path) -> None:
    other = WAIVER.partition("\n")[2].replace("0123456789abcdef", "fedcba9876543210")
    path = tmp_path / "w.yaml"
    path.write_text(WAIVER + other)

    assert len(read_statements(StatementFiles(waivers=path)).waivers) == 2


def test_an_attestation_cannot_end_before_it_was_given(tmp_path: Path) -> None:
    text = ATTESTATION.replace("expires: 2027-01-01", "expires: 2026-09-30")

    assert "2026-09-30, before 2026-10-01, when it was given" in problems(tmp_path, text, "attestations")[0]
