"""What a run learned beside its checks: settings of the environment, and the result codes that were met."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class How(StrEnum):
    """How a setting came to be known."""

    MEASURED = "measured"
    """Seen in this run's traffic."""
    DECLARED = "declared"
    """Written in the target file; nothing contradicted it."""
    ATTESTED = "attested"
    """A named person said so."""
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What was judged, and by whom, so that a report can be defended and compared. Empty: not known."""

    name: str = ""
    """As the user calls it (`--build`)."""
    commit: str = ""
    """In full; `+changes` is added where files were changed and not committed."""
    branch: str = ""
    ci_run: str = ""
    """The address, or the number, of the CI server's run."""
    operator: str = ""
    """Who started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRow:
    """One row of the environment configuration."""

    item: str
    """Stable name, `callback.https`; an attestation of the same item answers where nothing was measured."""
    name: str
    value: str
    """Never a secret: the name of a variable, a host, a version."""
    how: How
    ok: bool | None = None
    """None: a fact without a right or wrong, or not known."""
    note: str = ""


RESULTS: Final = frozenset({"result", "c2b", "payout"})
"""Kinds of codes that say how a transaction ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One result or error code that Daraja gave this merchant during the run."""

    code: str
    kind: str
    """`result` (of a callback or a query), `c2b` (of a payment that its customer began), `payout` (of a payout or
    reversal), `error` (a request that Daraja refused) or `gateway` (refused before it)."""
    text: str
    """Daraja's words."""
    times: int
    meaning: str = ""
    message: str = field(default="", metadata={"before": "told"})
    """What the customer was told; empty: it was not looked at, or nothing was said."""
    say_en: str = ""
    say_sw: str = ""
    """What the customer should be told; this project's wording. Empty with a meaning: no customer is concerned."""
    retry: str = ""
    mark: str = ""
    """How sure the meaning is: documented, observed, disputed, assumed."""
    source: str = ""
