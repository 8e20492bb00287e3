"""Published clients that run every operation they have: what each does, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
DRIVERS = HERE / "drivers"
_TYPE_11 = "Invalid RecieverIdentifierType"
_FORM = "Invalid Request Payload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One published client. A driver of the same name runs its operations."""

    name: str
    operations: str
    """Every operation that it has, separated by blanks."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Operation and a part of the refusal: the client sends what Daraja does not take."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Operation and the ResultCode of its later message: Daraja takes the call and M-Pesa declines it."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Operation and a part of what the client's own code raises about a faithful answer."""
    unread_later: Mapping[str, str] = field(default_factory=dict)
    """Operation and a part of what its own parser raises about a faithful later message."""
    unread_otherwise: Mapping[str, str] = field(default_factory=dict)
    """The same, of forms that other years and environments have."""
    reads_letters: bool = True
    """Its parser takes a ResultCode that is no number."""
    pushes_after_504: int = 1
    """How many prompts the customer gets when the gateway answers the push with 504 after Daraja took it."""

    @property
    def driver(self) -> Path:
        """The script that runs its operations."""
        script = DRIVERS / "node" / f"{self.name}.js"
        return script if script.is_file() else DRIVERS / "python" / f"{self.name.replace('-', '_')}.py"


CLIENTS = (
    Client(
        name="mpesakit",
        operations="token stk_push stk_query c2b_register b2c b2b_paybill b2b_buygoods b2b_topup tax balance status "
        "reversal qr b2b_express ratiba bill_opt_in bill_invoice bill_cancel",
        unread_later={
            "b2c": "Result.ResultParameters",
            "b2b_paybill": "B2BExpressCheckoutCallback",
            "b2b_buygoods": "B2BExpressCheckoutCallback",
            "tax": "DebitPartyCharges",
            "status": "Result.ResultParameters",
            "reversal": "Result.ResultCode",
            "ratiba": "ResponseHeader",
        },
    ),
    Client(
        name="daraja-sdk-py",
        operations="token stk_push stk_query c2b_register c2b_simulate b2c b2pochi b2b_paybill b2b_buygoods b2b_topup "
        "balance status reversal qr pull_register pull_query b2b_express organisation imsi swap bill_opt_in ratiba",
        reads_letters=False,
        pushes_after_504=2,
    ),
    Client(
        name="mpesa-daraja-mcp",
        operations="token stk_push stk_query c2b_register c2b_simulate b2c b2pochi b2b_paybill b2b_buygoods b2b_topup "
        "tax b2b_express balance status reversal qr pull_query ratiba bill_opt_in bill_invoice bill_cancel",
        reads_letters=False,
    ),
    Client(
        name="singularity-payments",
        reads_letters=False,
        pushes_after_504=2,
        operations="token stk_push stk_query c2b_register c2b_simulate b2c b2b_paybill balance status reversal qr",
        unread={"c2b_register": "OriginatorCoversationID", "c2b_simulate": "OriginatorConversationID"},
        unread_later={
            "b2c": "Result.ReferenceData.Key",
            "b2b_paybill": "DebitPartyCharges",
            "status": "CreditPartyCharges",
        },
        unread_otherwise={"stk_push": "CallbackMetadata.Item"},
    ),
    Client(
        name="umojasdk",
        operations="token stk_push stk_query c2b_register c2b_simulate b2c balance status reversal tax sim_swap",
        refused={
            "b2c": "Invalid OriginatorConversationID",
            "reversal": _TYPE_11,
            "sim_swap": "Resource not found",
        },
    ),
    Client(
        name="mpesa-wrapper",
        reads_letters=False,
        pushes_after_504=2,
        operations="token stk_push c2b_register c2b_simulate b2c balance status reversal",
        refused={"reversal": _TYPE_11},
        unread_later={"stk_push": "CallbackMetadata", "b2c": "no payout"},
    ),
    Client(
        name="noriapay",
        operations="token stk_push stk_query c2b_register b2c b2b_paybill balance status reversal qr qr_as_typed",
        refused={"qr_as_typed": _FORM},
    ),
    Client(
        name="mpesa-sdk",
        operations="token stk_push stk_query c2b_register c2b_simulate b2c b2b_paybill balance status reversal",
        refused={"reversal": _TYPE_11},
    ),
    Client(
        name="pympesa",
        operations="token stk_push stk_query c2b_register c2b_simulate b2c b2b_paybill balance status reversal",
        refused={"reversal": _TYPE_11},
        failed={"status": "SFC_IC0003"},
    ),
    Client(name="django-daraja", operations="token stk_push b2c b2c_salary b2c_promotion"),
    Client(
        name="python-daraja",
        operations="token stk_push stk_query c2b_register c2b_simulate",
        refused={"stk_push": _FORM, "stk_query": _FORM, "c2b_register": _FORM, "c2b_simulate": _FORM},
    ),
    Client(
        name="mpesa-node",
        operations="token stk_push c2b_register c2b_simulate b2c b2b b2b_paybill balance status reversal",
        refused={"b2b": "Invalid CommandID"},
    ),
    Client(
        name="mpesa-api",
        operations="token stk_push_default stk_push stk_query c2b_register c2b_simulate b2c balance status reversal",
        refused={"stk_push_default": "Invalid TransactionType", "reversal": _TYPE_11},
    ),
    Client(
        name="daraja",
        operations="stk_push stk_query c2b_register c2b_simulate b2c balance status reversal",
        refused={"reversal": "Invalid Amount"},
        failed={"b2c": "2001", "balance": "2001", "status": "2001"},
    ),
    Client(
        name="daraja.js",
        operations="stk_push stk_query c2b_register c2b_simulate b2c balance status reversal",
        refused={"reversal": _TYPE_11},
        failed={"status": "SFC_IC0003"},
    ),
)


def _listed(rows: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {text}" for name, text in rows.items()) or "-"


def table() -> str:
    """The rows as the page shows them."""
    lines = [
        "| client | operations | refused, rightly | declined, rightly | its own code cannot read | pushes, 504 |",
        "| --- | --- | --- | --- | --- | --: |",
    ]
    for client in CLIENTS:
        otherwise = {f"{name} (other forms)": text for name, text in client.unread_otherwise.items()}
        letters = {} if client.reads_letters else {"stk_push (SFC_IC0003)": "a number is wanted"}
        unread = _listed({**client.unread, **client.unread_later, **otherwise, **letters})
        words = client.operations.split()
        cells = f"{len(words)}: {', '.join(words)} | {_listed(client.refused)} | {_listed(client.failed)} | {unread}"
        pushes = "-" if "stk_push" in client.refused else client.pushes_after_504
        lines.append(f"| {client.name} | {cells} | {pushes} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
