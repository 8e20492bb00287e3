"""Whole platforms as merchants: each with a published way to take M-Pesa, judged as its owner would judge it.

    python tests/real_clients/platforms.py pretix [--suite smoke] [--out out/pretix] [--write]

Builds the platform's Python from exact versions and the database that it begins with, and runs `tayari check`.
`--write` puts the verdict into docs/platforms.md. No part of CI: pretix alone makes 400 migrations.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import fill, shorten
from typing import Final

from environments import FOLDER, python_environment
from tayari_reports.model import State
from tayari_reports.model.outcomes import Outcome
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import Judgement, judge
from tayari_target.target_file import load_target

HERE: Final = Path(__file__).parent
TARGETS: Final = HERE / "shops" / "platforms"
PAGE: Final = HERE.parents[1] / "docs" / "platforms.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """How its database is seeded, and which of its packages a reader wants to know."""

    name: str
    packages: tuple[str, ...]
    seeded_with: Mapping[str, str]
    """Environment variables of the seed script; `{folder}` is where the database goes. It gets the target file's keys,
    short code and passkey as well."""

    @property
    def target(self) -> Path:
        return TARGETS / f"{self.name}.yaml"

    @property
    def seed_script(self) -> Path:
        return TARGETS / f"{self.name}_seed.py"

    def versions(self) -> str:
        """As they are pinned."""
        pins = (HERE / "requirements" / f"{self.name}.txt").read_text().splitlines()
        return ", ".join(pin.replace("==", " ") for pin in pins if pin.partition("==")[0] in self.packages)


PLATFORMS: Final = {
    platform.name: platform
    for platform in (
        Platform(
            name="pretix",
            packages=("pretix", "pretix-mpesa", "pympesa", "django"),
            seeded_with={
                "DJANGO_SETTINGS_MODULE": "pretix.settings",
                "PRETIX_PRETIX_DATADIR": "{folder}",
                "PRETIX_DATABASE_BACKEND": "sqlite3",
                "PRETIX_DJANGO_SECRET": "invented-for-tests-only-0123456789abcdefghijklmnop",
            },
        ),
        Platform(
            name="oscar",
            packages=("django-oscar", "mainfinity-django-mpesa", "django"),
            seeded_with={
                "DJANGO_SETTINGS_MODULE": "settings",
                "OSCAR_FOLDER": "{folder}",
                "PYTHONPATH": str(TARGETS / "oscar"),
            },
        ),
    )
}


def build(platform: Platform) -> None:
    """Its Python, and in `seed/` beside it the database that each instance copies.

    Raises:
        RegistryUnreachable: PyPI did not answer.
        subprocess.CalledProcessError: the installation or the seed script failed.
    """
    python = python_environment(platform.name)
    folder = FOLDER / platform.name / "seed"
    made_by = folder / "made-by"
    source = platform.seed_script.read_text(encoding="utf-8")
    if made_by.is_file() and made_by.read_text(encoding="utf-8") == source:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    account = load_target(platform.target).daraja
    environment = {
        **os.environ,
        **{name: value.format(folder=folder) for name, value in platform.seeded_with.items()},
        "MPESA_CONSUMER_KEY": account.consumer_key or "",
        "MPESA_CONSUMER_SECRET": account.consumer_secret or "",
        "MPESA_SHORT_CODE": account.short_code,
        "MPESA_PASSKEY": account.passkey,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run([str(python), str(platform.seed_script)], check=True, cwd=folder, env=environment, timeout=900)
    made_by.write_text(source, encoding="utf-8")


def section(platform: Platform, judgement: Judgement, suite: str) -> str:
    """What the page says about one platform."""
    states = {state: [one for one in judgement.outcomes if one.state is state] for state in State}
    failed = [*states[State.FAIL], *states[State.WARN]]
    words = judgement.verdict.value.replace("_", " ").upper()
    text = (
        f"Judged on {datetime.now().astimezone():%Y-%m-%d} by the suite `{suite}`: **{words}**. {platform.versions()}. "
        f"{len(states[State.PASS])} rules passed, {len(failed)} did not, {len(states[State.NOT_TESTED])} could not be "
        f"tested, {len(states[State.NOT_APPLICABLE])} do not apply."
    )
    lines = [
        fill(text, 120, break_on_hyphens=False),
        "",
        "| rule | what must hold | what was seen |",
        "| --- | --- | --- |",
        *(_row(one) for one in failed),
        "",
        f"Not tested: {_listed(states[State.NOT_TESTED])}.",
    ]
    return "\n".join(lines)


def _row(outcome: Outcome) -> str:
    reason = shorten(outcome.reason, 240, placeholder=" ...").replace("|", "\\|")
    return f"| {outcome.rule.id} | {outcome.rule.title} | {reason} |"


def _listed(outcomes: Sequence[Outcome]) -> str:
    return ", ".join(sorted(one.rule.id for one in outcomes)) or "none"


def write(platform: Platform, text: str) -> None:
    """Put it between the marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    head, mark, rest = page.partition(f"<!-- {platform.name}: begin -->")
    _, end, tail = rest.partition(f"<!-- {platform.name}: end -->")
    if not (mark and end):
        raise LookupError(f"{PAGE}: no marks of {platform.name}; expected <!-- {platform.name}: begin --> and end")
    PAGE.write_text(f"{head}{mark}\n\n{text}\n\n{end}{tail}", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Build, judge, write; the exit code of `tayari check`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("--suite", default="smoke")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", action="store_true", help="write the verdict to docs/platforms.md")
    given = parser.parse_args(argv)
    platform = PLATFORMS[given.platform]
    build(platform)
    out = given.out or Path("out") / platform.name
    command = [sys.executable, "-m", "tayari", "check", str(platform.target), "--suite", given.suite, "--no-load"]
    ended = subprocess.run([*command, "--out", str(out)], check=False)
    if given.write:
        write(platform, section(platform, judge(read_run(out / "run.json")), given.suite))
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
