"""Rows of the result catalogue of the other APIs. For the columns see `results_stk`."""

from __future__ import annotations

from typing import Final

from tayari_simulator.core.results_stk import Row

_NONE: Final = ("", "")
"""Nothing for a customer: alert staff."""
_CHECKING: Final = ("We are checking your payment.", "Tunakagua malipo yako.")

OTHER_ROWS: Final[tuple[Row, ...]] = (
    (5, "", "b2c", "would fall below the minimum balance (old); text not established", _NONE, "after fix",
     "assumed", {}),
    (11, "The DebitParty is in an invalid state.", "b2c b2b reversal", "the organisation's account is not active",
     ("We cannot pay out right now.", "Hatuwezi kutuma malipo kwa sasa."), "after fix", "documented", {}),
    (14, "", "b2c", "credit party in an invalid state; text not established",
     ("The receiving account is not active.", "Akaunti inayopokea haitumiki."), "after fix", "assumed", {}),
    (15, "", "core", "duplicate detected: the conversation id was used before", _NONE, "ask first", "documented", {}),
    (17, "System internal error.", "b2b b2c", "internal failure", _CHECKING, "ask first", "documented", {}),
    (18, "", "core", "initiator password check failed", _NONE, "after fix", "documented", {}),
    (20, "", "core", "initiator not found", _NONE, "after fix", "documented", {}),
    (21, "The initiator is not allowed to initiate this request", "b2c b2b status balance reversal", "role missing",
     _NONE, "after fix", "documented", {}),
    (22, "", "core", "the initiator is inactive or may not act towards the receiver", _NONE, "after fix",
     "documented", {}),
    (24, "", "core", "a mandatory field is missing", _NONE, "after fix", "documented", {}),
    (25, "The format of parameter null is invalid.", "core status", "a field is malformed", _NONE, "after fix",
     "documented", {}),
    (29, "", "core", "unknown command", _NONE, "after fix", "documented", {}),
    (1050, "", "ratiba", "the standing order's name is used already",
     ("Choose another name.", "Chagua jina lingine."), "after fix", "documented", {}),
    (1051, "", "ratiba", "bad request", _NONE, "after fix", "documented", {}),
    (2001, "The initiator information is invalid.", "b2c b2b status balance reversal",
     "API user, password, certificate or padding is wrong", _NONE, "after fix", "documented", {}),
    (2006, "Declined due to account rule: The account status does not allow this transaction.", "b2c reversal",
     "the account is not active", _NONE, "after fix", "documented", {}),
    (2040, "Credit Party customer type (Unregistered or Registered Customer) can't be supported by the service.",
     "b2c", "the recipient is not registered",
     ("This number cannot receive M-Pesa.", "Nambari hii haiwezi kupokea M-Pesa."), "after fix", "documented", {}),
    (4001, "User cancelled transaction", "b2b_express", "cancelled",
     ("The payment was cancelled.", "Malipo yameghairiwa."), "now", "documented", {}),
    (4001, "Details do not match", "kyc", "the details do not match", _NONE, "no", "assumed", {}),
    (8006, "The security credential is locked.", "b2c b2b status balance reversal", "the API user is locked", _NONE,
     "after fix", "documented", {}),
    ("R000001", "The transaction has already been reversed", "reversal", "reversed before", _NONE, "no",
     "documented", {}),
    ("R000002", "The OriginalTransactionID is invalid.", "reversal", "no such transaction", _NONE, "after fix",
     "documented", {}),
    ("TP40153", "", "balance", "role missing; text not established", _NONE, "after fix", "assumed", {}),
)  # fmt: skip
