"""Refusals of the control API: one shape for all of them, and nothing has changed when one is given."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from aiohttp import web
from tayari_formats.problems import Problem


class Refusal(Exception):
    """The caller's fault: `status` 4xx, a `code` for programs, and a message for people."""

    def __init__(self, status: int, code: str, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.problems = tuple(problems)

    def response(self) -> web.Response:
        """The refusal as it is sent."""
        body: dict[str, object] = {"error": {"code": self.code, "message": str(self)}}
        if self.problems:
            body["errors"] = [problem.to_dict() for problem in self.problems]
        return answer(body, status=self.status)


def answer(body: object, *, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
