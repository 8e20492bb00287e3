"""The settings that a merchant reads from its environment, and what Tayari gives for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tayari_target.initiator_credential import SANDBOX_PASSWORD

from tayari.target_draft.source_files import CODE, SCRIPT, Hit, Project, compiled

PUBLIC_URL: Final = "https://shop.example"
"""The public address that the merchant gets: Daraja refuses callback URLs on loopback."""

_READ: Final = (
    r"(?:environ(?:\.get)?|ENV(?:\.fetch)?|getenv|Getenv|LookupEnv|config|env|env\.(?:str|get)|get_env|getEnv)[\[(]\s*[\"']([A-Z][A-Z0-9_]{2,})[\"']",
    r"(?:process\.env|import\.meta\.env|\benv)\.([A-Z][A-Z0-9_]{2,})\b",
    r"process\.env\[\s*[\"']([A-Z][A-Z0-9_]{2,})[\"']",
    r"configService\.get(?:OrThrow)?(?:<\w+>)?\(\s*[\"']([A-Z][A-Z0-9_]{2,})[\"']",
)
_FILLED_IN: Final = r"\$\{([A-Z][A-Z0-9_]{2,})(?::[^}]*)?\}"
"""In files of settings. In a program of JavaScript or PHP this is a variable of its own."""
_SETTINGS_CLASS: Final = r"^class \w+\((?:\w+\.)*BaseSettings\)\s*:"
"""Of pydantic-settings: each field is read from the variable of its name, in capitals."""
_SETTINGS_FIELD: Final = r"^[ \t]+([a-z]\w+)\s*:[^\n]*"
_SETTINGS_PREFIX: Final = r"\benv_prefix\s*=\s*[\"']([^\"']*)"
_SETTINGS_ALIAS: Final = r"\b(?:validation_)?alias\s*=\s*[\"'](\w+)|\benv\s*=\s*[\"'](\w+)"
_QUOTED: Final = r"[\"']((?:MPESA|DARAJA|SAFARICOM|LIPA|CALLBACK|PUBLIC)_[A-Z0-9_]{2,})[\"']"
_READ_BY_TABLE: Final = r"environ(?:\.get\(|\[)\s*[a-z_]+\b|process\.env\[\s*[a-z]\w*\s*\]|getenv\(\s*\$?[a-z_]+\b"
"""The environment, read by a name that is written elsewhere."""
_OWN_ADDRESS: Final = r"(?i)call_?back|result_?url|public_?url|confirmation_?url"
_OWN_HOST: Final = r"^(?:MPESA_|DARAJA_)?(?:HOST|DOMAIN|SITE|NGROK|SERVER|BACKEND|APP)(?:_?(?:URL|HOST|DOMAIN|NAME))?$"
"""Where an address stands on the line: such a name may hold a bare host, too."""
_HOST_AS_VALUE: Final = r"https://(?:sandbox|api)\.safaricom\.co\.ke((?:/[\w/.?=-]*)?)[\"'`\s]*[\"'`,;)\n]"
"""What a variable holds where nothing is set, so that its name need not say so."""
_DATABASE_NAME: Final = r"(^|_)(DB|DATABASE|SQLITE)(_(FILE|PATH|NAME))?$|(^|_)(DATA|STORE|STORAGE|STATE)_(FILE|PATH)$"
_DATABASE_FILE: Final = r"([\w-]+\.(?:db|sqlite3?|json))[\"'`]"
"""A database that is a file: the developer's own one must not get the payments of a test."""
_DATABASE_DSN: Final = r"(^|_)(DB|DATABASE)_?DSN$"
_DATABASE_URL: Final = r"(^|_)(DB|DATABASE)_?(URL|URI)$"
_SQLITE_URL: Final = r"(sqlite(?:\+\w+)?:///)[^\s\"'`{}$]*?([\w-]+\.(?:db|sqlite3?))\b"
_MONGO_URL: Final = r"\bmongodb(?:\+srv)?://"
OWN_MONGO: Final = "mongodb://127.0.0.1:27017/tayari_{instance}"
"""MongoDB makes a database when something is stored in it."""
_EXAMPLE: Final = r"^(?:export )?([A-Z][A-Z0-9_]{2,})\s*=[^\n]*"
_OURS: Final = r"MPESA|DARAJA|SAFARICOM|LIPA|STK"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What names of a kind mean; the first row that fits counts."""

    name: str
    value: str
    daraja_only: bool = False
    """Only where M-Pesa is named as well: such a name may mean anything."""


_MEANINGS: Final = (
    Meaning(r"(CALLBACK|CALL_BACK|RESULT|CONFIRMATION|VALIDATION|TIMEOUT|WEBHOOK)_?(URL|URI|ENDPOINT)", "callback"),
    Meaning(r"(CALLBACK|CALL_BACK|WEBHOOK)(_BASE)?(_URL|_HOST|_DOMAIN)?$|CALLBACK_BASE|^(APP|SITE|PUBLIC|HOST)_?(BASE_)?URL$"
            r"|^(BASE_URL|DOMAIN|NGROK_URL|BACKEND_URL|SERVER_URL)$", "public"),
    Meaning(r"CONSUMER_?KEY", "{consumer_key}"),
    Meaning(r"CONSUMER_?SECRET", "{consumer_secret}"),
    Meaning(r"PASS_?KEY", "{passkey}"),
    Meaning(r"SHORT_?CODE(?!_TYPE)|PAY_?BILL(?!.*(?:SECRET|KEY|URL|TOKEN))|BUSINESS_?(NUMBER|CODE)", "{short_code}"),
    Meaning(r"TILL", "{short_code}", daraja_only=True),
    Meaning(r"SECURITY_?CREDENTIAL|INITIATOR_?CREDENTIAL", "{security_credential}"),
    Meaning(r"INITIATOR.*(PASSWORD|PASS|PWD|SECRET)$", SANDBOX_PASSWORD),
    Meaning(r"INITIATOR(_?(USER)?_?NAME)?$", "testapi"),
    Meaning(r"(^|_)(DATA|STORE|STORAGE|STATE)_(DIR|FOLDER)$", "{work_dir}"),
    Meaning(r"MONGO.*(URL|URI|STRING|DSN)$", OWN_MONGO),
    Meaning(r"CERT", "{certificate_file}", daraja_only=True),
    Meaning(r"AUTH_?(URL|URI)|OAUTH|TOKEN_?(URL|URI)|ACCESS_TOKEN_URL",
            "{daraja_url}/oauth/v1/generate?grant_type=client_credentials", daraja_only=True),
    Meaning(r"(STK|EXPRESS|PROCESS|LIPA).*QUERY.*(URL|URI|ENDPOINT)", "{daraja_url}/mpesa/stkpushquery/v1/query"),
    Meaning(r"(STK|EXPRESS|PROCESS|LIPA).*(URL|URI|ENDPOINT)", "{daraja_url}/mpesa/stkpush/v1/processrequest"),
    Meaning(r"BASE_?URL|BASE_?URI|(^|_)(URL|HOST|ENDPOINT|API|BASE)$", "{daraja_url}", daraja_only=True),
    Meaning(r"(^|_)(ENV|ENVIRONMENT|MODE)$", "sandbox", daraja_only=True),
    Meaning(r"(CONSUMER_|API_|^MPESA_|^DARAJA_)KEY$", "{consumer_key}", daraja_only=True),
    Meaning(r"SECRET$", "{consumer_secret}", daraja_only=True),
    Meaning(r"^PORT$|^SERVER_PORT$", "{port}"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MerchantSetting:
    """One variable: what Tayari gives for it, and where it is read. `sure`: the code reads it from the environment."""

    name: str
    value: str
    place: str
    sure: bool


def settings(project: Project, callback_path: str) -> tuple[MerchantSetting, ...]:
    """The variables of the merchant that concern Daraja, its own address or its port."""
    found: dict[str, MerchantSetting] = {}
    hits = tuple(_named(project))
    read = {name for name, _, sure in hits if sure}
    for name, hit, sure in hits:
        value = _value(name, callback_path)
        if not value and name.endswith(("URL", "HOST", "DOMAIN")) and compiled(_OWN_ADDRESS).search(hit.line):
            value = PUBLIC_URL
        if not value and compiled(_OWN_HOST).search(name) and re.search(r"[\"'`]https?://(?!\S*safaricom)", hit.line):
            value = PUBLIC_URL
        if not value and (host := compiled(_HOST_AS_VALUE).search(hit.line)):
            value = f"{{daraja_url}}{host[1]}"
        if not value and compiled(_DATABASE_NAME).search(name) and (file := re.search(_DATABASE_FILE, hit.line)):
            value = f"{{work_dir}}/{file[1]}"
        if not value and compiled(_DATABASE_DSN).search(name) and (file := re.search(_DATABASE_FILE, hit.line)):
            value = f"sqlite:{{work_dir}}/{file[1]}" if "sqlite:" in hit.line else ""
        if not value and compiled(_DATABASE_URL).search(name) and (url := re.search(_SQLITE_URL, hit.line)):
            value = f"{url[1]}{{work_dir}}/{url[2]}"
        if not value and name.endswith(("URL", "URI")) and re.search(_MONGO_URL, hit.line):
            value = OWN_MONGO
        if value and (name not in found or (sure and not found[name].sure)):
            found[name] = MerchantSetting(name, value, hit.place, name in read)
    has_short_code = any(each.value == "{short_code}" and "TILL" not in each.name for each in found.values())
    return tuple(each for each in found.values() if not (has_short_code and "TILL" in each.name))


def base_url_setting(found: tuple[MerchantSetting, ...]) -> MerchantSetting | None:
    """The setting by which the merchant's calls come here."""
    return next((each for each in found if each.value.startswith("{daraja_url}")), None)


def literal_host(project: Project) -> str:
    """Where a host of Safaricom's is in the source; empty if it is not."""
    hit = project.first(r"(?:sandbox|api)\.safaricom\.co\.ke", *CODE)
    return hit.place if hit else ""


def callback_host(project: Project) -> str:
    """The start of the callback URL in the source; empty if there is none."""
    for regex in (
        r"(?i)call_?back_?url[\"']?\s*(?:[:=]|=>|,)+\s*f?[\"'`](https?://[^/\"'`\s{}$]+)",
        r"[\"'`](https?://[^/\"'`\s{}$]+)/[^\"'`\s]*callback",
    ):
        for hit in project.find(regex):
            if "safaricom" not in hit.match[1]:
                return hit.match[1]
    return ""


def _named(project: Project) -> Iterator[tuple[str, Hit, bool]]:
    for regex in _READ:
        for hit in project.find(regex):
            yield hit.match[1], hit, True
    for hit in project.find(_FILLED_IN):
        if not hit.file.name.endswith((*SCRIPT, ".php")):
            yield hit.match[1], hit, True
    yield from _of_settings_classes(project)
    for hit in project.find(_QUOTED):
        yield hit.match[1], hit, compiled(_READ_BY_TABLE).search(hit.file.text) is not None
    for hit in project.find(_EXAMPLE, ".env.example", ".env.sample", ".env.dist"):
        yield hit.match[1], hit, False


def _of_settings_classes(project: Project) -> Iterator[tuple[str, Hit, bool]]:
    for found in project.find(_SETTINGS_CLASS, ".py"):
        text, start = found.file.text, found.match.end()
        end = compiled(r"^\S").search(text, start)
        prefix = compiled(_SETTINGS_PREFIX).search(text, start, end.start() if end else len(text))
        for field in compiled(_SETTINGS_FIELD).finditer(text, start, end.start() if end else len(text)):
            alias = compiled(_SETTINGS_ALIAS).search(field[0])
            name = next(filter(None, alias.groups())) if alias else f"{prefix[1] if prefix else ''}{field[1]}"
            yield name.upper(), Hit(found.file, field), True


def _value(name: str, callback_path: str) -> str:
    filled: Mapping[str, str] = {"callback": PUBLIC_URL + callback_path, "public": PUBLIC_URL}
    for row in _MEANINGS:
        if compiled(row.name).search(name):
            if row.daraja_only and not re.search(_OURS, name):
                continue
            return filled.get(row.value, row.value)
    return ""
