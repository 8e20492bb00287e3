"""How sure each behaviour is: complete, on its page, and the profiles as they are described."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.catalogue.errors import ERROR_LIST
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES
from tayari_simulator.catalogue.options import OPTIONS, PRESETS, Options
from tayari_simulator.catalogue.provenance import Mark, Profile
from tayari_simulator.catalogue.results import RESULTS
from tayari_simulator.control.documents.provenance_document import provenance_markdown, standings
from tayari_simulator.faults.table import FAULTS, SOURCES
from tayari_simulator.server.arguments import read_arguments
from tayari_simulator.server.process import main

PAGE = Path(__file__).parents[2] / "docs/provenance.md"
ROWS = standings(Options())


def test_the_page_is_made_from_the_tables() -> None:
    assert PAGE.read_text() == provenance_markdown(ROWS), (
        "run: python -m tayari_simulator --provenance > docs/provenance.md"
    )


def test_every_row_of_every_table_is_in_it_once() -> None:
    tables = (ENDPOINTS, OPTIONS, ERROR_LIST, GATEWAY_FAULTS, PAGES, RESULTS, FAULTS)

    assert len(ROWS) == len({(row.kind, row.name) for row in ROWS}) == sum(map(len, tables))
    assert set(SOURCES) == set(FAULTS)


def test_every_row_has_a_source_and_only_what_is_assumed_may_have_none() -> None:
    for row in ROWS:
        assert row.source, row.name
        assert row.about, row.name
        if row.source.startswith("none"):
            assert row.mark is Mark.ASSUMED, row.name


def test_what_is_disputed_can_be_switched_or_chosen() -> None:
    disputed = {row.name: row.kind for row in ROWS if row.mark is Mark.DISPUTED}

    assert set(disputed.values()) <= {"option", "fault", "error", "result code"}
    for name, kind in disputed.items():
        if kind == "option":
            assert Options(overrides={name: next(row for row in OPTIONS if row.name == name).defaults[0]})


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (
            Profile.SANDBOX_OBSERVED,
            {
                "id_fraction_digits": "1",
                "in_flight": "4999",
                "wording": "sandbox-2026",
                "balance_item": "absent",
                "invalid_token_status": "404",
                "invalid_token_request_id": "empty",
                "queries_per_minute": "5",
            },
        ),
        (Profile.PRODUCTION_OBSERVED, {"id_fraction_digits": "3", "wording": "usual", "queries_per_minute": "0"}),
    ],
)
def test_profiles_are_what_was_observed(profile: Profile, expected: dict[str, str]) -> None:
    options = Options(profile).to_dict()

    assert {name: options[name] for name in expected} == expected


@pytest.mark.parametrize("name", PRESETS)
def test_each_other_name_is_a_profile_with_switches_that_exist(name: str) -> None:
    config = read_arguments(["--profile", name, "--option", "token_lifetime_s=60"], {})
    options = Options(config.profile, config.options)

    assert config.profile is PRESETS[name][0]
    assert options.text("token_lifetime_s") == "60"
    assert all(options.says(option, value) for option, value in PRESETS[name][1].items())


def test_an_option_is_stronger_than_the_preset() -> None:
    config = read_arguments(["--profile", "classic-2021", "--option", "balance_item=absent"], {})

    assert config.options["balance_item"] == "absent"


def test_the_table_is_printed_as_json_with_the_values_of_this_simulator(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--provenance", "--format", "json", "--option", "in_flight=empty"], {})
    rows = json.loads(capsys.readouterr().out)["provenance"]
    (row,) = [row for row in rows if row["name"] == "in_flight"]

    assert (status, row["now"], row["mark"]) == (0, "empty", "disputed")
    assert set(row["profiles"]) == set(map(str, Profile))


def test_a_page_of_a_bad_configuration_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--provenance", "--option", "in_flight=never"], {}) == 20
    assert "in_flight" in capsys.readouterr().err
    assert main(["--provenance", "--magic"], {}) == 20
    assert main(["--mix", "success=1"], {}) == 20
    assert 'no scenario "success" is loaded' in capsys.readouterr().err
