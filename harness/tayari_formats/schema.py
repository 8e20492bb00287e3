"""A YAML document checked against its JSON Schema: its data, and one complaint for each mistake.

A schema may hold words for messages: `x-expected` (what is expected), `x-do` (what to do), and `x-missing` (what is
expected where the key is missing; else its `description`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tayari_formats.problems import Complaint, Path, Problem, did_you_mean
from tayari_formats.yaml_document import Document

Schema = Mapping[str, Any]
Formats = Mapping[str, Callable[[str], None]]
"""A check for each `format` of the schema; it raises `BadText`."""

_ENVIRONMENT: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)\Z")


class BadText(Exception):
    """A text that has not the form of its key: what was found, what was expected, what to do."""

    def __init__(self, found: str, expected: str, do: str) -> None:
        super().__init__(f"{found}; expected {expected}; {do}")


@dataclass(slots=True)
class Checked:
    """The data of a document after the check."""

    document: Document
    value: Any = None
    """Texts as their author wrote them, `env:NAME` replaced, keys with no value left out, lone values in lists."""
    problems: list[Problem] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    """Every value that came from `env:NAME`."""

    def complain(self, path: Path, message: str) -> None:
        """Note one mistake. A member of a list of words has the name of the list, and its own line."""
        name = path
        while name and isinstance(name[-1], int) and not isinstance(_at(self.value, path), Mapping):
            name = name[:-1]
        where = str(Complaint(name, message)) if name else f"the file: {message}"
        self.problems.append(Problem(file=self.document.file, line=self.document.line(path), message=where))

    def missing(self, path: Path, key: str, expected: str, do: str = "") -> None:
        """Note that a key is missing in the mapping at this path."""
        message = str(Complaint((*path, key), f"missing; expected {expected}; {do or f'add `{key}:` here'}"))
        self.problems.append(Problem(file=self.document.file, line=self.document.line(path), message=message))


def check(
    document: Document, schema: Schema, *, formats: Formats | None = None, environ: Mapping[str, str] | None = None
) -> Checked:
    """Check the data of a document; without `environ`, `env:NAME` is a text like others."""
    checked = Checked(document)
    preparation = _Preparation(checked, schema, environ)
    checked.value = preparation.made(document.value, schema, ())
    for error in _errors(schema, checked.value, formats or {}):
        path = tuple(error.absolute_path)
        if not {path, path[:-1]} & preparation.unknown:  # a lone value has the path of its list
            _complain(checked, path, error, schema, preparation.variables.get(path))
    checked.problems = list(dict.fromkeys(checked.problems))
    return checked


def resolved(schema: Schema, root: Schema) -> Schema:
    """The schema with what it refers to; its own words win."""
    if "$ref" not in schema:
        return schema
    target: Any = root
    for step in schema["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**resolved(target, root), **{key: value for key, value in schema.items() if key != "$ref"}}


@dataclass(slots=True)
class _Preparation:
    """Makes of the YAML data what the schema checks."""

    checked: Checked
    root: Schema
    environ: Mapping[str, str] | None
    variables: dict[Path, str] = field(default_factory=dict)
    unknown: set[Path] = field(default_factory=set)
    """Paths whose environment variable has no value: nothing more is said of them."""

    def made(self, value: Any, schema: Any, path: Path) -> Any:
        schema = resolved(schema, self.root) if isinstance(schema, Mapping) else {}
        types = _types(schema)
        if "array" in types and value is not None and not isinstance(value, list):
            return [self.made(value, schema.get("items", {}), path)]
        if isinstance(value, Mapping):
            known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
            return {
                key: self.made(each, known.get(key, others), (*path, key))
                for key, each in value.items()
                if each is not None or not known
            }
        if isinstance(value, list):
            return [self.made(each, schema.get("items", {}), (*path, place)) for place, each in enumerate(value)]
        if "string" in types:
            return self._text(self.checked.document.text(path, value), path)
        return self._text(value, path) if not types and isinstance(value, str) else value

    def _text(self, text: str, path: Path) -> str:
        match = _ENVIRONMENT.match(text)
        if match is None or self.environ is None:
            return text
        name = match.group(1)
        value = self.environ.get(name)
        if not value:
            what = "is not set" if value is None else "is empty"
            do = f"run `export {name}=...` first, or write the value here"
            self.checked.complain(path, f"environment variable {name} {what}; expected a value in {name}; {do}")
            self.unknown.add(path)
            return ""
        self.checked.secrets.add(value)
        self.variables[path] = name
        return value


def _errors(schema: Schema, value: object, formats: Formats) -> Iterator[Any]:
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - 0.13 s, only where a file is read

    checker = FormatChecker(formats=())
    for name, function in formats.items():
        checker.checks(name, raises=BadText)(lambda text, function=function: _passes(function, text))
    yield from Draft202012Validator(schema, format_checker=checker).iter_errors(value)


def _passes(function: Callable[[str], None], text: object) -> bool:
    if isinstance(text, str):
        function(text)
    return True


def _complain(checked: Checked, path: Path, error: Any, root: Schema, variable: str | None) -> None:
    """Say one error of `jsonschema` in the words of a person."""
    schema = resolved(error.schema, root) if isinstance(error.schema, Mapping) else {}
    properties = schema.get("properties", {})
    if error.validator == "additionalProperties":
        expected = "one of " + ", ".join(properties)
        for key in error.instance:
            if key not in properties:
                do = did_you_mean(key, properties) or "remove it"
                checked.complain((*path, key), f"unknown key; expected {expected}; {do}")
    elif error.validator in {"required", "dependentRequired"}:
        for key in _missing(error):
            row = resolved(properties.get(key, {}), root)
            expected = row.get("x-missing") or row.get("description") or _expected(row)
            checked.missing(path, key, expected, row.get("x-do", "") if row.get("type") == "object" else "")
    elif isinstance(error.cause, BadText):
        checked.complain(path, str(error.cause))
    else:
        found = f"the value of {variable}" if variable else _found(checked, path, error.instance)
        checked.complain(path, f"{found}; expected {_expected(schema)}; {_do(schema, path, error.instance)}")


def _missing(error: Any) -> list[str]:
    wanted = error.validator_value
    if error.validator == "dependentRequired":
        wanted = [key for given, keys in wanted.items() if given in error.instance for key in keys]
    return [key for key in wanted if key not in error.instance]


def _found(checked: Checked, path: Path, value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    return repr(value if isinstance(value, str) else checked.document.text(path, value))


def _expected(schema: Schema) -> str:
    if "x-expected" in schema:
        return str(schema["x-expected"])
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    types = _types(schema)
    if "string" in types:
        return "a text"
    if types & {"number", "integer"}:
        noun = "a whole number" if "integer" in types else "a number"
        return f"{noun} from {schema['minimum']:g} to {schema['maximum']:g}"
    return {"object": "a mapping", "array": "a list"}.get(next(iter(types), ""), "another value")


def _do(schema: Schema, path: Path, value: object) -> str:
    if "x-do" in schema:
        return str(schema["x-do"])
    if "enum" in schema:
        return did_you_mean(str(value), schema["enum"]) or "take one of them"
    if "default" in schema and path:
        return f"write e.g. `{path[-1]}: {schema['default']}`"
    return "write `key: value` lines" if "object" in _types(schema) else "correct it"


def _types(schema: Schema) -> set[str]:
    types = schema.get("type", ())
    return {types} if isinstance(types, str) else set(types)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
