"""`tayari init` on stacks that are written in their own way, and on merchants whose database is a server."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tayari.target_draft.source_draft import draft_from_source
from tayari_target.target_file import load_target

KOA = {
    "package.json": '{"type": "module", "scripts": {"start": "node src/index.js", "migrate": "node src/migrate.js"},'
    ' "dependencies": {"koa": "^2.15.0", "@koa/router": "^13.0.0", "pg": "^8.11.0"}}',
    ".env.example": "PORT=3000\nDATABASE_URL=postgres://kiosk:s3cret@localhost:5432/kiosk\nDARAJA_URL=\n",
    "src/config.js": "export default {\n  port: Number(process.env.PORT || 3000),\n  db: process.env.DATABASE_URL,\n"
    "  url: process.env.DARAJA_URL || 'https://sandbox.safaricom.co.ke'\n}\n",
    "src/routes.js": "import Router from '@koa/router'\nconst router = new Router({ prefix: '/api' })\n"
    "const show = row => ({ paymentId: row.id, status: row.status, paid: row.paid, receipt: row.receipt })\n"
    "router.post('/checkout', async ctx => {\n  const { orderNo, phoneNumber, total } = ctx.request.body\n"
    "  ctx.body = show(await payments.start({ orderNo, phoneNumber, total }))\n})\n"
    "router.get('/payments/:paymentId', async ctx => {\n  ctx.body = show(await find(ctx.params.paymentId))\n})\n"
    "router.post('/hooks/stk/:id/:secret', async ctx => {\n  await settle(ctx.request.body.Body.stkCallback)\n})\n",
    "src/index.js": "import Koa from 'koa'\nconst app = new Koa()\napp.listen(config.port)\n",
    "src/payments.js": "const states = ['PENDING', 'COMPLETED', 'FAILED', 'NEEDS_ATTENTION']\n",
}
SINATRA = {
    "Gemfile": 'source "https://rubygems.org"\ngem "sinatra"\ngem "puma"\ngem "sqlite3"\n',
    "config.ru": 'require_relative "app"\nrun Wallet\n',
    "app.rb": 'require "sinatra/base"\n\nclass Wallet < Sinatra::Base\n'
    '  BASE = ENV.fetch("MPESA_BASE_URL", "https://sandbox.safaricom.co.ke")\n'
    '  CODE = ENV.fetch("MPESA_SHORTCODE", "600984")\n  SECRET = ENV.fetch("PAYBILL_SECRET", "x")\n'
    '  PATH = ENV.fetch("DATABASE_PATH", "chama.db")\n\n  get("/up") { json(ok: true) }\n\n'
    '  post "/members" do\n    data = body_json\n    json({ member_number: number }, 201)\n  end\n\n'
    '  get "/members/:number/wallet" do\n'
    '    rows = DB.execute("SELECT receipt, amount FROM contributions WHERE member = ?")\n'
    "    json(member_number: 1, balance: rows.sum, contributions: rows)\n  end\n\n"
    '  get "/suspense" do\n    json(DB.execute("SELECT receipt, typed FROM contributions"))\n  end\n\n'
    '  post "/admin/pull" do\n    reconcile(body["OffSetValue"])\n  end\n\n'
    '  post "/paybill/:secret/confirmation" do\n    book(body_json["BillRefNumber"])\n  end\nend\n',
}
RAILS = {
    "Gemfile": 'gem "rails", "~> 7.1"\ngem "mysql2"\n',
    "bin/rails": "#!/usr/bin/env ruby\n",
    "config/database.yml": "production:\n  adapter: mysql2\n  url: <%= ENV['DATABASE_URL'] %>\n",
    "config/initializers/daraja.rb": 'DARAJA = ENV.fetch("DARAJA_HOST", "https://sandbox.safaricom.co.ke")\n',
    "config/routes.rb": "Rails.application.routes.draw do\n"
    '  namespace :staff do\n    resources :payments\n  end\n  post "/mpesa/callback", to: "mpesa#callback"\n'
    '  namespace :api do\n    scope "v1" do\n      resources :payments, only: [:create, :show]\n    end\n  end\nend\n',
    "app/controllers/payments_controller.rb": "class PaymentsController < ApplicationController\n  def create\n"
    "    row = Payment.create!(params.require(:payment).permit(:phone, :amount, :order_no))\n"
    '    render json: { id: row.id, status: "pending" }\n  end\n\n  def show\n'
    "    render json: { id: row.id, status: row.status }\n  end\nend\n",
    "app/controllers/mpesa_controller.rb": "class MpesaController < ApplicationController\n  def callback\n"
    '    code = params[:Body][:stkCallback]["ResultCode"]\n    row.update!(status: code == 0 ? "paid" : "failed")\n'
    "  end\nend\n",
}
SERVICE = {
    "src/config.php": "<?php\nreturn ['db' => getenv('DB_DSN') ?: 'sqlite:' . __DIR__ . '/../storage/soko.sqlite',\n"
    "  'url' => getenv('MPESA_URL') ?: 'https://sandbox.safaricom.co.ke'];\n",
    "src/Market.php": "<?php\nclass Market\n{\n    public function buy(array $input): array\n    {\n"
    "        $this->push($input['phone'], $input['price'], $input['listing']);\n    }\n\n"
    "    public function show(array $row): array\n    {\n"
    "        return ['id' => $row['id'], 'status' => $row['status'], 'refund' => $refund['status']];\n    }\n\n"
    "    public function refund(string $id): array\n    {\n        return ['refund' => 'requested'];\n    }\n\n"
    "    public function callback(string $id, ?array $body): void\n    {\n"
    "        $stk = $body['Body']['stkCallback'];\n        $state = $stk['ResultCode'] === 0 ? 'paid' : 'failed';\n"
    "        $items = $stk['CallbackMetadata'];\n    }\n}\n",
    "public/index.php": "<?php\n$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);\n"
    "$method = $_SERVER['REQUEST_METHOD'];\n"
    "if ($method === 'POST' && $path === '/purchases') {\n    answer(...$market->buy($input));\n"
    "} elseif ($method === 'GET' && preg_match('#^/purchases/(\\w+)$#', $path, $found)) {\n"
    "    answer(200, $market->show($row));\n"
    "} elseif ($method === 'POST' && preg_match('#^/purchases/(\\w+)/refund$#', $path, $found)) {\n"
    "    answer(...$market->refund($found[1]));\n"
    "} elseif ($method === 'POST' && preg_match('#^/mpesa/stk/(\\w+)$#', $path, $found)) {\n"
    "    $market->callback($found[1], $input);\n"
    "} elseif ($method === 'POST' && preg_match('#^/mpesa/reversal/(\\w+)/(result|timeout)$#', $path, $found)) {\n"
    "    $market->reversed($found[1], $input['Result']['ResultCode']);\n}\n",
    "worker.php": "<?php\nwhile (true) {\n    $market->work();\n    sleep(1);\n}\n",
}
PAYROLL = {
    "manage.py": "import django\n",
    "requirements.txt": "Django\ndjangorestframework\ncelery\npsycopg[binary]\n",
    "Procfile": "web: gunicorn hr.wsgi --bind 0.0.0.0:$PORT\nrelease: python manage.py migrate\n"
    "worker: celery -A hr worker\nwatch: python manage.py watch\n",
    "hr/settings.py": "import os\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql',\n"
    "    'NAME': os.environ.get('DB_NAME', 'hr'), 'USER': os.environ.get('DB_USER', 'hr_app'),\n"
    "    'PASSWORD': os.environ.get('DB_PASSWORD', 'pw'), 'HOST': os.environ.get('DB_HOST', 'db.local')}}\n",
    "hr/urls.py": "from django.urls import include, path\nfrom rest_framework.routers import DefaultRouter\n"
    "router = DefaultRouter()\nrouter.register('salaries', SalaryViewSet)\nrouter.register('notices', NoticeViewSet)\n"
    "urlpatterns = [path('wallets/<str:phone>/', wallet), path('', include(router.urls))]\n",
    "hr/views.py": "class SalaryViewSet(GenericViewSet):\n    serializer_class = SalarySerializer\n\n"
    "    def create(self, request):\n        return Response(SalarySerializer(row).data, status='queued')\n\n\n"
    "class NoticeViewSet(ReadOnlyModelViewSet):\n    serializer_class = NoticeSerializer\n\n\n"
    "def wallet(request, phone):\n    return Response({'available': 100})\n",
    "hr/serializers.py": "class SalarySerializer(ModelSerializer):\n    class Meta:\n"
    "        fields = ['id', 'payslip', 'phone', 'net_pay', 'status']\n"
    "        read_only_fields = ['id', 'status']\n\n\n"
    "class NoticeSerializer(ModelSerializer):\n    class Meta:\n        fields = ['id', 'text']\n",
}
PRISMA = {
    "package.json": '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "4", "@prisma/client": "5"}}',
    "prisma/schema.prisma": 'datasource db {\n  provider = "mysql"\n  url = env("DATABASE_URL")\n}\n',
    ".env.example": 'DATABASE_URL="mysql://root:root@127.0.0.1:3307/shop?charset=utf8mb4"\n',
    "server.js": "const app = require('express')()\napp.post('/pay', (req, res) => {\n"
    "  const { phone, amount } = req.body\n  res.json({ id: 1, status: 'PENDING' })\n})\napp.listen(3000)\n",
}
BOT = {
    "requirements.txt": "starlette\nhttpx\n",
    "bot.py": "import os\nfrom starlette.applications import Starlette\nfrom starlette.routing import Route\n"
    "BASE = os.environ.get('WEBHOOK_BASE_URL', '')\nAPI = os.environ.get('DARAJA_BASE', '')\n\n\n"
    "async def telegram(request):\n    message = (await request.json())['message']\n\n\n"
    "async def paid(request):\n    stk = (await request.json())['Body']['stkCallback']\n"
    "    state = 'delivered' if stk['ResultCode'] == 0 else 'failed'\n    items = stk['CallbackMetadata']\n\n\n"
    "app = Starlette(routes=[\n    Route('/telegram/webhook', telegram, methods=['POST']),\n"
    "    Route('/paid/{purchase:int}/{secret}', paid, methods=['POST']),\n])\n",
}
BOTTLE = {
    "requirements.txt": "bottle\n",
    "shop.py": "import os\nfrom bottle import route, run, request, post\n\n\n@post('/lipa')\ndef lipa():\n"
    "    phone, amount = request.json['phone'], request.json['amount']\n    return {'id': 1, 'status': 'pending'}\n\n\n"
    "@route('/mpesa/hook', method='POST')\ndef hook():\n    return request.json['Body']['stkCallback']\n\n\n"
    "@route('/payments/<payment_id>')\ndef payment(payment_id):\n    return {'status': 'paid'}\n\n\n"
    "if __name__ == '__main__':\n    run(port=int(os.environ.get('PORT', 8080)))\n",
}
TORNADO = {
    "requirements.txt": "tornado\n",
    "main.py": "import tornado.web\n\n\nclass PayHandler(tornado.web.RequestHandler):\n    def post(self):\n"
    "        body = json.loads(self.request.body)\n        push(body['phone'], body['amount'], body['reference'])\n"
    "        self.write({'id': 1})\n\n\nclass StateHandler(tornado.web.RequestHandler):\n"
    "    def get(self, payment_id):\n        self.write({'status': 'PAID'})\n\n\n"
    "class HookHandler(tornado.web.RequestHandler):\n"
    "    def post(self):\n"
    "        return json.loads(self.request.body)['Body']['stkCallback']\n\n\n"
    "app = tornado.web.Application([\n    (r'/stk/pay', PayHandler),\n"
    "    (r'/payments/([^/]+)/status', StateHandler),\n    (r'/stk/callback', HookHandler),\n])\n"
    "if __name__ == '__main__':\n    app.listen(8888)\n",
}
FALCON = {
    "requirements.txt": "falcon\ngunicorn\n",
    "api.py": "import falcon\n\n\nclass Pay:\n    def on_post(self, req, resp):\n        body = req.media\n"
    "        push(body['phone'], body['amount'], body['order_no'])\n        resp.media = {'id': 1}\n\n\n"
    "class State:\n    def on_get(self, req, resp, payment_id):\n        resp.media = {'status': 'PAID'}\n\n\n"
    "app = falcon.App()\napp.add_route('/stk/pay', Pay())\napp.add_route('/payments/{payment_id}', State())\n",
}
WEBRICK = {
    "server.rb": "require 'webrick'\nrequire_relative 'pay_servlet'\nPORT = Integer(ENV.fetch('PORT', '8080'))\n"
    "DARAJA = ENV.fetch('MPESA_BASE_URL', 'https://sandbox.safaricom.co.ke')\n"
    "server = WEBrick::HTTPServer.new(Port: PORT)\nserver.mount '/api/payments', PayServlet\n"
    "server.mount_proc '/mpesa/callback' do |req, res|\n  stk = JSON.parse(req.body)['Body']['stkCallback']\n"
    "  settle(stk['ResultCode'], stk['CallbackMetadata'])\nend\n"
    "server.mount_proc('/health') { |req, res| res.body = 'ok' }\nserver.start\n",
    "pay_servlet.rb": "class PayServlet < WEBrick::HTTPServlet::AbstractServlet\n  def do_POST(req, res)\n"
    "    data = JSON.parse(req.body)\n    row = start(data['phone'], data['amount'], data['order_no'])\n"
    "    res.body = JSON.generate({ id: row.id, status: 'PENDING' })\n  end\n\n"
    "  def do_GET(req, res)\n    row = find(req.path_info.delete_prefix('/'))\n"
    "    res.body = JSON.generate({ id: row.id, status: row.status, receipt: row.receipt })\n  end\nend\n",
}
NEXT = {
    "package.json": '{"scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "15.0.0"}}',
    "src/app/api/mpesa/stk/route.ts": "import { NextResponse } from 'next/server'\n"
    "export async function POST(request: Request) {\n  const { phone, amount, orderId } = await request.json()\n"
    "  const push = await send(process.env.MPESA_BASE_URL, phone, amount)\n"
    "  return NextResponse.json({ checkoutRequestId: push.id, status: 'PENDING' })\n}\n",
    "src/app/api/(shop)/payments/[id]/route.ts": "import { NextResponse } from 'next/server'\n"
    "export const GET = async (request: Request, { params }) => {\n"
    "  return NextResponse.json({ status: row.status, receipt: row.receipt })\n}\n",
    "src/pages/api/mpesa/callback.ts": "export default async function handler(req, res) {\n"
    "  if (req.method !== 'POST') return res.status(405).end()\n  const { stkCallback } = req.body.Body\n"
    "  await settle(stkCallback.ResultCode, stkCallback.CallbackMetadata)\n  res.json({ ResultCode: 0 })\n}\n",
}
RESTFUL = {
    "requirements.txt": "Flask\nFlask-RESTful\nFlask-Migrate\n",
    "app.py": "import os\nfrom flask import Flask\nfrom flask_restful import Api\nfrom flask_migrate import Migrate\n"
    "from pay import Pay, Payment\napp = Flask(__name__)\n"
    "app.config['SQLALCHEMY_DATABASE_URI'] = os.environ.get('DATABASE_URL', 'sqlite:///shop.db')\n"
    "api = Api(app)\napi.add_resource(Pay, '/pay')\napi.add_resource(Payment, '/payments/<int:id>')\n",
    "pay.py": "from flask_restful import Resource\n\n\nclass Pay(Resource):\n    def post(self):\n"
    "        data = request.get_json()\n        push(data.get('phone'), data.get('amount'))\n"
    "        return {'id': 1}\n\n\n"
    "class Payment(Resource):\n    def get(self, id):\n        return {'status': 'paid'}\n",
}
MOUNTED = {
    "manage.py": "import django\n",
    "shop/settings.py": "import os\nDATABASES = {'default': {'NAME': BASE_DIR / 'db.sqlite3'}}\n"
    "MPESA = {'HOST_NAME': os.environ.get('HOST_NAME', 'https://shop.co.ke')}\n",
    "shop/urls.py": "from django.urls import include, path\nfrom mpesa.urls import mpesa_urls\n"
    "urlpatterns = [path('mpesa/', include(mpesa_urls))]\n",
    ".venv/lib/python3.12/site-packages/mpesa/urls.py": "from django.urls import path\nimport views\n"
    "mpesa_urls = [path('submit/', views.Submit.as_view()), path('confirm/', views.Confirm.as_view())]\n",
    ".venv/lib/python3.12/site-packages/mpesa/views.py": "class Submit(APIView):\n    def post(self, request):\n"
    "        push(request.data['phone_number'], request.data['amount'])\n\n\n"
    "class Confirm(APIView):\n    def post(self, request):\n        request.data['Body']['stkCallback']\n",
    ".venv/lib/python3.12/site-packages/other/urls.py": "path('pay/', views.Pay.as_view())\n",
}
MAKES = '"{python}" -P -m tayari_target.run_database "%s" {work_dir}'


def proposal(folder: Path, files: Mapping[str, str]) -> Any:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    draft = draft_from_source(folder)
    assert draft is not None
    (folder / "tayari.yaml").write_text(draft.text())
    load_target(folder / "tayari.yaml")
    return yaml.safe_load(draft.text())


def test_a_koa_shop_with_postgresql(tmp_path: Path) -> None:
    found = proposal(tmp_path, KOA)["merchant"]

    assert found["pay"]["request"] == "POST /api/checkout"
    assert found["pay"]["json"] == {"phoneNumber": "{msisdn}", "total": "{amount}", "orderNo": "{reference}"}
    assert found["pay"]["payment_id"].startswith("$.paymentId ")
    assert found["status"]["request"] == "GET /api/payments/{payment_id}"
    assert found["status"]["credited"].startswith("$.paid ")
    assert found["status"]["states"]["review"] == ["NEEDS_ATTENTION"]
    assert found["start"]["env"]["DATABASE_URL"] == "postgres://kiosk:s3cret@localhost:5432/tayari_{instance}"
    command = found["start"]["command"]
    assert command == f"sh -c '{MAKES % '$DATABASE_URL'} && npm run -s migrate && exec npm start'"


def test_a_sinatra_wallet_that_customers_pay_into(tmp_path: Path) -> None:
    found = proposal(tmp_path, SINATRA)
    merchant = found["merchant"]

    assert "pay" not in merchant
    assert merchant["start"]["command"] == "bundle exec puma -b tcp://127.0.0.1:{port}"
    assert merchant["start"]["env"] == {
        "MPESA_BASE_URL": "{daraja_url}",
        "MPESA_SHORTCODE": "{short_code}",
        "DATABASE_PATH": "{work_dir}/chama.db",
    }
    assert merchant["c2b"] == {
        "open_account": {"request": "POST /members", "account": "$.member_number | $.data.member_number"},
        "account": {
            "request": "GET /members/{account}/wallet", "total": "$.balance", "credits": "$.contributions",
        },
        "statement": {"request": "GET /members/{account}/wallet", "texts": "$.contributions[*].receipt"},
        "unallocated": {"request": "GET /suspense", "texts": "$[*].receipt"},
        "recover": {"request": "POST /admin/pull"},
    }  # fmt: skip
    assert found["daraja"]["short_code"] == "600984"


def test_rails_routes_lead_to_their_controllers(tmp_path: Path) -> None:
    found = proposal(tmp_path, RAILS)["merchant"]

    assert found["pay"]["request"] == "POST /api/v1/payments"
    assert found["pay"]["json"] == {"phone": "{msisdn}", "amount": "{amount}", "order_no": "{reference}"}
    assert found["status"]["request"] == "GET /api/v1/payments/{payment_id}"
    assert found["start"]["env"]["DATABASE_URL"] == "mysql://localhost/tayari_{instance}"
    assert found["start"]["env"]["DARAJA_HOST"] == "{daraja_url}"
    assert found["start"]["command"].endswith(
        "bin/rails db:prepare && exec bin/rails server -b 127.0.0.1 -p {port} -P {work_dir}/rails.pid'"
    )


def test_a_front_controller_of_php_that_hands_on_to_a_class(tmp_path: Path) -> None:
    found = proposal(tmp_path, SERVICE)["merchant"]

    assert found["start"]["command"].startswith("sh -c '(php worker.php &) && exec php -S ")
    assert found["start"]["env"]["DB_DSN"] == "sqlite:{work_dir}/soko.sqlite"
    assert found["pay"]["request"] == "POST /purchases"
    assert found["pay"]["json"] == {"phone": "{msisdn}", "price": "{amount}", "listing": "{reference}"}
    assert found["status"]["request"] == "GET /purchases/{payment_id}"
    assert found["refund"]["request"] == "POST /purchases/{payment_id}/refund"
    assert found["refund"]["status"]["state"].startswith("$.refund ")
    assert "# Callback: POST /mpesa/stk/{id} (" in (tmp_path / "tayari.yaml").read_text()


def test_a_payroll_with_workers_alerts_and_a_balance(tmp_path: Path) -> None:
    found = proposal(tmp_path, PAYROLL)["merchant"]

    command = found["start"]["command"]
    assert MAKES % "postgresql://hr_app:pw@$DB_HOST/$DB_NAME" in command
    assert "(celery -A hr worker &) && (python manage.py watch &) && exec " in command
    assert found["start"]["env"]["DB_NAME"] == "tayari_{instance}"
    assert found["start"]["env"]["DB_HOST"] == "127.0.0.1"
    assert "# CHECK: the source has db.local, but a run makes its" in (tmp_path / "tayari.yaml").read_text()
    assert found["payout"]["request"] == "POST /salaries/"
    assert found["payout"]["json"] == {"payslip": "{reference}", "phone": "{msisdn}", "net_pay": "{amount}"}
    assert found["payout"]["status"]["request"] == "GET /salaries/{payout_id}/"
    assert found["payout"]["alerts"] == {"request": "GET /notices/", "texts": "$[*].text"}
    assert found["payout"]["wallet"] == {"request": "GET /wallets/{msisdn}/", "available": "$.available"}


def test_a_database_of_prisma_gets_its_tables(tmp_path: Path) -> None:
    start = proposal(tmp_path, PRISMA)["merchant"]["start"]

    assert start["env"]["DATABASE_URL"] == "mysql://root:root@127.0.0.1:3307/tayari_{instance}?charset=utf8mb4"
    assert start["command"].startswith(f"sh -c '{MAKES % '$DATABASE_URL'} && ")
    assert start["command"].endswith("&& npx prisma db push --skip-generate && exec npm start'")


def test_a_bot_has_its_callback_and_is_told_how_its_state_is_read(tmp_path: Path) -> None:
    """A webhook of somebody else's is not the callback, and what no page shows is in a database."""
    found = proposal(tmp_path, BOT)

    assert found["merchant"]["start"]["command"].endswith("-m uvicorn bot:app --port {port}")
    assert found["merchant"]["start"]["env"] == {
        "WEBHOOK_BASE_URL": "https://shop.example", "DARAJA_BASE": "{daraja_url}",
    }  # fmt: skip
    text = (tmp_path / "tayari.yaml").read_text()
    assert "# Callback: POST /paid/{purchase}/{secret} (" in text
    assert "no route was found that shows a payment's state" in text
    assert "#   sql: " in text


@pytest.mark.parametrize(
    ("files", "command", "pay", "status"),
    [
        (BOTTLE, " shop.py", "POST /lipa", "GET /payments/{payment_id}"),
        (TORNADO, " main.py", "POST /stk/pay", "GET /payments/{payment_id}/status"),
        (FALCON, "-m gunicorn api:app -b 127.0.0.1:{port}", "POST /stk/pay", "GET /payments/{payment_id}"),
    ],
    ids=["bottle", "tornado", "falcon"],
)
def test_small_frameworks_of_python(
    tmp_path: Path, files: Mapping[str, str], command: str, pay: str, status: str
) -> None:
    found = proposal(tmp_path, files)["merchant"]

    assert found["start"]["command"].endswith(command)
    assert (found["pay"]["request"], found["status"]["request"]) == (pay, status)


@pytest.mark.parametrize(
    ("written", "proposed"),
    [
        ("postgres://shop:pw@db.example.com:6432/shop?sslmode=require", "postgres://localhost:6432/tayari_{instance}"),
        ("postgres://shop:pw@db:5432/shop", "postgres://shop:pw@localhost:5432/tayari_{instance}"),
        ("mysql://shop:pw@10.0.0.7/shop\nTEST_DATABASE_URL=mysql://127.0.0.1/x", "mysql://localhost/tayari_{instance}"),
        ("mysql://pw@10.0.0.7/shop\nDATABASE_URL=mysql://127.0.0.1/x", "mysql://127.0.0.1/tayari_{instance}"),
    ],
    ids=["elsewhere", "a container", "of another setting", "here as well"],
)
def test_no_database_of_another_machine_is_proposed(tmp_path: Path, written: str, proposed: str) -> None:
    files = {**PRISMA, ".env.example": f"DATABASE_URL={written}\n"}

    start = proposal(tmp_path, files)["merchant"]["start"]

    text, host = (tmp_path / "tayari.yaml").read_text(), written.partition("@")[2].partition("/")[0].partition(":")[0]
    assert start["env"]["DATABASE_URL"] == proposed
    assert MAKES % "$DATABASE_URL" in start["command"]
    assert (f"# CHECK: the source has {host}, but a run makes its" in text) is ("127.0.0.1" not in proposed)
    assert not [word for word in (f"@{host}", f"//{host}") if word in text]


def test_a_dependency_is_no_worker_and_a_script_is_one(tmp_path: Path) -> None:
    package = json.loads(PRISMA["package.json"])
    package["dependencies"] |= {"queue": "^6.0.2", "jobs": "1"}
    found = proposal(tmp_path, {**PRISMA, "package.json": json.dumps(package)})["merchant"]["start"]["command"]
    assert "npm run" not in found

    package["scripts"]["queue:work"] = "node work.js"
    found = proposal(tmp_path, {**PRISMA, "package.json": json.dumps(package)})["merchant"]["start"]["command"]
    assert "(npm run -s queue:work &)" in found

    package["scripts"] |= {"queue:clear": "node clear.js", "worker": "php artisan queue:flush", "jobs:build": "tsc"}
    found = proposal(tmp_path, {**PRISMA, "package.json": json.dumps(package)})["merchant"]["start"]["command"]
    assert found.count("npm run") == 1


def test_the_lines_of_a_procfile_are_run_as_they_are_meant(tmp_path: Path) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    lines = (
        "web: node server.js\nworker: /usr/bin/env python work.py\nbeat: npm run beat  # each minute\n"
        "mail: php artisan queue:work --name='late mail'\nretries: node src/retry-payouts.js\n"
        "hr: celery -A hr -l info worker\n"
    )
    command = proposal(tmp_path, {**PRISMA, "Procfile": lines})["merchant"]["start"]["command"]

    inner = shlex.split(command)[2]
    assert inner.endswith(
        "(/usr/bin/env python work.py &) && (npm run beat &) && (php artisan queue:work --name='late mail' &)"
        " && (node src/retry-payouts.js &) && (celery -A hr -l info worker &) && exec npm start"
    )


@pytest.mark.parametrize(
    "line",
    [
        "php artisan queue:clear", "php artisan horizon:terminate", "celery -A hr purge -f", "rq empty default",
        "node db/reset.js", "worker: php artisan queue:flush", "bin/console", "echo it's work",
    ],
)  # fmt: skip
def test_a_line_of_a_procfile_that_is_no_worker_is_left_out_and_told(tmp_path: Path, line: str) -> None:
    files = {**PRISMA, "Procfile": f"web: npm start\n{line if ': ' in line else f'clean: {line}'}\nworker: node w.js\n"}

    found = proposal(tmp_path, files)["merchant"]["start"]["command"]

    assert "(node w.js &) && exec npm start" in found
    assert line.rpartition(": ")[2] not in found
    assert "# CHECK: Procfile:2 is not started (" in (tmp_path / "tayari.yaml").read_text()


def test_a_shop_on_webrick(tmp_path: Path) -> None:
    found = proposal(tmp_path, WEBRICK)["merchant"]

    assert found["start"]["command"] == "ruby server.rb"
    assert found["start"]["env"] == {"PORT": "{port}", "MPESA_BASE_URL": "{daraja_url}"}
    assert found["start"]["ready"] == "/health"
    assert found["pay"]["request"] == "POST /api/payments"
    assert found["pay"]["json"] == {"phone": "{msisdn}", "amount": "{amount}", "order_no": "{reference}"}
    assert found["status"]["request"] == "GET /api/payments/{payment_id}"
    assert "# Callback: POST /mpesa/callback (server.rb:7)." in (tmp_path / "tayari.yaml").read_text()


def test_the_files_of_next_are_its_routes(tmp_path: Path) -> None:
    found = proposal(tmp_path, NEXT)["merchant"]

    text = (tmp_path / "tayari.yaml").read_text()
    assert found["start"]["command"] == "npx next start -p {port}"
    assert "# CHECK: run `npm run build` first" in text
    assert found["pay"]["request"] == "POST /api/mpesa/stk"
    assert found["pay"]["json"] == {"phone": "{msisdn}", "amount": "{amount}", "orderId": "{reference}"}
    assert found["status"]["request"] == "GET /api/payments/{payment_id}"
    assert "# Callback: POST /api/mpesa/callback (src/pages/api/mpesa/callback.ts:1)." in text


def test_resources_of_flask_restful_and_the_tables_of_flask_migrate(tmp_path: Path) -> None:
    found = proposal(tmp_path, RESTFUL)["merchant"]

    assert found["pay"]["request"] == "POST /pay"
    assert found["status"]["request"] == "GET /payments/{payment_id}"
    assert found["start"]["env"]["DATABASE_URL"] == "sqlite:///{work_dir}/shop.db"
    assert re.fullmatch(
        r"sh -c '(\S+) -m flask --app app:app db upgrade && exec \1 -m flask --app app:app run --port \{port\}'",
        found["start"]["command"],
    )


@pytest.mark.parametrize("line", ["MONGO_URI=", "DB_URL=mongodb+srv://shop:pw@cluster0.example.net/shop"])
def test_a_merchant_on_mongodb_gets_a_database_on_this_machine(tmp_path: Path, line: str) -> None:
    name = line.partition("=")[0]
    server = f"mongoose.connect(process.env.{name})\n{PRISMA['server.js']}"
    files = {"package.json": PRISMA["package.json"], ".env.example": f"{line}\n", "server.js": server}

    start = proposal(tmp_path, files)["merchant"]["start"]

    assert start["env"][name] == "mongodb://127.0.0.1:27017/tayari_{instance}"
    assert "# CHECK: a server for tests on this machine;" in (tmp_path / "tayari.yaml").read_text()


CONTAINER = "services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_DB: kiosk\n"
PARTS = "PORT=3000\nDB_USER=shop\nDARAJA_URL=\n"
ADDRESSES = "TEST_DATABASE_URL=mysql://u:p@localhost/t\nDATABASE_URL=mysql://u:p@localhost/shop\n"
FILE = "DB = os.environ.get('DATABASE_URL', 'sqlite:///shop.db')\n\nif __name__"


@pytest.mark.parametrize(
    ("files", "variables"),
    [
        (
            {**KOA, "docker-compose.yml": CONTAINER, ".env.example": PARTS, "src/config.js": "process.env.DB_NAME\n"},
            ["DB_NAME"],
        ),
        ({**PRISMA, ".env.example": ADDRESSES}, ["DATABASE_URL"]),
        (
            {"requirements.txt": "bottle\npsycopg2\n", "shop.py": BOTTLE["shop.py"].replace("if __name__", FILE)},
            [],
        ),
    ],
    ids=["container", "tests", "file"],
)  # fmt: skip
def test_the_database_is_the_one_that_the_merchant_itself_reads(
    tmp_path: Path, files: Mapping[str, str], variables: list[str]
) -> None:
    """Its container and its tests have variables of their own; a driver of a server may be for production alone."""
    start = proposal(tmp_path, files)["merchant"]["start"]

    assert [name for name, value in start["env"].items() if "{instance}" in value] == variables


def test_a_package_whose_payment_routes_a_project_serves_is_read_where_it_is_installed(tmp_path: Path) -> None:
    found = proposal(tmp_path, MOUNTED)["merchant"]

    text = (tmp_path / "tayari.yaml").read_text()
    assert found["pay"]["request"] == "POST /mpesa/submit/"
    assert found["pay"]["json"] == {"phone_number": "{msisdn}", "amount": "{amount}"}
    assert found["start"]["env"] == {"HOST_NAME": "https://shop.example"}
    assert "# Callback: POST /mpesa/confirm/ (.venv/lib/python3.12/site-packages/mpesa/urls.py:3)" in text
    assert "# CHECK: payments are stored in the developer's own db.sqlite3 (shop/settings.py:2)" in text


def test_no_path_is_invented_for_a_callback_that_nobody_takes(tmp_path: Path) -> None:
    server = PRISMA["server.js"] + "const url = process.env.MPESA_CALLBACK_URL\n"

    start = proposal(tmp_path, {**PRISMA, "server.js": server})["merchant"]["start"]

    assert start["env"]["MPESA_CALLBACK_URL"] == "https://shop.example/PATH-OF-YOUR-CALLBACK"
    assert "# CHECK: no route was found that takes callbacks; write its path" in (tmp_path / "tayari.yaml").read_text()


def test_confirmations_without_an_account_to_pay_into_are_a_guess(tmp_path: Path) -> None:
    server = PRISMA["server.js"] + "app.post('/confirm', (req, res) => keep(req.body.BillRefNumber))\n"

    found = proposal(tmp_path, {**PRISMA, "server.js": server})["merchant"]

    assert found["c2b"] == {}
    assert "# CHECK: confirmations are read, and no account" in (tmp_path / "tayari.yaml").read_text()
