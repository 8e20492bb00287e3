"""The one table of endpoints: what this Daraja imitates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tayari_simulator.apis import (
    b2b_express,
    bill_manager,
    bonga,
    dynamic_qr,
    iot,
    lookups,
    mobile_center,
    oauth,
    pull,
    ratiba,
)
from tayari_simulator.apis.c2b import c2b_payment as c2b
from tayari_simulator.apis.c2b import register as c2b_urls
from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle
from tayari_simulator.apis.core.fields import Fields
from tayari_simulator.apis.initiator import account_balance, b2b, b2c, reversal, transaction_status
from tayari_simulator.apis.stk import stk_push, stk_query
from tayari_simulator.catalogue.errors import Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.state.behaviour import Call, Reply
from tayari_simulator.state.exchange import JournalExchange

Handle = Callable[[DarajaState, JournalExchange, list[Any]], Reply]
"""Decides, with the fields that were read; may raise `Refused`."""

Refuse = Callable[[JournalExchange, Refused], Reply | None]
"""A refusal in an API's own form; None: in Daraja's envelope after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One row. `fields` None: no body and no token; the handler gets the Authorization header and the query text."""

    name: str
    method: str
    path: str
    fields: Callable[[Options], Fields] | None
    handle: Handle
    about: str
    source: str
    mark: Mark = Mark.DOCUMENTED
    """How sure it is that the API looks like this."""
    lifecycle: Callable[[Options], Lifecycle] | None = None
    """The lifecycle of the transaction that this call makes."""
    plays: str = ""
    """The row whose scenarios this call plays, where that is another one of the same API."""
    chooses: bool = False
    """Whether `handle` asks for its scenario itself; for all others `Daraja` does."""
    also: str = ""
    """A second method. The fields of a GET are in the URL's query."""
    aliases: tuple[str, ...] = ()
    """Other paths of the same call."""
    switched: tuple[tuple[str, str], ...] = ()
    """Further ones, each with the option that has to be `on` for it."""
    many: int = 0
    """Above 0: the body is a list with at most this number of objects of these fields; `handle` gets a list of each."""
    lasting: bool = False
    """What it changes is no transaction and outlives the process: where a journal is kept, the call is made again."""
    refuse: Refuse | None = None
    """Puts refusals in the API's own form, where that is not Daraja's envelope."""


ENDPOINTS: Final = (
    Endpoint(name=Call.OAUTH, method="GET", path="/oauth/v1/generate", fields=None, handle=oauth.generate,
             chooses=True, about="an access token for a consumer key and secret",
             source="reference 1.3"),
    Endpoint(name=Call.STK_PUSH, method="POST", path="/mpesa/stkpush/v1/processrequest", fields=stk_push.fields,
             handle=stk_push.push, lifecycle=stk_push.lifecycle, chooses=True,
             about="M-Pesa Express: the prompt on the customer's phone", source="reference 3.1"),
    Endpoint(name=Call.STK_QUERY, method="POST", path="/mpesa/stkpushquery/v1/query", fields=stk_query.fields,
             handle=stk_query.query, plays=Call.STK_PUSH, chooses=True,
             about="M-Pesa Express query: the state of a push",
             switched=(("/mpesa/stkpushquery/v2/query", "stk_query_v2"),), source="reference 3.2"),
    Endpoint(name="b2c", method="POST", path="/mpesa/b2c/v3/paymentrequest", fields=b2c.fields_v3,
             handle=b2c.pay, lifecycle=b2c.lifecycle, chooses=True,
             about="B2C: an organisation pays a customer", source="reference 3.4"),
    Endpoint(name="b2c_v1", method="POST", path="/mpesa/b2c/v1/paymentrequest", fields=b2c.fields_v1,
             handle=b2c.pay_v1, plays="b2c", chooses=True,
             about="B2C version 1: the same without an id of the merchant's own", source="reference 3.4"),
    Endpoint(name="dynamic_qr", method="POST", path="/mpesa/qrcode/v1/generate", fields=dynamic_qr.fields,
             handle=dynamic_qr.generate, about="Dynamic QR: a QR code that is scanned to pay", source="reference 3.11"),
    Endpoint(name="organisation_info", method="POST", path="/sfcverify/v1/query/info",
             fields=lookups.organisation_fields, handle=lookups.organisation_info,
             about="organisation info: who has a short code", source="reference 3.18", mark=Mark.OBSERVED),
    Endpoint(name="b2c_hakikisha", method="POST", path="/mpesa/b2c/hakikisha/v1/hakikisha",
             fields=lookups.hakikisha_fields, handle=lookups.hakikisha,
             about="B2C Hakikisha: the name of a customer", source="reference 3.19", mark=Mark.OBSERVED),
    Endpoint(name="kyc", method="POST", path="/v1/KYC-validation/validateID", fields=lookups.kyc_fields,
             handle=lookups.validate_id, about="whether an identity document belongs to an MSISDN",
             source="reference 3.17", mark=Mark.OBSERVED),
    Endpoint(name="imsi", method="POST", path="/imsi/v1/checkATI", fields=lookups.ati_fields, handle=lookups.imsi,
             refuse=lookups.bare_status, about="IMSI: the SIM of an MSISDN", source="reference 3.16"),
    Endpoint(name="swap", method="POST", path="/imsi/v2/checkATI", fields=lookups.ati_fields, handle=lookups.swap,
             plays="imsi", refuse=lookups.bare_status, about="Swap: when the SIM was last exchanged",
             source="reference 3.16"),
    Endpoint(name="imsi_lookup", method="POST", path="/imsi-lookup/v1/checkATI", fields=lookups.ati_fields,
             handle=lookups.imsi_lookup, plays="imsi", refuse=lookups.bare_status, about="IMSI lookup: the IMSI alone",
             source="reference 3.16", mark=Mark.ASSUMED),
    Endpoint(name="age_on_network", method="POST", path="/registration/lookup/v1/checkATI",
             fields=lookups.ati_fields, handle=lookups.age_on_network, plays="imsi", refuse=lookups.bare_status,
             about="Age on Network: since when an MSISDN is registered", source="reference 3.16", mark=Mark.ASSUMED),
    *(Endpoint(name=f"bill_{name}", method="POST", path=f"{bill_manager.BASE}/{path}", fields=fields, handle=handle,
               lasting=True, plays=bill_manager.PLAYS.get(name, ""), many=many, aliases=bill_manager.other_paths(path),
               refuse=bill_manager.own_form,
               about=f"Bill Manager: {about}", source="reference 3.13", mark=mark)
      for name, path, fields, handle, many, about, mark in bill_manager.CALLS),
    *(Endpoint(name=f"iot_{operation.lower()}", method="POST", path=f"/simportal/v1/{operation}", fields=iot.fields,
               handle=iot.handle(operation), plays="" if operation == "allsims" else "iot_allsims",
               about=f"IoT SIM management: {operation}",
               source="reference 3.22", mark=Mark.ASSUMED) for operation in iot.OPERATIONS),
    Endpoint(name="mobile_center_offers", method="GET", path="/v1/dynamic-offers/fetch",
             fields=mobile_center.fetch_fields, handle=mobile_center.fetch, plays="mobile_center_purchase",
             about="Mobile Center: offers of data (stub)", source="reference 3.23", mark=Mark.ASSUMED),
    Endpoint(name="mobile_center_purchase", method="POST", path="/v1/dynamic-offers/facebook-bundle/purchase",
             fields=mobile_center.purchase_fields, handle=mobile_center.purchase,
             about="Mobile Center: the purchase of data (stub)", source="reference 3.23", mark=Mark.ASSUMED),
    Endpoint(name="mobile_center_status", method="POST", path="/v2/bundles/get/status",
             fields=mobile_center.status_fields, handle=mobile_center.status, plays="mobile_center_purchase",
             about="Mobile Center: the state of a bundle (stub)", source="reference 3.23", mark=Mark.ASSUMED),
    Endpoint(name="c2b_register", method="POST", path="/mpesa/c2b/v2/registerurl", fields=c2b_urls.fields,
             handle=partial(c2b_urls.register, version="v2"), lasting=True,
             about="C2B: the URLs to which the payments of a short code are sent",
             source="reference 3.3"),
    Endpoint(name="c2b_register_v1", method="POST", path="/mpesa/c2b/v1/registerurl", fields=c2b_urls.fields,
             handle=partial(c2b_urls.register, version="v1"), lasting=True, plays="c2b_register",
             about="C2B version 1: the URLs to which the payments of a short code are sent", source="reference 3.3"),
    Endpoint(name=c2b.KIND, method="POST", path="/mpesa/c2b/v2/simulate", fields=c2b.fields,
             handle=partial(c2b.simulate, version="v2"), lifecycle=c2b.lifecycle, chooses=True,
             about="C2B: a customer pays a short code (sandbox)",
             source="reference 3.3"),
    Endpoint(name="c2b_v1", method="POST", path="/mpesa/c2b/v1/simulate", fields=c2b.fields,
             handle=partial(c2b.simulate, version="v1"), plays=c2b.KIND, chooses=True,
             about="C2B version 1: a customer pays a short code (sandbox)",
             source="reference 3.3"),
    Endpoint(name="pull_register", method="POST", path="/pulltransactions/v1/register", fields=pull.register_fields,
             handle=pull.register, lasting=True, about="pull transactions: registration of a short code",
             source="reference 3.12"),
    Endpoint(name="pull_query", method="POST", also="GET", path="/pulltransactions/v1/query",
             fields=pull.query_fields, handle=pull.query,
             about="pull transactions: what a short code was paid in the last two days", source="reference 3.12"),
    Endpoint(name="b2b_express", method="POST", path="/v1/ussdpush/get-msisdn", fields=b2b_express.fields,
             handle=b2b_express.ask, lifecycle=b2b_express.lifecycle, chooses=True,
             about="B2B express checkout: a vendor asks a till to pay", source="reference 3.14"),
    Endpoint(name="ratiba", method="POST", path="/standingorder/v1/createStandingOrderExternal",
             fields=ratiba.fields, handle=ratiba.create, lifecycle=ratiba.lifecycle, chooses=True,
             about="Ratiba: a standing order, whose debits are C2B payments", source="reference 3.15"),
    Endpoint(name="bonga_points", method="POST", path="/v1/lipa/na/bonga/calculate-points", fields=bonga.points_fields,
             handle=bonga.calculate, about="Lipa na Bonga: what points are worth", source="reference 3.21",
             mark=Mark.ASSUMED),
    Endpoint(name=bonga.KIND, method="POST", path="/v1/lipa/na/bonga/redeem-paybill", fields=bonga.redeem_fields,
             handle=bonga.redeem, lifecycle=bonga.lifecycle, chooses=True,
             about="Lipa na Bonga: a customer pays a bill with points", source="reference 3.21", mark=Mark.ASSUMED),
    Endpoint(name=transaction_status.CALL, method="POST", path="/mpesa/transactionstatus/v1/query",
             fields=transaction_status.fields, handle=transaction_status.query,
             lifecycle=transaction_status.lifecycle, chooses=True,
             about="transaction status: the state of a payment", source="reference 3.8"),
    Endpoint(name=account_balance.CALL, method="POST", path="/mpesa/accountbalance/v1/query",
             fields=account_balance.fields, handle=account_balance.query, lifecycle=account_balance.lifecycle,
             chooses=True, about="account balance: what an organisation has", source="reference 3.9"),
    Endpoint(name=reversal.CALL, method="POST", path="/mpesa/reversal/v1/request", fields=reversal.fields,
             handle=reversal.reverse, lifecycle=reversal.lifecycle, chooses=True,
             about="reversal: the money of a customer's payment goes back", source="reference 3.10"),
    Endpoint(name=b2b.CALL, method="POST", path="/mpesa/b2b/v1/paymentrequest", fields=b2b.fields, handle=b2b.pay,
             lifecycle=b2b.lifecycle, chooses=True, about="B2B: an organisation pays another", source="reference 3.6"),
    Endpoint(name=b2b.TAX, method="POST", path="/mpesa/b2b/v1/remittax",
             fields=partial(b2b.fields, commands=(b2b.PAY_TAX,)), handle=partial(b2b.pay, call=b2b.TAX),
             lifecycle=partial(b2b.lifecycle, call=b2b.TAX), chooses=True,
             about="tax remittance: an organisation pays taxes", source="reference 3.7"),
    Endpoint(name=b2c.POCHI, method="POST", path="/mpesa/b2pochi/v1/paymentrequest",
             fields=partial(b2c.fields_v3, commands=b2c.POCHI_COMMANDS), handle=partial(b2c.pay, call=b2c.POCHI),
             lifecycle=partial(b2c.lifecycle, call=b2c.POCHI), chooses=True,
             about="B2Pochi: an organisation pays a customer's business wallet", source="reference 3.5"),
)  # fmt: skip

CALLS: Final = tuple(row.name for row in ENDPOINTS)
"""The names of all rows."""
LIFECYCLES: Final[Mapping[str, Lifecycle]] = {
    row.name: row.lifecycle(Options()) for row in ENDPOINTS if row.lifecycle is not None
}
"""The lifecycles of transactions, by call, under the switches of the documented profile."""
TRANSACTIONS: Final = frozenset(LIFECYCLES)
"""The calls that make transactions."""


def schemas(options: Options) -> Mapping[str, Mapping[str, object]]:
    """The JSON Schema of each request body, by endpoint name."""
    return {
        row.name: row.fields(options).schema(f"{row.about} (request)", many=row.many)
        for row in ENDPOINTS
        if row.fields is not None
    }
