"""Scenario files: read, linted and compiled into behaviours; all that is wrong with them at once, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Final

from tayari_formats.problems import Complaint, FileError, Path, Problem, describe, suggest
from tayari_formats.yaml_document import Document, read_document, read_file

from tayari_simulator.apis.registry import CALLS, TRANSACTIONS
from tayari_simulator.faults.base import TableFault
from tayari_simulator.faults.delays import read_draws
from tayari_simulator.faults.table import FAULTS
from tayari_simulator.scenarios.lint import lint
from tayari_simulator.scenarios.scenario_model import FaultUse, Header, Placing, Query, Scenario, ScenarioOutcome
from tayari_simulator.state.behaviour import ALWAYS, FOREVER, Armed, Behaviour, Call, QuerySays
from tayari_simulator.strict_reading import keys_of, read_record


def compile_behaviour(header: Header, faults: tuple[FaultUse, ...]) -> Behaviour:
    """Make the behaviour of a file that was linted."""
    # Calls of an MSISDN are counted by who chooses; calls of an endpoint by the play itself.
    skipped = 0 if header.when.endpoint in TRANSACTIONS else header.when.from_call - 1
    behaviour = Behaviour(
        name=header.scenario,
        steps=tuple(row.step() for row in (header.outcome or ScenarioOutcome(), *header.then)),
        query=_query(header.query) if header.query else None,
        armed=tuple(_armed(use, call, skipped) for use in faults for call in use.calls),
    )
    for use in faults:
        behaviour = use.fault.prepare(behaviour)
    return behaviour


def _armed(use: FaultUse, call: str, skipped: int) -> Armed:
    placing = use.placing
    lasting = placing.is_window or placing.probability < 1.0
    return Armed(
        fault=use.fault,
        on=call,
        times=placing.times or (ALWAYS if lasting else 1),
        after_calls=placing.after_calls + skipped,
        probability=placing.probability,
        from_s=placing.from_s,
        until_s=FOREVER if placing.until_s is None else placing.until_s,
        draws=use.draws,
    )


def _query(query: Query) -> QuerySays:
    return QuerySays(
        result_code=query.result_code,
        result_desc=query.result_desc,
        in_flight=tuple(form.value for form in query.in_flight),
        checkout_request_id=query.checkout_request_id,
        error=query.error,
        for_calls=query.for_calls,
    )


def read_scenarios(paths: Iterable[FilePath | str]) -> tuple[list[Scenario], list[Problem]]:
    """Read files and folders (all `*.yaml` below them): the good scenarios by name, and every problem."""
    scenarios: dict[str, Scenario] = {}
    numbers: dict[tuple[str, int], Scenario] = {}
    problems: list[Problem] = []
    for root in map(FilePath, paths):
        files = sorted(root.rglob("*.yaml")) if root.is_dir() else [root]
        for file in files:
            scenario, found = _read_file(file, root)
            problems.extend(found)
            if scenario is not None and scenario.name in scenarios:
                first = scenarios[scenario.name].file
                message = f"scenario: the name {scenario.name} is taken by {first}; give one of the two another"
                problems.append(Problem(file=str(file), line=1, message=message))
            elif scenario is not None and _magic_of(scenario) in numbers:
                first = numbers[_magic_of(scenario)].file
                message = f"magic: the number {scenario.magic} is taken by {first}; give one of the two another"
                problems.append(Problem(file=str(file), line=_line_of("magic", file), message=message))
            elif scenario is not None:
                scenarios[scenario.name] = scenario
                if scenario.magic is not None:
                    numbers[_magic_of(scenario)] = scenario
    return sorted(scenarios.values(), key=lambda scenario: scenario.name), problems


def _magic_of(scenario: Scenario) -> tuple[str, int]:
    """The call and the magic number; 0: it has none."""
    return scenario.when.endpoint, scenario.magic or 0


def read_scenario(text: str, *, file: str) -> tuple[Scenario | None, list[Problem]]:
    """Read the YAML text of one scenario; None when it has a problem."""
    document, problems = read_document(text, file=file)
    if document is None:
        return None, problems
    return _from_document(document, problems)


def read_inline(value: Mapping[str, object], *, file: str = "inline") -> tuple[Scenario | None, list[Problem]]:
    """Read a scenario that is data already (JSON of the control API); its name and `about` may be left out."""
    given = {"scenario": "inline/given", "about": "Given inline.", **value}
    return _from_document(Document(file=file, value=given), [])


def _read_file(file: FilePath, root: FilePath) -> tuple[Scenario | None, list[Problem]]:
    try:
        _, document, problems = read_file(file, missing="a scenario file or a folder of them; give another path")
    except FileError as error:
        return None, list(error.problems)
    scenario, problems = _from_document(document, problems)
    parts = (file.relative_to(root) if root.is_dir() else file).with_suffix("").parts
    name = str(document.value.get("scenario", "")) if isinstance(document.value, dict) else ""
    expected = "/".join(parts if root.is_dir() else parts[-2:])
    if name and name != expected:
        message = f'the name is "{name}", the file is {expected}.yaml; they must be the same'
        return None, [document.problem(Complaint(("scenario",), message)), *problems]
    return scenario, problems


def _from_document(document: Document, problems: list[Problem]) -> tuple[Scenario | None, list[Problem]]:
    complaints = list(_includes(document.value))
    header = read_record(Header, _without_includes(document.value), (), complaints)
    faults = tuple(_read_faults(document.value, complaints))
    if header is not None:
        complaints.extend(lint(header, faults))
    found = sorted([*problems, *map(document.problem, complaints)], key=lambda problem: problem.line)
    if header is None or found:
        return None, found
    scenario = Scenario(
        name=header.scenario,
        about=header.about,
        when=header.when,
        expect=header.expect,
        behaviour=compile_behaviour(header, faults),
        file=document.file,
        faults=faults,
        magic=header.magic,
        source=document.value if isinstance(document.value, dict) else {},
    )
    return scenario, []


def _line_of(key: str, file: FilePath) -> int:
    """The line of a key at the top of a file that was read well."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, start=1) if line.startswith(f"{key}:")), 1)


_INCLUDES: Final = ("include", "includes", "extends", "import")


def _includes(top: object) -> Iterator[Complaint]:
    for key in _INCLUDES:
        if isinstance(top, dict) and key in top:
            yield Complaint((key,), "a scenario is one complete file: it cannot include others; write it out")


def _without_includes(top: object) -> object:
    """The data without what was complained about already."""
    return {key: value for key, value in top.items() if key not in _INCLUDES} if isinstance(top, dict) else top


def _read_faults(top: object, complaints: list[Complaint]) -> Iterator[FaultUse]:
    entries = top.get("faults", []) if isinstance(top, dict) else []
    if not isinstance(entries, list):
        complaints.append(
            Complaint(("faults",), f"found {describe(entries)}; expected a list of {{fault: parameters}}")
        )
        return
    endpoint = _endpoint_of(top)
    for place, entry in enumerate(entries):
        use = _read_fault(entry, ("faults", place), endpoint, complaints)
        if use is not None:
            yield use


def _endpoint_of(top: object) -> str:
    when = top.get("when") if isinstance(top, dict) else None
    endpoint = when.get("endpoint") if isinstance(when, dict) else None
    return endpoint if isinstance(endpoint, str) and endpoint in CALLS else Call.STK_PUSH


def _read_fault(entry: object, path: Path, endpoint: str, complaints: list[Complaint]) -> FaultUse | None:
    if isinstance(entry, str):
        entry = {entry: {}}
    if not isinstance(entry, dict) or len(entry) != 1:
        complaints.append(Complaint(path, f"found {describe(entry)}; expected one fault, as {{drop: {{}}}}"))
        return None
    ((name, parameters),) = entry.items()
    here = (*path, name)
    if name not in FAULTS:
        complaints.append(Complaint(here, f"no such fault{suggest(str(name), FAULTS)}"))
        return None
    given = {} if parameters is None else parameters
    if not isinstance(given, dict):
        complaints.append(Complaint(here, f"found {describe(given)}; expected a mapping of parameters"))
        return None
    return _place_fault(name, given, here, endpoint, complaints)


def _place_fault(
    name: str, given: dict[str, object], here: Path, endpoint: str, complaints: list[Complaint]
) -> FaultUse | None:
    kind: type[TableFault] = FAULTS[name]
    common = keys_of(Placing)
    own = keys_of(kind)
    complaints.extend(
        Complaint((*here, key), f"unknown key{suggest(key, [*own, *common])}")
        for key in given
        if key not in own and key not in common
    )
    placing = read_record(Placing, {key: given[key] for key in given if key in common}, here, complaints)
    parameters = {key: given[key] for key in given if key in own}
    draws = read_draws(kind, parameters, here, complaints)
    fault = read_record(kind, parameters, here, complaints)
    if placing is None or fault is None:
        return None
    usual = Call.CALLBACK if Call.CALLBACK in kind.calls else min(kind.calls)
    calls = placing.on or (endpoint if endpoint in kind.calls else usual,)
    return FaultUse(name=name, fault=fault, calls=calls, placing=placing, draws=draws)
