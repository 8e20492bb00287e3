"""The Daraja port as a collection that Postman, Bruno and Insomnia import, made of the table of endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from tayari_simulator import __version__
from tayari_simulator.apis.registry import Endpoint
from tayari_simulator.catalogue.options import Options
from tayari_simulator.config import SANDBOX_PASSKEY, Config

Json = dict[str, Any]

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_PREPARE: Final = """\
const east = new Date(Date.now() + 3 * 3600 * 1000).toISOString()
const timestamp = east.replace(/[-:T]/g, '').slice(0, 14)
const value = name => pm.collectionVariables.get(name)
pm.collectionVariables.set('timestamp', timestamp)
pm.collectionVariables.set('today', east.slice(0, 10))
pm.collectionVariables.set('day', timestamp.slice(0, 8))
pm.collectionVariables.set('password', btoa(value('short_code') + value('passkey') + timestamp))
"""
"""Before every request: Password and Timestamp belong together (reference 3.1)."""
_KEEP_TOKEN: Final = "pm.collectionVariables.set('access_token', pm.response.json().access_token)"
_KEEP_ID: Final = "pm.collectionVariables.set('checkout_request_id', pm.response.json().CheckoutRequestID)"
_NAMED: Final[Mapping[str, object]] = {
    "Password": "{{password}}",
    "SecurityCredential": "{{security_credential}}",
    "CheckoutRequestID": "{{checkout_request_id}}",
    "InitiatorName": "{{initiator}}",
    "Initiator": "{{initiator}}",
    "OriginatorConversationID": "{{$guid}}",
    "TransactionID": "{{transaction_id}}",
    "AccountReference": "INV-1",
    "Size": "300",
    "msisdn": "{{msisdn}}",
    "shortcode": "{{short_code}}",
    "timestamp": "{{timestamp}}",
    "officialContact": "0711000111",
    "billedPhoneNumber": "0711000111",
    "phoneNumber": "0711000111",
}
_BY_PATTERN: Final = (
    ("^254", "{{msisdn}}"),
    (r"^\d{5,7}$", "{{short_code}}"),
    (r"^\d{5,12}$", "{{short_code}}"),
    (r"^\d{14}$", "{{timestamp}}"),
    (r"^\d{8}$", "{{day}}"),
    (r"^\d{4}-\d\d-\d\d ", "{{today}} 00:00:00"),
    (r"^\d{4}-\d\d-\d\d", "{{today}}"),
    ("^[Hh][Tt][Tt][Pp]", "{{callback_url}}"),
)


def collection(endpoints: Iterable[Endpoint], settings: Mapping[str, str]) -> Json:
    """One request for each endpoint, in the order of the table. `settings`: the first values of the variables."""
    return {
        "info": {
            "name": "Daraja, as Tayari plays it",
            "description": "Send the first request for a token; all others use it.",
            "version": __version__,
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{access_token}}", "type": "string"}]},
        "event": [_script("prerequest", _PREPARE)],
        "variable": [{"key": name, "value": value} for name, value in settings.items()],
        "item": [_item(row) for row in endpoints],
    }


def first_values(config: Config, daraja_url: str, credential: str) -> dict[str, str]:
    """The variables of a collection. Anybody may read it here, so that a passkey or a key pair of yours is left out."""
    public, any_pair = config.passkey == SANDBOX_PASSKEY, config.consumer_key is None
    return {
        "daraja_url": daraja_url,
        "consumer_key": "any" if any_pair else "",
        "consumer_secret": "any" if any_pair else "",
        "short_code": config.short_code,
        "passkey": SANDBOX_PASSKEY if public else "",
        "organisation": "600992",
        "initiator": "testapi",
        "security_credential": credential,
        "msisdn": "254708374149",
        "callback_url": "http://127.0.0.1:9/callback",
        "access_token": "",
        "checkout_request_id": "",
        "transaction_id": "OEI2AK4Q16",
    }


def _item(row: Endpoint) -> Json:
    request: Json = {"method": row.method, "description": f"{row.about}\n\nSource: {row.mark}, {row.source}"}
    item: Json = {"name": f"{row.name}: {row.about}", "request": request}
    url = f"{{{{daraja_url}}}}{row.path}"
    if row.fields is None:
        pair = (("username", "{{consumer_key}}"), ("password", "{{consumer_secret}}"))
        request["auth"] = {"type": "basic", "basic": [{"key": key, "value": to, "type": "string"} for key, to in pair]}
        request["url"] = f"{url}?grant_type=client_credentials"
        item["event"] = [_script("test", _KEEP_TOKEN)]
        return item
    body = sample(row.fields(Options()).schema(row.name))
    if row.method == "GET":
        request["url"] = "?".join(filter(None, (url, "&".join(f"{name}={value}" for name, value in body.items()))))
        return item
    text = orjson.dumps([body] if row.many else body, option=orjson.OPT_INDENT_2).decode()
    request["url"] = url
    request["header"] = [{"key": "Content-Type", "value": "application/json"}]
    request["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    if row.name == "stk_push":
        item["event"] = [_script("test", _KEEP_ID)]
    return item


def sample(schema: Mapping[str, Any]) -> Json:
    """An object with every required field; of an organisation's own call the parties are the sandbox's organisation."""
    one = schema.get("items", schema)
    properties = one["properties"]
    body = {
        name: _value(name, properties[name])
        for name in properties
        if name in one["required"] or name == "TransactionID"
    }
    if "SecurityCredential" in body:
        body = {name: "{{organisation}}" if value == "{{short_code}}" else value for name, value in body.items()}
    return body


def _value(name: str, schema: Mapping[str, Any]) -> object:
    if name in _NAMED:
        return _NAMED[name]
    ways = [schema, *schema.get("anyOf", ())]
    for way in ways:
        if "const" in way or "enum" in way:
            return way.get("const") or way["enum"][0]
    pattern = next((str(way["pattern"]) for way in ways if "pattern" in way), "")
    for start, value in _BY_PATTERN:
        if pattern.startswith(start):
            return value
    if schema.get("format") == "uri":
        return "{{callback_url}}"
    if schema.get("type") == "object":
        return {inner: _value(inner, schema["properties"].get(inner, {})) for inner in schema.get("required", ())}
    if pattern or ("number" in schema.get("type", "") and "minLength" not in schema):
        return "1"
    return name


def _script(when: str, text: str) -> Json:
    return {"listen": when, "script": {"type": "text/javascript", "exec": text.splitlines()}}
