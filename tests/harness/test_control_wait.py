"""A wait on the simulator that somebody may stop."""

from threading import Event
from time import monotonic

from tayari_control.client import ControlClient
from tayari_control.simulator_process import SimulatorOptions, start_simulator

WAIT_S = 100.0


def test_a_wait_that_is_stopped_does_not_last_to_its_end() -> None:
    stop = Event()
    stop.set()
    with start_simulator(SimulatorOptions()) as simulator:
        control = ControlClient(simulator.control_url)
        began = monotonic()
        waited = control.wait("push_seen", msisdn="254700000009", timeout_s=WAIT_S, stop=stop)
        took_s = monotonic() - began
        control.close()

    assert not waited["met"]
    assert took_s < WAIT_S
