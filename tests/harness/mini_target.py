"""The target file of `mini_merchant.py`, with something wrong in it where a test says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

MINI = Path(__file__).with_name("mini_merchant.py")
TEXT = """\
merchant:
  name: mini
  base_url: "http://127.0.0.1:{{port}}"
  start: {{command: "{{python}} {mini} {{port}}", ready: /health, ready_within_s: 15, env: {env}}}
  pay:
    request: "POST /pay"
    json: {{phone: "{{msisdn}}", amount: "{{amount}}", reference: "{{reference}}"}}
    payment_id: $.id
    message: $.message
  status:
    request: "GET /payments/{{payment_id}}"
    state: $.status
    receipt: $.receipt
    message: $.message
    states: {{paid: [PAID], failed: [FAILED], pending: [PENDING]}}
  ledger: {{request: "GET /payments/{{payment_id}}", credits: $.credits}}
daraja: {{short_code: 174379, passkey: pass1, consumer_key: key1, consumer_secret: secret1}}
"""
ENV = {
    "DARAJA": "{daraja_url}",
    "CODE": "{short_code}",
    "PASSKEY": "{passkey}",
    "KEY": "{consumer_key}",
    "SECRET": "{consumer_secret}",
}


def mini_target(
    folder: Path,
    *,
    env: Mapping[str, str | None] | None = None,
    replace: Mapping[str, str] | None = None,
    rest: str = "",
) -> Path:
    """Write the file; `env` changes the merchant's settings (None removes one), `replace` the file's text."""
    merged = {name: value for name, value in {**ENV, **(env or {})}.items() if value is not None}
    text = TEXT.format(mini=MINI, env=json.dumps(merged))
    for old, new in (replace or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "tayari.yaml"
    path.write_text(text + rest + "\n")
    return path
