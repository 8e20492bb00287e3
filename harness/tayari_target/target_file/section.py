"""One mapping of a target file, read key by key; what is wrong is collected, never raised half-way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tayari_control.allowed_hosts import is_real_daraja
from tayari_formats.problems import Problem
from tayari_formats.suggestion import did_you_mean

from tayari_target.target_file import placeholders
from tayari_target.target_file.lines import Found

_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)\Z")


@dataclass(slots=True)
class Reading:
    """What one reading of a file shares: its name, the environment, and the problems found so far."""

    path: Path
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    """Every value that came from `env:NAME`."""

    def variable(self, name: str) -> str | None:
        """The value of an environment variable. It is a secret from here on."""
        value = self.environ.get(name)
        if value:
            self.secrets.add(value)
        return value

    def complain(self, line: int, where: str, found: str, expected: str, do: str) -> None:
        """Note one problem."""
        message = f"{where}: {found}; expected {expected}; {do}"
        self.problems.append(Problem(file=str(self.path), line=line, message=message))


class Section:
    """A mapping at work: a key that is asked for is known; `close` complains about every other one."""

    def __init__(self, reading: Reading, where: str, found: Found) -> None:
        self.reading = reading
        self.where = where
        self.line = found.line
        self._entries: Mapping[str, Found] = found.entries or {}
        self._known: list[str] = []
        if found.entries is None:
            reading.complain(found.line, where or "the file", found.kind(), "a mapping", "write `key: value` lines")

    def at(self, key: str) -> str:
        """The key's full name, for messages."""
        return f"{self.where}.{key}" if self.where else key

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self.found(key) is not None

    def found(self, key: str) -> Found | None:
        """The raw value; null counts as absent."""
        if key not in self._known:
            self._known.append(key)
        found = self._entries.get(key)
        return None if found is None or found.value is None else found

    def complain(self, key: str, found: str, expected: str, do: str) -> None:
        """Note a problem with this key, on its line if it has one."""
        entry = self._entries.get(key)
        self.reading.complain(entry.line if entry else self.line, self.at(key), found, expected, do)

    def need(self, key: str, expected: str) -> None:
        """Complain that a required key is missing."""
        if not self.has(key):
            self.complain(key, "missing", expected, f"add `{key}:` here")

    def text(self, key: str, *, allowed: frozenset[str] = frozenset()) -> str | None:
        """A text: `env:NAME` resolved, placeholders checked against `allowed`, numbers as written."""
        found = self.found(key)
        if found is None:
            return None
        return self.scalar(found, self.at(key), allowed)

    def scalar(self, found: Found, where: str, allowed: frozenset[str] = frozenset()) -> str | None:
        """One scalar as text; None with a complaint when it is not one."""
        if found.entries is not None or found.items is not None:
            self.reading.complain(found.line, where, found.kind(), "a text", "quote it if it holds braces")
            return None
        match = _ENV.match(found.text)
        if match is not None:
            return self._environment(found, where, match.group(1))
        self.check_placeholders(found, where, allowed)
        return found.text

    def number(self, key: str, default: float, *, low: float = 0.0, high: float = 86_400.0) -> float:
        """A number between `low` and `high`."""
        found = self.found(key)
        if found is None:
            return default
        if isinstance(found.value, bool) or not isinstance(found.value, int | float) or not low <= found.value <= high:
            self.complain(key, found.kind(), f"a number from {low:g} to {high:g}", f"write e.g. `{key}: {default:g}`")
            return default
        return float(found.value)

    def whole(self, key: str, default: int, *, low: int = 0, high: int = 86_400) -> int:
        """A whole number between `low` and `high`."""
        found = self.found(key)
        if found is None:
            return default
        if isinstance(found.value, bool) or not isinstance(found.value, int) or not low <= found.value <= high:
            self.complain(key, found.kind(), f"a whole number from {low} to {high}", f"write e.g. `{key}: {default}`")
            return default
        return found.value

    def section(self, key: str) -> Section | None:
        """A mapping below this one, or None when absent."""
        found = self.found(key)
        return None if found is None else Section(self.reading, self.at(key), found)

    def members(self, key: str) -> tuple[Found, ...]:
        """A list; a lone value counts as a list of one."""
        found = self.found(key)
        if found is None:
            return ()
        return tuple(found.items) if found.items is not None else (found,)

    def texts(self, key: str, *, allowed: frozenset[str] = frozenset()) -> dict[str, str]:
        """A mapping of free names to texts."""
        found = self.found(key)
        if found is None:
            return {}
        if found.entries is None:
            self.complain(key, found.kind(), "a mapping of names to texts", f"write `{key}: {{NAME: value}}`")
            return {}
        read = {name: self.scalar(value, f"{self.at(key)}.{name}", allowed) for name, value in found.entries.items()}
        return {name: value for name, value in read.items() if value is not None}

    def url(self, key: str, *, allowed: frozenset[str] = frozenset()) -> str | None:
        """An `http://` or `https://` address without a trailing slash."""
        text = self.text(key, allowed=allowed)
        if text is not None:
            self.check_url(text, self._entries[key].line, self.at(key))
        return text.rstrip("/") if text is not None else None

    def check_url(self, text: str, line: int, where: str) -> None:
        """Complain unless the text is an address that may be called from here."""
        shape = re.sub(r"\{port\}", "1", text)
        try:
            parts = urlsplit(shape)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if parts.scheme not in {"http", "https"} or not host:
            self.reading.complain(
                line, where, repr(text), "http://HOST[:PORT] or https://HOST", "write the full address"
            )
        elif is_real_daraja(host):
            do = "Tayari never calls Safaricom; give the address of your own test system"
            self.reading.complain(line, where, repr(text), "your merchant's address", do)

    def check_placeholders(self, found: Found, where: str, allowed: frozenset[str]) -> None:
        """Complain about every placeholder that has no value at this place."""
        for name in placeholders.names(found.text):
            if name in allowed:
                continue
            everything = placeholders.RUN | placeholders.PAYMENT | placeholders.READING
            if name in everything:
                do, text = (
                    "use one of those, or move it to another request",
                    f"{{{name}}} is not known at this point",
                )
            else:
                meant = placeholders.MEANT.get(name.lower(), "")
                near = f"did you mean {{{meant}}}?" if meant in allowed else did_you_mean(name, sorted(allowed))
                do, text = near or "remove it", f"{{{name}}} is not a placeholder"
            expected = (
                "one of " + " ".join(f"{{{each}}}" for each in sorted(allowed)) if allowed else "no placeholder here"
            )
            self.reading.complain(found.line, where, text, expected, do)

    def close(self) -> None:
        """Complain about every key that nobody asked for."""
        for key, found in self._entries.items():
            if key not in self._known:
                do = did_you_mean(key, self._known) or "remove it"
                self.reading.complain(found.line, self.at(key), "unknown key", "one of " + ", ".join(self._known), do)

    def _environment(self, found: Found, where: str, name: str) -> str | None:
        value = self.reading.variable(name)
        if not value:
            what = "is not set" if value is None else "is empty"
            do = f"run `export {name}=...` first, or write the value here"
            self.reading.complain(found.line, where, f"environment variable {name} {what}", f"a value in {name}", do)
            return None
        return value
