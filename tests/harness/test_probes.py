"""A payment's state from a database, a file, or a command."""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tayari_money.payment_record import PaymentState
from tayari_target.driver import MerchantDriver
from tiny_shop import write_target

STATES = "states: {paid: [PAID], failed: [FAILED]}"


def read(tmp_path: Path, status: str, payment_id: str = "R1"):  # type: ignore[no-untyped-def]
    target = write_target(tmp_path, "http://127.0.0.1:9", more=f"status: {{{status}, {STATES}}}")
    placeholders = {"python": sys.executable, "work_dir": str(tmp_path)}
    return MerchantDriver(target, placeholders=placeholders).read_status(payment_id, "R1")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table payments (ref text, status text, receipt text)")
        connection.execute("insert into payments values ('R1', 'PAID', 'UJ7'), (\"O'Brien\", 'FAILED', null)")
    return path


@pytest.mark.parametrize("url", ["sqlite:///shop.db", "sqlite:///{work_dir}/shop.db"])
@pytest.mark.parametrize("name", ["{payment_id}", "'{payment_id}'"])
def test_a_row_is_read_by_its_columns(tmp_path: Path, database: Path, url: str, name: str) -> None:
    sql = f'sql: "select status, receipt from payments where ref = {name}", url: "{url}", receipt: $.receipt'

    view = read(tmp_path, sql)

    assert (view.state, view.receipt, view.error) == (PaymentState.PAID, "UJ7", "")


def test_values_are_bound_and_never_pasted_into_the_statement(tmp_path: Path, database: Path) -> None:
    sql = 'sql: "select status from payments where ref = {payment_id}", url: "sqlite:///shop.db"'

    assert read(tmp_path, sql, "O'Brien").state is PaymentState.FAILED


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ('sql: "select status from payments where ref = {payment_id}", url: "sqlite:///none.db"', "no database at"),
        ('sql: "select status from nowhere", url: "sqlite:///shop.db"', "no such table: nowhere"),
        ('sql: "select status from payments where 1 = 2", url: "sqlite:///shop.db"', "found no row"),
        ('sql: "drop table payments", url: "sqlite:///shop.db"', "attempt to write a readonly database"),
        ('sql: "select 1", url: "oracle://x/y"', "expected sqlite, postgresql, mysql or mariadb"),
        ('sql: "select 1", url: "mysql://x/y"', "run `pip install pymysql`"),
        ('file: "states/{payment_id}.json"', "No such file or directory"),
        ('command: "nonexistent-command {payment_id}"', "cannot be run"),
        ("command: \"{python} -c 'raise SystemExit(3)'\"", "ended with 3: no message"),
        ("command: \"{python} -c 'import time; time.sleep(9)'\", probe_timeout_s: 0.2", "longer than 0.2 s"),
        ('command: "{python} {ca_file}"', "{ca_file} has no value in this run"),
    ],
)
def test_a_probe_that_fails_says_what_to_mend(tmp_path: Path, database: Path, status: str, error: str) -> None:
    view = read(tmp_path, status)

    assert view.state is None
    assert error in view.error


def test_a_file_is_read_as_json_or_as_text(tmp_path: Path) -> None:
    (tmp_path / "R1.json").write_text(json.dumps({"status": "PAID"}))
    (tmp_path / "R1.txt").write_text("FAILED\n")

    assert read(tmp_path, 'file: "{payment_id}.json"').state is PaymentState.PAID
    assert read(tmp_path, 'file: "{payment_id}.txt", state: text').state is PaymentState.FAILED


def test_a_command_prints_the_state(tmp_path: Path) -> None:
    (tmp_path / "state.py").write_text("import sys; print('PAID' if sys.argv[1] == 'R 1' else 'FAILED')")

    view = read(tmp_path, 'command: "{python} state.py {payment_id}", state: text', "R 1")

    assert view.state is PaymentState.PAID


@pytest.mark.parametrize("credits", ["$.credits", "$.n"])
def test_a_ledger_is_read_from_a_database(tmp_path: Path, database: Path, credits: str) -> None:
    more = (
        'ledger: {sql: "select count(*) as credits, 100 as total from payments where ref = {reference}", '
        f'url: "sqlite:///shop.db", credits: {credits}, total: $.total}}'
    )
    driver = MerchantDriver(write_target(tmp_path, "http://127.0.0.1:9", more=more))

    ledger = driver.read_ledger(payment_id="7", reference="R1")

    assert ledger is not None
    assert (ledger.credits, ledger.total) == ((1, 100.0) if credits == "$.credits" else (None, None))
