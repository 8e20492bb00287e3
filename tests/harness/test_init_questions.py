"""`tayari init` on a terminal: it asks about each mark; an answered guess is in the file without a mark."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tayari.cli.commands import run
from tayari.target_draft.draft import Draft
from tayari.target_draft.questions import questions, settle
from tayari.target_draft.source_draft import draft_from_source
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import Merchant

SHOP = (
    "from flask import Flask\napp = Flask(__name__)\n"
    "@app.post('/pay')\ndef a(): ...\n@app.post('/buy')\ndef b(): ...\n"
    "@app.get('/orders/<order>')\ndef c(order): return {'state': 'OPEN'}\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SHOP)
    return tmp_path


def draft_of(folder: Path) -> Draft:
    draft = draft_from_source(folder)
    assert draft is not None
    return draft


def typed(*answers: str) -> Callable[[str], str]:
    """One answer after the other; then no more, as after Ctrl-D."""
    left: Iterator[str] = iter(answers)

    def ask(prompt: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return ask


def by_key(**answers: str) -> Callable[[str], str]:
    """The answer to each key; dots are two underscores."""
    named = {key.replace("__", "."): answer for key, answer in answers.items()}
    return lambda prompt: named.pop(prompt.rpartition("\n")[2].split(" [")[0].strip(), "")


def merchant_of(folder: Path, draft: Draft) -> Merchant:
    (folder / "tayari.yaml").write_text(draft.text())
    return load_target(folder / "tayari.yaml", {}).merchant


def test_each_mark_of_a_proposal_is_one_question(shop: Path) -> None:
    draft = draft_of(shop)

    assert sorted(question.doubt for question in questions(draft)) == sorted(draft.doubts)
    assert {"pay.request", "pay.body", "pay.payment_id", "status.states"} <= {each.key for each in questions(draft)}


def test_an_answered_guess_is_in_the_file_without_a_mark(shop: Path) -> None:
    ask = by_key(
        pay__request="POST /buy",
        pay__body='tel={msisdn} kes={amount} note="from Tayari"',
        status__states="paid=DONE,'PAID OUT' failed=LOST",
    )

    draft = settle(draft_of(shop), ask, lambda text: None)

    merchant = merchant_of(shop, draft)
    assert merchant.pay.call.path == "/buy"
    assert merchant.pay.call.json == {"tel": "{msisdn}", "kes": "{amount}", "note": "from Tayari"}
    assert merchant.status is not None
    assert set(merchant.status.states) == {"DONE", "PAID OUT", "LOST"}
    assert {each.key for each in questions(draft)}.isdisjoint({"pay.request", "pay.body", "status.states"})


def test_a_proposal_is_kept_with_its_mark_or_called_right(shop: Path) -> None:
    before = draft_of(shop)

    kept = settle(before, typed("", "n", ""), lambda text: None)
    right = settle(before, lambda prompt: "y", lambda text: None)

    assert kept == before
    assert right.doubts == ()
    assert merchant_of(shop, right) == merchant_of(shop, before)


def test_a_wrong_answer_is_reported_and_asked_for_again(shop: Path) -> None:
    printed: list[str] = []
    answers = iter(["pay now", "POST /buy"])

    draft = settle(
        draft_of(shop), lambda prompt: next(answers) if "pay.request" in prompt and printed else "", printed.append
    )

    assert merchant_of(shop, draft).pay.call.path == "/buy"
    assert any("merchant.pay.request: 'pay now'; expected" in text for text in printed)


@pytest.mark.parametrize(
    "answer", ["phone", "phone=", "={msisdn}", 'phone="{msisdn}', "phone={nobody} amount={amount}"]
)
def test_fields_that_are_none_are_reported(shop: Path, answer: str) -> None:
    printed: list[str] = []
    answers = iter([answer, ""])

    draft = settle(draft_of(shop), lambda prompt: next(answers) if "pay.body" in prompt else "", printed.append)

    assert draft == draft_of(shop)
    assert [text for text in printed if "expected" in text or "quotation" in text or "nobody" in text]


def on_a_terminal(folder: Path, *words: str, keys: str) -> str:
    """What `tayari init` prints on a terminal at which somebody types these keys."""
    ours, its = pty.openpty()
    os.write(ours, keys.encode())
    command = [sys.executable, "-m", "tayari", "init", str(folder), *words]
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its)
    os.close(its)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # Linux: the other side is closed
        pass
    finally:
        os.close(ours)
        process.wait()
    assert process.returncode == 0, shown.decode()
    return shown.decode()


def test_a_terminal_is_asked(shop: Path) -> None:
    first = questions(draft_of(shop))[0]
    answer = {"start.command": "python app.py", "start.intercept": "off"}[first.key]

    shown = on_a_terminal(shop, keys=f"{answer}\n\x04")

    assert f"{first.key} [{first.proposed}]:" in shown
    assert first.doubt not in (shop / "tayari.yaml").read_text()
    assert "to check: " in shown


def test_yes_asks_nothing_on_a_terminal(shop: Path) -> None:
    shown = on_a_terminal(shop, "--yes", keys="")

    assert "]: " not in shown
    assert "to check: " in shown


def test_without_a_terminal_nothing_is_asked(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(shop)]) == 0

    assert "]: " not in capsys.readouterr().out
