"""The page of the field, from what `field.py` noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).parents[2] / "docs"
RECORD: Final = DOCS / "field.json"
PAGE: Final = DOCS / "field.md"

_HEAD = """# The field: published M-Pesa clients

This page is for a team that chooses a client. Each package was installed as it is published and run against the
simulator on {looked_at}. `tests/real_clients/field.py` does this and writes this page; CI does not run it. Nothing of a
package was changed apart from its base URL.

"""
_CALLS = """## Calls

*Way in*: whether the base URL is a setting, or the hosts are in the code. *Token calls*: how many tokens were fetched,
and for how many calls. *Types*: the JSON types of Amount and PhoneNumber in the request. *Timestamp*: its time zone,
seen on a machine in Tokyo; East Africa Time is documented. *Not served*: operations that were refused or raised an
error; all others worked.

"""
_ERRORS = """## What the caller of a push sees

One push was answered in each of these ways. *Succeeds* after 404.001.03 or 503 means that the client tried again. After
*504, but taken* it means that the customer is asked twice: the gateway answered 504 after Daraja had accepted the push.

"""
_PARSERS = """## What their own callback parsers do

*Failure*: 1032 without metadata. *Lone Item*: a bare object in place of the list of items. *Letter code*: SFC_IC0003.
*Text "0"*: a success whose code is text. If the parser itself says whether it is paid, its key and value are shown.

"""
_OTHERS = """## Not run

"""


def render(record: Mapping[str, Any]) -> str:
    """The page."""
    rows = record["packages"]
    run = [row for row in rows if "reason" not in row]
    errors = list(dict.fromkeys(name for row in run for name in row["errors"]))
    forms = list(dict.fromkeys(name for row in run for name in row["parser"]))
    parts = [
        _HEAD.format(looked_at=record["looked_at"]),
        _CALLS,
        _table(
            ("package", "needs", "way in", "operations", "token calls", "types", "Timestamp", "not served"),
            ((_name(row), row["needs"], row["way_in"], _operations(row), f"{row['token_calls']} for {row['calls']}",
              ", ".join(row["types"].get(key, "-") for key in ("Amount", "PhoneNumber")), row["zone"], _unserved(row))
             for row in run),
        ),
        _ERRORS,
        _table(("package", *errors), ((_short(row), *(row["errors"][key] for key in errors))
                                      for row in run if row["errors"])),
        _PARSERS,
        _table(("package", *forms), ((_short(row), *(row["parser"][key] for key in forms))
                                     for row in run if row["parser"])),
        _OTHERS,
        _table(("package", "why"), ((_short(row), row["reason"]) for row in rows if "reason" in row)),
    ]  # fmt: skip
    return "".join(parts).rstrip() + "\n"


def _name(row: Mapping[str, Any]) -> str:
    also = f"; imports {', '.join(row['undeclared'])} undeclared" if "undeclared" in row else ""
    return f"{row['package']} {row['version']} ({row['registry']}{also})"


def _short(row: Mapping[str, Any]) -> str:
    return row["package"] if row["registry"] == "PyPI" else f"{row['package']} ({row['registry']})"


def _operations(row: Mapping[str, Any]) -> str:
    return f"{len(row['operations'])}: {', '.join(row['operations'])}"


def _unserved(row: Mapping[str, Any]) -> str:
    failed = [f"{name}: {text}" for name, text in row["operations"].items() if text != "served"]
    return "; ".join(failed) or "-"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("| " + " | ".join("---" for _ in lines[0].split(" | ")) + " |")
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n\n"


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").replace("<", "&lt;").split())
