"""What the preflight says: one finding for each thing it looked at, and the exit code when one stops the run."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_formats.exit_codes import Exit
from tayari_reports.model import Preflight


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """One thing that the preflight looked at."""

    name: str
    ok: bool = True
    message: str = ""
    """What was found against what was expected; for a good finding, what was seen."""
    fix: str = ""
    """What to do; a finding that stops nothing and has one is a warning."""
    exit_code: Exit = Exit.OK

    def record(self) -> Preflight:
        """As `run.json` keeps it."""
        return Preflight(name=self.name, ok=self.ok, message=self.message, fix=self.fix)


def good(name: str, message: str = "") -> DoctorFinding:
    """A finding that stops nothing."""
    return DoctorFinding(name=name, message=message)


def warning(name: str, message: str, fix: str) -> DoctorFinding:
    """A finding that stops nothing, and is hardly meant so."""
    return DoctorFinding(name=name, message=message, fix=fix)


def bad(name: str, message: str, fix: str, exit_code: Exit = Exit.BAD_CONFIGURATION) -> DoctorFinding:
    """A finding that stops the run."""
    return DoctorFinding(name=name, ok=False, message=message, fix=fix, exit_code=exit_code)
