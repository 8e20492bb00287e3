"""The control API as an OpenAPI 3.1 document, made of the table of routes and of the records that read its bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from tayari_simulator import __version__
from tayari_simulator.control.endpoint import Route
from tayari_simulator.scenarios.scenario_schema import record_schema

Json = dict[str, Any]

_IN_PATH: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_ERROR: Final[Json] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "for programs"},
                "message": {"type": "string", "description": "for people: found, expected, what to do"},
            },
        },
        "errors": {
            "type": "array",
            "items": {"type": "object"},
            "description": "of a scenario file: one for each line",
        },
    },
}


def document(routes: Iterable[Route], *, url: str) -> Json:
    """The whole document; `url` is where this API is served."""
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(_IN_PATH.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tayari: control API of the Daraja simulator",
            "version": __version__,
            "description": "Steers and reads a fake of Safaricom's M-Pesa API. Every refusal has one shape.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": {"Refusal": _ERROR},
            "securitySchemes": {
                "control_token": {"type": "http", "scheme": "bearer", "description": "control_token of the ready line"}
            },
        },
    }


def _operation(route: Route) -> Json:
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    made: Json = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path.partition(':')[0]}").strip("_"),
        "summary": route.about,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            "200": {"description": "done", "content": {route.answers: {"schema": _answer(route)}}},
            "4XX": {"description": "refused, and nothing was changed", "content": refused},
        },
    }
    if route.sends:
        made["security"] = [{"control_token": []}]
    if route.takes is not None and route.method != "GET":
        schema = record_schema(route.takes)
        made["requestBody"] = {
            "required": bool(schema["required"]),
            "content": {"application/json": {"schema": schema}},
        }
    return made


def _answer(route: Route) -> Json:
    return {"type": "object"} if route.answers == "application/json" else {"type": "string"}


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _IN_PATH.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[Json]:
    if route.takes is None or route.method != "GET":
        return []
    schema = record_schema(route.takes)
    return [
        {"name": name, "in": "query", "required": name in schema["required"], "schema": row}
        for name, row in schema["properties"].items()
    ]
