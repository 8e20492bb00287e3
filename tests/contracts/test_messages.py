"""What may be said to customers, in examples: each line is a text that a merchant might show."""

import pytest
from tayari_contracts.context.message_topics import (
    UnknownTopic,
    failures_in,
    invites_payment,
    is_generic,
    is_raw,
    machine_words,
    offers_another_way,
    problems_of,
    promises_in,
    receipts_in,
    sentences,
    topics,
)

GOOD = {
    "success": [
        "Payment received: KES 500, M-Pesa receipt UJ7K4T9QWX. Asante sana!",
        "Thank you! Your order is paid.",
        "Malipo yako yamepokelewa. Asante.",
        "Transaction completed successfully",
    ],
    "insufficient_funds": [
        "Your M-Pesa balance is too low for KES 500. Nothing was taken. Top up and try again.",
        "Insufficient funds in your M-PESA. Please add money or use another number.",
        "You do not have enough money in M-Pesa for this order. Try a smaller amount or pay by card.",
        "Your M-Pesa has too little money; nothing was taken. Top up and send /buy again.",
        "Not enough balance. Deposit at any agent and press Pay again.",
        "Salio lako la M-Pesa halitoshi. Weka pesa kisha ujaribu tena.",
        "Huna pesa ya kutosha kwa M-Pesa. Tafadhali ongeza salio au tumia njia nyingine.",
        "Your wallet couldn't cover this payment - balance short by KES 20. Use Fuliza or pay cash.",
    ],
    "try_later_two_minutes": [
        "You just tried this payment. Please wait two minutes and try again.",
        "M-Pesa blocks the same amount twice in a row. Try again in 2 minutes.",
        "Tafadhali subiri dakika mbili kisha ujaribu tena.",
    ],
    "subscriber_busy": [
        "Another M-Pesa request is open on your phone. Finish it and try again in a minute.",
        "You already have a pending M-PESA prompt. Complete or cancel it, then retry later.",
        "Your line is busy with a different transaction. Please wait a minute.",
        "Kuna ombi lingine la M-Pesa kwenye simu yako. Maliza kwanza, kisha jaribu tena.",
    ],
    "expired": [
        "The M-Pesa request expired before it was completed. Please try again.",
        "Your payment timed out. Try again.",
        "That took too long, so M-Pesa closed the request. Start over when you are ready.",
        "Muda wa ombi umeisha. Tafadhali jaribu tena.",
    ],
    "push_failed": [
        "We could not reach your phone. Please try again.",
        "M-Pesa could not send the request to your phone. Check your signal and retry.",
        "The prompt was not delivered. Please try again in a minute.",
        "Hatukuweza kutuma ombi kwa simu yako. Jaribu tena.",
    ],
    "cancelled": [
        "You cancelled the payment.",
        "Payment cancelled. Press Pay when you are ready.",
        "You dismissed the M-Pesa request.",
        "The request was declined on your phone.",
        "Umeghairi malipo.",
    ],
    "no_answer": [
        "We got no answer from your phone. Check the signal and try again.",
        "Your phone could not be reached. Is it switched on?",
        "You did not enter your PIN in time. Check your phone and try again.",
        "No response was received. If you did enter your PIN, wait: we keep checking.",
        "Hatukupata jibu kutoka kwa simu yako. Jaribu tena.",
        "The request timed out. If you were not charged, you can try again.",
    ],
    "wrong_pin": [
        "The PIN was not accepted, or this number has no M-Pesa. Please check and try again.",
        "Wrong M-PESA PIN. Please try again.",
        "You entered an incorrect PIN. Try again with the correct one.",
        "This number is not registered for M-Pesa. Use another number.",
        "Nambari ya siri si sahihi. Jaribu tena.",
    ],
    "pin_locked": [
        "Your M-Pesa PIN is locked. Call Safaricom customer care on 100.",
        "Your M-PESA account has been blocked after too many wrong PINs. Dial *334# to reset it.",
        "PIN yako imefungwa. Piga simu kwa huduma kwa wateja.",
    ],
    "unconfirmed": [
        "We could not confirm the payment yet and are checking with M-Pesa. Please do not pay again.",
        "Your payment is being processed. This page updates by itself.",
        "Still waiting for M-Pesa to tell us. Please don't pay again until you hear from us.",
        "Tunathibitisha malipo yako. Tafadhali subiri.",
        "Under review: our staff will call you.",
        "We are asking M-Pesa what became of your payment. Please do not pay again.",
    ],
    "service_unavailable": [
        "M-Pesa is unavailable right now. Nothing was taken. Pay by card or cash, or try again later.",
        "We can't reach M-Pesa at the moment. Please use PayBill 174379, account 1042.",
        "M-PESA services are down. Try again in a few minutes or choose another payment method.",
        "Safaricom is having technical problems. You can pay by card instead.",
        "M-Pesa cannot be reached now. You can pay in cash at the kiosk, or try M-Pesa again later.",
        "M-Pesa haipatikani kwa sasa. Tafadhali tumia njia nyingine au jaribu baadaye.",
        "The M-Pesa payment service is temporarily not responding; your order is saved, come back shortly.",
    ],
    "invalid_input": [
        "That is not a Kenyan mobile number. Please type it like 0712 345 678.",
        "The amount must be at least KES 1.",
        "Nambari ya simu si sahihi.",
    ],
    "merchant_problem": [
        "Our M-Pesa set-up has a problem and our staff have been told. Please pay by card or cash.",
        "We cannot take M-Pesa right now. Please use another payment method.",
        "This market cannot take M-Pesa right now. Please pay by card.",
    ],
}

BAD = {
    "insufficient_funds": [
        ("Payment failed. Please try again.", "is generic"),
        ("Something went wrong.", "is generic"),
        ("Your balance is too low.", "offers no way on"),
        ("Enter your M-Pesa PIN on your phone to pay KES 500.", "does not say"),
        ("You cancelled the payment.", "does not say"),
        ("", "expected a message"),
        ("Traceback (most recent call last): insufficient balance, top up", "what machines say"),
    ],
    "cancelled": [
        ("Payment failed.", "is generic"),
        ("Payment failed. Try again, or cancel the order.", "does not say"),
        ("We got no answer from your phone.", "does not say"),
    ],
    "no_answer": [
        ("Check your phone and enter your PIN.", "does not say"),
        ("We got no answer from your phone. You were not charged.", "must not say"),
        ("No response. No money was taken from your account.", "must not say"),
        ("Hatukupata jibu. Hujakatwa pesa.", "must not say"),
        ("Payment failed: your balance is too low", "does not say"),
    ],
    "wrong_pin": [
        ("Enter your M-Pesa PIN.", "does not say"),
        ("Payment failed", "is generic"),
        ("Wrong PIN.", "offers no way on"),
    ],
    "pin_locked": [
        ("Wrong PIN, try again.", "does not say"),
        ("Your PIN is locked.", "offers no way on"),
    ],
    "subscriber_busy": [
        ("Your payment is in progress.", "does not say"),
        ("M-Pesa is busy, try again later.", "does not say"),
    ],
    "expired": [("Payment failed.", "is generic"), ("You cancelled the payment, try again.", "does not say")],
    "push_failed": [
        ("We are sending the request to your phone. Please check it.", "does not say"),
        ("An error occurred. Please try again.", "is generic"),
    ],
    "try_later_two_minutes": [("Declined by your bank, try again.", "does not say")],
    "unconfirmed": [
        ("The payment failed.", "does not say"),
        ("We could not confirm the payment. You have not been charged.", "must not say"),
        ("We are still checking. Please pay again now.", "must not say"),
        ("Your money has not been deducted; we are checking.", "must not say"),
    ],
    "service_unavailable": [
        ("Payment failed. Please check your phone number.", "does not say"),
        ("Something went wrong, try again later.", "is generic"),
        ("M-Pesa is unavailable.", "offers no way on"),
        ("M-Pesa is down, or your phone number is wrong. Try again later.", "must not say"),
        ("Request failed with status code 503", "what machines say"),
        ("<html><head><title>503</title></head></html>", "what machines say"),
        ("Your card was declined by the bank. Pay cash.", "does not say"),
    ],
    "success": [("Payment not received", "must not say"), ("Payment failed", "is generic")],
    "merchant_problem": [("Please check your phone number and contact our staff.", "must not say")],
}


@pytest.mark.parametrize(("topic", "text"), [(topic, text) for topic, texts in GOOD.items() for text in texts])
def test_an_honest_text_in_its_situation_has_no_problem(topic: str, text: str) -> None:
    assert problems_of(text, topic) == []


@pytest.mark.parametrize(
    ("topic", "text", "problem"), [(topic, text, problem) for topic, rows in BAD.items() for text, problem in rows]
)
def test_a_text_that_helps_nobody_is_named_with_its_fault(topic: str, text: str, problem: str) -> None:
    assert any(problem in found for found in problems_of(text, topic)), problems_of(text, topic)


@pytest.mark.parametrize(
    "text",
    [
        "You have not been charged.",
        "You were not charged",
        "Don't worry, you haven’t been charged.",
        "No money was taken.",
        "No money has left your account.",
        "Nothing was deducted from your M-Pesa.",
        "Your account has not been debited.",
        "You won't be charged.",
        "No charges were made.",
        "Your balance is untouched.",
        "Pesa zako hazikukatwa.",
        "Hakuna pesa iliyokatwa.",
    ],
)
def test_a_promise_that_nothing_was_taken_is_recognised(text: str) -> None:
    assert promises_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "If you were not charged, you can try again.",
        "We do not know yet whether you were charged.",
        "No payment was received yet.",
        "We have not received your payment yet.",
        "Please do not pay again until we know.",
        "You may have been charged; we are checking.",
        "Check that you were not charged before you pay again.",
        "We got no answer from your phone.",
        "Not confirmed yet.",
        "Delivery is free.",
    ],
)
def test_a_text_that_promises_nothing_is_left_alone(text: str) -> None:
    assert promises_in(text) == []


@pytest.mark.parametrize(
    ("text", "inviting"),
    [
        ("We have no answer yet. Please pay again.", True),
        ("No answer. Try again", True),
        ("Retry", True),
        ("Please make a new payment.", True),
        ("Tafadhali lipa tena.", True),
        ("Please do not pay again; we are checking.", False),
        ("Don't try again yet: the first payment may still arrive.", False),
        ("If it fails, you can try again.", False),
        ("Checking with M-Pesa. Please wait before you pay again.", False),
        ("Enter your PIN on your phone.", False),
        ("We are asking M-Pesa to send a request to your phone.", False),
        ("Send a new request to M-Pesa.", True),
    ],
)
def test_an_invitation_to_a_second_payment_is_distinguished_from_a_warning(text: str, inviting: bool) -> None:
    assert bool(invites_payment(text)) is inviting


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("The balance is insufficient for the transaction.", True),
        ("Payment failed: The balance is insufficient for the transaction", True),
        ("Error 1: the balance is insufficient for the transaction.", True),
        ("The balance is insufficient for the transaction. Top up at an agent and come back.", False),
        ("Your balance is too low.", False),
        ("", False),
    ],
)
def test_m_pesas_own_text_alone_is_raw(text: str, raw: bool) -> None:
    assert is_raw(text, "The balance is insufficient for the transaction.") is raw


@pytest.mark.parametrize(
    "text", ["Payment failed", "Sorry, your payment was declined. Please try again later.", "Error", " "]
)
def test_a_text_that_says_nothing_is_generic(text: str) -> None:
    assert is_generic(text)


@pytest.mark.parametrize("text", ["You cancelled the payment.", "The payment failed because your balance is too low."])
def test_a_text_that_says_something_is_not_generic(text: str) -> None:
    assert not is_generic(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"errorCode": "500.001.1001"}',
        "HTTPSConnectionPool(host='api')",
        "connect ECONNREFUSED 127.0.0.1:9310",
        "KeyError: 'Item'",
    ],
)
def test_what_machines_say_is_found(text: str) -> None:
    assert machine_words(text)


def test_every_topic_has_examples_of_both_kinds_or_is_rare() -> None:
    rare = {"below_minimum", "above_maximum", "daily_limit", "receiver_full", "invalid_input"}

    assert set(topics()) - set(GOOD) <= rare
    assert set(topics()) - set(BAD) <= rare


def test_an_unknown_topic_is_a_mistake_of_the_author() -> None:
    with pytest.raises(UnknownTopic, match="insufficient_fund is not a topic"):
        problems_of("text", "insufficient_fund")


@pytest.mark.parametrize(
    ("text", "another"),
    [
        ("M-Pesa is not available. Please try again in a few minutes.", False),
        ("M-Pesa is down, jaribu baadaye.", False),
        ("M-Pesa is down. Pay by card or cash.", True),
        ("M-Pesa is down. Use PayBill 174379 on your phone.", True),
        ("M-Pesa haipatikani. Tumia njia nyingine.", True),
        ("M-Pesa haipatikani kwa sasa. Lipa kwa kadi au pesa taslimu.", True),
        ("M-Pesa cannot be reached right now; please pay by card.", True),
        ("M-Pesa is down. Your card was not charged. Try again later.", False),
        ("M-Pesa is down; we cannot take cards either. Come back later.", False),
        ("M-Pesa is down, and we have no card machine: cards are not accepted. But cash is.", True),
    ],
)
def test_a_later_try_is_not_another_way_to_pay(text: str, another: bool) -> None:
    assert offers_another_way(text) is another


@pytest.mark.parametrize(
    "text",
    [
        "The payment failed. Please pay again.",
        "Your payment was not successful.",
        "Payment could not be completed. Please try again.",
        "We could not process your payment.",
        "Failed to initiate payment",
        "Transaction declined.",
        "Malipo yamefeli.",
    ],
)
def test_a_text_that_says_failed_is_known(text: str) -> None:
    assert failures_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "We have no result from M-Pesa yet and are checking. Please do not pay again.",
        "M-Pesa is not answering right now. We are checking; please do not pay again.",
        "If the payment failed, we tell you here.",
        "The payment could not be confirmed yet; we are checking.",
        "Your payment has not been processed yet.",
        "Your request timed out on the way to M-Pesa. We are checking whether it arrived.",
        "Look at your phone and type your M-Pesa PIN there.",
        "Subiri, tunakagua malipo yako.",
        "",
    ],
)
def test_a_text_that_leaves_it_open_says_no_failure(text: str) -> None:
    assert failures_in(text) == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"problem": "The amount is above the limit."}', "The amount is above the limit."),
        ('{"order": {"say": "Please pay by card.", "no": "ab12"}}', "Please pay by card."),
        ('{"message": "No.", "other": "A sentence of something else."}', "No."),
        ('{"id": "ab12", "state": "not found"}', ""),
    ],
)
def test_a_sentence_is_found_whatever_the_merchant_calls_it(body: str, sentence: str) -> None:
    assert sentences(body) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, your payment was received.",
        "Payment successful! Your order is on its way.",
        "We have received your payment of KES 500",
        "Your payment of KES 500 has been confirmed.",
        "You paid KES 500",
        "Asante, malipo yako yamepokelewa.",
        "When the payment is received, we ship. Thank you, the payment was received.",
    ],
)
def test_a_text_that_says_the_money_is_there_is_found(text: str) -> None:
    assert receipts_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you! Look at your phone and type your M-Pesa PIN.",
        "Your payment request was received. Check your phone.",
        "Payment has not been received yet.",
        "Your order was received. We wait for M-Pesa.",
        "We will ship once your payment is confirmed.",
        "When the payment is received, you get an SMS.",
        "Please wait until the payment is completed.",
        "No payment was received so far.",
        "Your payment is being processed.",
        "Success. Request accepted for processing",
        "Bado malipo yako hayajapokelewa.",
        "We have not received your payment.",
        "We have received your payment request.",
        "This page changes as soon as your payment is confirmed.",
        "Your order ships after the payment is received.",
        "Waiting for confirmation that the payment was received.",
        "An SMS from M-PESA will tell you that the payment was successful.",
        "Enter your PIN so that the payment is completed.",
        "Your payment is completed once you enter your PIN.",
        "Payment received: KES 0.00",
        "You have paid KES 0 of KES 100",
        "You have paid KES 0.",
    ],
)
def test_a_text_of_a_payment_under_way_says_nothing_of_the_kind(text: str) -> None:
    assert receipts_in(text) == []
