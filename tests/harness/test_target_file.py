"""The target file: what a good one gives, and one precise message for every way to get it wrong."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tayari_formats.schema import resolved
from tayari_formats.yaml_document import read_document
from tayari_money.payment_record import PaymentState
from tayari_target.resources import target_schema
from tayari_target.target_file import Target, TargetError, load_target
from tayari_target.target_file.target_model import Start

GOOD = """\
merchant:
  name: duka
  base_url: http://127.0.0.1:8000/
  start: {command: "flask --app shop run -p 8000", ready: /health, env: {MPESA_BASE_URL: "{daraja_url}"}}
  login:
    - {request: "POST /login", form: {user: qa, password: "env:SHOP_PASSWORD"}, save: {token: $.token}}
  headers: {Authorization: "Bearer {token}"}
  pay:
    request: "POST /api/pay"
    json: {phone: "{msisdn}", amount: "{amount}", items: [{reference: "{reference}", gift: true}]}
    payment_id: $.id
    message: $.message | $.error
    idempotency_header: Idempotency-Key
  status:
    request: "GET /api/payments/{payment_id}"
    state: $.status
    states: {paid: [PAID, YES], failed: [FAILED, 0], pending: PENDING, review: [REVIEW]}
  ledger: {request: "GET /api/ledger?reference={reference}", credits: $.credits, total: $.total}
  audit: {request: "GET /api/payments/{payment_id}/messages", messages: $.messages}
  capabilities: [stk_push, stk_query, c2b]
  c2b:
    short_code: 600984
    register: {request: POST /api/register}
    open_account: {request: "POST /api/orders", json: {amount: "{amount}"}, account: $.account}
    accounts: [INV-1, 7]
    account: {request: "GET /api/accounts/{account}", total: $.total}
    unallocated: {request: GET /api/unallocated, texts: "$.payments[*]"}
    statement: {request: "GET /api/accounts/{account}?order={reference}", texts: "$.payments[*]"}
    recover: {request: POST /api/pull}
    validation: false
  promises: {reconcile_within_s: 30, queries_per_minute: 5}
daraja: {short_code: 174379, passkey: "env:MPESA_PASSKEY", consumer_key: k, consumer_secret: s}
callbacks: {rewrite: {"https://shop.example": "http://127.0.0.1:8000"}, source_header: X-Forwarded-For}
thresholds: {payment_p95_s: 10, success_rate: 0.95, failure_rate: 0.05, concurrent_users: 50}
"""

SMALL = """\
merchant:
  name: duka
  base_url: http://127.0.0.1:8000
  pay: {request: "POST /pay", form: {phone: "{msisdn}", amount: "{amount}"}}
"""

ENVIRON = {"SHOP_PASSWORD": "karibu", "MPESA_PASSKEY": "abc123"}


def load(tmp_path: Path, text: str) -> Target:
    path = tmp_path / "tayari.yaml"
    path.write_text(text)
    return load_target(path, ENVIRON)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(TargetError) as caught:
        load(tmp_path, text)
    prefix = f"{tmp_path}/tayari.yaml:"
    assert all(str(problem).startswith(prefix) for problem in caught.value.problems)
    return [str(problem).removeprefix(prefix) for problem in caught.value.problems]


def test_every_key_of_a_full_file_is_read(tmp_path: Path) -> None:
    target = load(tmp_path, GOOD)
    merchant = target.merchant

    assert merchant.base_url == "http://127.0.0.1:8000"
    assert merchant.start is not None
    assert merchant.start.env == {"MPESA_BASE_URL": "{daraja_url}"}
    assert merchant.pay.call.path == "/api/pay"
    assert merchant.pay.call.json == {
        "phone": "{msisdn}",
        "amount": "{amount}",
        "items": [{"reference": "{reference}", "gift": True}],
    }
    assert merchant.login[0].form == {"user": "qa", "password": "karibu"}
    assert merchant.ledger is not None
    assert merchant.ledger.total == "$.total"
    assert merchant.audit is not None
    assert merchant.c2b is not None
    assert merchant.c2b.open_account is not None
    assert merchant.c2b.account is not None
    assert (merchant.c2b.account.total, merchant.c2b.account.credits) == ("$.total", None)
    assert (merchant.c2b.short_code, merchant.c2b.accounts) == ("600984", ("INV-1", "7"))
    assert not merchant.c2b.validation
    assert merchant.promises.queries_per_minute == 5
    assert (target.daraja.short_code, target.daraja.passkey) == ("174379", "abc123")
    assert target.callbacks.source_header == "X-Forwarded-For"
    assert len(target.sha256) == 64


@pytest.mark.parametrize(
    "name", ["/etc/shop.env", "../.env", "a//b", "conf/../../x", "~/.env", "environment.json", "a\\\\b"]
)
def test_files_of_the_start_stay_in_the_runs_folder(tmp_path: Path, name: str) -> None:
    start = f'  start: {{command: x, files: {{"{name}": "text"}}}}\n'

    found = problems(tmp_path, SMALL.rstrip("\n") + "\n" + start)

    assert len(found) == 1
    assert "expected a name below it; write e.g. `.env`" in found[0]


def test_state_words_are_taken_as_they_are_written(tmp_path: Path) -> None:
    status = load(tmp_path, GOOD).merchant.status

    assert status is not None
    assert status.states == {
        "PAID": PaymentState.PAID,
        "YES": PaymentState.PAID,
        "FAILED": PaymentState.FAILED,
        "0": PaymentState.FAILED,
        "PENDING": PaymentState.PENDING,
        "REVIEW": PaymentState.REVIEW,
    }


def test_a_small_file_gets_the_public_sandbox_and_the_documented_defaults(tmp_path: Path) -> None:
    target = load(tmp_path, SMALL)

    assert target.daraja.short_code == "174379"
    assert target.daraja.consumer_key is None
    assert target.merchant.status is None
    assert target.thresholds.concurrent_users == 50


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: duka", "nmae: duka", "2: merchant.nmae: unknown key; expected one of"),
        ("name: duka", "nmae: duka", "did you mean name?"),
        ("name: duka", "name: [duka]", "2: merchant.name: a list; expected a text"),
        (
            "127.0.0.1:8000",
            "127.0.0.1:eight",
            "3: merchant.base_url: 'http://127.0.0.1:eight'; expected http://",
        ),
        ("http://127", "127", "3: merchant.base_url: '127.0.0.1:8000'; expected http://"),
        ("127.0.0.1:8000", "api.safaricom.co.ke", "Tayari never calls Safaricom"),
        ("127.0.0.1:8000", "api.safaricom.co.ke.", "Tayari never calls Safaricom"),
        ("127.0.0.1:8000", "127.0.0.1:{port}", "{port} without `start`"),
        (
            "name: duka",
            "name: duka\n  start: {command: 'shop -p {port}'}",
            "and {port} in start.command",
        ),
        ("{msisdn}", "{phone}", "did you mean {msisdn}?"),
        ("{msisdn}", "{total}", "did you mean {amount}?"),
        ("{msisdn}", "{account}", "did you mean {reference}?"),
        ("POST /pay", "SEND /pay", "4: merchant.pay.request: 'SEND /pay'"),
        ("POST /pay", "POST pay", 'expected `"METHOD /path"`; let the path begin with /'),
        ("{msisdn}", "{msisn}", "{msisn} is not a placeholder; expected one of"),
        ("{msisdn}", "{msisn}", "did you mean msisdn?"),
        ("{msisdn}", "{payment_id}", "{payment_id} is not known at this point"),
        ("form: {", "payment_id: id, form: {", "merchant.pay.payment_id: 'id' is none of the forms"),
        ("form: {", "payment_id: '$.[', form: {", "is not a JSONPath"),
        ("form: {", "payment_id: 'regex:(', form: {", "not a regular expression"),
        ("form: {", "json: {}, form: {", "both json and form"),
        ("name: duka", "name: env:SHOP_NAME", "environment variable SHOP_NAME is not set"),
        ("name: duka", "name: duka\n  adapter: shop", "`module:Class`"),
        ("name: duka", "name: duka\n  timeout_s: soon", "merchant.timeout_s: 'soon'; expected a number"),
        ("name: duka", "name: duka\n  capabilities: [stk]", "merchant.capabilities: 'stk'; expected some of"),
        ("name: duka", "name: duka\n  capabilities: [stk_push, no_callbacks]", "no_callbacks without stk_query"),
        ("name: duka", "name: duka\n  start: {ready: health}", "merchant.start.command: missing"),
        ("name: duka", "name: duka\n  start: {command: a, ready: health}", "a path that begins with /"),
        ("name: duka", "name: duka\n  name: two", "3: merchant.name: written twice"),
        ("name: duka", "name: &a duka", "an anchor or alias"),
        ("name: duka", "name: !!python/name:os.system duka", "expected a plain value"),
        ("name: duka", "name: [", "not readable as YAML"),
        ("  pay:", "  buy:", "1: merchant.pay: missing; expected how a payment is started"),
    ],
)
def test_each_mistake_has_its_line_and_its_own_message(tmp_path: Path, old: str, new: str, expected: str) -> None:
    found = problems(tmp_path, SMALL.replace(old, new))

    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("daraja: {short_code: abc}", "5: daraja.short_code: 'abc'; expected 5 to 7 digits"),
        ("daraja: {consumer_key: k}", "5: daraja.consumer_secret: missing; expected both of"),
        ("callbacks: {deliver_to: shop}", "5: callbacks.deliver_to: 'shop'; expected http://"),
        ("callbacks: {rewrite: {shop: 'http://a'}}", "5: callbacks.rewrite: 'shop'; expected http://"),
        ("callbacks: {rewrite: {'http://a': shop}}", "5: callbacks.rewrite.http://a: 'shop'"),
        (
            "callbacks: {deliver_to: 'http://a/', rewrite: {'http://b': 'http://a'}}",
            "5: callbacks.deliver_to: beside rewrite; expected one of the two",
        ),
        ("thresholds: {payment_p95_s: 0}", "5: thresholds.payment_p95_s: '0'; expected a number from 0.001"),
        ("thresholds: {payment_p95_s: -1}", "5: thresholds.payment_p95_s: '-1'; expected a number from 0.001"),
        ("  promises: {reconcile_within_s: -2}", "5: merchant.promises.reconcile_within_s: '-2'; expected a number"),
        (
            "  capabilities: [stk_push, stk_query, no_pages]\n  status: {request: GET /, states: {paid: A, failed: B}}",
            "5: merchant.capabilities: no_pages beside merchant.status.request",
        ),
        ("include: other.yaml", "5: include: unknown key"),
        ("thresholds: {success_rate: 95}", "5: thresholds.success_rate: '95'; expected a number from 0 to 1"),
        ("thresholds: 5", "5: thresholds: '5'; expected a mapping"),
        ("treshold: {}", "5: treshold: unknown key; expected one of merchant, daraja, callbacks, thresholds"),
        ("  status: {request: 'GET /s'}", "5: merchant.status.states: missing"),
        ("  status: {sql: 'select 1', states: {paid: A, failed: B}}", "5: merchant.status.url: missing"),
        (
            "  status: {sql: a, file: b, url: c, states: {paid: A, failed: B}}",
            "sql and file; expected one of",
        ),
        ("  status: {request: 'GET /s', states: {paid: A, failed: A}}", "'A' is also paid"),
        ("  status: {request: 'GET /s', states: {paid: A}}", "merchant.status.states.failed: missing"),
        ("  ledger: {request: 'GET /l'}", "5: merchant.ledger.credits: missing"),
        (
            "  ledger: {request: 'GET /l', credits: $.n}",
            "5: merchant.ledger.request: it names no payment; expected {payment_id} or {reference}; name it there",
        ),
        (
            "  ledger: {sql: 'select count(*) as n from credits', url: 'sqlite:///s.db', credits: $.n}",
            "5: merchant.ledger.sql: it names no payment",
        ),
        (
            "  c2b: {account: {request: 'GET /credits', credits: $.n}}",
            "5: merchant.c2b.account.request: it names no account; expected {account} or {reference}",
        ),
        ("  audit: {request: 'GET /l'}", "5: merchant.audit.messages: missing"),
    ],
)
def test_the_other_sections_are_checked_as_closely(tmp_path: Path, line: str, expected: str) -> None:
    found = problems(tmp_path, SMALL + line + "\n")

    assert any(expected in problem for problem in found), found


def test_all_problems_are_reported_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    found = problems(tmp_path, SMALL.replace("duka", "env:NOPE") + "treshold: {}\n")

    assert [problem.split(":")[0] for problem in found] == ["2", "5"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "1: empty; expected a target file with the key `merchant`"),
        (b"- a", "1: the file: a list; expected a mapping"),
        (b"# " + b"x" * 300_000, "bytes; expected at most 262144"),
        (b"merchant: \xff", "1: cannot be read: byte 10 is not UTF-8"),
        (b"a: " + b"[" * 40 + b"]" * 40, "nested deeper than 20 levels"),
        (b"a: \t\x07", "not readable as YAML"),
        (b"? [a]\n: b", "a key that is not a word"),
    ],
)
def test_a_file_that_is_no_target_file_gets_one_line(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "tayari.yaml"
    path.write_bytes(raw)

    with pytest.raises(TargetError) as caught:
        load_target(path, {})

    assert expected in str(caught.value)


def outcome_of(path: Path) -> object:
    try:
        return load_target(path, ENVIRON).merchant.base_url
    except TargetError as error:
        return error.problems and all(found.line >= 1 and "; " in found.message for found in error.problems)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_edit_of_a_file_gets_anything_but_a_target_or_problems_with_lines(
    tmp_path: Path, data: st.DataObject
) -> None:
    lines = GOOD.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    start = data.draw(st.integers(0, len(lines[number])))
    end = data.draw(st.integers(start, len(lines[number])))
    edit = data.draw(
        st.one_of(st.text(max_size=12), st.sampled_from(["[]", "{}", "null", "-1", "env:", "{port}", "'"]))
    )
    lines[number] = lines[number][:start] + edit + lines[number][end:]
    path = tmp_path / "tayari.yaml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))

    assert outcome_of(path)


SCHEMA = json.loads(target_schema())


def leaves(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key that the schema knows."""
    whole = resolved(schema, SCHEMA)
    for key, part in {
        **whole.get("properties", {}),
        **resolved(whole.get("items", {}), SCHEMA).get("properties", {}),
    }.items():
        yield (*path, key)
        yield from leaves(part, (*path, key))


def test_the_schema_is_one_and_its_files_pass_it() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for name in ("examples/duka/tayari.yaml", "examples/soko/tayari.yaml"):
        path = Path(__file__).parents[2] / name
        document, _ = read_document(path.read_text(), file=name)

        assert document is not None
        assert list(Draft202012Validator(SCHEMA).iter_errors(document.value)) == []


def test_every_key_of_the_schema_is_described_there_and_in_the_docs() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "target-file.md").read_text()
    keys = list(leaves(SCHEMA))

    assert len(keys) > 60
    assert [key for key in keys if f"`{key[-1]}" not in docs and f" {key[-1]}:" not in docs] == []
    for part in SCHEMA["$defs"].values():
        for key, row in part.get("properties", {}).items():
            assert resolved(row, SCHEMA).get("description"), key


def test_the_records_and_the_schema_have_the_same_defaults(tmp_path: Path) -> None:
    target = load(tmp_path, SMALL)
    merchant = SCHEMA["$defs"]["merchant"]["properties"]

    assert {key: row["default"] for key, row in SCHEMA["$defs"]["thresholds"]["properties"].items()} == asdict(
        target.thresholds
    )
    promises = {key: row.get("default") for key, row in SCHEMA["$defs"]["promises"]["properties"].items()}
    assert promises == asdict(target.merchant.promises)
    assert target.merchant.timeout_s == merchant["timeout_s"]["default"]
    assert target.merchant.max_answer_bytes == merchant["max_answer_bytes"]["default"]
    assert target.merchant.capabilities == set(merchant["capabilities"]["default"])
    start = {key: row["default"] for key, row in SCHEMA["$defs"]["start"]["properties"].items() if "default" in row}
    given = Start(command="a")
    assert start == {name: getattr(given, name) for name in ("ready", "ready_within_s", "intercept", "other_hosts")}


def test_a_value_from_the_environment_is_not_shown_in_a_message(tmp_path: Path) -> None:
    path = tmp_path / "tayari.yaml"
    path.write_text(SMALL + "daraja: {short_code: env:MPESA_PASSKEY}\n")

    with pytest.raises(TargetError, match="the value of MPESA_PASSKEY; expected 5 to 7 digits") as caught:
        load_target(path, ENVIRON)

    assert "abc123" not in str(caught.value)


def test_a_missing_file_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="`tayari init` writes one"):
        load_target(tmp_path / "none.yaml", {})
