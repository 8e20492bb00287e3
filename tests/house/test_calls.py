"""How many modules a reader meets who follows one check, or one STK push (`docs/benchmarks.md`).

Modules are counted, and no calls of a check: how often it looks at the merchant depends on the machine.
"""

import re
import subprocess
import sys
from pathlib import Path

CALLS = Path(__file__).parents[2] / "benchmarks" / "calls.py"


def test_a_check_and_a_push_pass_no_more_modules_than_the_goal() -> None:
    printed = subprocess.run([sys.executable, CALLS, "C03"], capture_output=True, text=True, timeout=120, check=True)

    check, push = re.findall(r"(\d+) modules, (\d+) calls", printed.stdout)
    assert "C03 ended as pass" in printed.stdout
    assert 0 < int(check[0]) <= 20
    assert 0 < int(push[0]) <= 22
    assert 0 < int(push[1]) <= 60
