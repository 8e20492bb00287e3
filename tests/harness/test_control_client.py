"""The client of the control port."""

import pytest
from tayari_control.client import ControlClient
from tayari_control.simulator_process import SimulatorOptions, start_simulator


def test_proxy_variables_do_not_reach_the_control_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_simulator(SimulatorOptions()) as simulator:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there: a call through it fails
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        control = ControlClient(simulator.control_url)
        balance = control.balance()
        control.close()

    assert balance["balanced"]
