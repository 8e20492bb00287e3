"""In every mood of the good shop no rule fails; and a defect is no pass in a mood that could hide it."""

import pytest
from mood_table import FIXED_PORTS, NOT_RESTARTED, every_rule, moods, not_passed, run_mood
from tayari_contracts.catalogue.rules import Need, catalogue
from tayari_reports.model import State

ALWAYS = {
    "S09": State.NOT_APPLICABLE,
    "U09": State.NOT_APPLICABLE,
    **{row.rule.id: State.NOT_APPLICABLE for row in catalogue().values() if Need.PAYOUT in row.needs},
}
NOT_PASSED = {
    "no-callbacks": {
        row.rule.id: State.NOT_APPLICABLE for row in catalogue().values() if {Need.CALLBACKS, Need.REFUND} & row.needs
    },
    FIXED_PORTS: {"T10": State.NOT_TESTED, "T11": State.NOT_TESTED},
    NOT_RESTARTED: {
        "T10": State.NOT_TESTED,
        "T11": State.NOT_TESTED,
        "A04": State.NOT_TESTED,
        "R01": State.NOT_TESTED,
        "R02": State.NOT_TESTED,
    },
}
"""What a mood keeps a rule from seeing; of everything else, each rule passes."""

HIDDEN = [
    ("token-at-start", "token-stampede", "T02"),
    ("token-at-start", "token-always-an-hour", "T03"),
    ("token-at-start", "token-life-is-text", "T07"),
    ("token-at-start", "token-json-assumed", "T08"),
    ("registers-at-start", "token-stampede", "T02"),
    ("answers-first", "token-stampede", "T02"),
    ("answers-first", "any-ack-will-do", "A02"),
    ("answers-first", "lost-ack-is-failed", "A06"),
    ("answers-first", "input-retried", "A09"),
    ("pushes-from-a-queue", "double-push", "S12"),
    ("pushes-from-a-queue", "no-retry", "A12"),
    ("asks-all-the-time", "polls-for-ever", "Q05"),
    ("asks-all-the-time", "unknown-code-pays", "C17"),
    ("queries-settle", "in-flight-fails", "Q02"),
    ("fixed-ports", "token-stampede", "T02"),
    ("cannot-be-restarted", "token-stampede", "T02"),
    ("cannot-be-restarted", "token-always-an-hour", "T03"),
    ("intercepted", "no-timeouts", "T11"),
    ("intercepted", "silence-is-refusal", "T11"),
]


@pytest.mark.long
@pytest.mark.parametrize("mood", moods())
def test_a_good_shop_fails_no_rule_in_any_mood(mood: str) -> None:
    found = not_passed(run_mood(mood, every_rule()))

    expected = ALWAYS | NOT_PASSED.get(mood, {})
    assert {rule: check.state for rule, check in found.items()} == expected, found


@pytest.mark.long
@pytest.mark.parametrize(("mood", "defect", "rule_id"), HIDDEN)
def test_a_defect_never_passes_because_of_a_mood(mood: str, defect: str, rule_id: str) -> None:
    check = run_mood(mood, [rule_id], defects=[defect])[rule_id]

    assert check.state is not State.PASS, check.reason
