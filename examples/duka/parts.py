"""What the shop is made of, and how it is put together."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from api import Api, Pages
from c2b import C2b
from callbacks import CallbackPaths, CallbackReader, Hooks
from checkout import Checkout, PushRetries
from daraja import TIMEOUT, Daraja, Replies, Tokens
from deposits import DepositReader, Deposits
from intake import Intake
from messages import Messages
from refunds import Refunds
from settings import Settings
from settlement import QueryBudget, QueryGaps, Reconciler, Settlement
from store import Store
from work import Work, Workers

MOST_BODY = 64 * 1024
"""Bytes of a request; a callback has less than one thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which class plays each part. Each has one job, so each can be replaced by itself."""

    intake: type[Intake] = Intake
    tokens: type[Tokens] = Tokens
    replies: type[Replies] = Replies
    daraja: type[Daraja] = Daraja
    push_retries: type[PushRetries] = PushRetries
    query_gaps: type[QueryGaps] = QueryGaps
    query_budget: type[QueryBudget] = QueryBudget
    callback_paths: type[CallbackPaths] = CallbackPaths
    callback_reader: type[CallbackReader] = CallbackReader
    store: type[Store] = Store
    settlement: type[Settlement] = Settlement
    reconciler: type[Reconciler] = Reconciler
    checkout: type[Checkout] = Checkout
    hooks: type[Hooks] = Hooks
    messages: type[Messages] = Messages
    api: type[Api] = Api
    deposit_reader: type[DepositReader] = DepositReader
    deposits: type[Deposits] = Deposits
    c2b: type[C2b] = C2b
    pages: type[Pages] = Pages
    refunds: type[Refunds] = Refunds
    workers: type[Workers] = Workers


async def build(settings: Settings, parts: Parts | None = None) -> web.Application:
    """The shop, ready to serve. What it opens is closed with the application."""
    parts = parts or Parts()
    store, work = parts.store(settings.database), Work()
    session = aiohttp.ClientSession(timeout=TIMEOUT)
    secret = settings.secret or store.fact("callback secret", secrets.token_hex(32))
    paths = parts.callback_paths(settings.public_url, secret)
    intake, messages = parts.intake(), parts.messages(settings)
    tokens, replies = parts.tokens(settings, session), parts.replies()
    daraja = parts.daraja(settings=settings, session=session, tokens=tokens, replies=replies)
    settlement = parts.settlement(store)
    reconciler = parts.reconciler(
        settings=settings,
        store=store,
        settlement=settlement,
        daraja=daraja,
        gaps=parts.query_gaps(settings),
        budget=parts.query_budget(settings),
        work=work,
    )
    checkout = parts.checkout(
        intake=intake, store=store, daraja=daraja, retries=parts.push_retries(), paths=paths, reconciler=reconciler,
        work=work,
    )  # fmt: skip
    hooks = parts.hooks(
        settings=settings,
        store=store,
        reader=parts.callback_reader(),
        paths=paths,
        settlement=settlement,
        reconciler=reconciler,
        work=work,
    )
    api = parts.api(settings=settings, store=store, intake=intake, checkout=checkout, messages=messages)
    c2b = parts.c2b(
        settings=settings, daraja=daraja, deposits=parts.deposits(store), reader=parts.deposit_reader(), paths=paths,
        hooks=hooks, reconciler=reconciler, api=api, work=work,
    )  # fmt: skip
    refunds = parts.refunds(settings=settings, store=store, daraja=daraja, paths=paths, api=api)

    app = web.Application(client_max_size=MOST_BODY)
    app.cleanup_ctx.append(life_of(store, session, work, hooks=hooks, reconciler=reconciler, c2b=c2b))
    app.add_routes([*api.routes(), *hooks.routes(), *c2b.routes(), *refunds.routes(), *parts.pages(api).routes()])
    return app


def life_of(
    store: Store, session: aiohttp.ClientSession, work: Work, *, hooks: Hooks, reconciler: Reconciler, c2b: C2b
) -> Callable[[web.Application], AsyncIterator[None]]:
    """What happens before the first request, and after the last."""

    async def life(app: web.Application) -> AsyncIterator[None]:  # noqa: ARG001 - the shape of a cleanup context
        await hooks.resume()
        reconciler.resume()
        c2b.resume()
        yield
        await work.stop()
        await session.close()
        store.close()

    return life
