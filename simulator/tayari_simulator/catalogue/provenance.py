"""How sure we are of a behaviour, and from where it is known."""

from __future__ import annotations

from enum import StrEnum


class Mark(StrEnum):
    """The standing of one fact about Daraja."""

    DOCUMENTED = "documented"
    """The official documentation says so."""
    OBSERVED = "observed"
    """Captures, clients or probes of the real thing agree."""
    DISPUTED = "disputed"
    """Sources conflict; the behaviour can be switched."""
    ASSUMED = "assumed"
    """No source was found; chosen, and said so."""


class Profile(StrEnum):
    """Which Daraja is played."""

    DOCUMENTED = "documented"
    SANDBOX_OBSERVED = "sandbox-observed"
    PRODUCTION_OBSERVED = "production-observed"
