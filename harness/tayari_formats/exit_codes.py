"""The exit codes of every command and every process of the project."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the end of a process says. The codes of a verdict are `tayari_reports.model.EXIT_CODES`."""

    OK = 0
    NOT_READY = 10
    INCONCLUSIVE = 11
    INVALID_RUN = 12
    BAD_CONFIGURATION = 20
    MERCHANT_UNREACHABLE = 21
    OUR_FAILURE = 30
