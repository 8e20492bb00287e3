"""`python tests/house/cli_reference.py --write docs/cli.md`: the page of what the commands say of themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

from tayari.cli.commands import COMMANDS
from tayari_simulator.server.arguments import _parser as simulator_parser

_HEAD = """\
# The commands

Made of what each command says of itself (`-h`); a test compares. `tayari --install-completion` makes the shell complete
commands and options. Every command that has `--format` takes `text` or `json`.

Exit codes: 0 ready · 10 not ready · 11 inconclusive · 12 invalid run · 20 bad configuration · 21 merchant unreachable ·
30 our own failure.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for name, row in COMMANDS.items():
        command = row.load(name)
        if name == "simulate":
            parts.append(f"## `tayari simulate`\n\n{row.summary}\n")
            parts.append("\n".join(_simulator_options()))
            continue
        inner = getattr(command, "commands", None)
        if inner is None:
            parts.append("\n".join(_section(f"tayari {name}", command, "##")))
            continue
        parts.append(f"## `tayari {name}`\n\n{row.summary}\n")
        parts += ["\n".join(_section(f"tayari {name} {part}", inner[part], "###")) for part in inner]
    return "\n".join(parts)


def _section(name: str, command: Any, level: str) -> Iterator[str]:
    words = [param.metavar or param.name.upper() for param in command.params if param.param_type_name == "argument"]
    yield f"{level} `{' '.join([name, *words])}`\n"
    for paragraph in (command.help or "").strip().split("\n\n"):
        yield f"{fill(' '.join(paragraph.split()), 120, break_long_words=False, break_on_hyphens=False)}\n"
    rows = [param for param in command.params if param.param_type_name == "option" and param.name != "help"]
    if not rows:
        return
    yield "| option | what it does |\n| --- | --- |"
    for param in rows:
        yield f"| {_names(param)} | {_meaning(param)} |"
    yield ""


def _names(param: Any) -> str:
    choices = getattr(param.type, "choices", None)
    value = "" if param.is_flag else " " + (param.metavar or ("|".join(choices) if choices else _kind(param)))
    names = ", ".join([*param.opts, *param.secondary_opts])
    return _code(f"{names}{value}")


def _code(words: str) -> str:
    """As code, each alternative apart: a bar within code in a table shows a backslash on the site."""
    *others, last = [f"`{word}`" for word in words.split("|")]
    return f"{', '.join(others)} or {last}" if others else last


def _kind(param: Any) -> str:
    return {"integer": "N", "float": "N", "path": "PATH"}.get(str(param.type.name).split(" ")[0], "TEXT")


def _meaning(param: Any) -> str:
    shown = param.default if isinstance(param.default, str | int | float | Path) else None
    known = "" if shown in (None, "", False, True) else f" (default: `{getattr(shown, 'value', shown)}`)"
    return (" ".join((param.help or "").split()) + known).replace("|", "\\|")


def _simulator_options() -> Iterator[str]:
    """A table of the simulator's own options; argparse draws its help otherwise on each Python."""
    parser = simulator_parser()
    formatter = parser._get_formatter()
    yield "| option | what it does |\n| --- | --- |"
    for action in parser._actions:
        if action.dest == "help":
            continue
        choices = "|".join(map(str, action.choices)) if action.choices else action.metavar or action.dest.upper()
        value = "" if action.nargs == 0 else f" {choices}"
        names = _code(f"{', '.join(action.option_strings)}{value}")
        yield f"| {names} | {formatter._expand_help(action) if action.help else ''} |".replace("  ", " ")
    yield ""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        Path(sys.argv[2]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
