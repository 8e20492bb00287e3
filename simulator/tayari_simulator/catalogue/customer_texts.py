"""What a customer reads, in English and Swahili: sentences for a merchant to say, and what a phone shows.

What a phone shows is assumed: the reference has no capture of a prompt or a message. The wording follows the form that
customers in Kenya know, so that it helps people who try things; no check relies on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

MARK: Final = "assumed"
Texts = Mapping[str, str]
"""By language: `en`, `sw`."""

PROMPT: Final[Texts] = {
    "en": "Do you want to pay {amount} to {name} Account no. {account}? Enter M-PESA PIN:",
    "sw": "Je, unataka kulipa {amount} kwa {name} Akaunti nambari {account}? Weka PIN ya M-PESA:",
}
PROMPT_OF_A_TILL: Final[Texts] = {
    "en": "Do you want to pay {amount} to {name}? Enter M-PESA PIN:",
    "sw": "Je, unataka kulipa {amount} kwa {name}? Weka PIN ya M-PESA:",
}
PROMPTS: Final[Mapping[str, Texts]] = {
    "ratiba": {
        "en": "Do you want to pay {amount} {frequency} to {name} Account no. {account} from {start} to {end}? "
              "Enter M-PESA PIN:",
        "sw": "Je, unataka kulipa {amount} {frequency} kwa {name} Akaunti nambari {account} kuanzia {start} hadi "
              "{end}? Weka PIN ya M-PESA:",
    },
    "bonga_redeem": {
        "en": "Do you want to use {points} Bonga points to pay {amount} to {name} Account no. {account}? "
              "Enter M-PESA PIN:",
        "sw": "Je, unataka kutumia pointi {points} za Bonga kulipa {amount} kwa {name} Akaunti nambari {account}? "
              "Weka PIN ya M-PESA:",
    },
    "b2b_express": {
        "en": "{partner} asks till {till} to pay {amount} to {name}, reference {account}. "
              "Enter operator ID and M-PESA PIN:",
        "sw": "{partner} inaomba till {till} ilipe {amount} kwa {name}, kumbukumbu {account}. "
              "Weka ID ya opereta na PIN ya M-PESA:",
    },
}  # fmt: skip
"""By kind of transaction: those that are no push."""
PAID: Final[Texts] = {
    "en": "{receipt} Confirmed. {amount} sent to {name} for account {account} on {time}.{balance} "
          "Transaction cost, Ksh0.00.",
    "sw": "{receipt} Imethibitishwa. {amount} imetumwa kwa {name} kwa akaunti {account} tarehe {time}.{balance} "
          "Gharama ya kutuma, Ksh0.00.",
}  # fmt: skip
PAID_TO_A_TILL: Final[Texts] = {
    "en": "{receipt} Confirmed. {amount} paid to {name} on {time}.{balance} Transaction cost, Ksh0.00.",
    "sw": "{receipt} Imethibitishwa. {amount} imelipwa kwa {name} tarehe {time}.{balance} Gharama, Ksh0.00.",
}
RECEIVED: Final[Texts] = {
    "en": "{receipt} Confirmed. You have received {amount} from {name} on {time}.{balance}",
    "sw": "{receipt} Imethibitishwa. Umepokea {amount} kutoka kwa {name} tarehe {time}.{balance}",
}
DONE: Final[Mapping[str, Texts]] = {
    "ratiba": {
        "en": "{receipt} Confirmed. Your standing order {order} pays {amount} {frequency} to {name} for account "
              "{account} from {start} to {end}.",
        "sw": "{receipt} Imethibitishwa. Malipo yako ya kudumu {order} yatalipa {amount} {frequency} kwa {name} kwa "
              "akaunti {account} kuanzia {start} hadi {end}.",
    },
    "bonga_redeem": {
        "en": "{receipt} Confirmed. {amount} paid to {name} for account {account} with {points} Bonga points on "
              "{time}.",
        "sw": "{receipt} Imethibitishwa. {amount} imelipwa kwa {name} kwa akaunti {account} kwa pointi {points} za "
              "Bonga tarehe {time}.",
    },
    "b2b_express": {
        "en": "{receipt} Confirmed. {amount} paid from till {till} to {name} for account {account} on {time}.",
        "sw": "{receipt} Imethibitishwa. {amount} imelipwa kutoka till {till} kwa {name} kwa akaunti {account} "
              "tarehe {time}.",
    },
}  # fmt: skip
"""By kind of transaction: the texts on the phone, for kinds that have prompts of their own."""
FREQUENCIES: Final[Mapping[tuple[int, int], Texts]] = {
    (0, 0): {"en": "once", "sw": "mara moja"},
    (1, 0): {"en": "every day", "sw": "kila siku"},
    (7, 0): {"en": "every week", "sw": "kila wiki"},
    (14, 0): {"en": "every two weeks", "sw": "kila wiki mbili"},
    (0, 1): {"en": "every month", "sw": "kila mwezi"},
    (0, 2): {"en": "every two months", "sw": "kila miezi miwili"},
    (0, 3): {"en": "every three months", "sw": "kila miezi mitatu"},
    (0, 6): {"en": "every six months", "sw": "kila miezi sita"},
    (0, 12): {"en": "every year", "sw": "kila mwaka"},
}
"""By days and months between two debits of a standing order."""
REVERSED: Final[Texts] = {
    "en": "{receipt} Confirmed. {amount} from {name} was reversed to your account on {time}.{balance}",
    "sw": "{receipt} Imethibitishwa. {amount} kutoka kwa {name} imerudishwa kwenye akaunti yako tarehe {time}."
          "{balance}",
}  # fmt: skip
BALANCE: Final[Texts] = {
    "en": " New M-PESA balance is {balance}.",
    "sw": " Baki yako mpya ya M-PESA ni {balance}.",
}
_WRONG_PIN: Final[Texts] = {
    "en": "Failed. You have entered the wrong PIN. {amount} was not paid to {name}.",
    "sw": "Imeshindikana. Umeweka PIN isiyo sahihi. {amount} haikulipwa kwa {name}.",
}
FAILURES: Final[Mapping[str, Texts]] = {
    "1": {
        "en": "Failed. You do not have enough money in your M-PESA account to pay {amount} to {name}.{balance}",
        "sw": "Imeshindikana. Huna pesa za kutosha katika akaunti yako ya M-PESA kulipa {amount} kwa {name}.{balance}",
    },
    "4": {
        "en": "Failed. This payment of {amount} to {name} would exceed your daily M-PESA limit.",
        "sw": "Imeshindikana. Malipo haya ya {amount} kwa {name} yatazidi kiwango chako cha M-PESA cha siku.",
    },
    "3": {
        "en": "Failed. {amount} is above the limit of one M-PESA payment to {name}.",
        "sw": "Imeshindikana. {amount} imezidi kiwango cha malipo moja ya M-PESA kwa {name}.",
    },
    "1050": {
        "en": "Failed. You have a standing order of this name already. Nothing was set up for {name}.",
        "sw": "Imeshindikana. Una malipo ya kudumu ya jina hili tayari. Hakuna kilichowekwa kwa {name}.",
    },
    "2001": _WRONG_PIN,
    "4203": _WRONG_PIN,
    "8006": {
        "en": "Failed. Your M-PESA PIN is locked. {amount} was not paid to {name}.",
        "sw": "Imeshindikana. PIN yako ya M-PESA imefungwa. {amount} haikulipwa kwa {name}.",
    },
    "C2B": {
        "en": "Failed. {name} did not accept your payment of {amount} for account {account}.",
        "sw": "Imeshindikana. {name} haikukubali malipo yako ya {amount} kwa akaunti {account}.",
    },
}
"""By result code; `C2B` is any refusal of a validation. Other failures come without a message."""


def shillings(amount: int) -> str:
    """An amount as M-Pesa writes it: `Ksh1,500.00`."""
    return f"Ksh{amount:,}.00"


def moment(at_s: float, language: str) -> str:
    """A moment in EAT: `7/10/26 at 2:35 PM`."""
    at = datetime.fromtimestamp(at_s, UTC) + timedelta(hours=3)
    between = "saa" if language == "sw" else "at"
    return f"{at.day}/{at.month}/{at:%y} {between} {(at.hour - 1) % 12 + 1}:{at:%M %p}"


Phrase = tuple[str, str]
"""What a merchant may say, in English and Swahili: this project's wording, as no text of Daraja is for customers."""

NOTHING: Final[Phrase] = ("", "")
"""No customer is concerned: staff must be alerted."""
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
