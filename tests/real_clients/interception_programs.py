"""Programs with Safaricom's host in their source, one for each HTTP client; and the table of what brings them here.

`python tests/real_clients/interception_programs.py --write docs/interception.md` runs all of them both ways.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from environments import RegistryUnreachable, node_environment, python_environment
from tayari_control.simulator_process import SimulatorOptions, SimulatorStartError, start_simulator
from tayari_target.merchant_interception import (
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
WITHIN_S = 180.0

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
_HTTPX = f"""
import httpx
print(httpx.get({URL!r}, headers={{"Authorization": {AUTH!r}}}, timeout=20).status_code)
"""
_AXIOS = f"""
require('PACKAGES/axios').get({URL!r}, {{ headers: {{ Authorization: {AUTH!r} }} }})
  .then(answer => console.log(answer.status))
"""
_NODE_FETCH = f"""
require('PACKAGES/node-fetch')({URL!r}, {{ headers: {{ Authorization: {AUTH!r} }} }})
  .then(answer => console.log(answer.status))
"""
_UNDICI = f"""
require('PACKAGES/undici').request({URL!r}, {{ headers: {{ Authorization: {AUTH!r} }} }})
  .then(answer => console.log(answer.statusCode))
"""
_GOT = f"""
require('PACKAGES/got')({URL!r}, {{ headers: {{ Authorization: {AUTH!r} }} }})
  .then(answer => console.log(answer.statusCode))
"""
_OKHTTP = f"""
import okhttp3.*;
class Main {{
  public static void main(String[] words) throws Exception {{
    Request call = new Request.Builder().url("{URL}").header("Authorization", "{AUTH}").build();
    System.out.println(new OkHttpClient().newCall(call).execute().code());
    System.exit(0);
  }}
}}
"""
_REST_TEMPLATE = f"""
import org.springframework.http.*;
import org.springframework.web.client.RestTemplate;
class Main {{
  public static void main(String[] words) throws Exception {{
    HttpHeaders headers = new HttpHeaders();
    headers.set("Authorization", "{AUTH}");
    HttpEntity<String> call = new HttpEntity<String>(headers);
    java.net.URI uri = java.net.URI.create("{URL}");
    System.out.println(new RestTemplate().exchange(uri, HttpMethod.GET, call, String.class).getStatusCode().value());
  }}
}}
"""
_GUZZLE = f"""<?php
require "PACKAGES/GuzzleHttp/autoload.php";
$client = new GuzzleHttp\\Client();
echo $client->get("{URL}", ["headers" => ["Authorization" => "{AUTH}"]])->getStatusCode(), PHP_EOL;
"""
_DOTNET = f"""
using System;
using System.Net.Http;
class Program {{
  static void Main() {{
    var call = new HttpRequestMessage(HttpMethod.Get, "{URL}");
    call.Headers.TryAddWithoutValidation("Authorization", "{AUTH}");
    using (var client = new HttpClient())
      Console.WriteLine((int)client.SendAsync(call).GetAwaiter().GetResult().StatusCode);
  }}
}}
"""
_DOTNET_RUN = r"""
framework=$(echo "$1"/shared/Microsoft.NETCore.App/*) && cd "$(dirname "$2")" && chmod +x "$1/dotnet" || exit 1
names="System.Private.CoreLib System.Runtime System.Console System.Net.Http System.Net.Primitives System.Private.Uri"
references=$(printf -- "-r:$framework/%s.dll " $names netstandard)
mcs -nostdlib -noconfig -nowarn:1702 $references -out:main.dll "$2" || exit 1
cat > main.runtimeconfig.json <<END
{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "$(basename "$framework")"},
 "configProperties": {"System.Globalization.Invariant": true}}}
END
libraries=$(realpath "$1/../../psycopg2_binary.libs")
for name in ssl crypto; do ln -s "$libraries/lib$name"-*.so.1.1 lib$name.so.1.1; done
LD_LIBRARY_PATH=.:$libraries exec "$1/dotnet" main.dll
"""
"""Mono's compiler and the runtime's own libraries: PyPI has the runtime, without a compiler and without OpenSSL 1.1."""
_RUBY = f"""
require "net/http"
uri = URI("{URL}")
call = Net::HTTP::Get.new(uri, {{ "Authorization" => "{AUTH}" }})
puts Net::HTTP.start(uri.host, uri.port, use_ssl: true) {{ |http| http.request(call) }}.code
"""


def _version(*words: str) -> Callable[[], str]:
    """The first line that a program says of its version."""

    def first_line() -> str:
        own = [word.replace("PACKAGES", str(_MODULES())) if "PACKAGES" in word else word for word in words]
        shown = subprocess.run(own, capture_output=True, text=True, check=False).stdout.split("\n")[0]
        return shown.partition(" (")[0].strip()

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
    packages: Callable[[], Path | None] | None = None
    """Where its packages are: `PACKAGES` in the source, `{packages}` in the command. None: they cannot be had."""
    registry: bool = False
    """They come from a registry."""

    @property
    def is_here(self) -> bool:
        """Whether it can be run."""
        return shutil.which(self.needs) is not None and (self.packages is None or self.packages() is not None)


def _of_debian(folder: str, holds: str) -> Callable[[], Path | None]:
    """A folder of a Debian package."""
    return lambda: Path(folder) if Path(folder, holds).exists() else None


def _of_php(extension: str) -> Callable[[], Path | None]:
    """An extension of PHP, which not every PHP has."""

    @cache
    def found() -> Path | None:
        listed = subprocess.run(["php", "-m"], capture_output=True, text=True, timeout=30, check=False).stdout
        return Path() if extension in listed.split() else None

    return found


def _of_registry(build: Callable[[], Path]) -> Callable[[], Path | None]:
    """A folder or program of an environment that is built from a registry."""

    @cache
    def found() -> Path | None:
        try:
            return build()
        except (RegistryUnreachable, subprocess.CalledProcessError):  # the binaries are of Linux on x86-64
            return None

    return found


def _dotnet() -> Path:
    return next(python_environment("dotnet").parents[1].glob("lib/python*/site-packages/dotnetcore2/bin"))


def _of_npm(name: str, node: Callable[[], str]) -> Callable[[], str]:
    """Its version, which stands beside it."""

    def found() -> str:
        folder = _MODULES()
        package = json.loads((folder / name / "package.json").read_text()) if folder else {}
        return f"{node()}, {name} {package.get('version')}"

    return found


def _of_other_node(number: int) -> Iterator[Program]:
    """The clients of most shops on another Node.js, whose program npm has."""
    node = _version(f"PACKAGES/node-{number}/bin/node", "--version")
    clients = {
        "fetch": (_FETCH, node),
        "node:https": (_HTTPS, node),
        "axios": (_AXIOS, _of_npm("axios", node)),
        "node-fetch": (_NODE_FETCH, _of_npm("node-fetch", node)),
    }
    for name, (source, found) in clients.items():
        command = (f"{{packages}}/node-{number}/bin/node", "{file}")
        yield Program(
            f"Node.js {number}, {name}", "node", "main.cjs", source, command, found, packages=_MODULES, registry=True
        )


_MODULES = _of_registry(lambda: node_environment("interception") / "node_modules")
_PYTHON = (sys.executable, "{file}")
_SPRING = ("spring3-web", "spring3-core", "spring3-beans", "commons-logging")
_PYTHON_VERSION = f"Python {sys.version.split()[0]}"
_NODE, _JAVA = _version("node", "--version"), _version("java", "--version")

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
    Program(
        "Python, httpx", sys.executable, "main.py", _HTTPX, ("{packages}", "{file}"),
        lambda: f"{_PYTHON_VERSION}, httpx 0.28.1", packages=_of_registry(lambda: python_environment("recipes")),
        registry=True,
    ),
    Program("Node.js, fetch", "node", "main.cjs", _FETCH, ("node", "{file}"), _NODE),
    Program("Node.js, node:https", "node", "main.cjs", _HTTPS, ("node", "{file}"), _NODE),
    *(
        Program(
            f"Node.js, {name}", "node", "main.cjs", source, ("node", "{file}"), _of_npm(name, _NODE),
            packages=_MODULES, registry=True,
        )
        for name, source in (("axios", _AXIOS), ("node-fetch", _NODE_FETCH), ("undici", _UNDICI), ("got", _GOT))
    ),
    *(program for number in (18, 22, 24) for program in _of_other_node(number)),
    Program("Java, HttpClient", "java", "Main.java", _HTTP_CLIENT, ("java", "{file}"), _JAVA),
    Program("Java, HttpsURLConnection", "java", "Main.java", _URL_CONNECTION, ("java", "{file}"), _JAVA),
    Program(
        "Java, OkHttp", "java", "Main.java", _OKHTTP,
        ("java", "-cp", "{packages}/okhttp.jar:{packages}/okio.jar", "{file}"), lambda: f"{_JAVA()}, OkHttp 3.13.1",
        packages=_of_debian("/usr/share/java", "okhttp.jar"),
    ),
    Program(
        "Java, Spring's RestTemplate", "java", "Main.java", _REST_TEMPLATE,
        ("java", "-cp", ":".join(f"{{packages}}/{name}.jar" for name in _SPRING), "{file}"),
        lambda: f"{_JAVA()}, Spring 4.3.30", packages=_of_debian("/usr/share/java", "spring3-web.jar"),
    ),
    Program(
        "curl", "curl", "main.txt", "", ("curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "-H",
        f"Authorization: {AUTH}", URL), _version("curl", "--version"),
    ),
    Program("Go, net/http", "go", "main.go", _GO, ("go", "run", "{file}"), _version("go", "version")),
    Program("PHP, curl", "php", "main.php", _PHP, ("php", "{file}"), _version("php", "--version"),
            packages=_of_php("curl")),
    Program("PHP, streams", "php", "main.php", _PHP_STREAM, ("php", "{file}"), _version("php", "--version"),
            comes=False),
    Program(
        "PHP, Guzzle", "php", "main.php", _GUZZLE, ("php", "{file}"), _version("php", "--version"),
        packages=_of_debian("/usr/share/php", "GuzzleHttp/autoload.php"),
    ),
    Program(
        ".NET, HttpClient", "mcs", "main.cs", _DOTNET, ("bash", "-c", _DOTNET_RUN, "bash", "{packages}", "{file}"),
        lambda: ".NET Core 3.1.23", packages=_of_registry(_dotnet), registry=True,
    ),
    Program("Ruby, Net::HTTP", "ruby", "main.rb", _RUBY, ("ruby", "{file}"), _version("ruby", "--version")),
)  # fmt: skip


def run(program: Program, way: Intercept, ports: InterceptionPorts, folder: Path) -> str:
    """What the program printed: the HTTP status, or why there is none."""
    file = folder / program.file
    packages = str(program.packages()) if program.packages else ""
    file.write_text(program.source.replace("PACKAGES", packages), encoding="utf-8")
    words = [word.replace("{file}", str(file)).replace("{packages}", packages) for word in program.command]
    words = merchant_command(way, words, folder)
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
    cells = [_cell(program, way, ports if program.is_here else None, folder) for program in PROGRAMS]
    return [f"`intercept: {way.value}`", "---", *cells]


def names() -> list[str]:
    """The columns that say what was run."""
    versions = [program.version() if program.is_here else "-" for program in PROGRAMS]
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
