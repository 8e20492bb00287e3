"""Mutants of the good merchants: each changes one line of a money path, and Tayari judges what became of the merchant.

    python tests/contracts/mutation.py --judge 60 [--at-once 2]    judges what no earlier run has judged
    python tests/contracts/mutation.py --choose 30                 chooses more of each merchant (needs cosmic-ray)
    python tests/contracts/mutation.py --write                     writes the table of docs/mutants.md

The record is docs/mutation.json: every mutant, and what was said about it. The rules of ordinary money judge
each mutant first, and the whole release suite where those see nothing. `reading` is what a person found who read a
survivor.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from tayari_reports.model import State
from tayari_reports.model.run_files import read_events, read_run
from tayari_reports.verdict import judge

ROOT: Final = Path(__file__).parents[2]
RECORD: Final = ROOT / "docs" / "mutation.json"
PAGE: Final = ROOT / "docs" / "mutants.md"
HEADING: Final = "## Mutants of the good merchants"
NEXT_HEADING: Final = "## The good shop in other moods"
ORDINARY_PASSED: Final = "half judged"
"""The ordinary rules saw nothing; the release suite has not judged it yet."""
SEED: Final = 20261129
LONGEST_S: Final = 900
STOPS_S: Final = 60
LOOK_EVERY_S: Final = 1.0
BROKEN: Final = (State.FAIL, State.WARN)

MONEY_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "duka": (
        "store.py", "settlement.py", "callbacks.py", "deposits.py", "c2b.py", "refunds.py", "checkout.py", "daraja.py",
        "intake.py",
    ),
    "soko": ("market.py", "mpesa.py", "words.py"),
    "mshahara": ("payroll.py", "books.py", "bank.py"),
}  # fmt: skip

ORDINARY: Final[Mapping[str, tuple[str, ...]]] = {
    "duka": ("C25", "C03", "C06", "Q01", "B16", "P16"),
    "soko": ("C25", "C03", "C06", "Q01"),
    "mshahara": ("P18", "P03", "P06"),
}
"""The rules that judge every mutant first: ordinary money, and what is dearest."""

COSMIC: Final = tuple(
    f"core/{name}"
    for name in (
        "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue",
        "ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq",
        "ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is",
        "ReplaceComparisonOperator_Lt_GtE", "ReplaceComparisonOperator_LtE_Gt", "ReplaceComparisonOperator_GtE_Lt",
        "ReplaceComparisonOperator_Gt_LtE", "ReplaceUnaryOperator_Delete_Not", "ReplaceBinaryOperator_Add_Sub",
        "ReplaceBinaryOperator_Sub_Add", "ReplaceBreakWithContinue", "NumberReplacer", "ZeroIterationForLoop",
    )
)  # fmt: skip
"""Operators of cosmic-ray. It does not look into SQL, where these merchants keep their promises; the next table does.
"""

_CONDITION: Final = r"[\w.]+ (?:(?:!=|<=|=|<) (?:\?|'\w+'|\w+)|IS NULL|IS NOT NULL|(?:NOT )?IN \([^)]*\))"
IN_LINES: Final[tuple[tuple[str, str, str], ...]] = (
    ("condition of SQL made true", f"(?<= AND ){_CONDITION}", r"(1 OR \g<0>)"),
    ("comparison of SQL flipped", r" != \?", " = ?"),
    ("UNIQUE dropped", r"UNIQUE (?=INDEX)|(?<=TEXT) UNIQUE\b", ""),
    ("key dropped", r" PRIMARY KEY", ""),
    ("conflict refused", r" ON CONFLICT DO NOTHING| OR IGNORE", ""),
    ("state changed", r"\bState\.(PAID|REVIEW)\b", "State.FAILED"),
    ("state changed", r"\bState\.FAILED\b", "State.PAID"),
    ("state changed", r"state=(PAID|REVIEW)\b", "state=FAILED"),
    ("state changed", r"state=FAILED\b", "state=PAID"),
    ("state changed", r"= 'paid'", "= 'failed'"),
    ("transaction removed", r"with self\._transaction\(\):|with self\.changing\(\) as db:", ""),
    ("lock removed", r"with self\._lock:", "if True:"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed line, and what was said about it."""

    shop: str
    file: str
    line: int
    operator: str
    before: str
    after: str
    outcome: str = ""
    """`caught`, `undecided` (no rule failed, and the verdict is not READY either), `unstartable`, `survived`, or `half
    judged`; empty: not judged yet."""
    caught_by: tuple[str, ...] = ()
    reading: str = ""
    """Of a survivor: `equal: why`, or `hole: what it costs`."""


def applied(source: str, mutant: Mutant) -> str:
    """The source with that line changed.

    Raises:
        LookupError: the line is another one by now.
    """
    lines = source.split("\n")
    if lines[mutant.line - 1] != mutant.before:
        raise LookupError(f"{mutant.file}:{mutant.line} is not {mutant.before!r} any more: choose mutants anew")
    lines[mutant.line - 1] = mutant.after
    return "\n".join(lines)


def candidates(source: str) -> Iterator[tuple[int, str, str]]:
    """Every mutant of a module: its line, the operator, and the line as it becomes."""
    found = {(number, name, after) for number, name, after in _by_lines(source) if _parses(source, number, after)}
    yield from sorted(found)


def _by_lines(source: str) -> Iterator[tuple[int, str, str]]:
    lines = source.split("\n")
    for number, line in enumerate(lines, start=1):
        if _only_prints(line):
            continue
        for name, pattern, instead in IN_LINES:
            for match in re.finditer(pattern, line):
                yield number, name, line[: match.start()] + match.expand(instead) + line[match.end() :]
        below = lines[number].strip() if number < len(lines) else ""
        if re.match(r"\s*if .*:$", line) and re.match(r"(return|raise|continue|break)\b", below):
            yield number, "guard dropped", f"{line[: len(line) - len(line.lstrip())]}if False:"
    yield from _swapped_arguments(source)


def _swapped_arguments(source: str) -> Iterator[tuple[int, str, str]]:
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        one, other = node.args[:2]
        plain = isinstance(one, ast.Name | ast.Attribute) and isinstance(other, ast.Name | ast.Attribute)
        line = lines[one.lineno - 1]
        if plain and one.lineno == other.end_lineno and not _only_prints(line) and "isinstance" not in line:
            first, second = line[one.col_offset : one.end_col_offset], line[other.col_offset : other.end_col_offset]
            after = f"{line[: one.col_offset]}{second}, {first}{line[other.end_col_offset :]}"
            yield one.lineno, "arguments swapped", after


def _only_prints(line: str) -> bool:
    """Whether a line decides nothing: a comment, a log, an import, the form of a record."""
    return line.lstrip().startswith(('"""', "#", "log.", "import ", "from ", "@dataclass")) or "log." in line


def _parses(source: str, number: int, after: str) -> bool:
    lines = source.split("\n")
    if lines[number - 1] == after:
        return False
    lines[number - 1] = after
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:
        return False
    return True


def of_cosmic_ray(source: str) -> Iterator[tuple[int, str, str]]:
    """The mutants that cosmic-ray's operators make of a module, where they change one line."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    before = source.split("\n")
    for name in COSMIC:
        occurrence, operator = 0, get_operator(name)()
        while (mutated := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            after = mutated.split("\n")
            changed = [number for number, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]]
            if len(after) == len(before) and len(changed) == 1 and not _only_prints(before[changed[0]]):
                yield changed[0] + 1, name.removeprefix("core/"), after[changed[0]]


def choose(each: int, known: Sequence[Mutant]) -> list[Mutant]:
    """So many more mutants of each merchant, spread over its files and over the operators, the same ones each time."""
    chance = random.Random(SEED + len(known))
    have = {(one.shop, one.file, one.line, one.after) for one in known}
    chosen: list[Mutant] = []
    for shop, files in MONEY_PATHS.items():
        by_kind: defaultdict[tuple[str, str], list[Mutant]] = defaultdict(list)
        for file in files:
            source = (ROOT / "examples" / shop / file).read_text(encoding="utf-8")
            for line, operator, after in sorted({*candidates(source), *of_cosmic_ray(source)}):
                if (shop, file, line, after) not in have:
                    before = source.split("\n")[line - 1]
                    by_kind[file, operator].append(
                        Mutant(shop=shop, file=file, line=line, operator=operator, before=before, after=after)
                    )
        chosen += _spread(by_kind, each, chance)
    return chosen


def _spread(by_kind: Mapping[tuple[str, str], list[Mutant]], most: int, chance: random.Random) -> list[Mutant]:
    """One of each kind, drawn by lot, until there are enough; half by cosmic-ray's operators, half by ours."""
    ours = {name for name, _, _ in IN_LINES} | {"guard dropped", "arguments swapped"}
    found: list[Mutant] = []
    for is_ours in (True, False):
        kinds = sorted(kind for kind in by_kind if (kind[1] in ours) is is_ours)
        chance.shuffle(kinds)
        wanted = (most + 1) // 2 if is_ours else most - len(found)
        found += [chance.choice(by_kind[kind]) for kind in kinds[:wanted]]
    chance.shuffle(found)
    return found


def judged(mutant: Mutant) -> Mutant:
    """What Tayari says about it: the ordinary rules first, the release suite where they saw nothing."""
    outcome, rules = outcome_of(mutant, () if mutant.outcome == ORDINARY_PASSED else ORDINARY[mutant.shop])
    if outcome == "survived" and mutant.outcome != ORDINARY_PASSED:
        outcome = ORDINARY_PASSED
    return replace(mutant, outcome=outcome, caught_by=rules)


def outcome_of(mutant: Mutant, only: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The outcome by these rules, or by the release suite, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / mutant.shop
        shutil.copytree(ROOT / "examples" / mutant.shop, shop, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
        file = shop / mutant.file
        file.write_text(applied(file.read_text(encoding="utf-8"), mutant), encoding="utf-8")
        command = [
            sys.executable, "-m", "tayari", "check", str(shop / "tayari.yaml"), "--suite", "release", "--no-load",
            "--instances", "1", "--out", f"{folder}/out", *(f"--only={rule}" for rule in only),
        ]  # fmt: skip
        exit_code, failed = _exit_or_first_failure(command, Path(folder))
        if failed:
            return "caught", failed
        found = Path(folder) / "out" / "run.json"
        if not found.exists():
            return ("unstartable" if exit_code in (12, 20, 21) else f"exit {exit_code}"), ()
        outcomes = judge(read_run(found)).outcomes
    failed = tuple(one.rule.id for one in outcomes if one.state in BROKEN)
    if failed:
        return "caught", failed
    if exit_code in (12, 21):
        return "unstartable", ()
    return ("undecided" if exit_code and not only else "survived"), ()


def _exit_or_first_failure(command: Sequence[str], folder: Path) -> tuple[int, tuple[str, ...]]:
    """How the run ended, or which rules had failed when it was stopped: a mutant that is caught needs no more.

    Raises:
        subprocess.TimeoutExpired: it did not end.
    """
    work = folder / "work"
    work.mkdir()
    ends = time.monotonic() + LONGEST_S
    environment = {**os.environ, "TMPDIR": str(work)}
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=environment)
    failed: tuple[str, ...] = ()
    try:
        while run.poll() is None and not failed:
            time.sleep(LOOK_EVERY_S)
            found = [check for path in work.glob("*/events.jsonl") for check in read_events(path).checks]
            failed = tuple(check.rule for check in found if check.state in BROKEN)
            if time.monotonic() > ends:
                raise subprocess.TimeoutExpired(command, LONGEST_S)
        if not failed:
            return run.returncode, ()
        run.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(STOPS_S)
        return 0, failed
    finally:
        run.kill()


def read_record() -> list[Mutant]:
    """The mutants that were chosen, with what was said of them."""
    rows: list[dict[str, Any]] = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    return [Mutant(**{**row, "caught_by": tuple(row["caught_by"])}) for row in rows]


def write_record(mutants: Sequence[Mutant]) -> None:
    """Keep them."""
    text = json.dumps([asdict(one) for one in mutants], indent=1, ensure_ascii=False)
    RECORD.write_text(text + "\n", encoding="utf-8")


def found_again(mutant: Mutant) -> Mutant:
    """The same mutant with the number that its line has now, if the line is in the file once."""
    lines = (ROOT / "examples" / mutant.shop / mutant.file).read_text(encoding="utf-8").split("\n")
    return replace(mutant, line=lines.index(mutant.before) + 1) if lines.count(mutant.before) == 1 else mutant


def judge_many(mutants: list[Mutant], most: int, at_once: int) -> None:
    """Judge what is not judged, merchants in turn, by the ordinary rules and then by the suite.

    The record is written after each.
    """
    for stage in ("", ORDINARY_PASSED):
        queues: defaultdict[str, list[int]] = defaultdict(list)
        for index, mutant in enumerate(mutants):
            if mutant.outcome == stage:
                queues[mutant.shop].append(index)
        turns = sorted((place, shop, index) for shop, queue in queues.items() for place, index in enumerate(queue))
        with ThreadPoolExecutor(at_once) as pool:
            runs = {pool.submit(judged, mutants[index]): index for _, _, index in turns[:most]}
            for run in as_completed(runs):
                _keep(mutants, runs[run], run)


def _keep(mutants: list[Mutant], index: int, run: Future[Mutant]) -> None:
    try:
        mutants[index] = one = run.result()
    except (subprocess.TimeoutExpired, OSError, ValueError, LookupError) as error:
        print(f"not judged: {mutants[index]}: {error!r}")
        return
    write_record(mutants)
    print(f"{one.outcome:11} {one.shop}/{one.file}:{one.line} {' '.join(one.caught_by)}: {one.after.strip()}")
    sys.stdout.flush()


def section(mutants: Sequence[Mutant]) -> str:
    """The section of the page, as Markdown."""
    rows = [one for one in mutants if one.outcome not in ("", ORDINARY_PASSED)]
    lines = [
        HEADING,
        "",
        "Written by `make mutation`. These defects were not planted: each mutant changes one line of a good",
        "merchant's code about money. Operators of cosmic-ray make the change (to a comparison, a condition, a",
        "number, a loop), or operators of this project (SQL, guards, states, locks, arguments). The rules about",
        "ordinary payments judge each mutant first, then the suite `release`, until a rule fails. Somebody read",
        "each mutant that no rule failed: it behaves like the good merchant, or the rules miss something.",
        "[mutation.json](mutation.json) has all mutants.",
        "",
        "| merchant | mutants | caught | not READY | would not start | survived, alike | survived, a hole | unread |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for shop in MONEY_PATHS:
        of_shop = [one for one in rows if one.shop == shop]
        counted = Counter(one.reading.partition(":")[0] for one in of_shop if one.outcome == "survived")
        counts = Counter(one.outcome for one in of_shop)
        read = [counted[key] for key in ("equal", "hole", "")]
        numbers = [counts["caught"], counts["undecided"], counts["unstartable"], *read]
        lines.append(f"| `{shop}` | {len(of_shop)} | {' | '.join(map(str, numbers))} |")
    waiting = Counter(one.outcome for one in mutants)
    if waiting[""] or waiting[ORDINARY_PASSED]:
        lines += [
            "",
            f"Not judged to the end: {waiting[ORDINARY_PASSED]} that passed the ordinary rules, {waiting['']} that met",
            "none. `make mutation` goes on with them.",
        ]
    lines += ["", "| survivor | the line became | what was read |", "| --- | --- | --- |"]
    for one in rows:
        if one.outcome == "survived":
            code = one.after.strip().replace("|", "\\|")
            lines.append(f"| `{one.shop}/{one.file}` {one.line} | `{code}` | {one.reading or 'not read yet'} |")
    return "\n".join(lines) + "\n"


def write_page(mutants: Sequence[Mutant]) -> None:
    """Put the section before the moods."""
    page = PAGE.read_text(encoding="utf-8")
    head = page.partition(HEADING)[0].partition(NEXT_HEADING)[0].rstrip("\n")
    tail = page.partition(NEXT_HEADING)
    PAGE.write_text(f"{head}\n\n{section(mutants)}\n{tail[1]}{tail[2]}", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Choose, judge, write; 1 where a survivor costs money, or nobody has read it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", type=int, default=0, metavar="N", help="choose N more mutants of each merchant")
    parser.add_argument("--judge", type=int, default=0, metavar="N", help="judge at most N that are not judged")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write the table, with lines by their numbers of today")
    given = parser.parse_args(argv)
    mutants = read_record()
    if given.choose:
        mutants += choose(given.choose, mutants)
        write_record(mutants)
    if given.judge:
        judge_many(mutants, given.judge, given.at_once)
    if given.write:
        write_record(mutants := [found_again(one) for one in mutants])
        write_page(mutants)
    counts = Counter(one.outcome or "not judged" for one in mutants)
    print(", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())))
    return int(any(one.outcome == "survived" and not one.reading.startswith("equal:") for one in mutants))


if __name__ == "__main__":
    sys.exit(main())
