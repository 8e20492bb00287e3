"""From a `Config` to a running process: opened, announced, closed on a signal."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TextIO

import orjson
from tayari_formats.exit_codes import Exit
from tayari_formats.loopback import is_loopback

from tayari_simulator import __version__
from tayari_simulator.catalogue.options import OptionError, Options
from tayari_simulator.clock import ClockError
from tayari_simulator.config import Config
from tayari_simulator.control.control_app import open_control_port
from tayari_simulator.control.documents.provenance_document import BehaviourStanding, provenance_markdown, standings
from tayari_simulator.journal.resume import Behaviours
from tayari_simulator.journal.sqlite_file import JournalFileError
from tayari_simulator.scenarios.magic import MagicRow, magic_markdown, magic_rows
from tayari_simulator.scenarios.mix import BadMix
from tayari_simulator.scenarios.scenario_reader import read_scenarios
from tayari_simulator.scenarios.selector import Selector, UnknownScenario
from tayari_simulator.server.arguments import ConfigError, read_arguments
from tayari_simulator.state.handsets import BEHAVIOURS
from tayari_simulator.transport.interception.authority import AuthorityError
from tayari_simulator.transport.interception.interception import PortTaken
from tayari_simulator.transport.monitor import collect_seldom
from tayari_simulator.transport.simulator import NO_INTERCEPTION, Simulator, TargetRefused

ANY_KEY: Final = "tayari-consumer-key"
ANY_SECRET: Final = "tayari-consumer-secret"
"""Announced where any pair is accepted, so that callers have one to use."""


def ready_line(
    config: Config, *, daraja_url: str, control_url: str, interception: Mapping[str, str | None] = NO_INTERCEPTION
) -> dict[str, Any]:
    """The ready line: it gives a parent process all addresses."""
    return {
        "event": "ready",
        "daraja_url": daraja_url,
        "control_url": control_url,
        "control_token": config.control_token,
        "certificate_url": f"{control_url}/v1/certificate",
        **interception,
        "consumer_key": config.consumer_key or ANY_KEY,
        "consumer_secret": config.consumer_secret or ANY_SECRET,
        "short_code": config.short_code,
        "passkey": config.passkey,
        "version": __version__,
        "pid": os.getpid(),
    }


def with_control_token(config: Config, environ: Mapping[str, str]) -> Config:
    """The configuration with the token that calls must carry which send; with `--control-open` there is none."""
    if config.control_open:
        return config
    return replace(config, control_token=environ.get("TAYARI_CONTROL_TOKEN") or secrets.token_urlsafe(24))


def console_url(control_url: str, token: str | None) -> str:
    """Where a browser finds the console. The token is behind the #, which browsers do not send."""
    return control_url if token is None else f"{control_url}/#token={token}"


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


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run one simulator until SIGTERM or SIGINT; returns the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        words = sys.argv[1:] if argv is None else argv
        variables = os.environ if environ is None else environ
        config = with_control_token(read_arguments(words, variables), variables)
        selector = load_scenarios(config)
        if config.page is not None:
            say(sys.stdout, page_of(config, selector).rstrip("\n"))
        else:
            _run(serve(config, selector, announce=sys.stdout))
    except SystemExit as answered:
        return int(answered.code or 0)
    except (ConfigError, ClockError, OptionError, TargetRefused, JournalFileError, AuthorityError) as error:
        print(f"tayari simulate: {error}", file=sys.stderr)  # noqa: T201 - the one line that says why
        return int(Exit.BAD_CONFIGURATION)
    return int(Exit.OK)


def _run(job: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(job)


def load_scenarios(config: Config) -> Selector:
    """Read the scenario folders.

    Raises:
        ConfigError: a file with mistakes, or no scenario of the name that is to play.
    """
    scenarios, problems = read_scenarios(config.scenario_dirs)
    if problems:
        raise ConfigError("\n".join(["scenario files cannot be used", *map(str, problems)]))
    try:
        return Selector(scenarios, active=config.scenario, mix=config.mix, seed=config.seed,
                        interactive=config.interactive)  # fmt: skip
    except UnknownScenario as error:
        raise ConfigError(f"--scenario: {error}") from error
    except BadMix as error:
        raise ConfigError(f"--mix: {error}") from error


def page_of(config: Config, selector: Selector) -> str:
    """The page that is to be printed, as Markdown or JSON.

    Raises:
        OptionError: a switch that does not exist.
    """
    as_json = config.page_format == "json"
    if config.page == "magic":
        magic = magic_rows(selector.scenarios())
        return json_page("magic", magic) if as_json else magic_markdown(magic)
    rows = standings(Options(config.profile, config.options))
    return json_page("provenance", rows) if as_json else provenance_markdown(rows)


def json_page(name: str, rows: Sequence[MagicRow] | Sequence[BehaviourStanding]) -> str:
    """The rows as the control API shows them."""
    return orjson.dumps({name: [row.to_dict() for row in rows]}, option=orjson.OPT_INDENT_2).decode()


def control_host(config: Config) -> str:
    """The address of the control API: this machine's own, unless another one was given for it."""
    return config.control_host or (config.host if is_loopback(config.host) else "127.0.0.1")


async def serve(config: Config, selector: Selector, *, announce: TextIO) -> None:
    """Open both ports, print the ready line, and run until a signal.

    Raises:
        ConfigError: a port is taken.
        ClockError, OptionError, TargetRefused, JournalFileError: see `Simulator`.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    simulator = Simulator(config, choose=selector, behaviours=_behaviours(selector))
    try:
        try:
            await simulator.start()
        except PortTaken as taken:
            raise ConfigError(port_trouble(taken.flag, config.host, taken.port, taken.error)) from taken
        except OSError as error:
            raise ConfigError(port_trouble("--port", config.host, config.port, error)) from error
        host = control_host(config)
        try:
            control = await open_control_port(simulator, selector, host=host, port=config.control_port)
        except OSError as error:
            raise ConfigError(port_trouble("--control-port", host, config.control_port, error)) from error
        try:
            collect_seldom(config)
            say(announce, orjson.dumps(_ready(simulator)).decode())
            page = console_url(control.url, config.control_token)
            say(sys.stderr, f"Daraja is at {simulator.daraja_url}, its console at {page}; Ctrl+C stops it")
            if simulator.resumed.pending:
                say(sys.stderr, f"{simulator.resumed.pending} payments of the journal are resumed")
            await stop.wait()
            await _drain(simulator, stop)
        finally:
            await control.close()
    finally:
        await simulator.close()


async def _drain(simulator: Simulator, stop: asyncio.Event) -> None:
    """Let what is due soon happen; a second signal ends that. Say what is left."""
    stop.clear()
    draining = asyncio.create_task(simulator.drain(simulator.config.drain_s))
    hurry = asyncio.create_task(stop.wait())
    await asyncio.wait((draining, hurry), return_when=asyncio.FIRST_COMPLETED)
    for task in (draining, hurry):
        task.cancel()
    pending = simulator.balance()["pending"]
    if pending and simulator.config.journal_file:
        say(sys.stderr, f"{pending} payments are pending; a start with the same --journal resumes them")
    elif pending:
        say(sys.stderr, f"{pending} payments were pending, and their callbacks are lost; --journal FILE keeps them")


def _ready(simulator: Simulator) -> dict[str, Any]:
    return ready_line(
        simulator.config,
        daraja_url=simulator.daraja_url,
        control_url=simulator.control_url,
        interception=simulator.interception.ready() if simulator.interception is not None else NO_INTERCEPTION,
    )


def _behaviours(selector: Selector) -> Behaviours:
    """Behaviours by the names of loaded scenarios; a prompt that waited for a handset keeps waiting."""
    known = {**BEHAVIOURS, **{scenario.name: scenario.behaviour for scenario in selector.scenarios()}}
    return known.get


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop where there is one: 6 to 26 % faster on whole payments."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
