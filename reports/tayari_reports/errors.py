"""What this package raises when a file cannot be used."""

from __future__ import annotations


class ReportError(Exception):
    """A result file is missing, torn, of another version or not a result; the message is one line."""
