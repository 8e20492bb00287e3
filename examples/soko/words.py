"""What Soko says to its customers, by result code, and how Daraja's refusals of a push are distinguished."""

from __future__ import annotations

ELSE = "pay by card, or cash on delivery"
CHECKING = "We have no result from M-Pesa yet and are checking. Please do not pay again."
PERSON = "We could not match this payment by ourselves; our staff are checking it with M-Pesa and will call you."
PROMPT = "Look at your phone and type your M-Pesa PIN there."
SENDING = "Your request is on its way to M-Pesa."
DOWN = f"M-Pesa is unavailable at the moment. No request reached your phone. You can {ELSE}, or try again later."
OUR_FAULT = f"Our shop's M-Pesa account has a problem, which we are fixing. Meanwhile please {ELSE}."
OPEN_PROMPT = "Another M-Pesa request is open on your phone. Finish it, then try again in two minutes."
BAD_PHONE = "Please enter a Kenyan mobile number, such as 0712 345 678."
BAD_AMOUNT = "The amount must be in whole shillings, at least 1."
LIMIT = 250_000
OVER_LIMIT = f"M-Pesa takes at most KES {LIMIT:,} in one payment, which is its limit. Please {ELSE}."
PAID = "Thank you, your payment was received. M-Pesa receipt: {receipt}."

BY_CODE = {
    "1": f"Your M-Pesa balance is not enough for this order, and nothing was taken. Top up and buy again, or {ELSE}.",
    "17": "M-Pesa saw the same payment a moment ago. Please wait two minutes, then try again.",
    "1001": OPEN_PROMPT,
    "1019": "The request expired before you could answer it. Please buy again for a new request.",
    "1025": "M-Pesa was unable to send the request to your phone. Please try again in a moment.",
    "1032": "You cancelled the request on your phone. Buy again if that was a mistake.",
    "1037": "Your phone did not answer. Is it on, and in reach? If you typed your PIN, wait: it may still arrive.",
    "2001": "The PIN was not accepted. Please try again, and check the PIN.",
    "8006": f"Your M-Pesa PIN is locked. Safaricom (dial 100) can unlock it; or {ELSE}.",
}
"""The codes after which nothing is left to wait for. Others are asked about, and then given to a person."""


def refusal(status: int, body: dict[str, object]) -> tuple[str, str]:
    """What a push's refusal means, `again` (nothing happened), `no` (final) or `unknown`; and what to say."""
    code, text = str(body.get("errorCode", "")), str(body.get("errorMessage", "")).lower()
    if code == "400.002.02":
        return "no", BAD_AMOUNT if "amount" in text else BAD_PHONE
    if code == "500.001.1001" and "lock subscriber" in text:
        return "no", OPEN_PROMPT
    if code == "500.001.1001":
        return "no", OUR_FAULT
    if code == "500.003.02" or status in (429, 503) or (status == 500 and not code and body):
        return "again", DOWN
    if status in (500, 502, 504):
        return "unknown", CHECKING
    return "no", DOWN
