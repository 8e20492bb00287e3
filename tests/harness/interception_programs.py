"""Programs with Safaricom's host in their source, one for each HTTP client; and the table of what brings them here.

`python tests/harness/interception_programs.py --write docs/interception.md` runs all of them both ways.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tayari_control.process import SimulatorOptions, SimulatorStartError, start_simulator
from tayari_target.interception import (
    HTTPS_PORT,
    Intercept,
    InterceptionPorts,
    can_have_own_hosts,
    merchant_command,
    merchant_environment,
)

URL = "https://sandbox.safaricom.co.ke/oauth/v1/generate?grant_type=client_credentials"
AUTH = "Basic a2V5OnNlY3JldA=="
START, END = "<!-- interception: begin -->", "<!-- interception: end -->"
WITHIN_S = 60.0

_URLLIB = f"""
import urllib.request
call = urllib.request.Request({URL!r}, headers={{"Authorization": {AUTH!r}}})
print(urllib.request.urlopen(call, timeout=20).status)
"""
_REQUESTS = f"""
import requests
print(requests.get({URL!r}, headers={{"Authorization": {AUTH!r}}}, timeout=20).status_code)
"""
_SOCKET = """
import socket, ssl
wrapped = ssl.create_default_context().wrap_socket(
    socket.create_connection(("sandbox.safaricom.co.ke", 443), timeout=20), server_hostname="sandbox.safaricom.co.ke")
wrapped.sendall(b"GET /oauth/v1/generate?grant_type=client_credentials HTTP/1.1\\r\\n"
                b"Host: sandbox.safaricom.co.ke\\r\\nAuthorization: Basic a2V5OnNlY3JldA==\\r\\n\\r\\n")
print(wrapped.recv(100).split()[1].decode())
"""
_AIOHTTP = f"""
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        async with session.get({URL!r}, headers={{"Authorization": {AUTH!r}}}) as answer:
            print(answer.status)
asyncio.run(main())
"""
_FETCH = f"""
fetch({URL!r}, {{ headers: {{ Authorization: {AUTH!r} }} }})
  .then(answer => console.log(answer.status))
"""
_HTTPS = f"""
require('node:https').get({URL!r}, {{ headers: {{ Authorization: {AUTH!r} }} }},
  answer => {{ console.log(answer.statusCode); answer.resume() }})
"""
_HTTP_CLIENT = f"""
import java.net.URI;
import java.net.http.*;
class Main {{
  public static void main(String[] words) throws Exception {{
    HttpRequest call = HttpRequest.newBuilder(URI.create("{URL}")).header("Authorization", "{AUTH}").build();
    HttpClient client = HttpClient.newBuilder().proxy(java.net.ProxySelector.getDefault()).build();
    System.out.println(client.send(call, HttpResponse.BodyHandlers.ofString()).statusCode());
  }}
}}
"""
_URL_CONNECTION = f"""
import java.net.URL;
import javax.net.ssl.HttpsURLConnection;
class Main {{
  public static void main(String[] words) throws Exception {{
    HttpsURLConnection call = (HttpsURLConnection) new URL("{URL}").openConnection();
    call.setRequestProperty("Authorization", "{AUTH}");
    System.out.println(call.getResponseCode());
  }}
}}
"""
_GO = f"""
package main

import (
	"fmt"
	"net/http"
)

func main() {{
	call, _ := http.NewRequest("GET", "{URL}", nil)
	call.Header.Set("Authorization", "{AUTH}")
	answer, err := http.DefaultClient.Do(call)
	if err != nil {{
		panic(err)
	}}
	fmt.Println(answer.StatusCode)
}}
"""
_PHP = f"""<?php
$call = curl_init("{URL}");
curl_setopt_array($call, [CURLOPT_HTTPHEADER => ["Authorization: {AUTH}"], CURLOPT_RETURNTRANSFER => true]);
curl_exec($call);
echo curl_getinfo($call, CURLINFO_RESPONSE_CODE), "\\n";
"""
_PHP_STREAM = f"""<?php
$context = stream_context_create(["http" => ["header" => "Authorization: {AUTH}"]]);
file_get_contents("{URL}", false, $context);
echo explode(" ", $http_response_header[0])[1], "\\n";
"""
_RUBY = f"""
require "net/http"
uri = URI("{URL}")
call = Net::HTTP::Get.new(uri, {{ "Authorization" => "{AUTH}" }})
puts Net::HTTP.start(uri.host, uri.port, use_ssl: true) {{ |http| http.request(call) }}.code
"""


def _said(*words: str) -> Callable[[], str]:
    """The first line that a program says of its version."""

    def first_line() -> str:
        said = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split("\n")[0]
        return said.partition(" (")[0].strip()

    return first_line


@dataclass(frozen=True, slots=True)
class Program:
    """One client in one runtime: the file that holds its source, and the command that runs it."""

    name: str
    needs: str
    """The command that must be there."""
    file: str
    source: str
    command: Sequence[str]
    """`{file}` is the file."""
    version: Callable[[], str]
    comes: bool = True
    """Whether `intercept: auto` serves it."""


_PYTHON = (sys.executable, "{file}")
_PYTHON_VERSION = f"Python {sys.version.split()[0]}"
_NODE, _JAVA = _said("node", "--version"), _said("java", "--version")

PROGRAMS = (
    Program("Python, urllib", sys.executable, "main.py", _URLLIB, _PYTHON, lambda: _PYTHON_VERSION),
    Program(
        "Python, requests", sys.executable, "main.py", _REQUESTS, _PYTHON,
        lambda: f"{_PYTHON_VERSION}, requests {version('requests')}",
    ),
    Program("Python, a bare socket", sys.executable, "main.py", _SOCKET, _PYTHON, lambda: _PYTHON_VERSION),
    Program(
        "Python, aiohttp", sys.executable, "main.py", _AIOHTTP, _PYTHON,
        lambda: f"{_PYTHON_VERSION}, aiohttp {version('aiohttp')}",
    ),
    Program("Node.js, fetch", "node", "main.cjs", _FETCH, ("node", "{file}"), _NODE),
    Program("Node.js, node:https (axios stands on it)", "node", "main.cjs", _HTTPS, ("node", "{file}"), _NODE),
    Program("Java, HttpClient", "java", "Main.java", _HTTP_CLIENT, ("java", "{file}"), _JAVA),
    Program("Java, HttpsURLConnection", "java", "Main.java", _URL_CONNECTION, ("java", "{file}"), _JAVA),
    Program(
        "curl", "curl", "main.txt", "", ("curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "-H",
        f"Authorization: {AUTH}", URL), _said("curl", "--version"),
    ),
    Program("Go, net/http", "go", "main.go", _GO, ("go", "run", "{file}"), _said("go", "version")),
    Program("PHP, curl", "php", "main.php", _PHP, ("php", "{file}"), _said("php", "--version")),
    Program("PHP, streams", "php", "main.php", _PHP_STREAM, ("php", "{file}"), _said("php", "--version"), comes=False),
    Program("Ruby, Net::HTTP", "ruby", "main.rb", _RUBY, ("ruby", "{file}"), _said("ruby", "--version")),
)  # fmt: skip


def run(program: Program, way: Intercept, ports: InterceptionPorts, folder: Path) -> str:
    """What the program printed: the HTTP status, or why there is none."""
    file = folder / program.file
    file.write_text(program.source, encoding="utf-8")
    words = merchant_command(way, [word.replace("{file}", str(file)) for word in program.command], folder)
    environment = dict(os.environ)
    environment |= merchant_environment(way, ports, folder, environment)
    done = subprocess.run(
        words, capture_output=True, text=True, env=environment, timeout=WITHIN_S, check=False, cwd=folder
    )
    return done.stdout.strip() or done.stderr.strip()


def _cell(program: Program, way: Intercept, ports: InterceptionPorts | None, folder: Path) -> str:
    if ports is None:
        return "not run"
    own = Path(tempfile.mkdtemp(dir=folder))
    return "works" if run(program, way, ports, own) == "200" else "does not"


def columns(way: Intercept, ports: InterceptionPorts | None, folder: Path) -> list[str]:
    """One column of the document: its head, and what each program came to."""
    cells = [_cell(program, way, ports if shutil.which(program.needs) else None, folder) for program in PROGRAMS]
    return [f"`intercept: {way.value}`", "---", *cells]


def names() -> list[str]:
    """The columns that say what was run."""
    versions = [program.version() if shutil.which(program.needs) else "-" for program in PROGRAMS]
    rows = [f"{program.name} | {found}" for program, found in zip(PROGRAMS, versions, strict=True)]
    return ["runtime and client | version", "--- | ---", *rows]


@contextmanager
def intercepting(tls_port: int) -> Iterator[InterceptionPorts | None]:
    """A simulator's ports; None: this TLS port cannot be had."""
    options = SimulatorOptions(extra=("--tls", "--tls-port", str(tls_port), "--proxy-port", "0"))
    try:
        simulator = start_simulator(options)
    except SimulatorStartError:
        yield None
        return
    with simulator:
        ready = simulator.ready
        yield InterceptionPorts(ready["tls_url"], ready["proxy_url"], ready["ca_file"])


def main() -> None:
    """Run all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, required=True, metavar="FILE")
    path = parser.parse_args().write
    if not can_have_own_hosts():
        parser.exit(20, "without host files of their own the programs would call the real Safaricom: run it on Linux\n")
    with tempfile.TemporaryDirectory() as folder:
        with intercepting(0) as ports:
            rows = [columns(way, ports, Path(folder)) for way in (Intercept.PROXY, Intercept.AUTO)]
        with intercepting(HTTPS_PORT) as ports:
            rows.append(columns(Intercept.HOSTS, ports, Path(folder)))
    lines = [" ".join(("|", " | ".join(cells), "|")) for cells in zip(names(), *rows, strict=True)]
    text = path.read_text(encoding="utf-8")
    before, after = text.partition(START)[0], text.partition(END)[2]
    path.write_text(f"{before}{START}\n\n" + "\n".join(lines) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
