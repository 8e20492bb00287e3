"""A FastAPI shop that takes M-Pesa."""

import os

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from mpesa import Payments, shown
from pydantic import BaseModel
from sqlite_store import SqliteStore

app = FastAPI()
payments = Payments(SqliteStore(os.environ.get("DB_FILE", "shop.db")))
payments.ask_about_silent_ones()


class PaymentRequest(BaseModel):
    phone: str
    amount: int
    reference: str


@app.post("/api/payments")
def start_payment(body: PaymentRequest) -> JSONResponse:
    status, answer = payments.start(body.phone, body.amount, body.reference)
    return JSONResponse(answer, status)


@app.get("/api/payments/{payment_id}")
def payment_status(payment_id: str) -> dict[str, object]:
    payment = payments.store.by("id", payment_id)
    if payment is None:
        raise HTTPException(404, "No such payment.")
    return shown(payment)


@app.post("/hooks/{secret}")
async def mpesa_callback(secret: str, request: Request) -> dict[str, object]:
    raw = await request.body()
    await run_in_threadpool(payments.callback, secret, raw)
    return {"ResultCode": 0, "ResultDesc": "Accepted"}
