"""The test environment that suites play on: a simulator, a merchant, and the two ways to reach them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from tayari_control.client import TOKEN_VARIABLE, ControlClient
from tayari_control.simulator_process import SimulatorOptions, SimulatorProcess, start_simulator
from tayari_reports.redaction import Redactor

from tayari_target.driver import MerchantDriver
from tayari_target.environment_options import asks_for, credentials_of, simulator_options
from tayari_target.initiator_credential import initiator_password, security_credential
from tayari_target.merchant_process import MerchantProcess, free_port
from tayari_target.run_processes import POLITE_S, end_marked, marked, marks, new_folder, start_guard
from tayari_target.sender import Record
from tayari_target.target_file import load_target
from tayari_target.target_file.placeholders import fill
from tayari_target.target_file.target_model import Target

_ENDING_S: Final = 0.2
_REGISTERED_S: Final = 5.0
"""How long a merchant has to register its C2B URLs."""
_STOP_S: Final = 5.0
_HURRY_S: Final = 0.7
"""How long a process may take to end by itself; the second value where a person waits."""
_SECRET: Final = ("passkey", "consumer_key", "consumer_secret")


class EnvironmentUseError(Exception):
    """The test environment cannot do what was asked, such as restarting a merchant that it did not start."""


class TestEnvironment:
    """A context manager: brings up what is missing, and takes down what it brought up.

    `control_url`: a simulator that runs already. `instance`: which
    of several instances of the merchant this is, counted from 1.

    Raises on entry:
        SimulatorStartError: the simulator did not start; MerchantStartError: the merchant did not.
        ControlError: `control_url` does not answer; AdapterError: the adapter cannot be loaded.
    """

    __test__ = False
    """Not a class of tests, whatever pytest makes of its name."""

    def __init__(
        self,
        target: Target,
        *,
        control_url: str | None = None,
        options: SimulatorOptions | None = None,
        instance: int = 1,
    ) -> None:
        self.target = target
        self.instance = instance
        self.placeholders: Mapping[str, str] = MappingProxyType({})
        self.daraja_url = ""
        self.control_url = control_url or ""
        self.control_token = os.environ.get(TOKEN_VARIABLE, "") if control_url else ""
        self.base_url = target.merchant.base_url
        self.control: ControlClient
        self.driver: MerchantDriver
        self._options = options or SimulatorOptions()
        self._simulator: SimulatorProcess | None = None
        self._merchant: MerchantProcess | None = None
        self._work_dir: Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._stop_within_s = _STOP_S
        self.left_behind: tuple[str, ...] = ()
        """After closing: the processes that the merchant had started and not ended, and that were ended then."""
        self._described: Path | None = None
        self._attached = False
        self._closed = False
        self.keep_log_in: Path | None = None
        """A folder for the end of the merchant's log, redacted; None: nobody reads it later."""
        self._others: list[MerchantProcess] = []
        """Second processes of the merchant, which a check that is cut short would leave behind."""
        self._learned: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    @classmethod
    def attach(cls, described: Path) -> Self:
        """The test environment that another process described in a file. That process owns it and takes it down.

        Raises:
            TargetError: the target file was changed meanwhile, and cannot be read any more.
        """
        facts: dict[str, Any] = json.loads(described.read_text(encoding="utf-8"))
        target, control_url = load_target(Path(facts["target"])), facts["control_url"]
        environment = cls(target, control_url=control_url, instance=facts["instance"])
        environment._attached = True
        environment._described = described
        environment._work_dir = Path(facts["work_dir"])
        environment._learned = frozenset(facts["learned"])
        environment.control_token = facts["control_token"]
        environment._connect(facts["daraja_url"], facts["placeholders"])
        if facts["can_restart"]:
            environment._merchant = environment._merchant_process()
            environment._merchant.pid = facts["merchant_pid"]
        return environment

    @property
    def can_restart(self) -> bool:
        """Whether Tayari starts the merchant, so that it may stop it as well."""
        return self._merchant is not None

    @property
    def merchant_pid(self) -> int | None:
        """The process that Tayari started as the merchant; None: it started none, or none runs."""
        self._adopt()
        return None if self._merchant is None else self._merchant.pid

    @property
    def work_dir(self) -> Path:
        """A fresh folder of this run, deleted with the test environment."""
        if self._work_dir is None:
            raise EnvironmentUseError("the test environment is not up: use it as a context manager")
        return self._work_dir

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no report may show: credentials, every value from `env:NAME`, and what the log-in steps saved."""
        known = {**credentials_of(self.target), **self.placeholders}
        saved = self.driver.saved if hasattr(self, "driver") else ()
        found = (
            *(known.get(name) for name in _SECRET),
            *sorted(self.target.secrets | self._learned),
            *saved,
            self.control_token,
        )
        return tuple(value for value in found if value)

    def keep_secret(self, values: Iterable[str]) -> None:
        """No report may show these either, such as the parts of a callback address that keep a forger out."""
        self._learned |= set(values)

    def masked(self, text: str) -> str:
        """The text without secrets and phone numbers."""
        return Redactor(self.secrets).text(text)

    def __enter__(self) -> Self:
        if self._attached:
            return self
        self.prepare()
        try:
            self.raise_simulator()
            self.raise_merchant()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Make the run's folder: the first of the steps that entering takes, for who takes them by hand."""
        if self._work_dir is None:
            self._work_dir = new_folder()
            self._guard = start_guard(self._work_dir)

    def raise_simulator(self) -> None:
        """The first half of entering: simulator, placeholders, control client, driver."""
        port = str(free_port()) if "{port}" in self.target.merchant.base_url else ""
        credentials = credentials_of(self.target)
        if self.control_url:
            settings = ControlClient(self.control_url).settings()
            daraja_url, facts = str(settings["daraja_url"]), _written_facts(settings)
        else:
            self._simulator = start_simulator(
                simulator_options(self.target, self._options, port), marks=marks(self.work_dir)
            )
            daraja_url, self.control_url = self._simulator.daraja_url, self._simulator.control_url
            self.control_token = self._simulator.control_token
            facts = _written_facts(self._simulator.ready)
            credentials = {name: facts.get(name, value) for name, value in credentials.items()}
        known: dict[str, str] = {
            **credentials,
            **{name: facts[name] for name in ("proxy_url", "tls_url", "ca_file") if name in facts},
            "port": port,
            "work_dir": str(self.work_dir),
            "python": sys.executable,
            "target_dir": str(self.target.path.parent),
            "instance": str(self.instance),
            **self._initiator_facts(),
        }
        self._connect(daraja_url, {name: value for name, value in known.items() if value})

    def _initiator_facts(self) -> dict[str, str]:
        """What a merchant encrypts initiators' passwords with, if it asks: only then is a key made."""
        if not any(asks_for(self.target.merchant.start, name) for name in ("certificate_file", "security_credential")):
            return {}
        with contextlib.closing(ControlClient(self.control_url)) as control:
            text = control.certificate()
        file = self.work_dir / "initiator-certificate.pem"
        file.write_text(text, encoding="utf-8")
        password = initiator_password(self.target.daraja.organisations)
        return {"certificate_file": str(file), "security_credential": security_credential(text, password)}

    def raise_merchant(self) -> None:
        """The second half: the merchant, where the target file has a start command."""
        if self.target.merchant.start is not None:
            self._merchant = self._merchant_process()
            self._merchant.start()

    def close(self) -> None:
        """Take down what this test environment brought up. Safe to call twice."""
        if hasattr(self, "driver"):
            self.driver.close()
            self.control.close()
        with self._lock:  # a check that restarts the merchant just now would otherwise leave it running
            self._closed = True
            for other in tuple(self._others):
                other.stop(within_s=self._stop_within_s)
            if self._attached:
                return
            self._adopt()
            if self._merchant is not None:
                self._merchant.stop(within_s=self._stop_within_s)
        if self._simulator is not None:
            self._simulator.stop(within_s=self._stop_within_s)
        if self._work_dir is not None:
            folder, self.keep_log_in = self.keep_log_in, None  # a second close would find no log, and empty the file
            if folder is not None and self._merchant is not None:
                self._merchant.keep_log(folder, self.instance, in_hurry=self._stop_within_s <= _HURRY_S)
            self._clear(self._work_dir)

    def hurry(self) -> None:
        """Close with little patience: somebody waits for the run's end."""
        self._stop_within_s = _HURRY_S
        if self.instance > 1:
            self.keep_log_in = None  # what is secret in it is learned when the suites have ended

    def _clear(self, work_dir: Path) -> None:
        """End what still runs for this run, and delete its folder."""
        if marked(work_dir):
            time.sleep(_ENDING_S)  # what was killed a moment ago may not be gone yet
        if left := marked(work_dir):
            self.left_behind = tuple(self.masked(f"{pid} {command}") for pid, command in left.items())
            end_marked(work_dir, polite_s=min(POLITE_S, self._stop_within_s))
        shutil.rmtree(work_dir, ignore_errors=True)
        if self._guard is not None:
            with contextlib.suppress(OSError):
                self._guard.communicate()
            self._guard = None

    def describe(self, path: Path) -> Path:
        """Write the file that `attach` reads; only its owner may read it, because it holds credentials."""
        self._described = path
        self._write_description()
        return path

    def merchant_alive(self) -> bool | None:
        """Whether the merchant's process runs; None where Tayari did not start it."""
        self._adopt()
        return self._merchant.alive() if self._merchant is not None else None

    def merchant_log_tail(self) -> str:
        """Its last lines, without secrets; empty where Tayari did not start it."""
        return self.masked(self._merchant.log_tail()) if self._merchant is not None else ""

    def merchant_printed(self, since: int) -> tuple[str, int]:
        """What it printed since a mark, secrets included, and the next mark; nothing where Tayari did not start it."""
        return self._merchant.printed_since(since) if self._merchant is not None else ("", since)

    def kill_merchant(self) -> None:
        """End the merchant as a power cut would."""
        self._need_merchant().kill()

    def restart_merchant(self) -> None:
        """Stop the merchant if it runs, and start it anew with the same settings.

        Raises:
            EnvironmentUseError: Tayari did not start this merchant; MerchantStartError: it did not come up again.
        """
        with self._lock:
            if self._closed:
                raise EnvironmentUseError("the test environment is closed: its merchant is not started again")
            merchant = self._need_merchant()
            merchant.stop()
            merchant.start()

    def c2b_urls(self, *, within_s: float = _REGISTERED_S) -> Mapping[str, Any] | None:
        """The C2B URLs, once the merchant was asked to register them, or had the time to; None: it registered none."""
        short_code, c2b = self.target.c2b_short_code, self.target.merchant.c2b
        found = self.control.c2b_urls(short_code)
        if found is None and c2b is not None and c2b.register is not None:
            self.driver.register_c2b()
        until = time.monotonic() + within_s
        while found is None and time.monotonic() < until:
            time.sleep(0.1)
            found = self.control.c2b_urls(short_code)
        return found

    @contextlib.contextmanager
    def another_merchant(
        self, work_dir: Path, *, record: Record | None = None, **changed: str
    ) -> Iterator[MerchantDriver]:
        """A second process of the merchant on a port and in a folder of its own; `changed` placeholders differ.

        Raises:
            EnvironmentUseError: Tayari did not start this merchant.
            MerchantStartError: the second one did not come up.
        """
        start = self.target.merchant.start
        if start is None:
            raise EnvironmentUseError("Tayari did not start this merchant; add merchant.start to the target file")
        own = {"port": str(free_port()), "work_dir": str(work_dir), "instance": f"{self.instance}b"}
        values = {**self.placeholders, **own, **changed}
        base_url = fill(self.target.merchant.base_url, values)
        folder, log = self.target.path.parent, work_dir / "merchant.log"
        merchant = MerchantProcess(start, base_url, values=values, folder=folder, log=log)
        merchant.mask, merchant.marks = self.masked, marks(self.work_dir)
        driver = MerchantDriver(self.target, record=record, placeholders=values)
        self._others.append(merchant)
        try:
            merchant.start()
            yield driver
        finally:
            driver.close()
            merchant.stop()
            self._others.remove(merchant)

    def _need_merchant(self) -> MerchantProcess:
        self._adopt()
        if self._merchant is None:
            raise EnvironmentUseError("Tayari did not start this merchant; add merchant.start to the target file")
        return self._merchant

    def _adopt(self) -> None:
        """Another process may have restarted the merchant: the description has the pid that counts."""
        if self._described is None or self._merchant is None:
            return
        with contextlib.suppress(OSError, ValueError):
            self._merchant.pid = json.loads(self._described.read_text(encoding="utf-8"))["merchant_pid"]

    def _connect(self, daraja_url: str, placeholders: Mapping[str, str]) -> None:
        self.daraja_url = daraja_url
        self.placeholders = MappingProxyType({**placeholders, "daraja_url": daraja_url})
        self.base_url = fill(self.target.merchant.base_url, self.placeholders)
        self.control = ControlClient(self.control_url, token=self.control_token)
        self.driver = MerchantDriver(self.target, placeholders=self.placeholders)

    def _merchant_process(self) -> MerchantProcess:
        start = self.target.merchant.start
        if start is None:
            raise EnvironmentUseError("the target file has no merchant.start")
        log = self.work_dir / "merchant.log"
        folder = self.target.path.parent
        process = MerchantProcess(start, self.base_url, values=self.placeholders, folder=folder, log=log)
        process.on_start = self._write_description
        process.mask, process.marks = self.masked, marks(self.work_dir)
        return process

    def _write_description(self) -> None:
        if self._described is None:
            return
        facts = {
            "target": str(self.target.path),
            "daraja_url": self.daraja_url,
            "control_url": self.control_url,
            "control_token": self.control_token,
            "instance": self.instance,
            "base_url": self.base_url,
            "placeholders": dict(self.placeholders),
            "merchant_pid": self._merchant.pid if self._merchant is not None else None,
            "can_restart": self.can_restart,
            "work_dir": str(self.work_dir),
            "learned": sorted(self._learned),
        }
        fresh = self._described.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(facts, file)
        fresh.replace(self._described)


def _written_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """What a simulator says of itself, without what it has not."""
    return {name: str(value) for name, value in facts.items() if value is not None}
