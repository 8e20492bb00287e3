"""The commands that look things up or write a file, as text and as JSON."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mini_target import mini_target
from tayari import __version__
from tayari.cli.check_commands import demo_order
from tayari.cli.commands import COMMANDS, run
from tayari.cli.reference_commands import SOURCES
from tayari.run.load import planned_rules
from tayari.target_draft.starting_file import STARTING_FILE
from tayari_contracts.catalogue.rules import catalogue
from tayari_simulator import build
from tayari_simulator.catalogue.options import PROFILES
from tayari_target.resources import docs_folder, scenario_folder
from tayari_target.target_file import load_target

ROOT = Path(__file__).parents[2]


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(words) == 0
    return capsys.readouterr().out


def decoded(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(printed(capsys, *words, "--format", "json"))


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "--version").strip() == f"{__version__} (simulator: {build()})"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--help")

    names = "demo simulate init doctor check gate load explain watch trigger rules scenarios schema report parity docs"
    assert all(f"\n  {name}" in text for name in names.split())


def test_simulate_shows_the_simulators_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--journal" in printed(capsys, "simulate", "--help")


def test_simulate_passes_its_pages_through(capsys: pytest.CaptureFixture[str]) -> None:
    assert "| `oauth_wrong_credentials` |" in printed(capsys, "simulate", "--provenance")
    assert "payment/insufficient-funds" in printed(capsys, "simulate", "--magic")
    assert json.loads(printed(capsys, "simulate", "--magic", "--format", "json"))


def test_init_writes_a_file_that_loads_and_never_overwrites_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tayari.yaml"

    assert "tayari doctor" in printed(capsys, "init", str(path))
    assert load_target(path, {}).merchant.name == "my-shop"
    path.write_text("mine")
    assert run(["init", str(path)]) == 20
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert decoded(capsys, "init", str(path), "--force") == {"written": str(path)}
    assert path.read_text() == STARTING_FILE


def test_init_writes_the_schema_where_the_file_says_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "init", str(tmp_path / "new" / "shop.yaml"))

    first = (tmp_path / "new" / "shop.yaml").read_text().splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (tmp_path / "new" / named).read_text() == printed(capsys, "schema", "target")


def test_every_line_that_init_comments_out_is_right_too(tmp_path: Path) -> None:
    lines = []
    for line in STARTING_FILE.splitlines()[1:]:  # after the one that names the schema
        indent, mark, rest = line.partition("# ")
        is_key = mark and not indent.strip() and (rest.lstrip()[:1] in "-{" or ": " in rest or rest.endswith(":"))
        lines.append(indent + rest if (is_key and rest[:1].islower()) or (is_key and rest.startswith(" ")) else line)
    path = tmp_path / "tayari.yaml"
    path.write_text("\n".join(lines))
    names = {"PAYROLL_PASSWORD", "SHOP_PASSWORD", "MPESA_PASSKEY", "MPESA_CONSUMER_KEY", "MPESA_CONSUMER_SECRET"}

    merchant = load_target(path, dict.fromkeys(names, "x")).merchant

    assert (merchant.start, merchant.ledger, merchant.audit) != (None, None, None)
    assert merchant.login
    assert merchant.status is not None
    assert merchant.status.credited == "$.credited"


def test_rules_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    listed = decoded(capsys, "rules", "list")
    smoke = decoded(capsys, "rules", "list", "--suite", "smoke")

    assert [row["id"] for row in listed] == list(catalogue())
    assert 0 < len(smoke) < len(listed)
    assert decoded(capsys, "rules", "show", "c03")["id"] == "C03"
    assert decoded(capsys, "rules", "show", "c3")["id"] == "C03"
    assert "many clients or reports" in printed(capsys, "rules", "show", "C03")
    assert {letter for row in catalogue().values() for letter in row.rule.source.split(", ")} <= set(SOURCES)
    assert "C03" in printed(capsys, "rules", "list")


def test_scenarios_are_listed_shown_and_linted(capsys: pytest.CaptureFixture[str]) -> None:
    names = [row["name"] for row in decoded(capsys, "scenarios", "list")]

    assert "payment/insufficient-funds" in names
    assert decoded(capsys, "scenarios", "show", "payment/insufficient-funds")["outcome"]["result_code"] == 1
    assert "scenario: payment/success" in printed(capsys, "scenarios", "show", "payment/success")
    assert decoded(capsys, "scenarios", "lint") == {"scenarios": len(names), "problems": []}
    assert decoded(capsys, "scenarios", "lint", str(scenario_folder() / "payment" / "success.yaml"))["scenarios"] == 1


def test_lint_reports_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong.yaml").write_text("scenario: a/wrong\nabout: Nothing.\noutcom: {result_code: 0}\n")

    assert run(["scenarios", "lint", str(tmp_path)]) == 20
    assert "wrong.yaml:3: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "words"), [("1032", "cancelled"), ("sfc_ic0003", "operator"), ("500.001.1001", "500")]
)
def test_codes_are_explained(capsys: pytest.CaptureFixture[str], code: str, words: str) -> None:
    assert words in printed(capsys, "explain", code)
    assert decoded(capsys, "explain", code)


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["explain", "1038"], "1037"),
        (["rules", "show", "C0"], "C"),
        (["scenarios", "show", "payment/sucess"], "payment/success"),
    ],
)
def test_an_unknown_name_is_reported_with_the_nearest(
    capsys: pytest.CaptureFixture[str], words: list[str], near: str
) -> None:
    assert run(words) == 20
    assert f"did you mean {near}" in capsys.readouterr().err


def test_a_run_is_rendered_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tayari_reports.model import Run
    from tayari_reports.writers.writer_table import USUAL, write_all

    made = Run(
        run_id="r1", tayari_version="0", suite="ci", profile="documented", merchant="shop", base_url="http://a",
        started_at=0.0, finished_at=1.0,
    )  # fmt: skip
    run_file = write_all(made, tmp_path, formats=["json"])["json"]

    assert "INVALID RUN" in printed(capsys, "report", "render", str(run_file), "--as", "terminal")
    assert printed(capsys, "report", "render", str(run_file), "--as", "md").strip() == str(tmp_path / "report.md")
    assert len(printed(capsys, "report", "render", str(run_file), "--out", str(tmp_path / "all")).split()) == len(USUAL)
    assert run(["report", "render", str(run_file), "--as", "docx"]) == 20
    assert "format 'docx' is not known" in capsys.readouterr().err
    assert run(["report", "render", str(tmp_path / "none.json")]) == 20


def test_the_sample_shop_is_written_where_the_readme_expects_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has the wheel alone runs the commands of the README as they stand there."""
    monkeypatch.chdir(tmp_path)

    assert decoded(capsys, "init", "--payroll")["written"] == "examples/mshahara/tayari.yaml"
    assert decoded(capsys, "init", "--example")["written"] == "examples/duka/tayari.yaml"
    assert run(["init", "--example"]) == 20
    assert run(["init", "--example", "--force"]) == 0
    assert run(["init", "--example", "--payroll"]) == 20

    target = load_target(tmp_path / "examples/duka/tayari.yaml")
    assert target.merchant.name == "duka"
    assert (tmp_path / "examples/duka/duka.py").is_file()
    assert not list(tmp_path.rglob("__pycache__"))


def test_doctor_counts_its_warnings_and_calls_nothing_sound_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = mini_target(tmp_path, replace={"    receipt: $.receipt": "    receipt: $.code"})

    text = printed(capsys, "doctor", str(target), "--port", "0", "--control-port", "0")
    result = decoded(capsys, "doctor", str(target), "--port", "0", "--control-port", "0")

    assert "look at the warning first (receipt)" in text
    assert "sound" not in text
    assert (result["ok"], result["warnings"], result["exit_code"]) == (True, 1, 0)


def test_the_documents_are_listed_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    topics = {row["topic"]: row["title"] for row in decoded(capsys, "docs")}

    assert topics["target-file"] == "The target file"
    assert printed(capsys, "docs", "target-file") == (docs_folder() / "target-file.md").read_text()
    assert decoded(capsys, "docs", "docs/waivers.md")["title"] == "Waivers"
    assert decoded(capsys, "docs", "recipes/flask")["title"] == topics["recipes/flask"] == "Flask"
    assert run(["docs", "waiver"]) == 20
    assert "did you mean waivers" in capsys.readouterr().err


def test_every_document_that_a_message_names_ships() -> None:
    named: dict[str, list[str]] = {}
    for folder in ("simulator", "contract_tests", "loadtests", "reports", "harness"):
        for path in (ROOT / folder).rglob("*.py"):
            for topic in re.findall(r"`tayari docs ([a-z][\w-]*)`", path.read_text(encoding="utf-8")):
                named.setdefault(topic, []).append(path.name)

    assert {"waivers", "report", "target-file"} <= set(named)
    assert {topic: files for topic, files in named.items() if not (docs_folder() / f"{topic}.md").exists()} == {}


def every_command() -> list[tuple[list[str], Any]]:
    """Each command with the words that call it."""
    found: list[tuple[list[str], Any]] = []
    for name, row in COMMANDS.items():
        command = row.load(name)
        parts = getattr(command, "commands", None)
        found += [([name, part], parts[part]) for part in parts] if parts else [([name], command)]
    return found


@pytest.mark.parametrize("words", [words for words, _ in every_command()], ids=" ".join)
def test_every_command_explains_itself_in_short_too(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "usage" in printed(capsys, *words, "-h").lower()


def test_format_means_the_same_wherever_it_is_offered() -> None:
    offered = {
        " ".join(words): tuple(option.type.choices)
        for words, command in every_command()
        for option in command.params
        if "--format" in option.opts
    }

    assert len(offered) >= 15
    assert set(offered.values()) == {("text", "json")}


def test_a_profile_is_listed_alike_and_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    texts = [printed(capsys, *words) for words in (["check", "-h"], ["load", "-h"], ["simulate", "-h"])]

    assert [name for text in texts for name in PROFILES if name not in "".join(text.split())] == []
    assert run(["check", "--profile", "hostil"]) == 20
    assert "did you mean hostile" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "word", "offered"),
    [("tayari che", 1, "check"), ("tayari check --su", 2, "--suite"), ("tayari report ", 2, "verify")],
)
def test_the_shell_completes(typed: str, word: int, offered: str) -> None:
    environ = {**os.environ, "_TAYARI_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(word)}
    command = [sys.executable, "-c", "from tayari.cli.app import main; main()"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert offered in done.stdout.split()


def test_the_demo_without_locust_plans_no_load(tmp_path: Path) -> None:
    whole, alone = (demo_order(tmp_path, None, loaded=loaded) for loaded in (True, False))
    target = load_target(whole.target)

    assert {rule.id for rule in planned_rules(whole, target)} >= {"L01", "L02"}
    assert planned_rules(alone, target) == ()


def test_only_the_load_needs_the_extra() -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['locust', 'faker', 'gevent']));"
        "from tayari.cli.commands import COMMANDS; [row.load(name) for name, row in COMMANDS.items()];"
        "import tayari_contracts.plugin, tayari.pytest_plugin, tayari.run.session"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
