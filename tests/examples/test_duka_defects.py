"""The sample shop's named defects: each serves, breaks what it says, and is listed."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_daraja import DUKA, PAID, TABLE, TinyDaraja, UnknownDefect, open_shop, with_defects

MUST_HAVE = [
    *(f"T{n:02}" for n in range(1, 10)),
    *("S01", "S02", "S03", "S04", "S05", "S06", "S08", "S10", "S12"),
    *(f"A{n:02}" for n in range(1, 13)),
    *(f"C{n:02}" for n in (*range(1, 19), 20)),
    *("Q01", "Q02", "Q03", "Q04", "Q05", "Q06", "Q07", "Q09", "Q12", "U01", "U02", "U05", "U06"),
]


@pytest.mark.parametrize("name", [row.name for row in TABLE])
def test_a_shop_with_a_defect_serves(name: str) -> None:
    async def story() -> None:
        async with (
            open_shop(defects=[name]) as shop,
            shop.session.get(f"{shop.url}/health") as health,
            shop.session.get(shop.url) as page,
        ):
            assert (health.status, page.status) == (200, 200)

    asyncio.run(story())


def test_every_rule_has_a_defect() -> None:
    assert set(MUST_HAVE) - {rule for row in TABLE for rule in row.rules} == set()


def test_defects_can_be_combined() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0"), defects=["double-credit", "amount-unchecked"]) as shop:
            payment = await shop.pay()
            await shop.call_back(**{**PAID, "Amount": 1})
            await shop.until(payment, "PAID")
            await shop.call_back(**PAID)
            await asyncio.sleep(0.1)

            assert await shop.total() == 200

    asyncio.run(story())


def test_an_unknown_defect_names_its_neighbour() -> None:
    with pytest.raises(UnknownDefect, match="did you mean double-credit"):
        with_defects(["duoble-credit"])


def test_the_table_is_printed_as_json(tmp_path: Path) -> None:
    command = [sys.executable, str(DUKA / "duka.py"), "--list-defects"]

    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout)

    assert {"name", "rules", "about"} == set(rows[0])
    assert len({row["name"] for row in rows}) == len(rows) == len(TABLE)


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    environ = {"DUKA_QUERIES_PER_MINUTE": "often"}

    ended = subprocess.run(
        [sys.executable, str(DUKA / "duka.py")], check=False, capture_output=True, text=True, cwd=tmp_path, env=environ
    )

    assert ended.returncode == 2
    assert "DUKA_QUERIES_PER_MINUTE is 'often'" in ended.stderr


def test_the_documentation_lists_every_defect() -> None:
    page = (DUKA.parents[1] / "docs" / "defects.md").read_text()
    listed = re.findall(r"^\| `([\w-]+)` \| ([\w, ]+) \| (.+?) \| `", page, re.MULTILINE)

    assert sorted(listed) == sorted((row.name, ", ".join(row.rules), row.about) for row in TABLE)


def test_the_documentation_lists_every_defect_of_the_payroll() -> None:
    page = (DUKA.parents[1] / "docs" / "defects.md").read_text()
    listed = re.findall(r"^\| `([\w-]+)` \| ([\w, ]+) \| ([^|]+) \|$", page, re.MULTILINE)
    command = [sys.executable, str(DUKA.parent / "mshahara" / "mshahara.py"), "--list-defects"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert listed == [(row["name"], ", ".join(row["rules"]), row["about"]) for row in rows]
