"""Secrets of the target file that are ordinary words: reports mask them wherever they stand, in our sentences too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from tayari_contracts.catalogue.rules import catalogue
from tayari_target.target_file.target_model import Target

from tayari.run.doctor.doctor_findings import DoctorFinding, warning


def ordinary_words(target: Target, environ: Mapping[str, str] = os.environ) -> Iterator[DoctorFinding]:
    """Variables whose value is a word of the rules or of the merchant's states."""
    names = re.findall(r"\benv:([A-Za-z_]\w*)", target.path.read_text(encoding="utf-8"))
    named = {name: environ[name] for name in names if environ.get(name) in target.secrets}
    words = _words(target) if named else frozenset()
    for name, value in named.items():
        if value.lower() in words:
            found = f"the value of {name} is an ordinary word of {len(value)} letters, and masked wherever it stands"
            fix = "give it a value that no sentence holds; what is no secret is written into the target file as it is"
            yield warning("secret", found, fix)


def _words(target: Target) -> frozenset[str]:
    rules = (f"{row.rule.title} {row.rule.why} {row.rule.fix}" for row in catalogue().values())
    status = target.merchant.status
    text = " ".join((*rules, *(status.states if status is not None else ())))
    return frozenset(re.findall(r"[a-z]+", text.lower()))
