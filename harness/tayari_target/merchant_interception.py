"""What a merchant's process is given so that Safaricom's host names in its code lead to the simulator."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import ssl
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

PRELOAD: Final = Path(__file__).parent / "preload"
HTTPS_PORT: Final = 443
_HOST_FILE: Final = Path("/etc/hosts")
_UNSHARE: Final = ("unshare", "--user", "--map-current-user", "--keep-caps", "--mount")
"""A mount namespace of its own: what is mounted there is seen by the merchant's processes only."""
_NOBODY: Final = "0.0.0.0"
"""Connections to it are refused at once. Clients such as Ruby's call names of a loopback address without the proxy."""
SAFARICOM: Final = ("sandbox.safaricom.co.ke", "api.safaricom.co.ke")
"""Source: reference 1.1."""
_TRUST_PASSWORD: Final = "tayari-test-trust"
"""Java wants one; the file holds certificates only, which are public."""
LOOPBACK: Final = "127.0.0.1"
_OWN_HOSTS: Final = ("localhost", LOOPBACK, "::1")
"""Without brackets: httpx cannot be started where NO_PROXY has `[::1]`."""
_REPLACED_TRUST: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""What they name takes the place of the system's certificates, so that those have to be in it."""


class Intercept(StrEnum):
    """How a merchant with Safaricom's host names in its code comes to the simulator."""

    OFF = "off"
    """Not at all: it has a base URL to be set."""
    PROXY = "proxy"
    """By the proxy that its runtime reads from the environment."""
    HOSTS = "hosts"
    """By a host file of its own (Linux), where the TLS port can have the number 443."""
    AUTO = "auto"
    """By the proxy, and where a runtime reads none (Node.js, aiohttp) by names inside its process."""


class OtherHosts(StrEnum):
    """What the proxy does with hosts that are neither Safaricom's nor this machine."""

    REFUSE = "refuse"
    PASS = "pass"


class HostsError(Exception):
    """A process cannot get a host file of its own here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class InterceptionPorts:
    """Where the simulator intercepts, as its ready line says."""

    tls_url: str
    proxy_url: str
    ca_file: str


def merchant_environment(
    way: Intercept, ports: InterceptionPorts, folder: Path, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Variables for the merchant's process. `folder`: of the run, for the files that they name.

    `inherited`: what the process would have had; options of its runtime stay beside ours.
    """
    if way is Intercept.OFF:
        return {}
    found = _trust(ports, folder, inherited)
    if way is not Intercept.HOSTS:
        found |= _proxies(ports, inherited)
        found["JAVA_TOOL_OPTIONS"] += f" {_java_proxies(ports)}"
    if way is Intercept.AUTO:
        found |= _preloads(ports, inherited)
    return found


def merchant_command(way: Intercept, words: Sequence[str], folder: Path, tls_url: str = "") -> list[str]:
    """The start command, in which Safaricom's names lead to this machine whatever looks them up (Linux only).

    With `HOSTS` that is how the merchant comes to the TLS port at `tls_url`. Otherwise it is a guard: a client that
    reads neither proxy nor preloaded file finds nobody, and never the real Safaricom.

    Raises:
        HostsError: `HOSTS`, and this system does not allow it.
    """
    if way is Intercept.OFF:
        return list(words)
    if not can_have_own_hosts():
        if way is Intercept.HOSTS:
            raise HostsError("this system gives no process a host file of its own (Linux, unshare, user namespaces)")
        return list(words)
    address = (urlsplit(tls_url).hostname or LOOPBACK) if way is Intercept.HOSTS else _NOBODY
    hosts = folder / "hosts"
    hosts.write_text(f"{_HOST_FILE.read_text(encoding='utf-8')}\n{address} {' '.join(SAFARICOM)}\n", encoding="utf-8")
    return [*_UNSHARE, "sh", "-c", f'mount --bind "$0" {_HOST_FILE} && exec "$@"', str(hosts), *words]


@cache
def can_have_own_hosts() -> bool:
    """Whether this system lets a process have a host file of its own."""
    if shutil.which(_UNSHARE[0]) is None or not _HOST_FILE.exists():
        return False
    tried = [*_UNSHARE, "mount", "--bind", str(_HOST_FILE), str(_HOST_FILE)]
    return subprocess.run(tried, capture_output=True, check=False, timeout=10).returncode == 0


def _trust(ports: InterceptionPorts, folder: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The local authority, in the words of each runtime."""
    bundle = _trust_bundle(ports.ca_file, folder)
    java = (
        inherited.get("JAVA_TOOL_OPTIONS", ""),
        f"-Djavax.net.ssl.trustStore={_java_trust_store(bundle, folder)}",
        f"-Djavax.net.ssl.trustStorePassword={_TRUST_PASSWORD}",
    )
    return {
        **dict.fromkeys(_REPLACED_TRUST, str(bundle)),
        "NODE_EXTRA_CA_CERTS": ports.ca_file,
        "DENO_CERT": ports.ca_file,
        "PHP_INI_SCAN_DIR": f"{inherited.get('PHP_INI_SCAN_DIR', '')}{os.pathsep}{_php_settings(bundle, folder)}",
        "JAVA_TOOL_OPTIONS": " ".join(filter(None, java)),
    }


def _proxies(ports: InterceptionPorts, inherited: Mapping[str, str]) -> dict[str, str]:
    """The forward proxy; this machine, and what went around a proxy before, is called without one."""
    unproxied = ",".join((*_OWN_HOSTS, *filter(None, inherited.get("NO_PROXY", "").split(","))))
    return {
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), ports.proxy_url),
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
        "NODE_USE_ENV_PROXY": "1",
    }


def _java_proxies(ports: InterceptionPorts) -> str:
    """The same as Java's options."""
    proxy = urlsplit(ports.proxy_url)
    words = [f"-D{scheme}.proxyHost={proxy.hostname} -D{scheme}.proxyPort={proxy.port}" for scheme in ("http", "https")]
    return " ".join([*words, "-Dhttp.nonProxyHosts=localhost|127.*|[::1]"])


def _preloads(ports: InterceptionPorts, inherited: Mapping[str, str]) -> dict[str, str]:
    """Names inside the process, for what reads no proxy: small files that the runtimes load before the merchant."""
    tls = urlsplit(ports.tls_url)
    node = f'--require "{PRELOAD / "intercept.cjs"}"'
    return {
        "TAYARI_TLS_ADDRESS": tls.netloc,
        "PYTHONPATH": os.pathsep.join([str(PRELOAD), *filter(None, [inherited.get("PYTHONPATH")])]),
        "NODE_OPTIONS": " ".join([*filter(None, [inherited.get("NODE_OPTIONS")]), node]),
    }


def _trust_bundle(ca_file: str, folder: Path) -> Path:
    """The system's certificates and the local authority's, in one file."""
    bundle = folder / "trusted-certificates.pem"
    if not bundle.exists():
        system = ssl.get_default_verify_paths().cafile
        known = Path(system).read_text(encoding="utf-8") if system else ""
        bundle.write_text(known + "\n" + Path(ca_file).read_text(encoding="utf-8"), encoding="utf-8")
    return bundle


def _php_settings(bundle: Path, folder: Path) -> Path:
    """A folder that PHP reads after its own: PHP knows no variable for certificates."""
    settings = folder / "php"
    settings.mkdir(exist_ok=True)
    (settings / "tayari.ini").write_text(f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n', encoding="utf-8")
    return settings


def _certificates(bundle: bytes) -> list[bytes]:
    """The certificates of a PEM file, one by one."""
    return re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", bundle, re.DOTALL)


def _java_trust_store(bundle: Path, folder: Path) -> Path:
    """The same certificates as Java reads them."""
    from cryptography import x509  # noqa: PLC0415 - takes 0.1 s, and few merchants are intercepted
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12  # noqa: PLC0415

    store = folder / "trusted-certificates.p12"
    if not store.exists():
        rows = []
        with warnings.catch_warnings(action="error"):  # systems carry old certificates that the library is to refuse
            for text in _certificates(bundle.read_bytes()):
                with contextlib.suppress(ValueError, Warning):
                    rows.append(x509.load_pem_x509_certificate(text))
        named = [pkcs12.PKCS12Certificate(row, f"trusted-{place}".encode()) for place, row in enumerate(rows)]
        store.write_bytes(pkcs12.serialize_java_truststore(named, BestAvailableEncryption(_TRUST_PASSWORD.encode())))
    return store
