"""What the environment tells a load process: where its target, its stage and its results are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tayari_target.target_file import load_target
from tayari_target.target_file.model import Target

TARGET: Final = "TAYARI_TARGET"
STAGE: Final = "TAYARI_STAGE"
CONTROL: Final = "TAYARI_CONTROL"
OUT: Final = "TAYARI_LOAD_OUT"
EVENTS: Final = "TAYARI_EVENTS"
PROGRESS: Final = "TAYARI_LOAD_PROGRESS"
SEED: Final = "TAYARI_LOAD_SEED"


class CampaignError(Exception):
    """The load cannot be run as asked; the message says what to do."""


def target_of(environ: Mapping[str, str]) -> Target:
    """The target file that is named."""
    path = environ.get(TARGET, "")
    if not path:
        raise CampaignError(f"{TARGET} is not set: give it the path of your tayari.yaml")
    return load_target(path, environ)


def followable(target: Target) -> None:
    """Refuse a merchant whose payments nobody can see settle."""
    if target.merchant.status is None and target.merchant.adapter is None:
        raise CampaignError(
            f"{target.path}: merchant.status is missing: a load run is judged on settled payments, "
            "and without it no payment can be seen to settle; say how a payment's state is read"
        )


def path_of(environ: Mapping[str, str], name: str) -> Path | None:
    """A file, where one is named."""
    return Path(environ[name]) if environ.get(name) else None


def seed_of(environ: Mapping[str, str]) -> int:
    """The seed, a random one where none is given."""
    given = environ.get(SEED, "")
    if not given:
        return secrets.randbelow(1_000_000)
    if not given.isdecimal():
        raise CampaignError(f"{SEED} is {given!r}: expected a whole number")
    return int(given)
