"""`tayari init` on merchants that take C2B payments, pay out, give back, or are written in plain PHP."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tayari.cli.commands import run
from tayari.target_draft.source_draft import draft_from_source
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import Target

SCHOOL = {
    "requirements.txt": "fastapi\npydantic-settings\n",
    ".env.example": "DATABASE_URL=sqlite:///./school.db\nMPESA_BASE_URL=\n",
    "app/config.py": "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\n"
    "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_file='.env', env_prefix='FEES_')\n\n"
    "    database_url: str = 'sqlite+aiosqlite:///./school.db'\n"
    "    mpesa_gateway: str = 'https://sandbox.safaricom.co.ke'\n"
    "    mpesa_passkey: str = Field('', validation_alias='LNM_PASSKEY')\n\n\nsettings = Settings()\n",
    "app/main.py": "from fastapi import FastAPI\nfrom app.fees import router as fees\n"
    "from app.paybill import router as paybill\nfrom app.students import router as students\napp = FastAPI()\n"
    "app.include_router(fees, prefix='/api')\napp.include_router(paybill, prefix='/api')\n"
    "app.include_router(students, prefix='/api')\n",
    "app/fees.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/fees')\n\n\nclass FeePush(BaseModel):\n"
    "    admission_no: str\n    phone_number: str\n    amount: int = Field(gt=0)\n    term: str\n"
    "    note: str = ''\n\n\n"
    "@router.post('/stk')\nasync def push(body: FeePush):\n"
    "    row.checkout_request_id = answer['CheckoutRequestID']\n"
    "    return {'payment': row.id, 'status': row.status}\n\n\n"
    "@router.get('/stk/{payment}')\ndef state(payment: int):\n"
    "    return {'payment': row.id, 'status': row.status}\n\n\n"
    "@router.post('/stk-result')\ndef result(payload: dict):\n"
    "    row.status = 'PAID' if payload['Body']['stkCallback']['ResultCode'] == 0 else 'FAILED'\n",
    "app/paybill.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/paybill')\n\n\n"
    "@router.post('/register-urls')\nasync def register():\n"
    "    return await call('registerurl', {'ResponseType': 'Completed', 'ConfirmationURL': URL})\n\n\n"
    "@router.post('/validation')\ndef validation(payload: dict):\n"
    "    return {'ResultCode': 'C2B00012', 'ResultDesc': 'Rejected'}\n\n\n"
    "@router.post('/confirmation')\ndef confirmation(payload: dict):\n    credit(payload['BillRefNumber'])\n\n\n"
    "@router.get('/suspense')\ndef suspense():\n"
    "    return {'receipts': [{'trans_id': row.trans_id, 'amount': row.amount} for row in rows]}\n",
    "app/students.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/students')\n\n\n"
    "class StudentIn(BaseModel):\n    name: str\n    house: int\n    fee_due: float = 0\n\n\n"
    "@router.post('')\ndef enrol(body: StudentIn):\n    return {'admission_no': row.admission_no}\n\n\n"
    "@router.get('/{admission_no}/statement')\ndef statement(admission_no: str):\n"
    "    return {'admission_no': 1, 'paid': 2, 'receipts': []}\n",
}
PHONES = {
    "requirements.txt": "flask\nmpesakit\n",
    "app.py": "import os\nfrom flask import Flask, jsonify, request\napp = Flask(__name__)\n"
    "NAME = os.getenv('MPESA_INITIATOR_NAME')\nSEALED = os.getenv('MPESA_SECURITY_CREDENTIAL')\n"
    "WORD = os.getenv('MPESA_INITIATOR_PASSWORD')\n\n\n"
    "@app.post('/orders/checkout')\ndef checkout():\n    body = request.get_json()\n"
    "    push(body['customer_phone'], body['total'], body['order_no'])\n"
    "    db.execute(\"INSERT INTO orders(state) VALUES ('awaiting_payment')\")\n"
    "    return jsonify(ok=True, order_no=order, checkout=res.CheckoutRequestID)\n\n\n"
    "@app.post('/hooks/mpesa/stk')\ndef stk_hook():\n    stk = request.get_json()['Body']['stkCallback']\n"
    "    db.execute(\"UPDATE orders SET state='paid'\" if stk['ResultCode'] == 0 else "
    "\"UPDATE orders SET state='payment_failed'\")\n\n\n"
    "@app.get('/orders/<order_no>')\ndef show(order_no):\n"
    "    return jsonify(order_no=order_no, state=row['state'], refund=row['refund_state'])\n\n\n"
    "@app.post('/orders/<order_no>/refund')\ndef refund(order_no):\n"
    "    return jsonify(order_no=order_no, refund='requested')\n\n\n"
    "@app.post('/hooks/mpesa/reversal')\ndef reversal_hook():\n"
    "    state = 'refunded' if int(request.json['Result']['ResultCode']) == 0 else 'refund_failed'\n\n\n"
    "@app.post('/hooks/mpesa/reversal-timeout')\ndef late():\n    return jsonify(ResultCode=0)\n",
}
WAGES = {
    "package.json": '{"dependencies": {"express": "5"}, "scripts": {"start": "node server.js"}}',
    "server.js": "const HOST = process.env.APP_URL\napp.use(express.json())\n"
    "app.post('/disbursements', (req, res) => {\n  const { employeePhone, netPay, payrollRef } = req.body\n"
    "  b2c({ ResultURL: `${HOST}/disbursements/result` })\n"
    "  res.json({ id: row.id, status: 'SENT' })\n})\n"
    "app.get('/disbursements/:id', (req, res) => res.json({ id, status: 'PAID' }))\n"
    "app.post('/disbursements/result', (req, res) => { row.status = req.body.Result.ResultCode })\napp.listen(3000)\n",
}
KIOSK = {
    "public/index.php": "<?php\n$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);\n"
    "$method = $_SERVER['REQUEST_METHOD'];\n"
    "if ($method === 'POST' && $path === '/tokens/buy') {\n"
    "    push($input['phone'], $input['amount'], $input['meter']);\n"
    "    echo json_encode(['id' => $id, 'status' => 'pending']);\n}\n"
    "if ($method === 'GET' && preg_match('#^/tokens/(\\w+)$#', $path, $m)) {\n"
    "    echo json_encode(['id' => $id, 'status' => $row['status']]);\n}\n"
    "if ($path === '/mpesa-callback') {\n    $input['Body']['stkCallback']; $status = 'paid'; $other = 'failed';\n}\n",
    "public/app.js": "const app = { get: 1 }; app.post('/pay/now', x)",
    "src/config.php": "<?php\ndefine('MPESA_BASE', getenv('MPESA_BASE') ?: 'https://sandbox.safaricom.co.ke');\n"
    "define('STORAGE', getenv('STORAGE_DIR') ?: __DIR__ . '/../storage');\n",
}
PAGES = {
    "pay.php": "<?php\n$push = stk($_POST['phone'], $_POST['amount']);\necho json_encode(['id' => $id]);\n",
    "callback.php": "<?php\n$body = json_decode(file_get_contents('php://input'))->Body->stkCallback;\n",
    "status.php": "<?php\n$row = find($_GET['id']);\necho json_encode(['status' => $row['status']]);\n",
    "lib.php": "<?php\nfunction find($id) { return ['status' => 'paid']; }\n",
}
SEGMENTS = {
    "shop.php": "<?php\n$path = explode('/', trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/'));\n"
    "if ($path[0] === 'hook') {\n    settle($path[1], $body['Body']['stkCallback']);\n"
    "} elseif ($path[0] === 'orders' && $_SERVER['REQUEST_METHOD'] === 'POST') {\n"
    "    $order = ['id' => stk(1), 'phone' => $body['phone'], 'amount' => $body['amount']];\n"
    "} elseif ($path[0] === 'orders') {\n    answer(200, ['status' => find($path[1])]);\n}\n",
}
SLIM = {
    "index.php": "<?php\n$app->post('/lipa', function ($request) { return start($request->input('phone'), "
    "$request->input('amount')); });\n$app->get('/payments/{id}', function () { return ['status' => 'paid']; });\n"
    "$app->post('/callback', function () { $body->stkCallback; });\n"
    "$uri = $_SERVER['REQUEST_URI'];\n",
}


def proposed(folder: Path, files: Mapping[str, str]) -> Target:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert run(["init", str(folder), "--yes"]) == 0
    return load_target(folder / "tayari.yaml", {})


def test_customers_accounts_are_proposed(tmp_path: Path) -> None:
    c2b = proposed(tmp_path, SCHOOL).merchant.c2b

    assert c2b is not None
    assert c2b.register is not None
    assert c2b.open_account is not None
    assert c2b.account is not None
    assert c2b.account.way.call is not None
    assert c2b.unallocated is not None
    assert c2b.register.path == "/api/paybill/register-urls"
    assert (c2b.open_account.call.path, c2b.open_account.call.json) == (
        "/api/students",
        {"fee_due": "{amount}", "name": "Tayari", "house": 1},
    )
    assert c2b.open_account.account == "$.admission_no | $.data.admission_no"
    assert (c2b.account.way.call.path, c2b.account.total, c2b.account.credits) == (
        "/api/students/{account}/statement",
        "$.paid",
        "$.receipts",
    )
    assert (c2b.unallocated.call.path, c2b.unallocated.texts) == ("/api/paybill/suspense", "$.receipts[*].trans_id")


def test_what_is_not_known_of_a_request_is_marked(tmp_path: Path) -> None:
    proposed(tmp_path, SCHOOL)
    made = draft_from_source(tmp_path)

    assert made is not None
    assert "what your page sends as name and house" in made.doubts
    assert "is this the request that opens an account to pay into?" in made.doubts


def test_the_status_of_a_payment_is_the_route_that_continues_its_start(tmp_path: Path) -> None:
    """`statement` holds the word `state`, and `Completed` is what Daraja is sent."""
    merchant = proposed(tmp_path, SCHOOL).merchant

    assert merchant.status is not None
    assert merchant.status.call is not None
    assert merchant.status.call.path == "/api/fees/stk/{payment_id}"
    assert merchant.pay.call.json == {
        "phone_number": "{msisdn}", "amount": "{amount}", "admission_no": "{reference}", "term": "Tayari"
    }  # fmt: skip
    assert (merchant.pay.payment_id or "").startswith("$.payment | ")
    assert sorted(merchant.status.states) == ["FAILED", "PAID", "PENDING"]


def test_settings_of_pydantic_are_read_from_the_environment(tmp_path: Path) -> None:
    """Each by its prefix or alias; the developer's own database gets no payment of a test."""
    start = proposed(tmp_path, SCHOOL).merchant.start

    assert start is not None
    assert start.env["FEES_DATABASE_URL"] == "sqlite+aiosqlite:///{work_dir}/school.db"
    assert start.env["FEES_MPESA_GATEWAY"] == "{daraja_url}"
    assert start.env["LNM_PASSKEY"] == "{passkey}"
    assert "FEES_MODEL_CONFIG" not in start.env


def test_a_refund_is_proposed_with_its_state_beside_the_payments(tmp_path: Path) -> None:
    merchant = proposed(tmp_path, PHONES).merchant

    assert merchant.refund is not None
    assert merchant.refund.status is not None
    assert merchant.refund.status.call is not None
    assert merchant.refund.call.path == "/orders/{reference}/refund"
    assert merchant.refund.status.call.path == "/orders/{reference}"
    assert merchant.refund.status.state == "$.refund | $.data.refund"
    assert set(merchant.refund.status.states) == {"refunded", "refund_failed", "requested"}
    assert merchant.status is not None
    assert set(merchant.status.states) >= {"paid", "payment_failed", "awaiting_payment"}
    assert merchant.pay.call.path == "/orders/checkout"


def test_an_initiator_gets_the_sandboxes_name_and_credential(tmp_path: Path) -> None:
    start = proposed(tmp_path, PHONES).merchant.start

    assert start is not None
    assert start.env["MPESA_INITIATOR_NAME"] == "testapi"
    assert start.env["MPESA_INITIATOR_PASSWORD"] == "Safaricom999!*!"
    assert start.env["MPESA_SECURITY_CREDENTIAL"] == "{security_credential}"


def test_a_payout_is_read_by_its_own_identifier(tmp_path: Path) -> None:
    """`/disbursements/:id` does not say payout: the file that was proposed could not be loaded."""
    merchant = proposed(tmp_path, WAGES).merchant

    assert merchant.payout is not None
    assert merchant.payout.status is not None
    assert merchant.payout.status.call is not None
    assert merchant.payout.call.json == {
        "employeePhone": "{msisdn}",
        "netPay": "{amount}",
        "payrollRef": "{reference}",
    }
    assert merchant.payout.status.call.path == "/disbursements/{payout_id}"
    assert merchant.start is not None
    assert merchant.start.env == {"APP_URL": "https://shop.example"}  # and no HOST, a name of the program's own


@pytest.mark.parametrize(
    ("files", "command", "pay", "status"),
    [
        (KIOSK, "php -S 127.0.0.1:{port} -t public public/index.php", "/tokens/buy", "/tokens/{payment_id}"),
        (PAGES, "php -S 127.0.0.1:{port}", "/pay.php", "/status.php?id={payment_id}"),
        (SEGMENTS, "php -S 127.0.0.1:{port} shop.php", "/orders", "/orders/{payment_id}"),
        (SLIM, "php -S 127.0.0.1:{port} index.php", "/lipa", "/payments/{payment_id}"),
    ],
    ids=["front controller", "pages", "segments", "slim"],
)
def test_plain_php_is_known(tmp_path: Path, files: Mapping[str, str], command: str, pay: str, status: str) -> None:
    merchant = proposed(tmp_path, files).merchant

    assert merchant.start is not None
    assert merchant.status is not None
    assert merchant.status.call is not None
    assert merchant.start.command == command
    assert merchant.start.env["PHP_CLI_SERVER_WORKERS"] == "8"
    assert (merchant.pay.call.path, merchant.status.call.path) == (pay, status)


def test_a_base_url_is_known_by_its_value(tmp_path: Path) -> None:
    start = proposed(tmp_path, KIOSK).merchant.start

    assert start is not None
    assert start.env["MPESA_BASE"] == "{daraja_url}"
    assert start.env["STORAGE_DIR"] == "{work_dir}"


def test_what_is_proposed_is_no_example_beside_it(tmp_path: Path) -> None:
    proposed(tmp_path, PHONES)
    text = (tmp_path / "tayari.yaml").read_text()

    assert "# refund:" not in text
    assert "# c2b:" in text
    assert "# payout:" in text


def test_a_folder_of_no_known_stack_is_named_with_the_stacks_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", str(tmp_path)]) == 0

    shown = " ".join(capsys.readouterr().out.split())
    assert f"no source of a known stack is in {tmp_path} (known are Django, Flask, FastAPI" in shown
    assert "tayari init --watch URL" in shown
    assert json.loads((tmp_path / "tayari.schema.json").read_text())
