"""What was set over the control API, for a process that comes later: scenarios, the active one, the mix."""

from __future__ import annotations

from dataclasses import replace

import orjson

from tayari_simulator.cluster.asking import Question, Said


class Remembered:
    """The last of each kind of switch, in the order in which they must be told."""

    def __init__(self) -> None:
        self._scenarios: dict[str, Question] = {}
        self._active: Question | None = None
        self._mix: Question | None = None

    def note(self, question: Question, said: Said) -> None:
        """A question that all processes answered."""
        kept = replace(question, path=question.path.partition("?")[0])
        match (question.method, kept.path):
            case ("POST", "/v1/scenarios"):
                self._scenarios[str(said.json()["scenario"])] = kept
            case ("PUT", "/v1/scenarios/active"):
                self._active = kept
            case ("POST", "/v1/mix"):
                self._mix = kept
            case ("POST", "/v1/reset"):
                self._active = self._mix = None

    def questions(self) -> list[Question]:
        """All that a process must be told."""
        last = [row for row in (self._active, self._mix) if row is not None]
        return [*self._scenarios.values(), *last]

    def to_json(self) -> bytes:
        """For those who keep it elsewhere."""
        return orjson.dumps([[row.method, row.path, row.body.decode()] for row in self.questions()])
