"""The requests of a target file, the log-in steps, and how a payment's state is read."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from tayari_money.payment_state import PaymentState

from tayari_target.target_file import placeholders
from tayari_target.target_file.extractor import FORMS, ExtractorError, compile_extractor
from tayari_target.target_file.lines import Found
from tayari_target.target_file.model import NOTHING, Call, Status
from tayari_target.target_file.section import Section

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_WAYS: Final = ("request", "sql", "file", "command")


def parse_call(section: Section, allowed: frozenset[str]) -> Call | None:
    """`request: "POST /path"` with `json` or `form`, and `headers`."""
    section.need("request", '`"METHOD /path"`')
    request = section.text("request", allowed=allowed)
    body = section.found("json")
    if body is not None:
        _check_template(section, body, section.at("json"), allowed)
    form = section.texts("form", allowed=allowed) if section.has("form") else None
    if body is not None and form is not None:
        section.complain("form", "both json and form", "one of them", "remove the other")
    headers = section.texts("headers", allowed=allowed)
    parts = _method_and_path(section, request) if request is not None else None
    if parts is None:
        return None
    template = _resolved(section, body) if body is not None else None
    return Call(
        method=parts[0],
        path=parts[1],
        json=template,
        form=MappingProxyType(form) if form is not None else None,
        headers=MappingProxyType(headers),
    )


def parse_login(section: Section) -> tuple[tuple[Call, ...], frozenset[str]]:
    """The `login` steps, and the names that they save for later requests."""
    steps: list[Call] = []
    saved: frozenset[str] = frozenset()
    for number, found in enumerate(section.members("login"), 1):
        step = Section(section.reading, f"{section.at('login')}[{number}]", found)
        call = parse_call(step, placeholders.RUN | saved)
        save = step.texts("save")
        for name in save:
            _check_extractor(step, f"save.{name}", save[name], found.line)
        step.close()
        saved |= frozenset(save)
        if call is not None:
            steps.append(_with_save(call, save))
    return tuple(steps), saved


def parse_status(section: Section | None, saved: frozenset[str] = frozenset()) -> Status | None:
    """The `status` section: a request, or one of the probes `sql`, `file`, `command`."""
    if section is None:
        return None
    ways = [way for way in _WAYS if section.has(way)]
    if len(ways) != 1:
        found = " and ".join(ways) or "none of them"
        section.complain(ways[1] if ways else "request", found, "one of " + ", ".join(_WAYS), "keep exactly one")
    call = parse_call(section, _reading() | saved) if "request" in ways else None
    for key in ("request", "json", "form", "headers"):
        section.found(key)
    sql, file, command = (section.text(way, allowed=_reading()) for way in _WAYS[1:])
    sql_url = section.text("url", allowed=placeholders.RUN)
    if sql is not None and sql_url is None:
        section.complain("url", "missing", "the database's address, such as sqlite:///shop.db", "add `url:`")
    status = Status(
        call=call,
        sql=sql,
        sql_url=sql_url,
        file=file,
        command=command,
        state=extractor(section, "state") or "$.status",
        message=extractor(section, "message"),
        receipt=extractor(section, "receipt"),
        credited=extractor(section, "credited"),
        states=MappingProxyType(_states(section)),
        probe_timeout_s=section.number("probe_timeout_s", 10.0, low=0.1, high=120),
    )
    section.close()
    return status


def extractor(section: Section, key: str) -> str | None:
    """An extractor, checked for its form."""
    text = section.text(key)
    found = section.found(key)
    if text is not None and found is not None:
        _check_extractor(section, key, text, found.line)
    return text


def _reading() -> frozenset[str]:
    return placeholders.RUN | placeholders.READING


def _with_save(call: Call, save: dict[str, str]) -> Call:
    return Call(
        method=call.method,
        path=call.path,
        json=call.json,
        form=call.form,
        headers=call.headers,
        save=MappingProxyType(save) if save else NOTHING,
    )


def _method_and_path(section: Section, request: str) -> tuple[str, str] | None:
    method, _, path = request.strip().partition(" ")
    path = path.strip()
    if method.upper() not in _METHODS:
        section.complain("request", repr(request), '`"METHOD /path"`', "begin with one of " + ", ".join(_METHODS))
        return None
    if not path.startswith(("/", "http://", "https://")) or re.search(r"\s", path):
        section.complain("request", repr(request), '`"METHOD /path"`', "let the path begin with / and hold no blanks")
        return None
    if not path.startswith("/"):
        found = section.found("request")
        section.check_url(path, found.line if found else section.line, section.at("request"))
    return method.upper(), path


def _check_template(section: Section, found: Found, where: str, allowed: frozenset[str]) -> None:
    if found.entries is not None:
        for key, member in found.entries.items():
            _check_template(section, member, f"{where}.{key}", allowed)
    elif found.items is not None:
        for number, member in enumerate(found.items):
            _check_template(section, member, f"{where}[{number}]", allowed)
    elif isinstance(found.value, str):
        section.scalar(found, where, allowed)


def _resolved(section: Section, found: Found) -> object:
    """The JSON template with `env:NAME` replaced; a missing variable was complained about already."""
    if found.entries is not None:
        return {key: _resolved(section, member) for key, member in found.entries.items()}
    if found.items is not None:
        return [_resolved(section, member) for member in found.items]
    if isinstance(found.value, str) and found.value.startswith("env:"):
        return section.reading.variable(found.value.removeprefix("env:")) or ""
    return found.value


def _check_extractor(section: Section, key: str, text: str, line: int) -> None:
    try:
        compile_extractor(text)
    except ExtractorError as error:
        section.reading.complain(line, section.at(key), f"{text!r} {error}", FORMS, "correct it")


def _states(section: Section) -> dict[str, PaymentState]:
    states = section.section("states")
    if states is None:
        example = "states: {paid: [PAID], failed: [FAILED], pending: [PENDING]}"
        section.complain("states", "missing", "your words for paid, failed, pending", f"add `{example}`")
        return {}
    words: dict[str, PaymentState] = {}
    for state in PaymentState:
        for found in states.members(state.value):
            _add_word(states, found, state, words)
    states.close()
    for state in (PaymentState.PAID, PaymentState.FAILED):
        if state not in words.values():
            states.complain(state.value, "missing", f"the words your merchant uses for {state}", "add at least one")
    return words


def _add_word(section: Section, found: Found, state: PaymentState, words: dict[str, PaymentState]) -> None:
    word = section.scalar(found, section.at(state.value))
    if word is None:
        return
    if words.get(word, state) is not state:
        expected = "each word under one state"
        section.reading.complain(
            found.line, section.at(state.value), f"{word!r} is also {words[word]}", expected, "remove one"
        )
    words[word] = state
