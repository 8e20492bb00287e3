"""Every planted defect of C2B, refunds and payouts is caught by its own rule."""

import pytest
from mutants import Field, Mutant, mutants_of, tried


@pytest.fixture(scope="module")
def field(request: pytest.FixtureRequest, forked_programs: None) -> Field:
    return Field.of_this_file(request)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", tried(mutants_of("c2b", "payout")), ids=str)
def test_a_defect_is_caught_by_its_rule(mutant: Mutant, field: Field) -> None:
    assert field.caught(mutant)
