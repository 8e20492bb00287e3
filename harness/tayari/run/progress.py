"""How a run shows its progress: a moving line on a terminal, plain lines in CI.

Standard output gets none of it where it carries JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text
from tayari_formats.terminal_text import printable
from tayari_reports.model import Check, NotTested, State
from tayari_reports.verdict.sentences import count_of, one_line

from tayari.run.doctor.doctor_findings import DoctorFinding

_MARKS: Final = {
    State.PASS: ("pass", "green"),
    State.FAIL: ("FAIL", "bold red"),
    State.WARN: ("warn", "yellow"),
    State.UNKNOWN: ("unknown", "blue"),
    State.NOT_TESTED: ("not tested", "blue"),
    State.ERROR: ("error", "magenta"),
    State.NOT_APPLICABLE: ("n/a", "dim"),
    State.ATTESTED: ("attested", "cyan"),
}


class RunProgress:
    """Shows the progress of one run. A context manager: the moving line is gone when the run ends."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._titles: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, sentence: str, *, style: str = "") -> None:
        """Print one line as it is: never markup."""
        if sentence:
            self.console.print(Text(printable(sentence), style=style), soft_wrap=True)

    def finding(self, finding: DoctorFinding) -> None:
        """One finding of the preflight; warnings and bad findings are printed in full."""
        if finding.ok and finding.fix:
            self.say(f"  warn  {finding.name}: {finding.message}; {finding.fix}", style="yellow")
            return
        if finding.ok:
            self.say(
                f"  ok  {finding.name}: {one_line(finding.message)}" if finding.message else f"  ok  {finding.name}"
            )
            return
        self.say(f"  STOP  {finding.name}: {finding.message}", style="bold red")
        self.say(f"        {finding.fix}", style="yellow")

    def planned(self, titles: Mapping[str, str], what: str) -> None:
        """These checks are about to run: their titles by the id of the rule or scenario."""
        self._titles = titles
        self.say(f"{what}: {count_of(len(titles), 'check')}")
        self._task = self._progress.add_task(what, total=len(titles))

    def check(self, check: Check) -> None:
        """One finished check: a line each in CI; on a terminal only those that did not pass.

        Checks that an interrupt left undone have no line of their own: the result counts them.
        """
        mark, style = _MARKS[check.state]
        if check.not_tested is NotTested.INTERRUPTED:
            return
        if not self.console.is_terminal or check.state not in {State.PASS, State.NOT_APPLICABLE}:
            text = one_line(check.reason, 160) if check.reason else self._titles.get(check.rule, "")
            self.say(f"  {mark:<10} {check.rule}: {text}".rstrip(": "), style=style)
        if self._task is not None:
            self._progress.advance(self._task)

    def say_plain(self, sentence: str) -> None:
        """Print one line where no line moves: in CI."""
        if not self.console.is_terminal:
            self.say(sentence)

    def waiting(self, what: str, seconds: float | None) -> TaskID:
        """Show that something has begun which takes this many seconds; None: nobody knows how many."""
        self.say(what)
        return self._progress.add_task(what, total=None if seconds is None else round(seconds))

    def waited(self, task: TaskID, seconds: float, standing: str) -> None:
        """Show for how long it has run, and how far it is."""
        self._progress.update(task, completed=round(seconds), description=standing)
