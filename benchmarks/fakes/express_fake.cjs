// A Daraja as a merchant's developer writes it by hand with Express: an acknowledgement, and a callback by a timer.
// No token, no validation, no state. Started by `peers.py`; prints one JSON line when ready.
const express = require("express");

const AFTER_MS = 200;
const counters = { accepted: 0, answered: 0, failed: 0 };
const app = express();
app.use(express.json());

app.post("/mpesa/stkpush/v1/processrequest", (request, response) => {
  counters.accepted += 1;
  const identifier = `ws_CO_express_${String(counters.accepted).padStart(14, "0")}`;
  setTimeout(callBack, AFTER_MS, request.body, identifier);
  response.json({
    MerchantRequestID: "1",
    CheckoutRequestID: identifier,
    ResponseCode: "0",
    ResponseDescription: "Success",
    CustomerMessage: "Success",
  });
});

async function callBack(wire, identifier) {
  const items = {
    Amount: wire.Amount,
    MpesaReceiptNumber: "UJ7K4T9QWX",
    TransactionDate: 20261007143521,
    PhoneNumber: wire.PhoneNumber,
  };
  const stkCallback = {
    MerchantRequestID: "1",
    CheckoutRequestID: identifier,
    ResultCode: 0,
    ResultDesc: "The service request is processed successfully.",
    CallbackMetadata: { Item: Object.entries(items).map(([Name, Value]) => ({ Name, Value })) },
  };
  try {
    const answer = await fetch(wire.CallBackURL, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ Body: { stkCallback } }),
    });
    await answer.arrayBuffer();
    counters.answered += 1;
  } catch {
    counters.failed += 1;
  }
}

app.get("/stats", (_, response) => response.json(counters));

const server = app.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
