"""How the simulator of a test environment is started: from the target file, and from what the run chooses."""

from __future__ import annotations

from dataclasses import replace

from tayari_control.simulator_process import CallbackRoute, SimulatorOptions

from tayari_target.merchant_interception import HTTPS_PORT, Intercept
from tayari_target.resources import CONTROL_PORT, DARAJA_PORT, scenario_folder
from tayari_target.target_file.placeholders import fill, names
from tayari_target.target_file.target_model import Start, Target


def simulator_options(target: Target, chosen: SimulatorOptions, port: str) -> SimulatorOptions:
    """What the run has chosen, completed for this target; `port` is what `{port}` of its addresses stands for.

    Where the run chose no port, the usual one is taken if the merchant takes no other; the shipped scenarios come
    before those of the run.
    """
    fixed = not learns_daraja_url(target.merchant.start)
    return replace(
        chosen,
        port=chosen.port if chosen.port is not None else DARAJA_PORT * fixed,
        control_port=chosen.control_port if chosen.control_port is not None else CONTROL_PORT * fixed,
        scenarios=(scenario_folder(), *chosen.scenarios),
        account=target.daraja,
        callbacks=_filled(target.callbacks, port),
        extra=_interception(target.merchant.start),
    )


def _interception(start: Start | None) -> tuple[str, ...]:
    """The flags that open the TLS port and the proxy, where the merchant is to come by them."""
    asked = any(asks_for(start, name) for name in ("proxy_url", "tls_url", "ca_file"))
    if start is None or not (asked or start.intercept is not Intercept.OFF):
        return ()
    tls_port = HTTPS_PORT if start.intercept is Intercept.HOSTS else 0
    return ("--tls", "--tls-port", str(tls_port), "--proxy-port", "0", "--proxy-others", start.other_hosts.value)


def credentials_of(target: Target) -> dict[str, str]:
    """The Daraja account as placeholders; a key pair that the target file leaves out may be any pair."""
    account = target.daraja
    return {
        "short_code": account.short_code,
        "passkey": account.passkey,
        "consumer_key": account.consumer_key or "tayari-consumer-key",
        "consumer_secret": account.consumer_secret or "tayari-consumer-secret",
    }


def learns_daraja_url(start: Start | None) -> bool:
    """Whether the start gives the merchant Daraja's address, so that any port will do."""
    given = any(asks_for(start, name) for name in ("daraja_url", "tls_url", "proxy_url"))
    return given or (start is not None and start.intercept is not Intercept.OFF)


def can_have_another_daraja(target: Target) -> bool:
    """Whether a second process of the merchant can be started, with an address of Daraja that is another one."""
    start = target.merchant.start
    return start is not None and learns_daraja_url(start) and "{port}" in target.merchant.base_url


def asks_for(start: Start | None, placeholder: str) -> bool:
    """Whether the start gives the merchant this: by its command, a variable or a file."""
    return start is not None and any(placeholder in names(text) for text in start.texts)


def _filled(callbacks: CallbackRoute, port: str) -> CallbackRoute:
    values = {"port": port or None}
    return replace(
        callbacks,
        rewrite={prefix: fill(instead, values) for prefix, instead in callbacks.rewrite.items()},
        deliver_to=fill(callbacks.deliver_to, values) if callbacks.deliver_to else None,
    )
