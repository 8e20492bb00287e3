"""What the configuration becomes: the organisation that is known, and the settings that the control API shows."""

from __future__ import annotations

from typing import Any

from tayari_simulator import __version__
from tayari_simulator.config import Config
from tayari_simulator.core.business import Business


def business_of(config: Config) -> Business:
    """The one organisation of a simulator."""
    return Business(
        short_code=config.short_code,
        passkey=config.passkey,
        till=config.till,
        consumer_key=config.consumer_key,
        consumer_secret=config.consumer_secret,
    )


def configured(config: Config) -> dict[str, Any]:
    """The part of `GET /v1/settings` that never changes."""
    return {
        "profile": str(config.profile),
        "seed": config.seed,
        "clock": config.clock,
        "short_code": config.short_code,
        "till": config.till,
        "deliver_to": config.deliver_to,
        "source_header": config.source_header,
        "journal": config.journal_file,
        "version": __version__,
    }
