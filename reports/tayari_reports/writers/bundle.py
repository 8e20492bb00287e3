"""The evidence bundle: `run.json`, the exchanges of each check as files, and a manifest of SHA-256 sums, in one zip.

The bundle is a function of `run.json` alone, byte for byte, so that verifying it is making it again.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tayari_reports.model import Run
from tayari_reports.model.codec import ReportError, to_value
from tayari_reports.model.run_files import run_from_dict
from tayari_reports.verdict import Judgement, judge, percent
from tayari_reports.writers import write_json

RUN: Final = "run.json"
MANIFEST: Final = "manifest.json"
MOST_BYTES: Final = 512 * 1024 * 1024
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What `verify` found."""

    problems: tuple[str, ...]
    """Empty: every byte is as it was written, and the verdict follows from the checks."""
    sha256: str
    """Of the whole bundle: what a sign-off can name."""
    run: Run | None = None
    judgement: Judgement | None = None


def render(run: Run, judgement: Judgement) -> bytes:
    """The bundle of a run that is redacted already."""
    return _pack(write_json.render(run, judgement).encode(), run)


def verify(path: Path) -> Verified:
    """Make the bundle again from its own `run.json`, and the verdict again from its checks.

    Raises:
        ReportError: unreadable, or no bundle.
    """
    raw = _bytes(path)
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        found = _unpack(raw)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as broken:
        if raw.lstrip()[:1] == b"{":
            raise ReportError(f"{path}: this is JSON; expected the bundle beside it (evidence.zip)") from None
        do = "take the evidence.zip that the run wrote"
        return Verified(problems=(f"it is torn or changed: {broken}; {do}",), sha256=sha256)
    if RUN not in found:
        raise ReportError(f"{path}: holds no {RUN}; expected a bundle that `tayari check` wrote")
    try:
        document = json.loads(found[RUN])
        run = run_from_dict(document)
    except (ValueError, RecursionError, ReportError) as wrong:
        return Verified(problems=(f"{RUN}: {wrong}",), sha256=sha256)
    judgement = judge(run)
    problems = [*_different_files(found, run), *_different_verdict(document, judgement)]
    if not problems and _pack(found[RUN], run) != raw:
        problems.append("the zip itself was changed, though none of its files was")
    return Verified(problems=tuple(problems), sha256=sha256, run=run, judgement=judgement)


def _different_files(found: dict[str, bytes], run: Run) -> list[str]:
    """The manifest against the files, and the files against what `run.json` makes of them."""
    try:
        expected = _files(found[RUN], run)
    except (ReportError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        return [f"{RUN}: {wrong}"]
    problems = [f"{name}: missing" for name in expected if name not in found]
    problems += [f"{name}: does not belong here" for name in found if name not in expected]
    listed = _sums(found.get(MANIFEST, b""))
    for name, content in found.items():
        if name == MANIFEST or name not in expected:
            continue
        digest = hashlib.sha256(content).hexdigest()
        if listed.get(name) != digest:
            problems.append(f"{name}: its SHA-256 is {digest}; the manifest says {listed.get(name, 'nothing')}")
        elif content != expected[name]:
            problems.append(f"{name}: is not the evidence that {RUN} holds")
    if not problems and found[MANIFEST] != expected[MANIFEST]:
        problems.append(f"{MANIFEST}: is not the manifest of these files")
    return problems


def _different_verdict(document: dict[str, Any], judgement: Judgement) -> list[str]:
    """What the file claims against what its checks amount to."""
    claimed = document.get("judgement")
    if not isinstance(claimed, dict):
        return [f"{RUN}: carries no judgement"]
    made = json.loads(json.dumps(write_json.summary(judgement)))
    return [
        f"{RUN}: claims {key} {claimed.get(key)!r}; its checks make it {made[key]!r}"
        for key in ("verdict", "exit_code", "score", "coverage", "counts")
        if claimed.get(key) != made[key]
    ]


def _files(run_json: bytes, run: Run) -> dict[str, bytes]:
    """All files of the bundle by name, in order; the manifest is last. `run` is what `run_json` says."""
    judgement = judge(run)
    files = {RUN: run_json}
    for number, check in enumerate(run.checks, start=1):
        if check.evidence:
            name = "".join(char if char.isalnum() or char in "-_." else "-" for char in check.rule)
            files[f"evidence/{number:04}-{name}.json"] = _json(to_value(check.evidence))
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    facts = {
        "run_id": run.run_id,
        "verdict": judgement.verdict.value,
        "score": percent(judgement.score),
        "coverage": percent(judgement.coverage),
        "sha256": sums,
    }
    return {**files, MANIFEST: _json(facts)}


def _pack(run_json: bytes, run: Run) -> bytes:
    """The zip: no compression and no clock, so that the same run is the same bytes on every machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for name, content in _files(run_json, run).items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = _MODE
            made.writestr(entry, content)
    return out.getvalue()


def _unpack(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as found:
        names = found.namelist()
        if len(set(names)) != len(names):
            raise ValueError("a file is in it twice")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in found.infolist()):
            raise ValueError("a file in it is compressed, as in no bundle")
        if sum(entry.file_size for entry in found.infolist()) > MOST_BYTES:
            raise ValueError(f"it unpacks to more than {MOST_BYTES} bytes")
        return {name: found.read(name) for name in names}


def _sums(manifest: bytes) -> dict[str, str]:
    try:
        sums = json.loads(manifest)["sha256"]
    except (ValueError, KeyError, TypeError):
        return {}
    return sums if isinstance(sums, dict) else {}


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        do = "expected the evidence.zip that `tayari check` wrote"
        raise ReportError(f"{path}: cannot be read ({wrong.strerror}); {do}") from None
