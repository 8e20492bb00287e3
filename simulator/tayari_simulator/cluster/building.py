"""A simulator that takes part: its tokens are signed, its journal is numbered by time, its port is shared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from random import Random

from tayari_simulator.clock import Clock, make_clock
from tayari_simulator.cluster.app import NodeApp
from tayari_simulator.cluster.choosing import NodeSelector
from tayari_simulator.cluster.journal import NodeJournal
from tayari_simulator.cluster.listener import NodeListener
from tayari_simulator.cluster.overtaking import NodeOvertaking
from tayari_simulator.cluster.seat import Seat
from tayari_simulator.cluster.sharing import Sharing
from tayari_simulator.cluster.together import Together
from tayari_simulator.cluster.tokens import SignedTokens
from tayari_simulator.config import Config
from tayari_simulator.core.daraja import Daraja
from tayari_simulator.http.kinds import Kinds
from tayari_simulator.http.pump import Pump
from tayari_simulator.http.simulator import Simulator
from tayari_simulator.journal.memory import Journal, Sink
from tayari_simulator.journal.resuming import Behaviours


@dataclass(slots=True)
class Member:
    """One process's simulator and its ways to the others."""

    simulator: Simulator
    selector: NodeSelector
    together: Together
    app: NodeApp

    def metrics(self) -> dict[str, float]:
        """What only a process of several has, by Prometheus name."""
        return {
            "tayari_calls_passed_on_total": self.app.passed_on,
            "tayari_calls_without_owner_total": self.app.unreachable,
        }


class _Building:
    """The parts as the simulator asks for them."""

    def __init__(self, seat: Seat, selector: NodeSelector) -> None:
        self.seat = seat
        self.selector = selector
        self.together = Together(seat)
        self._clock: Clock | None = None
        self._tokens: SignedTokens | None = None
        self._app: NodeApp | None = None

    def clock(self, name: str) -> Clock:
        clock = self._clock = make_clock(name)
        clock.keep_step(self.seat.wall_s, self.seat.monotonic_s)
        self._tokens = SignedTokens(self.seat.secret.encode(), wall_s=clock.wall_s)
        self._tokens.learn(self.seat.tokens)
        return clock

    def journal(self, *, most_bytes: int, sink: Sink | None = None) -> Journal:
        assert self._clock is not None
        return NodeJournal(most_bytes=most_bytes, sink=sink, node=self.seat.index, wall_s=self._clock.wall_s)

    def app(self, daraja: Daraja, journal: Journal, clock: Clock, pump: Pump) -> NodeApp:
        sharing = Sharing(self.together, self.signed(), self.selector, clock.now_s)
        self._app = NodeApp(daraja, journal, clock, pump, together=self.together, sharing=sharing)
        return self._app

    def signed(self) -> SignedTokens:
        """The tokens, once the clock is made."""
        assert self._tokens is not None
        return self._tokens

    def made(self) -> NodeApp:
        """The application, once the simulator is made."""
        assert self._app is not None
        return self._app


def build(config: Config, selector: NodeSelector, behaviours: Behaviours, seat: Seat) -> Member:
    """Put it together; nothing is opened but the journal.

    Raises:
        ClockError, OptionError, TargetRefused, JournalFileError: see `Simulator`.
    """
    building = _Building(seat, selector)
    kinds = Kinds(
        clock=building.clock,
        journal=building.journal,
        app=building.app,
        listener=partial(NodeListener, together=building.together),
    )
    simulator = Simulator(replace(config, port=seat.port), choose=selector, behaviours=behaviours, kinds=kinds)
    world = simulator.daraja.world
    world.ids.share(seat.index, seat.of)
    world.uniform = Random(f"{config.seed} in process {seat.index}").random
    world.tokens = building.signed()
    world.overtaking = NodeOvertaking(
        world.agenda, building.together, before=world.overtaking, released=simulator.outbox.changed
    )
    return Member(simulator, selector, building.together, building.made())
