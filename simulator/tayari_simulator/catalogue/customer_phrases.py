"""Sentences for the customer, in English and Swahili, that more than one code needs.

All of them are this project's own wording: Daraja's texts are for the merchant, and none is meant for a customer.
`NOTHING` means that no customer is concerned: staff must be alerted.
"""

from __future__ import annotations

from typing import Final

Phrase = tuple[str, str]
"""English, Swahili."""

NOTHING: Final[Phrase] = ("", "")
STAFF: Final[Phrase] = (
    "We cannot take M-Pesa payments right now. Please use another way to pay.",
    "Hatuwezi kupokea malipo ya M-Pesa kwa sasa. Tafadhali lipa kwa njia nyingine.",
)
UNREACHED: Final[Phrase] = (
    "We could not reach your phone. Check the signal and try again.",
    "Hatukuweza kufikia simu yako. Angalia mtandao kisha ujaribu tena.",
)
CANCELLED: Final[Phrase] = (
    "You cancelled the payment. You can try again.",
    "Umeghairi malipo. Unaweza kujaribu tena.",
)
WRONG_PIN: Final[Phrase] = (
    "The PIN was not accepted, or this number has no M-Pesa.",
    "PIN haikukubaliwa, au nambari hii haina M-Pesa.",
)
UNCONFIRMED: Final[Phrase] = (
    "We could not confirm the payment yet. Please wait before you pay again.",
    "Bado hatujaweza kuthibitisha malipo. Tafadhali subiri kabla ya kulipa tena.",
)
WAITING: Final[Phrase] = ("We are waiting for M-Pesa.", "Tunasubiri M-Pesa.")
CHECKING: Final[Phrase] = ("We are checking your payment.", "Tunakagua malipo yako.")
OTHER_PROMPT: Final[Phrase] = (
    "Another M-Pesa request is open on your phone. Finish it and try again in a minute.",
    "Kuna ombi lingine la M-Pesa kwenye simu yako. Limalize kisha ujaribu tena baada ya dakika moja.",
)
UNAVAILABLE: Final[Phrase] = (
    "M-Pesa is not available right now. Nothing was taken. Try again in a few minutes, or use another way to pay.",
    "M-Pesa haipatikani kwa sasa. Hakuna pesa zilizokatwa. Jaribu tena baada ya dakika chache, au lipa kwa njia "
    "nyingine.",
)
BUSY: Final[Phrase] = (
    "M-Pesa is busy and did not take the request. Nothing was taken. Try again in a few minutes, or use another way "
    "to pay.",
    "M-Pesa ina shughuli nyingi na haikupokea ombi. Hakuna pesa zilizokatwa. Jaribu tena baada ya dakika chache, au "
    "lipa kwa njia nyingine.",
)
MAINTENANCE: Final[Phrase] = (
    "M-Pesa is under maintenance. Nothing was taken. Try again later, or use another way to pay.",
    "M-Pesa iko kwenye matengenezo. Hakuna pesa zilizokatwa. Jaribu tena baadaye, au lipa kwa njia nyingine.",
)
PHONE: Final[Phrase] = (
    "M-Pesa cannot ask this number. Check that it is a Safaricom number, and try again.",
    "M-Pesa haiwezi kutumia nambari hii. Hakikisha ni nambari ya Safaricom, kisha ujaribu tena.",
)
AMOUNT: Final[Phrase] = (
    "M-Pesa takes whole shillings, from 1 to 250,000 in one payment. Change the amount, or use another way to pay.",
    "M-Pesa hupokea shilingi kamili, kuanzia 1 hadi 250,000 kwa malipo moja. Badilisha kiasi, au lipa kwa njia "
    "nyingine.",
)
