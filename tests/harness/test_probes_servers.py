"""State probes by SQL on real servers: PostgreSQL and MariaDB, started by the tests."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from database_servers import PASSWORD, ServerMissing, mariadb, postgresql
from environments import RegistryUnreachable, python_environment
from tayari_money.payment_record import PaymentState
from tayari_target.driver import MerchantDriver
from tayari_target.run_database import make_database
from tayari_target.views import StatusView
from tiny_shop import write_target

pytestmark = [pytest.mark.slow, pytest.mark.registry]

DRIVERS = {"psycopg", "psycopg_binary", "pymysql"}
TABLE = (
    "create table payments (id int, reference varchar(40), status varchar(20), receipt varchar(20), "
    "amount numeric(9,2))",
    "insert into payments values (7, 'ORDER-7', 'PAID', 'UJ7K4T9QWX', 20)",
    "insert into payments values (8, 'O''Brien', 'FAILED', null, 0)",
)


def _psycopg(name: str, port: int) -> Any:
    return importlib.import_module("psycopg").connect(
        host="127.0.0.1", port=port, user="tayari", password=PASSWORD, dbname=name
    )


def _pymysql(name: str, port: int) -> Any:
    return importlib.import_module("pymysql").connect(
        host="127.0.0.1", port=port, user="tayari", password=PASSWORD, database=name
    )


FILLED: dict[str, tuple[str, Callable[[str, int], Any]]] = {
    "postgresql": ("postgres", _psycopg),
    "mysql": ("shop", _pymysql),
}
"""Scheme -> a database that is there, and how it is filled."""


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with two payments in it, of each server in turn."""
    servers: dict[str, Callable[[], AbstractContextManager[int]]] = {"postgresql": postgresql, "mysql": mariadb}
    scheme = request.param
    try:
        drivers = next((python_environment("sql-drivers").parents[1] / "lib").glob("python*/site-packages"))
    except RegistryUnreachable as error:
        pytest.skip(f"NOT PROVEN with {scheme}: its driver could not be installed: {error}")
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(drivers))
    try:
        with servers[scheme]() as port:
            name, connect = FILLED[scheme]
            with closing(connect(name, port)) as connection:
                cursor = connection.cursor()
                for statement in TABLE:
                    cursor.execute(statement)
                connection.commit()
            yield f"{scheme}://tayari:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{name}"
    except ServerMissing as error:
        pytest.skip(f"NOT PROVEN with {scheme}: {error}")
    finally:
        patch.undo()
        for name in [each for each in sys.modules if each.partition(".")[0] in DRIVERS]:
            del sys.modules[name]  # other tests expect that no driver is installed


def read(folder: Path, url: str, sql: str, payment_id: str = "7", more: str = "") -> StatusView:
    status = f'status: {{sql: "{sql}", url: "{url}", states: {{paid: [PAID], failed: [FAILED]}}{more}}}'
    target = write_target(folder, "http://127.0.0.1:9", more=status)
    return MerchantDriver(target).read_status(payment_id, "ORDER-7")


def test_a_run_gets_a_database_of_its_own_once(tmp_path: Path, address: str) -> None:
    url = address.rpartition("/")[0] + "/tayari_1"
    if shutil.which(client := "psql" if url.startswith("postgresql") else "mysql") is None:
        pytest.skip(f"NOT PROVEN: {client} is not installed")

    for _ in range(2):
        make_database(url, tmp_path)
        made = read(tmp_path, url, "select 'PAID' as status")
        (tmp_path / "database").unlink()  # so that the next turn is another run, which drops it

    assert (made.error, made.state) == ("", PaymentState.PAID)


def test_a_row_says_the_state_and_the_receipt(tmp_path: Path, address: str) -> None:
    sql = "select status, receipt, amount from payments where id = {payment_id}"

    view = read(tmp_path, address, sql, more=", receipt: $.receipt, credited: $.amount")

    assert (view.error, view.state, view.receipt, view.credited) == ("", PaymentState.PAID, "UJ7K4T9QWX", 20)


def test_values_are_bound_whatever_they_hold(tmp_path: Path, address: str) -> None:
    sql = "select status from payments where reference = '{payment_id}' and status like '%A%'"

    assert read(tmp_path, address, sql, "O'Brien").state is PaymentState.FAILED
    assert "found no row" in read(tmp_path, address, sql, "x' or '1'='1").error


def test_a_scheme_with_a_driver_is_the_same_database(tmp_path: Path, address: str) -> None:
    url = address.replace("postgresql:", "postgresql+asyncpg:").replace("mysql:", "mysql+aiomysql:")

    assert read(tmp_path, url, "select status from payments where id = {payment_id}").state is PaymentState.PAID


def test_a_ledger_is_summed_by_the_database(tmp_path: Path, address: str) -> None:
    sql = "select count(*) as credits, sum(amount) as total from payments where reference = {reference}"
    more = f'ledger: {{sql: "{sql}", url: "{address}", credits: $.credits, total: $.total}}'
    ledger = MerchantDriver(write_target(tmp_path, "http://127.0.0.1:9", more=more)).read_ledger(
        payment_id="7", reference="ORDER-7"
    )

    assert ledger is not None
    assert (ledger.credits, ledger.total) == (1, 20)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select status from nowhere where id = {payment_id}", "the database refused the query"),
        ("select status from payments where id = 99", "found no row for this payment"),
        ("update payments set status = 'FAILED' where id = {payment_id}", "the query gives no rows"),
    ],
)
def test_a_query_that_cannot_be_read_is_reported(tmp_path: Path, address: str, sql: str, message: str) -> None:
    assert message in read(tmp_path, address, sql).error
    assert read(tmp_path, address, "select status from payments where id = 7").state is PaymentState.PAID


def test_a_wrong_password_is_reported_without_it(tmp_path: Path, address: str) -> None:
    url = address.replace(quote(PASSWORD, safe=""), "another-one")

    view = read(tmp_path, url, "select status from payments where id = 7")

    assert "check status.sql and status.url" in view.error
    assert "another-one" not in view.error


def test_a_database_that_hangs_is_not_waited_for(tmp_path: Path, address: str) -> None:
    sleep = "pg_sleep(60)" if address.startswith("postgresql") else "sleep(60)"

    view = read(tmp_path, address, f"select {sleep}, status from payments", more=", probe_timeout_s: 1")

    assert "check status.sql" in view.error
