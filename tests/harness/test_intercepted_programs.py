"""Programs that have Safaricom's host in their source come to the simulator, and doctor says which way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from interception_programs import AUTH, PROGRAMS, URL, Program, run
from tayari.run.doctor import diagnose_interception as interception
from tayari_control.client import ControlClient
from tayari_control.simulator_process import SimulatorOptions, SimulatorProcess, start_simulator
from tayari_reports.redaction import Redactor
from tayari_target.merchant_interception import (
    Intercept,
    InterceptionPorts,
    OtherHosts,
    can_have_own_hosts,
    merchant_command,
    merchant_environment,
)
from tayari_target.merchant_process import MerchantProcess, MerchantStartError, free_port
from tayari_target.target_file.target_model import Start


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    options = SimulatorOptions(extra=("--tls", "--tls-port", "0", "--proxy-port", "0"))
    with start_simulator(options) as simulator:
        yield simulator


@pytest.fixture
def ports(simulator: SimulatorProcess) -> InterceptionPorts:
    ControlClient(simulator.control_url).reset()
    ready = simulator.ready
    return InterceptionPorts(ready["tls_url"], ready["proxy_url"], ready["ca_file"])


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(each, id=each.name, marks=[pytest.mark.registry, pytest.mark.long] if each.registry else [])
        for each in PROGRAMS
    ],
)
def test_a_program_with_the_host_in_its_source_comes_here(
    program: Program, ports: InterceptionPorts, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    if not program.is_here:
        pytest.skip(f"{program.needs} or its packages are not installed: {program.name} was NOT tried")

    if not can_have_own_hosts():
        pytest.skip(f"without a host file of its own it might call the real Safaricom: {program.name} was NOT tried")

    assert (run(program, Intercept.AUTO, ports, tmp_path) == "200") is program.comes
    calls = ControlClient(simulator.control_url).interception()
    assert (interception.which_way(calls) is not None) is program.comes


def test_what_reads_the_proxy_needs_no_more(
    ports: InterceptionPorts, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    urllib = PROGRAMS[0]

    assert run(urllib, Intercept.PROXY, ports, tmp_path) == "200"
    found = interception.which_way(ControlClient(simulator.control_url).interception())
    assert found is not None
    assert "through the proxy" in found.message


def test_a_host_file_of_its_own_leads_safaricoms_names_to_this_machine(tmp_path: Path) -> None:
    if not can_have_own_hosts():
        pytest.skip("this system gives no process a host file of its own: NOT tried")
    code = "import socket; print({row[4][0] for row in socket.getaddrinfo('api.safaricom.co.ke', 443)})"

    words = merchant_command(Intercept.HOSTS, [sys.executable, "-c", code], tmp_path)

    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() == "{'127.0.0.1'}"
    assert merchant_command(Intercept.OFF, ["a", "b"], tmp_path) == ["a", "b"]


def test_a_system_without_host_files_of_their_own_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ports: InterceptionPorts
) -> None:
    monkeypatch.setattr("tayari_target.merchant_interception.can_have_own_hosts", lambda: False)
    start = Start(command="true", intercept=Intercept.HOSTS)
    values = {"tls_url": ports.tls_url, "proxy_url": ports.proxy_url, "ca_file": ports.ca_file}
    base_url = f"http://127.0.0.1:{free_port()}"
    merchant = MerchantProcess(start, base_url, values=values, folder=tmp_path, log=tmp_path / "log")

    with pytest.raises(MerchantStartError, match="write `intercept: auto`"):
        merchant.start()
    assert merchant_command(Intercept.AUTO, ["a"], tmp_path) == ["a"]


def test_a_sitecustomize_of_the_merchant_is_loaded_as_well(ports: InterceptionPorts, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment |= merchant_environment(Intercept.AUTO, ports, tmp_path, environment)

    words = [sys.executable, "-c", "print('started')"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)

    assert done.stdout.split() == ["mine", "started"]


def test_options_of_the_runtime_stay(ports: InterceptionPorts, tmp_path: Path) -> None:
    inherited = {"NODE_OPTIONS": "--trace-warnings", "JAVA_TOOL_OPTIONS": "-Xmx64m", "NO_PROXY": "db.internal"}

    found = merchant_environment(Intercept.AUTO, ports, tmp_path, inherited)

    assert found["NODE_OPTIONS"].startswith("--trace-warnings --require ")
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx64m -D")
    assert "-Dhttps.proxyHost=127.0.0.1" in found["JAVA_TOOL_OPTIONS"]
    assert found["NO_PROXY"].endswith(",db.internal")
    assert "[" not in found["NO_PROXY"]  # httpx cannot be started with brackets there
    assert merchant_environment(Intercept.OFF, ports, tmp_path, inherited) == {}


def test_doctor_says_how_a_client_can_trust_the_authority(
    ports: InterceptionPorts, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        session.get(URL, headers={"Authorization": AUTH}, proxies={"https": ports.proxy_url}, timeout=10)
    calls = ControlClient(simulator.control_url).interception()

    found = interception.never_came(Start(command="x", intercept=Intercept.AUTO), calls, ports.ca_file, "http://d")

    assert found is not None
    assert (found.ok, found.name) == (False, "certificate")
    assert "UNKNOWN_CA" in found.message
    assert ports.ca_file in found.fix


def test_a_call_of_the_production_host_is_reported_with_its_request(
    ports: InterceptionPorts, simulator: SimulatorProcess
) -> None:
    control = ControlClient(simulator.control_url)
    for host in ("api.safaricom.co.ke", "API.safaricom.co.ke", "sandbox.safaricom.co.ke"):
        requests.post(
            f"https://{host}/mpesa/stkpush/v1/processrequest",
            json={"Amount": 1},
            proxies={"https": ports.proxy_url},
            verify=ports.ca_file,
            timeout=10,
        )

    found = interception.production_calls(control.journal(kind="request")["entries"])

    assert found is not None
    assert "POST https://api.safaricom.co.ke/mpesa/stkpush/v1/processrequest (2 times)" in found.message
    assert '{"Amount": 1}' in found.message
    assert found.ok
    assert found.fix


def test_the_request_to_the_production_host_is_shown_without_its_secrets() -> None:
    body = json.dumps({"Note": "x" * 200, "Password": "c2VjcmV0OnNlY3JldA", "PhoneNumber": "254700123456", "More": "y"})
    for longer in range(60):  # wherever the body is cut
        request = {
            "method": "POST",
            "url": "/mpesa/stkpush/v1/processrequest",
            "headers": {"Host": "api.safaricom.co.ke:443", "Authorization": "Bearer t0ken-t0ken-t0ken"},
            "body": body.replace("x", "x" * 2, longer),
        }

        found = interception.production_calls([{"kind": "request", "request": request}])

        assert found is not None
        shown = Redactor().text(found.message)
        assert "POST https://api.safaricom.co.ke/mpesa/stkpush/v1/processrequest" in shown
        assert not [secret for secret in ("c2Vjcm", "2547001", "t0ken") if secret in shown]


def test_calls_of_the_sandbox_are_no_finding() -> None:
    request = {"method": "POST", "url": "/oauth", "headers": {"Host": "sandbox.safaricom.co.ke"}}

    assert interception.production_calls([{"kind": "request", "request": request}]) is None


@pytest.mark.parametrize(
    ("way", "calls", "words"),
    [
        (Intercept.PROXY, [], "try `intercept: auto`"),
        (Intercept.AUTO, [], "try `intercept: hosts`"),
        (Intercept.HOSTS, [], "`tayari docs interception` lists"),
        (Intercept.AUTO, [{"host": "sms.example", "way": "refused", "reason": "why"}], "`other_hosts: pass`"),
        (Intercept.AUTO, [{"host": "", "way": "refused", "reason": "no TLS handshake: EOF"}], "no TLS handshake"),
        (
            Intercept.AUTO,
            [{"host": "", "way": "refused", "reason": "without a tunnel"}],
            "`intercept: hosts`",
        ),
        (Intercept.AUTO, [{"host": "", "way": "untrusted", "reason": "UNKNOWN_CA"}], "NODE_EXTRA_CA_CERTS"),
        (Intercept.AUTO, [{"host": "", "way": "untrusted", "reason": "CERTIFICATE_EXPIRED"}], "merchant's clock"),
    ],
)
def test_why_no_call_came(way: Intercept, calls: list[dict[str, str]], words: str) -> None:
    found = interception.never_came(Start(command="x", intercept=way), calls, "ca", "http://d")

    assert found is not None
    assert not found.ok
    assert words in f"{found.message} {found.fix}"


def test_interception_is_not_named_to_a_merchant_that_refuses_the_payment_unless_it_called() -> None:
    start = Start(command="x", intercept=Intercept.AUTO)
    refused = [{"host": "sms.example", "way": "refused", "reason": "why"}]

    assert interception.never_came(start, [], "ca", "http://d", answered=422) is None
    assert interception.never_came(start, [], "ca", "http://d", answered=500) is not None
    assert interception.never_came(start, refused, "ca", "http://d", answered=422) is not None


def test_a_merchant_that_is_not_intercepted_has_no_such_finding() -> None:
    assert interception.never_came(Start(command="x"), [], "ca", "http://d") is None
    assert interception.never_came(None, [], "ca", "http://d") is None
    assert interception.which_way([]) is None


def test_a_simulator_without_the_ports_is_reported(tmp_path: Path) -> None:
    start = Start(command="true", intercept=Intercept.AUTO, other_hosts=OtherHosts.PASS)
    base_url = f"http://127.0.0.1:{free_port()}"
    merchant = MerchantProcess(start, base_url, values={}, folder=tmp_path, log=tmp_path / "log")

    with pytest.raises(MerchantStartError, match="start that simulator with --tls"):
        merchant.start()
