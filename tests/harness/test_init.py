"""`tayari init`: what it finds in the source of a merchant, and that the file it writes can be used."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tayari.cli.commands import run
from tayari.target_draft.merchant_routes import MerchantRoute, routes
from tayari.target_draft.roles import choose
from tayari.target_draft.source_draft import draft_from_source
from tayari.target_draft.source_files import read_project
from tayari_target.merchant_interception import Intercept
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import Merchant

EXAMPLES = Path(__file__).parents[2] / "examples"
FIELDS = {"phone": "{msisdn}", "amount": "{amount}", "reference": "{reference}"}


@dataclass(frozen=True)
class Case:
    """A small project that looks like real ones, and what its target file must say."""

    stack: str
    files: Mapping[str, str]
    command: str
    pay: str
    status: str
    callback: str
    env: Mapping[str, str]
    intercept: Intercept = Intercept.AUTO
    body: Mapping[str, str] | None = None
    is_form: bool = False


DJANGO = Case(
    "Django",
    {
        "manage.py": "import django\n",
        "requirements.txt": "Django==5.0\ndjango-daraja==1.3.0\n",
        "shop/settings.py": "from decouple import config\nMPESA_CONSUMER_KEY = config('MPESA_CONSUMER_KEY')\n"
        "CALLBACK_BASE_URL = config('CALLBACK_BASE_URL')\n",
        "shop/urls.py": "from django.urls import include, path\n"
        "urlpatterns = [path('payments/', include('payments.urls')), path('login/', login)]\n",
        "payments/urls.py": "from django.urls import path\nfrom . import views\nurlpatterns = [\n"
        "    path('stk-push/', views.start_payment),\n    path('callback/', views.mpesa_callback),\n"
        "    path('status/<str:checkout_id>/', views.payment_status),\n]\n",
        "payments/views.py": "from django.http import JsonResponse\n\n\n@require_POST\ndef start_payment(request):\n"
        "    phone = request.POST.get('phone_number')\n    amount = request.POST['amount']\n"
        "    return JsonResponse({'checkout_id': 1, 'checkout_request_id': 'x'})\n\n\n@csrf_exempt\n"
        "def mpesa_callback(request):\n    body = json.loads(request.body)['Body']['stkCallback']\n"
        "    Payment.objects.update(status='COMPLETED' if body['ResultCode'] == 0 else 'FAILED')\n\n\n"
        "def payment_status(request, checkout_id):\n    return JsonResponse({'status': payment.status})\n",
    },
    command="runserver --noreload 127.0.0.1:{port}",
    pay="POST /payments/stk-push/",
    status="GET /payments/status/{payment_id}/",
    callback="POST /payments/callback/",
    env={"MPESA_CONSUMER_KEY": "{consumer_key}", "CALLBACK_BASE_URL": "https://shop.example"},
    body={"phone_number": "{msisdn}", "amount": "{amount}"},
    is_form=True,
)
FLASK = Case(
    "Flask",
    {
        "requirements.txt": "flask\nrequests\n",
        "app.py": "from flask import Flask\nfrom mpesa import bp\napp = Flask(__name__)\n"
        "app.register_blueprint(bp, url_prefix='/mpesa')\n",
        "mpesa.py": "import os\nfrom flask import Blueprint, jsonify, request\nbp = Blueprint('mpesa', __name__)\n"
        "BASE = os.environ.get('DARAJA_BASE_URL', 'https://sandbox.safaricom.co.ke')\n"
        "DB = os.environ.get('SHOP_DB', 'shop.db')\nCACHE = os.environ.get('CACHE_DB', '2')\n\n\n"
        "@bp.route('/pay', methods=['POST'])\ndef pay():\n    data = request.get_json()\n"
        "    push(data['phone'], data['amount'], data.get('reference'))\n    return jsonify({'orderId': 1})\n\n\n"
        "@bp.route('/callback', methods=['POST'])\ndef callback():\n    return result(request.json['Body'])\n\n\n"
        "@bp.get('/payments/<payment_id>')\ndef payment(payment_id):\n    return jsonify(status='paid')\n",
    },
    command="-m flask --app app:app run --port {port}",
    pay="POST /mpesa/pay",
    status="GET /mpesa/payments/{payment_id}",
    callback="POST /mpesa/callback",
    env={"DARAJA_BASE_URL": "{daraja_url}", "SHOP_DB": "{work_dir}/shop.db"},
    intercept=Intercept.OFF,
    body=FIELDS,
)
FASTAPI = Case(
    "FastAPI",
    {
        "pyproject.toml": '[project]\ndependencies = ["fastapi", "httpx"]\n',
        "app/main.py": "from fastapi import FastAPI\nfrom app.routers import payments\napp = FastAPI()\n"
        "app.include_router(payments.router, prefix='/api')\n",
        "app/routers/payments.py": "from fastapi import APIRouter\nfrom app.schemas import PayRequest\n"
        'router = APIRouter(prefix="/payments")\nURL = "https://sandbox.safaricom.co.ke"\n\n\n'
        '@router.post("/stkpush")\nasync def start(payload: PayRequest):\n    return {"id": 1}\n\n\n'
        '@router.post("/webhook")\nasync def hook(body: dict):\n    return body["Body"]["stkCallback"]\n\n\n'
        '@router.get("/{payment_id}/status")\nasync def status(payment_id: str):\n    return {"state": "PENDING"}\n',
        "app/schemas.py": "class PayRequest(BaseModel):\n    phone: str\n    amount: int\n    reference: str\n",
    },
    command="-m uvicorn app.main:app --port {port}",
    pay="POST /api/payments/stkpush",
    status="GET /api/payments/{payment_id}/status",
    callback="POST /api/payments/webhook",
    env={},
    body=FIELDS,
)
EXPRESS = Case(
    "Express",
    {
        "package.json": '{"name": "shop", "scripts": {"start": "node server.js"}, "dependencies": '
        '{"express": "^4.18.2", "mpesa-node": "^0.1.3"}}',
        "server.js": "const express = require('express')\nconst mpesa = require('./routes/mpesa')\n"
        "const app = express()\napp.use(express.json())\napp.use('/api/mpesa', mpesa)\n"
        "app.listen(process.env.PORT || 3000)\n",
        "routes/mpesa.js": "const router = require('express').Router()\nconst { stkPush } = require('../pay')\n"
        "router.post('/stk', auth, stkPush)\nrouter.post('/callback', (req, res) => {\n"
        "  const { stkCallback } = req.body.Body\n  res.json({ ResultCode: 0 })\n})\n"
        "router.get('/status/:id', (req, res) => res.json({ status: payment.status }))\nmodule.exports = router\n",
        "pay.js": "exports.stkPush = async (req, res) => {\n  const { phone, amount, reference } = req.body\n"
        "  const answer = await mpesa.push(process.env.MPESA_SHORTCODE, phone)\n"
        "  res.json({ checkoutRequestId: answer.CheckoutRequestID })\n}\n",
        "node_modules/other/index.js": "app.post('/pay', (req, res) => {})\n",
    },
    command="npm start",
    pay="POST /api/mpesa/stk",
    status="GET /api/mpesa/status/{payment_id}",
    callback="POST /api/mpesa/callback",
    env={"PORT": "{port}", "MPESA_SHORTCODE": "{short_code}"},
    body=FIELDS,
)
NEST = Case(
    "Nest",
    {
        "package.json": '{"scripts": {"start": "nest start"}, "dependencies": {"@nestjs/core": "^10"}}',
        "src/main.ts": "import { NestFactory } from '@nestjs/core'\napp.setGlobalPrefix('api')\n"
        "await app.listen(process.env.PORT ?? 3000)\n",
        "src/payments/payments.controller.ts": "import { Controller, Post } from '@nestjs/common'\n"
        "import { CreatePaymentDto } from './dto'\n@Controller('payments')\nexport class PaymentsController {\n"
        "  @Post('stk-push')\n  start(@Body() dto: CreatePaymentDto) { return { id: 1 } }\n\n"
        "  @Post('callback')\n  callback(@Body() body) { return body.Body.stkCallback.ResultCode }\n\n"
        "  @Get(':id/status')\n  status(@Param('id') id: string) { return { status: 'PENDING' } }\n}\n",
        "src/payments/dto.ts": "export class CreatePaymentDto {\n  phone: string\n"
        "  amount: number\n  reference: string\n}\n",
        "src/payments/daraja.ts": "const base = process.env.MPESA_BASE_URL\n",
    },
    command="npm start",
    pay="POST /api/payments/stk-push",
    status="GET /api/payments/{payment_id}/status",
    callback="POST /api/payments/callback",
    env={"PORT": "{port}", "MPESA_BASE_URL": "{daraja_url}"},
    intercept=Intercept.OFF,
    body=FIELDS,
)
FASTIFY = Case(
    "Fastify",
    {
        "package.json": '{"main": "index.mjs", "dependencies": {"fastify": "^4"}}',
        "index.mjs": "import Fastify from 'fastify'\nimport payments from './payments.mjs'\nconst app = Fastify()\n"
        "app.register(payments, { prefix: '/v1' })\nawait app.listen({ port: 4100 })\n",
        "payments.mjs": "const host = 'https://sandbox.safaricom.co.ke'\nexport default async function (app) {\n"
        "  app.post('/pay', async (request) => {\n    const { phone, amount, reference } = request.body\n"
        "    return { id: 1 }\n  })\n  app.post('/mpesa-callback', async (request) => request.body.Body.stkCallback)\n"
        "  app.get('/payments/:id', async (request) => ({ status: 'paid' }))\n}\n",
    },
    command="node index.mjs",
    pay="POST /v1/pay",
    status="GET /v1/payments/{payment_id}",
    callback="POST /v1/mpesa-callback",
    env={},
    body=FIELDS,
)
LARAVEL = Case(
    "Laravel",
    {
        "artisan": "<?php\n",
        "composer.json": '{"require": {"laravel/framework": "^11.0", "safaricom/mpesa": "^1.0"}}',
        "config/mpesa.php": "<?php return ['key' => env('MPESA_CONSUMER_KEY'), 'pass' => env('MPESA_PASSKEY')];\n",
        "routes/api.php": "<?php\nuse Illuminate\\Support\\Facades\\Route;\n"
        "Route::prefix('mpesa')->group(function () {\n"
        "    Route::post('/stk', [MpesaController::class, 'stkPush']);\n"
        "    Route::post('/callback', [MpesaController::class, 'callback']);\n});\n"
        "Route::get('/payments/{payment}', [MpesaController::class, 'show']);\n",
        "app/Http/Controllers/MpesaController.php": "<?php\nclass MpesaController {\n"
        "    public function stkPush(Request $request) {\n        $phone = $request->input('phone');\n"
        "        $amount = $request->amount;\n        $reference = $request->reference;\n"
        "        return response()->json(['payment_id' => 1]);\n    }\n"
        "    public function callback(Request $request) { $request->Body['stkCallback']['ResultCode']; }\n"
        "    public function show($payment) { return response()->json(['status' => 'PAID']); }\n}\n",
    },
    command="php artisan serve --no-reload --port={port}",
    pay="POST /api/mpesa/stk",
    status="GET /api/payments/{payment_id}",
    callback="POST /api/mpesa/callback",
    env={"MPESA_CONSUMER_KEY": "{consumer_key}", "MPESA_PASSKEY": "{passkey}"},
    body=FIELDS,
)
SPRING = Case(
    "Spring",
    {
        "pom.xml": "<project><artifactId>spring-boot-starter-web</artifactId></project>",
        "mvnw": "#!/bin/sh\n",
        "src/main/resources/application.properties": "mpesa.url=${MPESA_BASE_URL:https://sandbox.safaricom.co.ke}\n",
        "src/main/java/shop/PayController.java": "import org.springframework.web.bind.annotation.*;\n@RestController\n"
        '@RequestMapping("/api/payments")\npublic class PayController {\n'
        '    @PostMapping("/stk")\n    public Started start(@RequestBody PayRequest body) { return new Started(id); }\n'
        '    @PostMapping("/callback")\n    public Ack callback(@RequestBody StkCallback body) { body.ResultCode(); }\n'
        '    @GetMapping("/{id}")\n    public Payment status(@PathVariable String id) { return all.get(id); }\n}\n',
        "src/main/java/shop/PayRequest.java": "record PayRequest(String phone, int amount, String reference) {}\n",
    },
    command="./mvnw -q spring-boot:run",
    pay="POST /api/payments/stk",
    status="GET /api/payments/{payment_id}",
    callback="POST /api/payments/callback",
    env={"SERVER_PORT": "{port}", "MPESA_BASE_URL": "{daraja_url}"},
    intercept=Intercept.OFF,
    body=FIELDS,
)
GO = Case(
    "Go",
    {
        "go.mod": "module example.com/shop\n\nrequire github.com/gin-gonic/gin v1.9.1\n",
        "main.go": 'package main\n\nimport "net/http"\n\nfunc main() {\n\tr := gin.Default()\n'
        '\tapi := r.Group("/api")\n'
        '\tapi.POST("/pay", startPayment)\n\tapi.POST("/mpesa/callback", callback)\n'
        '\tapi.GET("/payments/:id", showPayment)\n\tr.Run(":" + os.Getenv("PORT"))\n}\n',
        "pay.go": 'package main\n\nvar base = os.Getenv("DARAJA_URL")\n\ntype payRequest struct {\n'
        '\tPhone string `json:"phone"`\n}\n\nfunc startPayment(c *gin.Context) {\n\tvar body struct {\n'
        '\t\tPhone     string `json:"phone"`\n\t\tAmount    int    `json:"amount"`\n'
        '\t\tReference string `json:"reference"`\n\t}\n\tc.JSON(202, gin.H{"id": 1})\n}\n\n'
        "func callback(c *gin.Context) {\n\tresult := body.Body.StkCallback.ResultCode\n}\n\n"
        'func showPayment(c *gin.Context) {\n\tc.JSON(200, gin.H{"status": "paid"})\n}\n',
    },
    command="go run .",
    pay="POST /api/pay",
    status="GET /api/payments/{payment_id}",
    callback="POST /api/mpesa/callback",
    env={"PORT": "{port}", "DARAJA_URL": "{daraja_url}"},
    intercept=Intercept.OFF,
    body=FIELDS,
)
PLAIN_GO = Case(
    "Go",
    {
        "go.mod": "module example.com/shop\n",
        "main.go": 'package main\n\nimport "net/http"\n\nfunc main() {\n\troutes := http.NewServeMux()\n'
        '\troutes.HandleFunc("/api/pay", pay)\n\troutes.HandleFunc("/api/payments/", show)\n'
        '\troutes.HandleFunc("/hooks/", callback)\n\thttp.ListenAndServe(":"+os.Getenv("PORT"), routes)\n}\n\n'
        "func pay(w http.ResponseWriter, r *http.Request) {\n\tvar body struct {\n"
        '\t\tPhone     string `json:"phone"`\n\t\tAmount    int    `json:"amount"`\n'
        '\t\tReference string `json:"reference"`\n\t}\n\tjson.NewDecoder(r.Body).Decode(&body)\n'
        '\tjson.NewEncoder(w).Encode(map[string]any{"id": 1})\n}\n\n'
        "func callback(w http.ResponseWriter, r *http.Request) {\n\tcode := read(r.Body).stkCallback.ResultCode\n}\n\n"
        "func show(w http.ResponseWriter, r *http.Request) {\n"
        '\tjson.NewEncoder(w).Encode(map[string]any{"status": "paid"})\n}\n',
        "daraja.go": 'package main\n\nvar base = os.Getenv("DARAJA_URL")\n',
    },
    command="go run .",
    pay="POST /api/pay",
    status="GET /api/payments/{payment_id}",
    callback="POST /hooks/{id}",
    env={"PORT": "{port}", "DARAJA_URL": "{daraja_url}"},
    intercept=Intercept.OFF,
    body=FIELDS,
)
CASES = (DJANGO, FLASK, FASTAPI, EXPRESS, NEST, FASTIFY, LARAVEL, SPRING, GO, PLAIN_GO)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def proposed(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Merchant, str, dict[str, list[str]]]:
    """What `tayari init` writes for a folder, and what it says about it."""
    assert run(["init", str(folder), "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    return load_target(folder / "tayari.yaml", {}).merchant, (folder / "tayari.yaml").read_text(), printed


IN_A_PACKAGE = {
    "manage.py": "import django\n",
    "shop/settings.py": "import os\nDATABASES = {'default': {'NAME': os.environ.get('DB_FILE', 'db.sqlite3')}}\n"
    "MPESA_BASE_URL = os.environ['MPESA_BASE_URL']\n",
}


@pytest.mark.parametrize(
    ("include", "module"),
    [
        ("from mpesa.urls import mpesa_urls\nurlpatterns = [path('mpesa/', include(mpesa_urls))]\n", "mpesa.urls"),
        ("urlpatterns = [path('payments/', include('lipa.urls')), path('x/', include('blog.urls'))]\n", "lipa.urls"),
    ],
)
def test_a_package_that_serves_the_payment_routes_is_named(tmp_path: Path, include: str, module: str) -> None:
    """Installed packages are not read: without a word the user looks for the routes in the wrong place."""
    for name, text in {**IN_A_PACKAGE, "shop/urls.py": f"from django.urls import include, path\n{include}"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    made = draft_from_source(tmp_path)

    assert made is not None
    assert made.pay is not None
    assert made.start is not None
    assert re.search(rf"; shop/urls\.py:\d serves those of {module} below /\w+, a package", made.pay.request.doubt)
    assert "blog" not in made.pay.request.doubt
    assert "manage.py migrate --noinput" in made.start.command.text  # the database in {work_dir} is empty


def test_words_that_stand_in_a_choice_are_found(tmp_path: Path) -> None:
    """`? "paid" : "failed"`: the colon made the first of them look like a key."""
    (tmp_path / "package.json").write_text('{"dependencies": {"express": "5"}, "scripts": {"start": "node server.js"}}')
    (tmp_path / "server.js").write_text(
        'app.post("/api/pay", (req, res) => { res.json({ id: 1, phone: req.body.phone, amount: req.body.amount }) })\n'
        'app.post("/callback", (req) => { order.status = req.body.stkCallback.ResultCode === 0 ? "paid" : "failed" })\n'
        'app.get("/api/orders/:id", (req, res) => { res.json({ status: order.status }) })\n'
    )

    made = draft_from_source(tmp_path)

    assert made is not None
    assert made.status is not None
    assert made.status.states["paid"] == ["paid"]


def test_routes_that_a_name_mounts_are_read(tmp_path: Path) -> None:
    files = {
        **IN_A_PACKAGE,
        "shop/urls.py": "from payments.urls import payment_urls\nurlpatterns = [path('pay/', include(payment_urls))]\n",
        "payments/urls.py": "payment_urls = [path('stk-push/', start_payment)]\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    assert [route.path for route in routes(read_project(tmp_path))] == ["/pay/stk-push/"]


@pytest.mark.parametrize(
    ("name", "line", "path"),
    [
        ("server.js", r"app.get('/orders/:id(\\d+)', show)", "/orders/{id}"),
        ("server.js", r"app.get('/orders/:id([a-z]+)?/x', show)", "/orders/{id}/x"),
        ("main.go", r'r.HandleFunc("/orders/{id:([0-9]+)}", show)', "/orders/{id}"),
        ("index.php", r"<?php if (preg_match('#^/orders/(\w+)$#', $path)) {}", "/orders/{id}"),
    ],
)
def test_the_pattern_of_a_variable_part_is_left_out(tmp_path: Path, name: str, line: str, path: str) -> None:
    assert [route.path for route in routes(read_project(write(tmp_path, {name: line + "\n"})))] == [path]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stack)
def test_a_stack_is_recognised_and_its_routes_are_proposed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: Case
) -> None:
    merchant, text, printed = proposed(write(tmp_path, case.files), capsys)

    assert printed["recognised"][0].startswith(f"Stack: {case.stack} (")
    assert merchant.start is not None
    assert merchant.status is not None
    assert merchant.status.call is not None
    assert merchant.start.command.endswith(case.command)
    assert f"{merchant.pay.call.method} {merchant.pay.call.path}" == case.pay
    assert f"{merchant.status.call.method} {merchant.status.call.path}" == case.status
    assert f"# Callback: {case.callback} (" in text
    assert merchant.start.env == case.env
    assert merchant.start.intercept is case.intercept
    assert (merchant.pay.call.form if case.is_form else merchant.pay.call.json) == case.body


def test_a_plugin_of_woocommerce_gets_its_callback_and_no_start_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = "<?php\nadd_action('woocommerce_api_mpesa_callback', 'take');\nclass G extends WC_Payment_Gateway {}\n"

    merchant, text, _ = proposed(write(tmp_path, {"mpesa-gateway.php": plugin}), capsys)

    assert merchant.start is None
    assert "# Callback: POST /?wc-api=mpesa_callback (mpesa-gateway.php:2)" in text
    assert "# CHECK: the address at which your merchant runs" in text


def test_a_guess_is_marked_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    routes = "from flask import Flask\napp = Flask(__name__)\n"
    routes += "@app.post('/pay')\ndef a(): ...\n@app.post('/buy')\ndef b(): ...\n"

    merchant, text, printed = proposed(write(tmp_path, {"app.py": routes}), capsys)

    assert merchant.pay.call.path in {"/pay", "/buy"}
    assert "another route looks like the start of a payment as well" in printed["check"]
    assert "no field was found for {msisdn} and {amount}; write the fields of the request" in printed["check"]
    assert all(f"# CHECK: {doubt}" in text for doubt in printed["check"])


def test_a_port_in_the_source_is_the_merchants_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    merchant, _, printed = proposed(write(tmp_path, FASTIFY.files), capsys)

    assert merchant.base_url == "http://127.0.0.1:4100"
    assert "the port on which your merchant listens" in printed["check"]


def test_the_host_of_the_callback_url_in_the_source_is_led_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (
        FASTIFY.files["payments.mjs"] + "const push = { CallBackURL: 'https://pay.shop.co.ke/v1/mpesa-callback' }\n"
    )
    write(tmp_path, {**FASTIFY.files, "payments.mjs": source})

    assert run(["init", str(tmp_path)]) == 0

    rewrite = load_target(tmp_path / "tayari.yaml", {}).callbacks.rewrite
    assert rewrite == {"https://pay.shop.co.ke": "http://127.0.0.1:4100"}


def test_a_library_and_a_short_code_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, printed = proposed(write(tmp_path, {**EXPRESS.files, "config.js": "shortCode: '600123'"}), capsys)

    assert "Daraja library: mpesa-node (package.json:1)." in printed["recognised"]
    assert load_target(tmp_path / "tayari.yaml", {}).daraja.short_code == "600123"


def test_what_is_for_payouts_is_not_the_short_code_that_customers_pay_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = "shortCode: '600123', b2cShortCode: '600992', file: process.env.DATA_FILE || 'shop.json'"
    for number, (text, code) in enumerate(
        {
            "const B2C_SHORTCODE = '600992'; const SHORTCODE = '600123'": "600123",
            "const B2C_SHORTCODE = '600992'; const SHORTCODE = '174379'": "174379",
            f"module.exports = {{{config}}}": "600123",
        }.items()
    ):
        folder = tmp_path / str(number)
        proposed(write(folder, {**EXPRESS.files, "config.js": text}), capsys)
        found = load_target(folder / "tayari.yaml", {})
        assert found.daraja.short_code == code

    assert found.merchant.start is not None
    assert found.merchant.start.env["DATA_FILE"] == "{work_dir}/shop.json"


def test_what_a_status_shows_besides_the_state_is_read_from_the_functions_that_make_its_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    routes = (
        "from flask import Flask, jsonify\nfrom books import shown\napp = Flask(__name__)\n"
        "@app.post('/pay')\ndef pay():\n    return jsonify(shown(1))\n"
        "@app.get('/payments/<payment_id>')\ndef status(payment_id):\n"
        "    if payment_id is None: return jsonify({'detail': 'no such payment'}), 404\n    return jsonify(shown(2))\n"
    )
    books = "def shown(row):\n    return {'paymentId': 1, 'state': 'PAID', 'amount_paid': 5, 'receipt_number': 'X'}\n"

    merchant, text, _ = proposed(write(tmp_path, {"app.py": routes, "books.py": books}), capsys)

    assert merchant.status is not None
    assert (merchant.status.credited, merchant.status.receipt) == (
        "$.amount_paid | $.data.amount_paid",
        "$.receipt_number | $.data.receipt_number",
    )
    assert merchant.status.message is None
    assert "  # message: $.message" in text
    assert "$.paymentId " in (merchant.pay.payment_id or "")
    assert "# CHECK: the shillings that were credited for the payment, and nothing or 0 before?" in text


def test_what_an_answer_shows_is_found_among_named_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = (
        "from flask import Flask, jsonify\napp = Flask(__name__)\n@app.post('/pay')\ndef pay():\n"
        "    return jsonify(id=1)\n@app.get('/payments/<payment_id>')\ndef show(payment_id):\n"
        "    return jsonify(id=payment_id, status=row['status'],\n"
        "                   receipt=row.get('receipt'), credited=paid, message=text)\n"
    )
    merchant, text, _ = proposed(write(tmp_path, {"app.py": program}), capsys)

    assert merchant.status is not None
    assert (merchant.status.credited, merchant.status.receipt, merchant.status.message) == (
        "$.credited | $.data.credited",
        "$.receipt | $.data.receipt",
        "$.message | $.data.message",
    ), text


def test_short_hands_of_an_object_are_its_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = (
        "const express = require('express')\nconst app = express()\n"
        "app.post('/pay', (req, res) => res.json(shown(1)))\n"
        "app.get('/payments/:id', (req, res) => res.json(shown(2)))\n"
        "const shown = ({ id, state, receipt }) => ({ id, status: state, receipt })\napp.listen(3000)\n"
    )

    merchant, _, _ = proposed(write(tmp_path, {"package.json": '{"express": "5"}', "server.js": server}), capsys)

    assert merchant.status is not None
    assert merchant.status.receipt == "$.receipt | $.data.receipt"
    assert merchant.status.credited is None


def test_a_database_that_is_new_at_each_start_gets_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = "import os\nDATABASES = {'default': {'NAME': os.environ.get('DB_NAME', 'shop.sqlite3')}}\n"
    models = "from django.db import models\n\n\nclass Payment(models.Model):\n    pass\n"
    files = {**DJANGO.files, "shop/database.py": settings, "payments/models.py": models}

    merchant, _, _ = proposed(write(tmp_path, files), capsys)

    assert merchant.start is not None
    assert merchant.start.env["DB_NAME"] == "{work_dir}/shop.sqlite3"
    assert re.fullmatch(
        r"sh -c '(\S+) manage\.py migrate --noinput && exec \1 manage\.py runserver .*\{port\}'",
        merchant.start.command,
    )


def test_a_program_that_is_not_built_yet_is_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = '{"scripts": {"build": "tsc", "start": "node dist/main.js"}, "dependencies": {"@nestjs/core": "12"}}'
    write(tmp_path, {**NEST.files, "package.json": package})

    _, _, before = proposed(tmp_path, capsys)
    (tmp_path / "dist").mkdir()
    assert run(["init", str(tmp_path), "--format", "json", "--force"]) == 0
    after = json.loads(capsys.readouterr().out)

    doubt = "it runs dist/main.js, which is not there: run `npm run build` first"
    assert doubt in before["check"]
    assert doubt not in after["check"]


def test_routers_that_an_index_gathers_are_served_below_their_prefixes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "package.json": '{"dependencies": {"express": "5"}}',
        "src/app.ts": "import routes from './routes';\nconst app = express();\n"
        "app.use('/api/push', routes.pushes);\napp.use('/api/orders', routes.orders);\napp.listen(3000);\n",
        "src/routes/index.ts": "import pushes from './push';\nimport orders from './orders';\n"
        "export default { pushes, orders };\n",
        "src/routes/push.ts": "import { createPush } from '../controllers';\nrouter.post('/', createPush);\n",
        "src/routes/orders.ts": "import { showOrder } from '../controllers';\nrouter.get('/:orderId', showOrder);\n",
        "src/controllers.ts": "export const createPush = async (req: Request, res: Response) => {\n"
        "  const { amount, phoneNumber } = req.body\n  res.json({ orderId: 1 })\n}\n"
        "export const showOrder = async (req: Request, res: Response) => {\n  res.json({ status: 'PAID' })\n}\n",
    }

    merchant, _, _ = proposed(write(tmp_path, files), capsys)

    assert merchant.pay.call.path == "/api/push/"
    assert merchant.pay.call.json == {"phoneNumber": "{msisdn}", "amount": "{amount}"}
    assert merchant.status is not None
    assert merchant.status.call is not None
    assert merchant.status.call.path == "/api/orders/{payment_id}"


def test_the_prefix_of_a_class_is_seen_before_other_annotations(tmp_path: Path) -> None:
    controller = (
        "import org.springframework.web.bind.annotation.*;\n@RestController\n"
        '@RequestMapping("/api/v1")\n@Tag(name = "Push", description = "Prompts (on phones)")\n'
        'public class PushController {\n  @PostMapping("/push")\n'
        "  public Answer start(@RequestBody PushRequest body) { return new Answer(body.phone, body.amount); }\n}\n"
    )

    found = routes(read_project(write(tmp_path, {"src/PushController.java": controller})))

    assert [route.path for route in found] == ["/api/v1/push"]


def test_the_handler_of_the_class_that_a_route_names_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "artisan": "",
        "composer.json": '{"require": {"laravel/framework": "11"}}',
        "app/Books.php": "<?php\nclass Books { public function start($id) { return ['id' => $id]; } }\n",
        "app/Http/PayController.php": "<?php\nclass PayController {\n    public function start(Request $request) {\n"
        "        return send($request->input('tel'), $request->input('amount'), $request->input('order'));\n    }\n}\n",
        "config/database.php": "<?php\nreturn ['database' => env('DB_DATABASE', database_path('database.sqlite'))];\n",
        "routes/api.php": "<?php\nRoute::get('/health', fn () => []);\n"
        "Route::post('/pay', [PayController::class, 'start']);\n",
    }

    merchant, _, _ = proposed(write(tmp_path, files), capsys)

    assert merchant.pay.call.json == {"tel": "{msisdn}", "amount": "{amount}", "order": "{reference}"}
    assert merchant.start is not None
    assert merchant.start.ready == "/api/health"
    assert merchant.start.command == (
        'sh -c \'touch "$DB_DATABASE" && php artisan migrate --force '
        "&& exec php artisan serve --no-reload --port={port}'"
    )


def test_a_path_with_and_without_its_last_slash_is_one_route() -> None:
    def route(path: str) -> MerchantRoute:
        return MerchantRoute(method="POST", path=path, place="urls.py:1", code="phone amount stk")

    once, twice = choose("pay", [route("/stk/push")]), choose("pay", [route("/stk/push"), route("/stk/push/")])
    two = choose("pay", [route("/stk/push"), route("/stk/pay")])

    assert [each is not None and each.sure for each in (once, twice, two)] == [True, True, False]


def test_routes_of_a_rest_framework_are_found_and_a_state_is_asked_for_in_the_body(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "urls.py": "from django.urls import include, path\nfrom rest_framework.routers import SimpleRouter\n"
        "import views\nrouter = SimpleRouter()\nrouter.register('results', views.ResultView, basename='results')\n"
        "router.register('stk_callback', views.CallbackView, basename='cb')\nurlpatterns = [\n"
        "    path('api/', include(router.urls)),\n    path('submit/', views.SubmitView.as_view()),\n"
        "    path('submit', views.SubmitView.as_view()),\n    path('check/', views.CheckView.as_view()),\n]\n",
        "views.py": "class ResultView(CreateAPIView):\n    def create(self, request):\n"
        "        request.data['ResultCode']\n\n"
        "class CallbackView(CreateAPIView):\n    def create(self, request):\n        request.data['Body']\n\n"
        "class SubmitView(APIView):\n    def post(self, request):\n"
        "        send_stk(request.data['phone_number'], request.data['amount'])\n\n"
        "class CheckView(APIView):\n    def post(self, request):\n"
        "        return Response({'status': find(request.data['transaction_id'])})\n",
    }

    merchant, text, said = proposed(write(tmp_path, files), capsys)

    assert "# Callback: POST /api/stk_callback/ (urls.py:6)" in text
    assert merchant.pay.call.path in {"/submit/", "/submit"}
    assert merchant.status is not None
    assert merchant.status.call is not None
    assert (merchant.status.call.path, merchant.status.call.json) == ("/check/", {"transaction_id": "{payment_id}"})
    assert "another route looks like the start of a payment as well" in said["check"]


def test_files_that_cannot_be_source_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, FLASK.files)
    (tmp_path / "big.py").write_text("@app.post('/pay')\n" * 40_000)
    (tmp_path / "binary.py").write_bytes(b"\0\xff@app.post('/pay')")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "package.json").write_text("{not json")

    merchant, _, _ = proposed(tmp_path, capsys)

    assert merchant.pay.call.path == "/mpesa/pay"


@pytest.mark.parametrize(
    ("example", "pay", "finding"),
    [
        ("duka", "/api/pay", "the payment is paid"),
        ("soko", "/buy", "the merchant refused the payment (401)"),
        ("mshahara", "/payouts", "the payout is paid"),
    ],
)
def test_the_file_of_an_example_leads_doctor_to_something_worth_saying(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], example: str, pay: str, finding: str
) -> None:
    folder = tmp_path / example
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("tayari.yaml", "defects.yaml"))
    assert run(["init", str(folder)]) == 0
    target = load_target(folder / "tayari.yaml", {})
    assert (target.merchant.payout or target.merchant.pay).call.path == pay

    run(["doctor", str(folder / "tayari.yaml")])

    assert finding in capsys.readouterr().out


def test_an_empty_folder_is_no_merchant(tmp_path: Path) -> None:
    assert draft_from_source(tmp_path) is None


def test_a_link_that_is_written_over_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("mine")
    (tmp_path / "tayari.yaml").symlink_to("shared.yaml")

    assert run(["init", str(tmp_path / "tayari.yaml"), "--force"]) == 0
    assert (tmp_path / "tayari.yaml").is_symlink()
    assert "merchant:" in (tmp_path / "shared.yaml").read_text()


def test_a_full_disk_does_not_cost_the_file_that_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, write = tmp_path / "tayari.yaml", Path.write_text
    path.write_text("mine")

    def fill_the_disk(self: Path, data: str, **how: str) -> int:
        write(self, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fill_the_disk)

    assert run(["init", str(path), "--force"]) == 20
    assert "tayari.yaml: cannot be written (No space left on device)" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == ["tayari.yaml"]
