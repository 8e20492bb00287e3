"""The load's own options among Locust's: on the command line, in the environment, and in the form of Locust's page."""

from __future__ import annotations

from typing import Any

from tayari_load.shapes import SHAPES


def add_options(parser: Any, **_: Any) -> None:
    """For Locust's `init_command_line_parser`."""
    add = parser.add_argument
    add(
        "--rate", type=float, default=None, env_var="TAYARI_LOAD_RATE",
        help="Open model: payments that begin per second, whatever the merchant does. Empty: closed model.",
    )  # fmt: skip
    add(
        "--in-flight", type=int, default=None, env_var="TAYARI_LOAD_IN_FLIGHT",
        help="Open model: most payments at once; arrivals beyond are dropped and counted.",
    )  # fmt: skip
    add(
        "--shape", default="", choices=["", *SHAPES], env_var="TAYARI_LOAD_SHAPE", include_in_web_ui=False,
        help="How the load changes over the run's time; docs/load.md has their graphs.",
    )  # fmt: skip
    add(
        "--mix", default="", env_var="TAYARI_LOAD_MIX",
        help="What customers do, seeded: success=92,insufficient-funds=5,timeout=3",
    )  # fmt: skip
    add(
        "--abort-after", type=float, default=None, env_var="TAYARI_LOAD_ABORT",
        help="End the run once a threshold has been missed for so many seconds in a row. Empty: never.",
    )  # fmt: skip
    add(
        "--find-limit", action="store_true", default=False, env_var="TAYARI_LOAD_FIND_LIMIT", include_in_web_ui=False,
        help="Search for the highest rate that keeps the thresholds; each rate is held for the run time.",
    )  # fmt: skip
