"""How a host finds the others before it starts: alone, or over Redis."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from tayari_simulator.cluster.hosts import Hosts
from tayari_simulator.cluster.owning import MOST_NODES
from tayari_simulator.cluster.redis_store import Store
from tayari_simulator.config import Config
from tayari_simulator.core.options import Options
from tayari_simulator.server.arguments import ConfigError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What came of it."""

    secret: str
    place: int = 0
    hosts: Hosts | None = None
    tokens: Json = field(default_factory=dict)
    lost: Json = field(default_factory=dict)
    """The last balance of the host that had this place before."""


async def meet(
    config: Config, options: Options, stack: AsyncExitStack, say: Callable[[str], None], wanted: int | None
) -> Meeting:
    """Take a place among the hosts: any, or the wanted one.

    Raises:
        ConfigError: the options do not go together.
        NoPlace, StoreGone: see `cluster.hosts`.
    """
    if config.workers * config.hosts > MOST_NODES:
        raise ConfigError(f"--workers times --hosts is more than {MOST_NODES} processes")
    if config.redis is None:
        if config.hosts > 1:
            raise ConfigError("--hosts needs --redis URL, where the hosts find each other")
        return Meeting(secret=secrets.token_hex(32))
    if config.clock != "real":
        raise ConfigError(f"--redis: the clocks of several hosts are real; found --clock {config.clock}")
    store = Store(config.redis)
    stack.push_async_callback(store.close)
    hosts = Hosts(store, hosts=config.hosts, say=say)
    secret = await hosts.join(_print(config, options), wanted=wanted)
    stack.push_async_callback(hosts.leave)
    return Meeting(secret=secret, place=hosts.place, hosts=hosts, lost=await hosts.past(), tokens=await hosts.tokens())


def _print(config: Config, options: Options) -> str:
    """What all hosts must have alike, short enough to be shown; secrets only as a hash."""
    rest = orjson.dumps([options.to_dict(), config.passkey, config.consumer_key, config.consumer_secret])
    return (
        f"{config.hosts} hosts of {config.workers}, {config.profile}, short code {config.short_code}, "
        f"till {config.till}, options and keys {sha256(rest).hexdigest()[:8]}"
    )


def place_of_journal(config: Config) -> int | None:
    """The place whose payments are in the journal; None: there is none, or it is new.

    A journal of another number of processes holds payments of phones that have other owners now.

    Raises:
        ConfigError: it is one of those.
    """
    if config.journal_file is None:
        return None
    path, of, places = Path(config.journal_file), config.workers * config.hosts, set()
    for found in path.parent.glob(f"{path.name}-*-of-*"):
        index, _, count = found.name.removesuffix("-pending").removeprefix(f"{path.name}-").partition("-of-")
        if not (index.isdigit() and count.isdigit()):
            continue
        if int(count) != of:
            raise ConfigError(
                f"journal {path} was written by {count} processes; start as many again (--workers, --hosts), "
                "or choose another --journal"
            )
        places.add((int(index) - 1) // config.workers)
    if Path(f"{path}-pending").exists():
        raise ConfigError(f"journal {path} was written by one process; start without --workers, or choose another")
    return min(places, default=None)
