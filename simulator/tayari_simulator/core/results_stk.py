"""Rows of the result catalogue that an STK push can end with, or its query can say.

A row: code, text, APIs, meaning, (what to say in English, in Swahili), retry, standing, texts of other wordings.
Retry is a word of `advice.RETRY`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tayari_simulator.core import phrases as say

Row = tuple[int | str, str, str, str, tuple[str, str], str, str, Mapping[str, str]]

STK_ROWS: Final[tuple[Row, ...]] = (
    (0, "The service request is processed successfully.", "stk b2c b2b status balance reversal",
     "done", ("Payment received.", "Malipo yamepokelewa."), "no", "documented", {}),
    (1, "The balance is insufficient for the transaction.", "stk b2c b2b reversal",
     "the payer's balance (STK) or the organisation's (others) is too low",
     ("Your M-Pesa balance is too low for this amount. Nothing was taken. Top up, pay less, or use another way to pay.",
      "Salio lako la M-Pesa halitoshi kwa kiasi hiki. Hakuna pesa zilizokatwa. Ongeza salio, lipa kiasi kidogo, au "
      "tumia njia nyingine."),
     "after top-up", "documented",
     {"classic-2021": "[MpesaCB - ]The balance is insufficient for the transaction."}),
    (2, "Declined due to limit rule.", "stk b2c b2b", "below the minimum",
     ("The amount is below M-Pesa's minimum.", "Kiasi ni chini ya kiwango cha chini cha M-Pesa."),
     "after fix", "documented", {}),
    (3, "Declined due to limit rule: greater than the maximum transaction amount.", "stk b2c b2b",
     "above the maximum for one payment",
     ("The amount is above M-Pesa's limit per payment; split it or pay another way.",
      "Kiasi kimezidi kikomo cha M-Pesa kwa malipo moja; kigawe au lipa kwa njia nyingine."),
     "after fix", "documented", {}),
    (4, "Declined due to limit rule: would exceed daily transfer limit.", "stk b2c b2b",
     "the daily limit (500 000 shillings) is reached",
     ("You have reached today's M-Pesa limit. Try again tomorrow or pay another way.",
      "Umefikia kikomo cha M-Pesa cha leo. Jaribu kesho au lipa kwa njia nyingine."),
     "tomorrow", "documented", {}),
    (8, "Declined due to limit rule: would exceed the maximum balance.", "stk b2c b2b",
     "the receiver's balance limit (500 000 shillings)",
     ("The receiving account is full.", "Akaunti inayopokea imejaa."), "after fix", "documented", {}),
    (17, "Rule limited.", "stk", "the same amount to the same phone within two minutes",
     ("Please wait two minutes and try again.", "Tafadhali subiri dakika mbili kisha ujaribu tena."),
     "after a wait", "documented", {}),
    (26, "System busy", "stk b2c b2b status balance reversal",
     "overload (the core's own list: traffic blocked); the exact text is not established",
     ("M-Pesa is busy, please try again in a few minutes.",
      "M-Pesa ina shughuli nyingi, tafadhali jaribu tena baada ya dakika chache."),
     "after a wait", "assumed", {}),
    (1001, "Unable to lock subscriber, a transaction is already in process for the current subscriber", "stk ratiba",
     "another prompt is open on the phone",
     say.OTHER_PROMPT, "after a wait", "documented", {}),
    (1005, "The account reference is invalid", "stk", "account reference invalid; community list, text not established",
     say.STAFF, "after fix", "assumed", {}),
    (1019, "Transaction has expired", "stk", "not processed in time",
     ("The request expired before it was completed. Try again.",
      "Muda wa ombi uliisha kabla ya kukamilika. Jaribu tena."), "now", "documented", {}),
    (1025, "An error occurred while sending a push request", "stk ratiba",
     "the prompt is too long (above 182 characters) or could not be sent", say.UNREACHED, "now", "documented", {}),
    (1031, "Request cancelled by user", "stk ratiba bonga", "cancelled, or PIN time-out (STK to 2021)", say.CANCELLED,
     "now", "observed", {}),
    (1032, "Request cancelled by user", "stk", "dismissed, or timed out on the handset", say.CANCELLED, "now",
     "documented",
     {"sandbox-2026": "Request Cancelled by user.", "classic-2021": "[STK_CB - ]Request cancelled by user"}),
    (1036, "SMSC ACK timeout.", "stk", "network", say.UNREACHED, "now", "observed",
     {"classic-2021": "[STK_CB - ]SMSC ACK timeout."}),
    (1037, "DS timeout user cannot be reached", "stk", "phone off, no signal, old SIM, or no answer",
     ("We got no answer from your phone. Check the signal and try again once we have confirmed this payment's state.",
      "Hatukupata jibu kutoka kwa simu yako. Angalia mtandao, na ujaribu tena tukishathibitisha hali ya malipo haya."),
     "ask first", "documented",
     {"sandbox-2026": "No response from user.", "classic-2021": "[STK_CB - ]DS timeout."}),
    (2001, "The initiator information is invalid.", "stk", "wrong PIN, or no M-Pesa wallet", say.WRONG_PIN, "now",
     "documented",
     {"classic-2021": "[MpesaCB - ]The initiator information is invalid."}),
    (2028, "The request is not permitted according to product assignment.", "stk b2c reversal",
     "PartyB, TransactionType or the product is wrong", say.STAFF, "after fix", "documented", {}),
    (4999, "The transaction is still under processing", "stk_query", "in flight",
     say.WAITING, "poll", "observed", {}),
    (5999, "Some text the merchant has never seen", "stk",
     "no known meaning: stands for every code that a merchant does not know", say.UNCONFIRMED, "ask first",
     "assumed", {}),
    (8006, "The security credential is locked.", "stk", "the customer's PIN is locked",
     ("Your M-Pesa PIN is locked; call Safaricom customer care.",
      "PIN yako ya M-Pesa imefungwa; piga simu kwa huduma kwa wateja wa Safaricom."), "no", "documented", {}),
    (9999, "An error occurred while sending a push request", "stk", "the push failed", say.UNREACHED, "now",
     "documented", {}),
    ("E3008", "Error, the user has a bad debt contract.", "stk", "an ordinary phone in the sandbox", say.STAFF, "no",
     "observed", {}),
    ("SFC_IC0003", "The operator does not exist.", "stk b2c b2b", "wrong receiver or identifier type", say.STAFF,
     "after fix", "observed", {}),
    ("TP40087", "The PIN is wrong", "stk", "wrong PIN; one source, text not established", say.WRONG_PIN, "now",
     "assumed", {}),
)  # fmt: skip
