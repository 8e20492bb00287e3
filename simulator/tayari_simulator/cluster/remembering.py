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
        self._keep(kept, str(said.json().get("scenario", "")))

    def _keep(self, question: Question, name: str) -> None:
        match (question.method, question.path):
            case ("POST", "/v1/scenarios"):
                self._scenarios[name] = question
            case ("PUT", "/v1/scenarios/active"):
                self._active = question
            case ("POST", "/v1/mix"):
                self._mix = question
            case ("POST", "/v1/reset"):
                self._active = self._mix = None

    def questions(self) -> list[Question]:
        """All that a process must be told."""
        last = [row for row in (self._active, self._mix) if row is not None]
        return [*self._scenarios.values(), *last]

    def load(self, raw: bytes) -> None:
        """Take over what `to_json` made, of whichever host set it last."""
        self._scenarios, self._active, self._mix = {}, None, None
        for method, path, body, name in orjson.loads(raw):
            self._keep(Question(method, path, body.encode()), name)

    def to_json(self) -> bytes:
        """For those who keep it elsewhere."""
        names = {id(row): name for name, row in self._scenarios.items()}
        rows = self.questions()
        return orjson.dumps([[row.method, row.path, row.body.decode(), names.get(id(row), "")] for row in rows])
