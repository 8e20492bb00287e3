"""The table of the control API: its routes, and the OpenAPI document that is made of them."""

from __future__ import annotations

import asyncio
from typing import Final

from tayari_simulator.apis.core.organisations import SANDBOX_PASSWORD
from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.control import events, handset_routes, organisation_routes, routes, schemas
from tayari_simulator.control.documents import har
from tayari_simulator.control.documents.openapi import document
from tayari_simulator.control.documents.postman import collection, first_values
from tayari_simulator.control.endpoint import Controlled, Route


async def openapi(controlled: Controlled, *_: object) -> object:
    return document(ROUTES, url=controlled.simulator.control_url)


async def postman(controlled: Controlled, *_: object) -> object:
    simulator = controlled.simulator
    credential = await asyncio.to_thread(simulator.daraja.state.credentials.encrypt, SANDBOX_PASSWORD)
    values = first_values(simulator.config, simulator.daraja_url, credential)
    return await asyncio.to_thread(collection, ENDPOINTS, values)  # it takes longer than a turn of the loop


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/v1/openapi.json", openapi, "this description"),
    Route("GET", "/v1/postman.json", postman, "the Daraja port as a collection for Postman, Bruno and Insomnia"),
    Route("GET", "/health", routes.health, "is it well?"),
    Route("GET", "/metrics", routes.metrics, "counters and gauges as Prometheus text", answers="text/plain"),
    Route("GET", "/", routes.console, "the console, for people", answers="text/html"),
    Route("GET", "/v1/settings", routes.settings, "how this simulator was started"),
    Route("POST", "/v1/reset", routes.reset, "forget payments, tokens, queued scenarios, outages and the journal",
          schemas.Nothing),
    Route("GET", "/v1/scenarios", routes.list_scenarios, "all loaded scenarios"),
    Route("GET", "/v1/scenarios/{name:.+}", routes.show_scenario, "one scenario whole"),
    Route("POST", "/v1/scenarios", routes.load_scenario, "load a scenario from YAML text", schemas.LoadScenario),
    Route("PUT", "/v1/scenarios/active", routes.activate_scenario,
          "play a scenario where nothing more specific does; null: none", schemas.Activate),
    Route("POST", "/v1/mix", routes.blend, "draw scenarios by weight; null: no mix", schemas.Blend),
    Route("GET", "/v1/magic", routes.magic, "numbers and amounts that play a scenario by themselves"),
    Route("GET", "/v1/provenance", routes.provenance, "how sure each behaviour is, with its source"),
    Route("GET", "/v1/explain/{payment}", routes.explain_payment, "what happened to a payment, and why"),
    Route("POST", "/v1/next", routes.play_next, "queue a scenario for the next calls, of one number where it is given",
          schemas.PlayNext),
    Route("DELETE", "/v1/next", routes.clear_next, "forget all queued scenarios"),
    Route("POST", "/v1/tokens/revoke", routes.revoke_tokens, "make every issued token invalid", schemas.Nothing),
    Route("POST", "/v1/outage", routes.outage, "close the Daraja port for a while", schemas.Outage),
    Route("DELETE", "/v1/outage", routes.end_outage, "open the Daraja port again now"),
    Route("POST", "/v1/hold", routes.hold, "hold the callbacks of a number for a while", schemas.Hold),
    Route("POST", "/v1/results", routes.bring_result, "let the next result of a payment fall due now",
          schemas.BringResult),
    Route("PUT", "/v1/wallets/{msisdn}", routes.set_wallet, "give a number a wallet with a balance in shillings",
          schemas.Wallet),
    Route("GET", "/v1/handsets", handset_routes.list_handsets, "the phones that are controlled by hand"),
    Route("GET", "/v1/handsets/{msisdn}", handset_routes.show_handset, "a phone: its prompt, wallet and messages"),
    Route("PUT", "/v1/handsets/{msisdn}", handset_routes.hold_handset,
          "control a phone by hand: its STK prompts wait for an answer", schemas.HoldHandset),
    Route("DELETE", "/v1/handsets/{msisdn}", handset_routes.release_handset,
          "release a phone: scenarios decide again"),
    Route("POST", "/v1/handsets/{msisdn}/answer", handset_routes.press,
          "answer the prompt on a phone: PIN, wrong PIN, cancel, no answer", schemas.AnswerPrompt),
    Route("POST", "/v1/c2b", routes.pay_c2b, "a customer pays a short code by himself", schemas.PayC2b),
    Route("PUT", "/v1/organisations/{short_code}", organisation_routes.set_organisation,
          "switch an organisation, add to an account, let an initiator's password expire", schemas.SetOrganisation),
    Route("POST", "/v1/clock/advance", routes.advance, "move a manual clock", schemas.Advance),
    Route("GET", "/v1/payments", routes.payments, "transactions, oldest first", schemas.PaymentsWhere),
    Route("GET", "/v1/balance", routes.balance, "do accepted and called back add up?"),
    Route("GET", "/v1/limits", routes.limits, "was the simulator near its own limit?"),
    Route("GET", "/v1/journal", routes.journal, "every exchange, in order", schemas.JournalWhere),
    Route("GET", "/v1/events", events.events, "what happens, as server-sent events",
          events.EventsWhere, answers="text/event-stream"),
    Route("POST", "/v1/wait", routes.wait, "wait until something has happened", schemas.WaitFor),
    Route("POST", "/v1/callbacks", routes.send_callback,
          "send a callback as the body says: twice, forged, changed, raw", schemas.SendCallback, sends=True),
    Route("POST", "/v1/hakikisha", routes.ask_account, "ask a partner whose account a number is (C2B Hakikisha)",
          schemas.AskAccount, sends=True),
    Route("GET", "/v1/codes", routes.codes, "result codes and refusals with words for the customer"),
    Route("GET", "/v1/schemas", routes.show_schemas, "JSON Schemas of requests and messages by name"),
    Route("GET", "/v1/certificate", routes.show_certificate, "the certificate for SecurityCredential, as PEM",
          answers="application/x-pem-file"),
    Route("GET", "/v1/organisations", organisation_routes.organisations,
          "organisations with accounts, initiators and URLs"),
    Route("GET", "/v1/organisations/{short_code}/statement", organisation_routes.statement,
          "the money that transactions moved to and from an organisation"),
    Route("GET", "/v1/har", har.har, "exchanges as an HTTP archive, secrets masked", har.HarWhere),
    Route("GET", "/v1/interception", routes.interception, "what came to the TLS port and the forward proxy"),
)  # fmt: skip
