"""Why M-Pesa did not take the initiator of a payout or a refund: the journal's entry and the organisations in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tayari_formats.json_text import read_object

_CODES: Final[Mapping[str, str]] = {
    "8006": "the initiator is locked after wrong passwords",
    "21": "the initiator may not use this CommandID",
    "1": "the account of the short code holds too little (utility and working of daraja.organisations)",
}
"""What a result code of the preflight's payout or refund says about the set-up. Source: reference 1.7, 3.0, 3.4."""
REFUSED: Final = "2001"
_SEALED_OTHERWISE: Final = (
    "its credential does not open: another certificate than {certificate_file}, another padding than PKCS#1 v1.5, or "
    "another password"
)
_ELSE: Final = "see what the merchant sends; the rules judge this"
_GIVE: Final = (
    "give the merchant an initiator of this short code (daraja.organisations of the target file names them; testapi "
    "where it names none), and its password encrypted for the simulator: {certificate_file} or {security_credential} "
    "in merchant.start; the rules judge this"
)


def fix_of(code: str) -> str:
    """What to do about a failed result."""
    return _GIVE if code in {REFUSED, "8006", "21"} else _ELSE


def failed_because(code: str, result_desc: str, call: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> str:
    """What a failed result means. `call`: the request's journal entry; `known`: the organisations."""
    if code != REFUSED:
        return _CODES.get(code, result_desc)
    body = read_object((call.get("request") or {}).get("body"))
    name = str(body.get("Initiator") or body.get("InitiatorName") or "")
    short_code = str(body.get("ReceiverParty") or body.get("PartyA") or "")
    organisation = next((row for row in known if row["short_code"] == short_code), None)
    if organisation is None:
        return f"no organisation has the short code {short_code or 'that is missing in the request'}"
    names = [str(each) for each in organisation["initiators"]]
    if name not in names:
        return f"the merchant names the initiator {name!r}; expected one of {short_code}: {', '.join(names) or 'none'}"
    if name in organisation.get("expired_initiators", ()):
        return f"the password of the initiator {name} of {short_code} is expired"
    return f"the initiator {name} of {short_code} is known, and {_SEALED_OTHERWISE}"
