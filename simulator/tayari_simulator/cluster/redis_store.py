"""The few things that are asked of Redis. The only module that imports it: it is an optional extra."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

PATIENCE_S: Final = 2.0
LOCK_S: Final = 15.0

_RELEASE: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1], KEYS[2]) end"


class StoreGone(Exception):
    """Redis cannot be reached, or does not do what it is asked: one line that says why and what to do."""


class Store:
    """One Redis database; all keys begin with a prefix of ours."""

    def __init__(self, url: str, *, prefix: str = "tayari:") -> None:
        """Nothing is connected yet.

        Raises:
            StoreGone: the extra is not installed, or the URL is none.
        """
        try:
            import redis.asyncio as client  # noqa: PLC0415 - an optional extra
            from redis.exceptions import RedisError  # noqa: PLC0415
        except ImportError as error:
            raise StoreGone("--redis needs the extra redis: pip install 'tayari[redis]'") from error
        self._url = url
        self._prefix = prefix
        self._errors: tuple[type[Exception], ...] = (RedisError, OSError, TimeoutError)
        try:
            self._redis: Any = client.Redis.from_url(
                url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, retry_on_timeout=False
            )
        except ValueError as error:
            raise StoreGone(f"--redis {url}: {error}; expected such as redis://127.0.0.1:6379/0") from error

    async def get(self, key: str) -> bytes | None:
        """A value."""
        async with self._asked():
            found: bytes | None = await self._redis.get(self._prefix + key)
            return found

    async def put(self, key: str, value: bytes) -> None:
        """Set a value."""
        async with self._asked():
            await self._redis.set(self._prefix + key, value)

    async def keep_first(self, key: str, value: bytes) -> bytes:
        """Set a value unless there is one; the one that is there then."""
        async with self._asked():
            await self._redis.set(self._prefix + key, value, nx=True)
            found: bytes = await self._redis.get(self._prefix + key)
            return found

    async def lease(self, key: str, token: bytes, for_s: float) -> bool:
        """Take something that nobody has; whether it was free."""
        async with self._asked():
            return bool(await self._redis.set(self._prefix + key, token, nx=True, px=int(for_s * 1000)))

    async def release(self, key: str, token: bytes, also: str) -> None:
        """Give back what is ours, and remove what was said there."""
        async with self._asked():
            await self._redis.eval(_RELEASE, 2, self._prefix + key, self._prefix + also, token)

    async def beat(
        self,
        *,
        lease: tuple[str, bytes, float],
        own: tuple[str, bytes, float],
        keep: Sequence[tuple[str, bytes]],
        others: Sequence[str],
    ) -> tuple[list[bytes | None], bool, float]:
        """One way there and back: what the others said last, whether the lease is ours, and Redis's time of day."""
        (key, token, for_s), (name, said, said_s) = lease, own
        async with self._asked():
            holder = await self._redis.get(self._prefix + key)
            mine = holder in (None, token)
            async with self._redis.pipeline(transaction=False) as line:
                if mine:
                    line.set(self._prefix + key, token, px=int(for_s * 1000))
                    line.set(self._prefix + name, said, px=int(said_s * 1000))
                    for name_, value in keep:
                        line.set(self._prefix + name_, value)
                line.time()
                for other in others:
                    line.get(self._prefix + other)
                answers = await line.execute()
        seconds, micros = answers[2 + len(keep) if mine else 0]
        found: list[bytes | None] = answers[-len(others) :] if others else []
        return found, mine, seconds + micros / 1e6

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """One holder at a time."""
        lock = self._redis.lock(self._prefix + name, timeout=LOCK_S, blocking_timeout=LOCK_S)
        async with self._asked():
            if not await lock.acquire():
                raise StoreGone("another host holds the lock of the control API; ask again")
        try:
            yield
        finally:
            async with self._asked():
                await lock.release()

    async def close(self) -> None:
        """Drop the connections."""
        await self._redis.aclose()

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE_S + LOCK_S):
                yield
        except self._errors as error:
            why = str(error) or type(error).__name__
            raise StoreGone(
                f"Redis at {self._shown()} cannot be reached: {why}; start it, or leave --redis out"
            ) from error

    def _shown(self) -> str:
        """The URL without a password."""
        scheme, _, rest = self._url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
