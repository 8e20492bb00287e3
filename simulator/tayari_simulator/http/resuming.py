"""A simulator goes on where an earlier process with the same journal ended."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from tayari_simulator.clock import Clock
from tayari_simulator.core.payments import Ending, Payment
from tayari_simulator.core.world import World
from tayari_simulator.journal.file import JournalFileError
from tayari_simulator.journal.pending import Owed, PendingFile, beside
from tayari_simulator.journal.resuming import Behaviours, Left, read_left

RESUMED = "resumed after a restart"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was taken over."""

    payments: int = 0
    """Remembered, those that are through included."""
    pending: int = 0
    """Of these, the ones with a result or a callback still to come."""


def resume(world: World, clock: Clock, journal: str, behaviours: Behaviours) -> tuple[PendingFile, Resumed]:
    """Take over what was left beside this journal, and keep from now on.

    Raises:
        JournalFileError: the file cannot be read or written.
    """
    path = beside(journal)
    keeper = PendingFile(path, soon=lambda write: asyncio.get_running_loop().call_soon(write))
    try:
        left = read_left(path, behaviours)
        keeper.begin(left.open(), left.totals)
    except BlockingIOError as error:
        raise JournalFileError(f"journal {journal}: another simulator writes it; choose another --journal") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JournalFileError(f"{path}: {error}; it belongs to the journal: mend or remove it") from error
    clock.begin_at(left.latest_s)
    _take_over(world, left)
    if left.unknown:
        log.warning("payments are resumed without their scenarios, which are not loaded: %s",
                    ", ".join(sorted(left.unknown)))  # fmt: skip
    world.keeper = keeper
    return keeper, Resumed(len(left.payments), len(left.open()))


def _take_over(world: World, left: Left) -> None:
    counts = world.counts
    counts.accepted_before = left.totals["accepted"]
    counts.forgotten = left.totals["forgotten"]
    counts.endings.update((Ending(name), number) for name, number in left.totals["ended"].items())
    for payment, owed in left.payments.values():
        _plan(world, payment, owed)


def _plan(world: World, payment: Payment, owed: Owed) -> None:
    world.payments.add(payment)
    if payment.step:
        world.payments.close_prompt(payment)
    if payment.next_due_s:
        world.agenda.add(payment.next_due_s, payment)
    for delivery in owed.values():
        delivery.note = f"{delivery.note}; {RESUMED}" if delivery.note else RESUMED
        if delivery.overtaken_gap_s is not None:
            world.reordering.wait(delivery)
        else:
            world.agenda.add(delivery.due_s, delivery)
