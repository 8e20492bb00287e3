"""The merchant as a process: up, down, dead, up again."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from tayari_reports.redaction import Redactor
from tayari_target.merchant_process import (
    LOG_BYTES,
    MerchantProcess,
    MerchantStartError,
    answers,
    cut,
    delete_kept_logs,
    free_port,
    last_words,
)
from tayari_target.target_file.target_model import Start
from tiny_shop import Says, open_shop

if sys.platform != "win32":
    import fcntl

SERVE = """\
import http.server, os, sys
print("opening", os.environ.get("DARAJA"), flush=True)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(7)
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def make(tmp_path: Path, command: str = "{python} 'my shop.py' {port}", port: int = 0, **more: Any) -> MerchantProcess:
    port = port or free_port()
    (tmp_path / "my shop.py").write_text(SERVE)
    values = {"python": sys.executable, "port": str(port), "daraja_url": "http://127.0.0.1:9310"}
    start = Start(command=command, env={"DARAJA": "{daraja_url}"}, **more)
    base_url = f"http://127.0.0.1:{port}"
    return MerchantProcess(start, base_url, values=values, folder=tmp_path, log=tmp_path / "merchant.log")


@pytest.fixture
def merchant(tmp_path: Path) -> Iterator[MerchantProcess]:
    merchant = make(tmp_path)
    merchant.start()
    yield merchant
    merchant.stop()


def test_it_is_ready_when_start_returns_and_has_its_environment(merchant: MerchantProcess) -> None:
    assert merchant.alive()
    assert "opening http://127.0.0.1:9310" in merchant.log_tail()


def test_stopping_ends_the_whole_group_and_can_be_done_twice(merchant: MerchantProcess) -> None:
    pid = merchant.pid
    assert pid is not None

    merchant.stop()
    merchant.stop()

    assert not merchant.alive()
    assert _is_gone(pid, within_s=10)


def _is_gone(group: int, *, within_s: float) -> bool:
    """No process of the group is left. Children that lost their parent are reaped by init in its own time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_killed_merchant_is_dead_and_can_be_started_again(merchant: MerchantProcess) -> None:
    merchant.kill()
    assert not merchant.alive()

    merchant.stop()
    merchant.start()

    assert merchant.alive()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux shows ended processes in /proc")
def test_a_merchant_whose_parent_waits_for_it_while_it_is_looked_at_is_dead(
    merchant: MerchantProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = merchant.pid
    assert pid is not None
    merchant.kill()
    assert _is_gone(pid, within_s=10)

    monkeypatch.setattr(os, "kill", lambda *_: None)  # its signal reached the ended process a moment earlier

    assert not merchant.alive()


@pytest.mark.parametrize(
    ("tail", "line"),
    [
        ("starting\nno settings\n", "no settings"),
        ("ConnectionError: tried again\nport 80 is taken\n", "port 80 is taken"),
        (
            "SyntaxError: Unexpected end of JSON input\n    at JSON.parse (<anonymous>)\n\nNode.js v20.20.2\n",
            "SyntaxError: Unexpected end of JSON input",
        ),
        (
            "Error: Cannot find module 'express'\n    at x.js:1\n\nNode.js v22.1.0\nnpm error code 1\n",
            "Error: Cannot find module 'express'",
        ),
        (
            'Exception in thread "main" java.lang.IllegalStateException: no key\n\tat shop.Main.main(Main.java:7)\n',
            'Exception in thread "main" java.lang.IllegalStateException: no key',
        ),
        (
            "panic: no key\n\ngoroutine 1 [running]:\nmain.main()\n\t/shop/main.go:9 +0x1d\nexit status 2\n",
            "panic: no key",
        ),
        ("Node.js v20.20.2\n", "Node.js v20.20.2"),
        ("", "it printed nothing"),
    ],
)
def test_the_line_that_says_why_a_program_ended_is_found(tail: str, line: str) -> None:
    assert last_words(tail) == line


def test_its_death_is_noticed(merchant: MerchantProcess, tmp_path: Path) -> None:
    import requests

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{merchant._base_url}/die", timeout=5)

    assert merchant._ended(5.0)
    assert not merchant.alive()


@pytest.mark.parametrize(
    ("command", "more", "kind", "message"),
    [
        (
            "{python} -c 'print(\"no settings\"); raise SystemExit(3)'",
            {},
            "died",
            "ended with 3 before the merchant was ready",
        ),
        ("no-such-program-here", {}, "command", "cannot run 'no-such-program-here'"),
        ("{python} {ca_file}", {}, "placeholder", "{ca_file} has no value"),
        ("{python} 'my shop.py", {}, "command", "No closing quotation"),
        ("{python} 'my shop.py' {port}", {"ready": "/busy", "ready_within_s": 5.0}, "not_ready", "(status 503)"),
        ("{python} -c 'import time; time.sleep(60)'", {"ready_within_s": 0.3}, "not_ready", "(connection refused)"),
    ],
)
def test_a_failed_start_has_its_reason(
    tmp_path: Path, command: str, more: dict[str, Any], kind: str, message: str
) -> None:
    merchant = make(tmp_path, command, **more)

    with pytest.raises(MerchantStartError) as caught:
        merchant.start()

    assert caught.value.kind == kind
    assert message in str(caught.value)
    assert not merchant.alive()


def test_the_last_lines_of_a_merchant_that_died_are_kept(tmp_path: Path) -> None:
    merchant = make(tmp_path, "{python} -c 'raise ValueError(\"MPESA_KEY is not set\")'")

    with pytest.raises(MerchantStartError, match="MPESA_KEY is not set") as caught:
        merchant.start()

    assert "Traceback" in caught.value.tail


@pytest.mark.parametrize("ends", ["raise SystemExit(3)", "import time; time.sleep(60)"])
def test_a_failed_start_quotes_no_secret(tmp_path: Path, ends: str) -> None:
    merchant = make(tmp_path, f"{{python}} -c 'print(\"key CanaryShop01\", flush=True); {ends}'", ready_within_s=1.0)
    merchant.mask = Redactor(["CanaryShop01"]).text

    with pytest.raises(MerchantStartError) as caught:
        merchant.start()

    assert "CanaryShop01" not in f"{caught.value} {caught.value.tail}"
    assert "CanaryShop01" in merchant.log_tail()


def test_a_port_that_another_program_has_is_reported_before_anything_starts(tmp_path: Path) -> None:
    with open_shop({"GET /": Says("mine")}) as shop:
        merchant = make(tmp_path, port=int(shop.url.rpartition(":")[2]))

        with pytest.raises(MerchantStartError) as caught:
            merchant.start()

    assert caught.value.kind == "port_taken"
    assert merchant.pid is None


def test_a_port_that_was_chosen_is_not_chosen_by_another_run() -> None:
    """Two runs would else start their merchants on one port, and the second one would find it taken."""
    port = free_port()

    with socket.socket(type=socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with socket.socket() as merchant:
        merchant.bind(("127.0.0.1", port))
    assert len({port, *(free_port() for _ in range(60))}) == 61


def test_its_files_are_written_before_each_start_for_its_owner_only(tmp_path: Path) -> None:
    files = {".env": "DARAJA={daraja_url}\nPORT={port}\n", "config/mpesa.json": '{"url": "{daraja_url}"}'}
    merchant = make(tmp_path, files=files)
    merchant.start()
    merchant.stop()
    (tmp_path / ".env").write_text("changed by the merchant")

    merchant.start()
    merchant.stop()

    assert (tmp_path / ".env").read_text().startswith("DARAJA=http://127.0.0.1:9310\nPORT=")
    assert (tmp_path / "config" / "mpesa.json").read_text() == '{"url": "http://127.0.0.1:9310"}'
    assert (tmp_path / "config" / "mpesa.json").stat().st_mode & 0o077 == 0


def test_no_file_is_written_outside_of_the_runs_folder(tmp_path: Path) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    run.mkdir()
    elsewhere.mkdir()
    (run / "etc").symlink_to(elsewhere)
    merchant = make(run, files={"etc/shop.env": "x"})

    with pytest.raises(MerchantStartError, match="is not in the run's folder; remove the link"):
        merchant.start()

    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"files": {".env": "K={proxy_url}"}}, "merchant.start.files..env: {proxy_url} has no value in this run"),
        ({"files": {"config/merchant.log/x": "", "config/merchant.log": ""}}, "cannot be written"),
        ({"cwd": "{work_dir}"}, "merchant.start.cwd: {work_dir} has no value in this run"),
    ],
)
def test_a_file_or_folder_that_cannot_be_had_is_reported(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    merchant = make(tmp_path, **more)

    with pytest.raises(MerchantStartError) as caught:
        merchant.start()

    assert message in str(caught.value)


def test_it_may_start_in_the_runs_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    merchant = make(tmp_path, "{python} '{target_dir}/my shop.py' {port}", cwd="{work_dir}")
    merchant._values = {**merchant._values, "work_dir": str(folder), "target_dir": str(tmp_path)}
    merchant.start()
    pid = merchant.pid

    where = Path(f"/proc/{pid}/cwd").resolve()

    merchant.stop()
    assert where == folder


def test_the_end_of_its_log_outlives_it_without_secrets(tmp_path: Path) -> None:
    merchant = make(tmp_path)
    merchant.mask = Redactor(["CanaryShop01"]).text
    (tmp_path / "merchant.log").write_text("CanaryShop01 old\n" * 20_000 + "key CanaryShop01, done\n")
    out = tmp_path / "out"
    out.mkdir()

    merchant.keep_log(out, 2, in_hurry=False)

    kept = (out / "merchant-2.log").read_text()
    assert kept.endswith("key [redacted], done\n")
    assert "Shop01" not in kept
    assert kept.startswith("[redacted] old\n")


def test_what_was_printed_since_a_mark_is_read_though_it_repeats_earlier_lines(tmp_path: Path) -> None:
    merchant = make(tmp_path)
    log = tmp_path / "merchant.log"
    log.write_text("database is locked\n" * 4_000)
    before, mark = merchant.printed_since(0)
    nothing, same = merchant.printed_since(mark)
    with log.open("a") as file:
        file.write("database is locked\n")

    assert (len(before), nothing, same) == (log.stat().st_size - 19, "", mark)
    assert merchant.printed_since(mark) == ("database is locked\n", mark + 19)


def test_what_a_cut_of_the_log_kept_was_printed_before_it(tmp_path: Path) -> None:
    merchant = make(tmp_path)
    log = tmp_path / "merchant.log"
    log.write_bytes(b"old \xff\xfe\n" * 100_000)
    _, mark = merchant.printed_since(0)
    cut(log)
    with log.open("a") as file:
        file.write("new\n")

    assert merchant.printed_since(mark)[0] == "new\n"


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_who_reads_a_log_that_is_just_cut_waits_for_the_end_of_that(tmp_path: Path) -> None:
    merchant = make(tmp_path)
    log = tmp_path / "merchant.log"
    log.write_text("old\n" * 100_000)
    _, mark = merchant.printed_since(0)
    tail = merchant.log_tail()
    with ThreadPoolExecutor(max_workers=1) as pool, log.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        reading = pool.submit(merchant.printed_since, mark)
        wait([reading], timeout=0.2)
        file.write(f"[earlier lines were cut]\n{tail}new\n".encode())
        file.close()

        assert reading.result()[0] == "new\n"


def test_a_merchant_without_a_log_has_printed_nothing(tmp_path: Path) -> None:
    assert make(tmp_path).printed_since(7) == ("", 7)


def test_the_log_is_shown_by_its_last_part_only(tmp_path: Path) -> None:
    merchant = make(tmp_path)
    (tmp_path / "merchant.log").write_text("x" * (LOG_BYTES // 64) + "the end")

    assert merchant.log_tail().endswith("the end")
    assert len(merchant.log_tail()) == 16 * 1024


def test_answers_says_whether_something_listens() -> None:
    with open_shop({}) as shop:
        assert answers(shop.url)
    assert not answers(shop.url)


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_a_log_on_a_file_system_without_locks_is_read_and_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr("tayari_target.merchant_process.fcntl.flock", no_locks)
    log = tmp_path / "merchant.log"
    log.write_text("old\n" * 100_000)
    cut(log)

    assert make(tmp_path).printed_since(0)[0].startswith("[earlier lines were cut]\n")


def test_only_the_logs_of_an_earlier_run_are_deleted(tmp_path: Path) -> None:
    for name in ("merchant.log", "merchant-2.log", "merchant-notes.log", "merchants.log", "other.log"):
        (tmp_path / name).touch()

    delete_kept_logs(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["merchant-notes.log", "merchants.log", "other.log"]
