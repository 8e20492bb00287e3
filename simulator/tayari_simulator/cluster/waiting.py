"""`POST /v1/wait` over several processes: met as soon as enough has happened in all of them together."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from tayari_simulator.cluster.asking import Asking, Question, Said
from tayari_simulator.cluster.owning import Node

Json = dict[str, Any]

_PATH: Final = "/v1/wait"


async def wait_everywhere(asking: Asking, nodes: list[Node], body: Json) -> Said | Json:
    """The answer; a refusal of one process is the answer of all."""
    began = time.monotonic()
    met, entries, refused = await (
        _idle(asking, nodes, body, began) if body.get("for") == "idle" else _entries(asking, nodes, body, began)
    )
    if refused is not None:
        return refused
    return {"met": met, "entries": entries, "waited_s": round(time.monotonic() - began, 6)}


_Found = tuple[bool, list[Json], Said | None]


async def _entries(asking: Asking, nodes: list[Node], body: Json, began: float) -> _Found:
    """What is missing is asked of each as its even share: at least one must reach that before all have enough."""
    count, timeout_s = body.get("count", 1), body.get("timeout_s", 10.0)
    known: dict[int, list[Json]] = {}
    first = await asking.each(nodes, Question.post(_PATH, body | {"count": 1, "timeout_s": 0}))
    for node, said in zip(nodes, first, strict=True):
        if not said.ok:
            return False, [], said
        known[node.index] = said.json()["entries"]
    while (missing := count - sum(map(len, known.values()))) > 0:
        left_s = timeout_s - (time.monotonic() - began)
        if left_s <= 0:
            return False, _ordered(known), None
        share = -(-missing // len(nodes))
        tasks = {
            asyncio.create_task(asking.one(node, Question.post(_PATH, body | {
                "count": len(known[node.index]) + share, "timeout_s": left_s
            }))): node for node in nodes
        }  # fmt: skip
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        for task in done:
            known[tasks[task].index] = task.result().json()["entries"]
        await _look_again(asking, nodes, body, known)
    return True, _ordered(known), None


async def _look_again(asking: Asking, nodes: list[Node], body: Json, known: dict[int, list[Json]]) -> None:
    """What the others have by now, though less than their share."""
    now = body | {"count": 1, "timeout_s": 0}
    for node, said in zip(nodes, await asking.each(nodes, Question.post(_PATH, now)), strict=True):
        entries = said.json()["entries"]
        known[node.index] = max(entries, known[node.index], key=len)


async def _idle(asking: Asking, nodes: list[Node], body: Json, began: float) -> _Found:
    """Idle is what all are at once: after each was idle, all are looked at again."""
    timeout_s = body.get("timeout_s", 10.0)
    while True:
        looks = await asking.each(nodes, Question.post(_PATH, body | {"timeout_s": 0}))
        refused = next((said for said in looks if not said.ok), None)
        if refused is not None:
            return False, [], refused
        if all(said.json()["met"] for said in looks):
            return True, [], None
        left_s = timeout_s - (time.monotonic() - began)
        if left_s <= 0:
            return False, [], None
        await asking.each(nodes, Question.post(_PATH, body | {"timeout_s": left_s}))


def _ordered(known: dict[int, list[Json]]) -> list[Json]:
    return sorted((entry for entries in known.values() for entry in entries), key=lambda entry: int(entry["seq"]))
