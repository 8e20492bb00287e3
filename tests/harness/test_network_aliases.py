"""Containers: a merchant with Safaricom's hosts in its source finds the simulator by network aliases, as in compose.

Podman runs them in a network namespace of this test's own, in which nothing else can be reached.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory

import pytest
from interception_programs import PROGRAMS, Program
from tayari_simulator.transport.interception.authority import LocalAuthority
from tayari_target.merchant_interception import HTTPS_PORT, Intercept, InterceptionPorts, merchant_environment

CLIENTS = ("Python, urllib", "Python, aiohttp", "Node.js, fetch", "PHP, streams", "Ruby, Net::HTTP")
"""Of each runtime one, and those among them that read no proxy."""
HOSTS = ("sandbox", "api")
NEEDED = ("podman", "runc", "unshare", "/usr/lib/podman/netavark", "/usr/lib/podman/aardvark-dns")
RUN = """
podman() { command podman --runtime runc --root "$1/root" --runroot "$1/runroot" "${@:2}"; }
folder=$1
limits="--ulimit nofile=1024:1024 --ulimit nproc=1000:1000"
podman "$folder" network create --internal shop >/dev/null
podman "$folder" run -d --name simulator $limits --network shop --network-alias sandbox.safaricom.co.ke \\
  --network-alias api.safaricom.co.ke -v "$folder/shared:$folder/shared" -e TAYARI_STATE="$folder/shared" \\
  --rootfs /:O sh -c 'exec "$0" "$@" >"$TAYARI_STATE/ready"' "${@:2}" >/dev/null
for _ in $(seq 600); do [ -s "$folder/shared/ready" ] && break; sleep 0.1; done
podman "$folder" run --rm --name merchant $limits --network shop -v "$folder/shared:$folder/shared" \\
  --rootfs /:O bash "$folder/shared/merchant.sh"
podman "$folder" rm -f -t 1 simulator >/dev/null
podman "$folder" network rm -f shop >/dev/null
"""
"""The container's files are this machine's, with what it writes kept apart: no image is fetched or built."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: podman takes none of more than 50 characters."""
    with TemporaryDirectory(prefix="tayari-") as folder:
        yield Path(folder)


@pytest.mark.long
def test_a_container_finds_the_simulator_under_safaricoms_names(folder: Path) -> None:
    missing = [name for name in NEEDED if shutil.which(name) is None and not Path(name).exists()]
    if missing or os.geteuid() != 0:
        pytest.skip(f"{', '.join(missing) or 'root'} is not there: network aliases were NOT tried")
    programs = [each for each in PROGRAMS if each.name in CLIENTS and each.is_here]
    shared = folder / "shared"
    shared.mkdir()
    ports = InterceptionPorts("", "", str(LocalAuthority.open(shared).ca_file))
    trust = merchant_environment(Intercept.HOSTS, ports, shared, {})
    lines = [f"export {name}={quote(value)}" for name, value in trust.items()]
    lines += [line for program in programs for line in _calls(program, shared)]
    (shared / "merchant.sh").write_text("\n".join(lines), encoding="utf-8")
    words = ["unshare", "--net", "--mount", "bash", "-c", RUN, "bash", str(folder)]
    words += [sys.executable, "-m", "tayari_simulator", "--host", "0.0.0.0", "--tls", "--tls-port", str(HTTPS_PORT)]

    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)

    assert done.stdout.split("\n")[:-1] == [f"{program.name} {host} 200" for program in programs for host in HOSTS], (
        done.stderr
    )


def _calls(program: Program, folder: Path) -> Iterator[str]:
    """Lines of a shell that run a program twice, once with each of Safaricom's hosts in its source."""
    for host in HOSTS:
        own = folder / f"{program.name} {host}"
        own.mkdir()
        (own / program.file).write_text(program.source.replace("sandbox.", f"{host}."), encoding="utf-8")
        command = " ".join(quote(word.replace("{file}", str(own / program.file))) for word in program.command)
        yield f'echo "{program.name} {host} $({command} 2>&1 | tail -1)"'
