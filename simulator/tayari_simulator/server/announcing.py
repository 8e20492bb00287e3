"""What a starting simulator says: its ready line, and why a port cannot be opened."""

from __future__ import annotations

import errno
import os
from typing import Any, Final, TextIO

from tayari_simulator import __version__
from tayari_simulator.config import Config

ANY_KEY: Final = "tayari-consumer-key"
ANY_SECRET: Final = "tayari-consumer-secret"
"""Announced where any pair is accepted, so that callers have one to use."""


def ready_line(config: Config, *, daraja_url: str, control_url: str) -> dict[str, Any]:
    """The line that tells a parent process where everything is."""
    return {
        "event": "ready",
        "daraja_url": daraja_url,
        "control_url": control_url,
        "tls_url": None,
        "proxy_url": None,
        "consumer_key": config.consumer_key or ANY_KEY,
        "consumer_secret": config.consumer_secret or ANY_SECRET,
        "short_code": config.short_code,
        "passkey": config.passkey,
        "version": __version__,
        "pid": os.getpid(),
    }


def say(stream: TextIO, line: str) -> None:
    """One line, at once."""
    stream.write(line + "\n")
    stream.flush()


def port_trouble(flag: str, host: str, port: int, error: OSError) -> str:
    """Why a port cannot be opened, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is taken by another program; stop it, or choose another with {flag} (0: any free)"
        )
    return f"cannot listen on {host}:{port}: {error.strerror or error}; see --host and {flag}"
