"""Flags and environment become one frozen `Config`; nothing reads them later."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, replace
from types import MappingProxyType
from typing import Any, NoReturn

from tayari_simulator import __version__, build
from tayari_simulator.apis.core.organisations import Organisation
from tayari_simulator.catalogue.options import PRESETS, PROFILES
from tayari_simulator.catalogue.provenance import Profile
from tayari_simulator.clock import SHAPES
from tayari_simulator.config import SANDBOX_PASSKEY, Config
from tayari_simulator.scenarios.mix import BadMix, parse_mix
from tayari_simulator.server.organisation_argument import (
    ORGANISATION_KEYS,
    VARIABLE,
    BadOrganisation,
    check_once,
    read_organisation,
    read_organisations,
)
from tayari_simulator.transport.interception.forward_proxy import Others


class ConfigError(Exception):
    """An argument that cannot be used: one line on standard error."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see --help")


def read_arguments(argv: Sequence[str], environ: Mapping[str, str]) -> Config:
    """The configuration of this command line.

    Raises:
        ConfigError: a flag that does not exist, or a value that it cannot have.
        SystemExit: --help or --version were answered.
    """
    given = vars(_parser().parse_args(list(argv)))
    profile, preset = PRESETS.get(given["profile"]) or (Profile(given["profile"]), {})
    options = dict(_pair(text, "--option", "NAME=VALUE") for text in given["option"])
    values: dict[str, Any] = {
        **{row.name: given[row.name] for row in fields(Config) if row.name in given},
        "profile": profile,
        "mix": _mix(given["mix"]) if given["mix"] is not None else None,
        "organisations": _organisations(given["organisation"], environ.get(VARIABLE, ""), till=given["till"]),
        "passkey": environ.get("TAYARI_PASSKEY") or SANDBOX_PASSKEY,
        "consumer_key": environ.get("TAYARI_CONSUMER_KEY") or None,
        "consumer_secret": environ.get("TAYARI_CONSUMER_SECRET") or None,
        "rewrites": [_pair(text, "--rewrite", "FROM=TO, two URLs") for text in given["rewrite"]],
        "options": MappingProxyType({**preset, **options}),
        "page": "provenance" if given["provenance"] else "magic" if given["magic"] else None,
    }
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Config(**values)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tayari simulate",
        description="A fake of Safaricom's M-Pesa API (Daraja). Prints one JSON line when it is ready.",
        epilog="Secrets come by environment: TAYARI_PASSKEY, TAYARI_CONSUMER_KEY, TAYARI_CONSUMER_SECRET. Without key "
        "and secret any pair is accepted; without a passkey it is the public one of the sandbox. TAYARI_ORGANISATIONS "
        "is a JSON list with the keys of daraja.organisations in the target file. TAYARI_CONTROL_TOKEN is the token "
        "of the control API; without it one is drawn and announced.",
        allow_abbrev=False,
    )
    defaults = {row.name: row.default for row in fields(Config) if row.default is not MISSING}
    parser.set_defaults(**{name: [] if default == () else default for name, default in defaults.items()})
    add = parser.add_argument
    add("--version", action="version", version=f"{__version__} ({build()})")
    _port_arguments(parser)
    add("--profile", choices=PROFILES, default="documented", help="which Daraja (default: %(default)s)")
    add("--clock", help=f"{SHAPES} (default: %(default)s)")
    add("--seed", type=int, help="seed of ids, delays and mixes (default: %(default)s)")
    add("--scenarios", action="append", dest="scenario_dirs", metavar="DIR", help="scenario files; may be repeated")
    add("--scenario", metavar="NAME", help="this scenario plays where nothing more specific does")
    add(
        "--interactive",
        action="store_true",
        help="every prompt waits for a handset: the page of the control port, or POST /v1/handsets/MSISDN/answer",
    )
    add("--mix", metavar="NAME=WEIGHT,...", help="scenarios drawn from the seed, such as success=92,timeout=8")
    add("--journal", dest="journal_file", metavar="FILE", help="keep every exchange in this SQLite file")
    add(
        "--journal-bytes",
        type=_bytes,
        metavar="N",
        help="bound of the journal in memory, and with it of the payments that are remembered (default: %(default)s)",
    )
    add(
        "--drain-s",
        type=_seconds,
        metavar="S",
        help="after SIGTERM, callbacks due within S seconds are still sent (default: %(default)g)",
    )
    _organisation_arguments(parser)
    _callback_arguments(parser)
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="a switch; --provenance lists them")
    pages = parser.add_mutually_exclusive_group()
    pages.add_argument("--provenance", action="store_true", help="print how sure each behaviour is, and stop")
    pages.add_argument("--magic", action="store_true", help="print the magic MSISDNs and amounts, and stop")
    add("--format", dest="page_format", choices=["markdown", "json"], help="of these two pages (default: %(default)s)")
    return parser


def _port_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the ports are, and who may call them."""
    add = parser.add_argument
    add("--host", help="address of the Daraja port (default: %(default)s)")
    add("--port", type=_port, help="the Daraja port; 0: the system chooses (default: %(default)s)")
    add("--control-port", type=_port, help="the control API's port (default: %(default)s)")
    add(
        "--control-host",
        metavar="H",
        help="address of the control API, which controls everything here (default: --host if loopback, or 127.0.0.1)",
    )
    add("--control-open", action="store_true", help="calls of the control API that send callbacks need no token")
    add(
        "--control-name",
        action="append",
        dest="control_names",
        metavar="NAME",
        help="a host name with dots by which the control API is called; may be repeated",
    )
    _interception_arguments(parser)


def _organisation_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose short codes are known."""
    add = parser.add_argument
    add("--short-code", help="the organisation's number (default: %(default)s)")
    add("--till", help="the till of buy-goods payments; without it only pay bill is accepted")
    add(
        "--organisation",
        action="append",
        default=[],
        metavar="CODE,KEY=VALUE,...",
        help="another short code; keys: " + ", ".join(ORGANISATION_KEYS) + "; commands (joined by +) and expired are "
        "of the initiator before them; may be repeated",
    )


def _callback_arguments(parser: argparse.ArgumentParser) -> None:
    """Where callbacks go, and what they carry."""
    add = parser.add_argument
    add("--allow-host", action="append", dest="allow_hosts", metavar="H", help="a callback host that may be called")
    add("--rewrite", action="append", default=[], metavar="FROM=TO", help="callback URLs that begin with FROM go to TO")
    add("--deliver-to", metavar="URL", help="the address that all callbacks go to")
    add(
        "--source-header",
        metavar="NAME",
        help="callbacks carry a Safaricom address in this header, such as X-Forwarded-For",
    )


def _interception_arguments(parser: argparse.ArgumentParser) -> None:
    """The ports for merchants that have Safaricom's host names in their code."""
    add = parser.add_argument
    add(
        "--tls",
        action="store_true",
        help="play sandbox.safaricom.co.ke and api.safaricom.co.ke under TLS too, with a certificate of a local "
        "authority, and open a forward proxy that leads there; the ready line names tls_url, proxy_url, ca_file",
    )
    add("--tls-port", type=_port, metavar="PORT", help="with --tls: the port under TLS (default: %(default)s)")
    add("--proxy-port", type=_port, metavar="PORT", help="with --tls: the forward proxy's port (default: %(default)s)")
    add(
        "--proxy-others",
        choices=[*map(str, Others)],
        help="what the proxy does with other hosts than Safaricom's and this machine (default: %(default)s)",
    )


def _organisations(texts: Sequence[str], listed: str, *, till: str | None) -> tuple[Organisation, ...]:
    """Those of the command line and of the environment. The short code of `--till` is a till whatever they say."""
    try:
        rows = (*map(read_organisation, texts), *(read_organisations(listed) if listed else ()))
        check_once(rows)
    except BadOrganisation as error:
        raise ConfigError(str(error)) from error
    return tuple(replace(row, till=True) if row.short_code == till else row for row in rows)


def _mix(text: str) -> dict[str, float]:
    try:
        return parse_mix(text)
    except BadMix as error:
        raise ConfigError(f"--mix: {error}") from error


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port; expected 0 to 65535")
    return number


def _bytes(text: str) -> int:
    number = int(text)
    if number < 10_000:
        raise argparse.ArgumentTypeError(f"{text} is too small; expected at least 10000")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not a wait; expected 0 to 600 seconds")
    return number


def _pair(text: str, flag: str, shape: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise ConfigError(f"{flag} {text}: expected {shape}")
    return left, right
