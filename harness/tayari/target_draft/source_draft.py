"""A proposal of a target file from a merchant's source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tayari.target_draft.customer_accounts import c2b_draft
from tayari.target_draft.draft import (
    SHOWN,
    USUAL_STATES,
    Draft,
    ListDraft,
    RequestDraft,
    StartDraft,
    StatusDraft,
    Value,
)
from tayari.target_draft.merchant_routes import MerchantRoute, answer_code, mounted_packages, routes, with_packages
from tayari.target_draft.message_keys import OF_DARAJA, answer_keys, first_key, listed_fields, request_fields
from tayari.target_draft.own_database import fixed_database, own_database
from tayari.target_draft.roles import PAGES, Chosen, body_fields, choose, required_fields
from tayari.target_draft.settings import (
    OWN_MONGO,
    PUBLIC_URL,
    MerchantSetting,
    base_url_setting,
    callback_host,
    literal_host,
    settings,
)
from tayari.target_draft.source_files import CODE, Project, compiled, read_project
from tayari.target_draft.stacks import RecognisedStack, StartCommand, daraja_library, recognise
from tayari.target_draft.worker_processes import worker_processes

_IDENTIFIERS: Final = (
    r"(?i)[\"']?\b(checkout_?request_?id|payment_?id|transaction_?id|order_?id|payout_?id|id)\b"
    r"[\"']?\s*(?:[:,}=]|=>)"
)
_MESSAGES: Final = "$.message | $.error | $.detail | $.CustomerMessage | $.ResponseDescription | $.errorMessage"
_STATE_KEYS: Final = r"(?i)[\"']?\b(payment_?status|status|payment_?state|state)\b[\"']?\s*(?::|=>|=)"
_WORDS: Final[Mapping[str, str]] = {
    "paid": "(?:payment_)?(?:paid|completed?|success|successful|succeeded|confirmed|settled)",
    "failed": "(?:payment_)?(?:failed|failure|cancelled|canceled|declined|timed?_?out|expired|rejected)",
    "pending": "(?:payment_)?(?:pending|processing|initiated|requested|queued|sent|sending|open|unpaid|waiting)"
    "|(?:awaiting|pending)(?:_payment|_confirmation)?",
    "review": "(?:in_?|under_?|needs_?)?review|manual(?:_?check)?|person|unknown|needs_?attention|on_?hold"
    "|check_?by_?hand|disputed",
}
_REFUND_WORDS: Final[Mapping[str, str]] = {
    "paid": "refunded|reversed",
    "failed": "(?:refund|reversal)_?(?:failed|rejected|declined|refused)|refused",
    "pending": "(?:refund|reversal)_?(?:requested|pending|initiated)|refunding|reversing|requested",
    "review": "(?:refund|reversal)_?(?:review|unknown)",
}
_OF_A_MESSAGE: Final = r"\b(?:ResponseType|ResultDesc|ResponseDescription)\b[\"']?\s*(?::|=>|=)\s*$"
"""Before words of what Daraja is sent or answered: `Completed`, `Rejected`."""
_OF_MONGO: Final = "a server for tests on this machine; what earlier runs stored in this database stays there"
_NO_CALLBACK: Final = "/PATH-OF-YOUR-CALLBACK"
_ALERT: Final = r"(?i)^(text|message|alert|notice|detail|title|reason|note)$"
_ALERTS: Final = r"(?i)^(alerts?|notices?|messages?|exceptions?|incidents?|items|results|data)$"
_AVAILABLE: Final = r"(?i)^(available|balance|wallet|amount|remaining|float)(_?(balance|amount|kes))?$"
_PERSON: Final = r"(?i)phone|msisdn|mobile|number"


def draft_from_source(folder: Path) -> Draft | None:
    """What the source of a merchant says; None where no known stack is found in it."""
    project = with_packages(read_project(folder))
    seen = recognise(project)
    if seen is None:
        return None
    found = routes(project)
    callback = choose("callback", found)
    command = _command(project, seen)
    read = settings(project, callback.route.path if callback else _NO_CALLBACK)
    base_url = f"http://127.0.0.1:{command.port if command else seen.stack.usual_port}"
    pay, payout = choose("pay", found), choose("payout", found)
    status = choose("status", found, near=pay.route if pay else None)
    payout_status = choose("payout status", found, near=payout.route if payout else None)
    if pay is None and payout is not None:
        status = None
    else:
        payout = None if payout is None or payout.route == (pay.route if pay else None) else payout
    c2b = c2b_draft(project, found, pay.route if pay else None)
    takes_payments = pay is not None or (payout is None and (c2b is None or c2b.account is None))
    shown = _status(project, status, pay) if status is not None else None
    refund, refund_status = _refund(project, found, status, shown)
    return Draft(
        name=re.sub(r"[^\w.-]+", "-", folder.resolve().name) or "my-shop",
        about=_about(project, seen, callback),
        base_url=Value(base_url, doubt=_base_url_doubt(command)),
        start=_start(project, command, read, choose("ready", found)),
        pay=_pay(project, pay, status) if takes_payments else None,
        status=shown,
        payout=_payout(project, payout) if payout is not None else None,
        payout_status=_status(project, payout_status, payout, "{payout_id}") if payout and payout_status else None,
        payout_alerts=_payout_alerts(project, found) if payout else None,
        payout_wallet=_payout_wallet(project, found) if payout else None,
        refund=refund,
        refund_status=refund_status,
        c2b=c2b,
        short_code=_short_code(project),
        **_callbacks(project, read, callback, base_url),
    )


def _command(project: Project, seen: RecognisedStack) -> StartCommand | None:
    """What starts the merchant and its workers."""
    command, beside = seen.stack.start(project), worker_processes(project)
    if command is None:
        return None
    doubt = "; ".join(filter(None, (command.doubt, *beside.left_out)))
    return replace(command, workers=beside.commands, doubt=doubt)


def _about(project: Project, seen: RecognisedStack, callback: Chosen | None) -> Sequence[str]:
    lines = [f"Stack: {seen.stack.name} ({seen.place})."]
    library = daraja_library(project)
    lines += [f"Daraja library: {library[0]} ({library[1]})."] if library else []
    if callback is not None:
        doubt = "" if callback.sure else ", perhaps"
        lines += [f"Callback: {callback.route.method} {callback.route.path} ({callback.route.place}){doubt}."]
    if not project.complete:
        lines += ["The project is larger than what is read: routes may be missing."]
    return lines


def _base_url_doubt(command: StartCommand | None) -> str:
    if command is None:
        return "the address at which your merchant runs; no command that starts it was found"
    return "" if command.port == "{port}" else "the port on which your merchant listens"


def _start(
    project: Project, command: StartCommand | None, read: Sequence[MerchantSetting], ready: Chosen | None
) -> StartDraft | None:
    if command is None:
        return None
    env = {name: Value(text) for name, text in command.variables}
    for each in read:
        doubt = "" if each.sure else f"is {each.name} read from the environment?"
        doubt = _OF_MONGO if each.value == OWN_MONGO else doubt
        if each.value.endswith(_NO_CALLBACK):
            doubt = "no route was found that takes callbacks; write its path"
        if each.name not in env and not (each.value == "{port}" and command.port != "{port}"):
            env[each.name] = Value(each.value, each.place, doubt)
    own = own_database(project)
    env |= own.env if own else {}
    has_new_database = own is not None or any("{work_dir}" in value.text for value in env.values())
    tables = command.tables if has_new_database else ""
    before = " && ".join(step for step in (own.command if own else "", tables) if step)
    doubt = "; ".join(filter(None, (command.doubt, "" if has_new_database else fixed_database(project))))
    return StartDraft(
        command=Value(command.text(before), doubt=doubt),
        ready=Value(ready.route.path, ready.route.place) if ready else Value("/"),
        env=env,
        intercept=_intercept(project, base_url_setting(tuple(read))),
    )


def _intercept(project: Project, setting: MerchantSetting | None) -> Value | None:
    """Interception, where no setting leads the merchant's calls here."""
    if setting is not None and setting.sure:
        return None
    place, library = literal_host(project), daraja_library(project)
    if setting is not None:
        return Value("auto", doubt=f"not needed where the merchant reads {setting.name} from its environment")
    if place:
        return Value("auto", f"{place}: Safaricom's host is in the source")
    if library:
        return Value("auto", f"{library[1]}: the host is in {library[0]}")
    return Value("auto", doubt="no base-URL setting was found; with interception none is needed")


def _pay(project: Project, chosen: Chosen | None, status: Chosen | None) -> RequestDraft:
    if chosen is None:
        usual = {"phone": "{msisdn}", "amount": "{amount}", "reference": "{reference}"}
        doubt = _none_starts(project)
        return RequestDraft(request=Value("POST /pay", doubt=doubt), body=usual, identifier=Value("$.id"))
    draft = _starting(project, chosen, "another route looks like the start of a payment as well")
    wanted = status.route.variables[-1] if status and status.route.variables else ""
    return _with_identifier(project, draft, chosen.route, wanted)


def _none_starts(project: Project) -> str:
    """That no route starts a payment, and what to do about it."""
    none = "no route was found that starts a payment; "
    for module, prefix, place in mounted_packages(project):
        none += f"{place} serves those of {module} below {prefix}, a package that is not read; "
        return f"{none}write its request, or let `tayari init --watch` see a payment"
    return f"{none}write the request of your checkout page"


def _payout(project: Project, chosen: Chosen) -> RequestDraft:
    draft = _starting(project, chosen, "is this the request that pays somebody?")
    return _with_identifier(project, draft, chosen.route, "", usual=("id",))


def _payout_alerts(project: Project, found: Sequence[MerchantRoute]) -> ListDraft | None:
    """Where staff read what needs a person; None where no page looks like it."""
    chosen = choose("payout alerts", found)
    if chosen is None:
        return None
    answer = answer_code(project, chosen.route)
    keys = [*listed_fields(project, answer), *answer_keys(answer)]
    text, inside = first_key(keys, _ALERT), first_key(answer_keys(chosen.route.code), _ALERTS)
    place = (f"$.{inside}" if inside and inside != text else "$") + "[*]" + (f".{text}" if text else "")
    request = Value(
        f"{chosen.route.method} {chosen.route.path}", chosen.route.place, "do staff read here what needs a person?"
    )
    return ListDraft(request=request, texts=Value(place, doubt="" if text else "where the texts are in the answer"))


def _payout_wallet(project: Project, found: Sequence[MerchantRoute]) -> ListDraft | None:
    """The balance of its own from which payouts are taken; None where no person's balance can be read."""
    chosen = choose("payout wallet", [route for route in found if len(route.variables) == 1])
    if chosen is None or not compiled(_PERSON).search(chosen.route.variables[0]):
        return None
    key = first_key(answer_keys(answer_code(project, chosen.route)), _AVAILABLE)
    path = compiled(r"\{\w+\}").sub("{msisdn}", chosen.route.path)
    return ListDraft(
        request=Value(f"GET {path}", chosen.route.place, "are payouts taken from this balance? If not, leave it out"),
        texts=Value(f"$.{key}" if key else "$.available", doubt="" if key else "the shillings that can be paid out"),
    )


def _starting(project: Project, chosen: Chosen, doubt: str) -> RequestDraft:
    route = chosen.route
    body, body_doubt = request_fields(body_fields(project, route), required_fields(project, route))
    path = route.path
    for variable in route.variables:
        path = path.replace(f"{{{variable}}}", "{reference}")
    return RequestDraft(
        request=Value(f"{route.method} {path}", route.place, "" if chosen.sure else doubt),
        body=body,
        is_form=bool(compiled(r"\.form\b|request\.POST|FormValue|PostForm|\bForm\(|@RequestParam").search(route.code)),
        body_doubt=body_doubt,
        message=Value(_MESSAGES),
    )


def _with_identifier(
    project: Project,
    draft: RequestDraft,
    route: MerchantRoute,
    wanted: str,
    *,
    usual: Sequence[str] = ("id", "CheckoutRequestID"),
) -> RequestDraft:
    """The draft with the place of the identifier in the answer; the one that the status route wants comes first."""
    if compiled(r"(?i)\bredirect\w*\(|see_?other").search(route.code):
        return replace(
            draft,
            identifier=Value("url:/([^/?]+)$", doubt="the identifier is read from the address after the redirect"),
        )
    keys = list(dict.fromkeys(compiled(_IDENTIFIERS).findall(route.code)))
    keys = keys or list(dict.fromkeys(compiled(_IDENTIFIERS).findall(answer_code(project, route))))
    if wanted and compiled(rf"[\"']?\b{re.escape(wanted)}\b[\"']?\s*(?:[:,}}=]|=>)").search(
        answer_code(project, route)
    ):
        keys = [wanted, *(key for key in keys if key != wanted)]
    keys.sort(key=lambda key: _plain(key) != _plain(wanted))
    is_sure = len(keys) == 1 or (keys and _plain(keys[0]) == _plain(wanted))
    doubt = "" if is_sure else "which of these it is" if keys else "where the payment's identifier is in the answer"
    keys = [*keys, *(key for key in usual if key not in keys)]
    places = " | ".join(f"$.{key} | $.data.{key}" for key in keys[:4])
    return replace(draft, identifier=Value(places, doubt=doubt))


def _refund(
    project: Project, found: Sequence[MerchantRoute], status: Chosen | None, shown: StatusDraft | None
) -> tuple[RequestDraft | None, StatusDraft | None]:
    """The request that gives a payment back, and where the refund's state is: of its own, or beside the payment's."""
    chosen = choose("refund", found)
    if chosen is None or shown is None or status is None:
        return None, None
    by_reference = "{reference}" in shown.request.text
    path = compiled(r"\{\w+\}").sub("{reference}" if by_reference else "{payment_id}", chosen.route.path)
    body: dict[str, object] = {}
    if path == chosen.route.path:
        names = body_fields(project, chosen.route)
        key = next(
            (name for name in names if compiled(r"(?i)id$|payment|order|ref|receipt").search(name)), "payment_id"
        )
        body[key] = "{reference}" if by_reference else "{payment_id}"
    doubt = "" if chosen.sure and "{" in path else "is this the request that gives a payment back?"
    made = RequestDraft(request=Value(f"{chosen.route.method} {path}", chosen.route.place, doubt), body=body)
    own = choose("refund status", found)
    if own is not None:
        path = compiled(r"\{\w+\}").sub("{refund_id}", own.route.path)
        wanted = own.route.variables[-1] if own.route.variables else ""
        made = _with_identifier(project, made, chosen.route, wanted, usual=("id",))
        request = Value(f"{own.route.method} {path}", own.route.place)
        return made, _refund_status(project, request, own.route)
    return made, _refund_status(project, shown.request, status.route)


def _refund_status(project: Project, request: Value, route: MerchantRoute) -> StatusDraft | None:
    """None: the answer shows nothing of a refund."""
    of_refund = compiled(r"(?i)refund|revers").search(route.path) is not None
    keys = answer_keys(answer_code(project, route))
    key = first_key(keys, r"(?i)(refund|revers)\w*$") or (first_key(keys, r"(?i)^(status|state)$") if of_refund else "")
    if not key:
        return None
    states = _states(project, _REFUND_WORDS)
    return StatusDraft(
        request=request,
        state=Value(f"$.{key} | $.data.{key}"),
        states={"paid": ("REFUNDED",), "failed": ("FAILED",), "pending": ("PENDING",), **states},
        states_doubt="your words for the states of a refund; paid: the money is back with the customer",
        shows_more=False,
    )


def _status(project: Project, chosen: Chosen, start: Chosen | None, own: str = "{payment_id}") -> StatusDraft:
    route = chosen.route
    body = body_fields(project, start.route) if start else ()
    path = route.path
    for variable in route.variables:
        by_reference = compiled(r"(?i)ref|order|account|invoice").search(variable) and variable in body
        path = path.replace(f"{{{variable}}}", "{reference}" if by_reference else own)
    doubt = "" if chosen.sure else "is this where the state of a payment is read?"
    in_body: Mapping[str, object] = {}
    if not route.variables:
        key = next((name for name in body_fields(project, route) if compiled(r"(?i)id$|ref|order").search(name)), "")
        in_body = {key: own} if key and route.method == "POST" else {}
        path += f"?{key}={own}" if key and not in_body else ""
        doubt = doubt or ("" if key else "how the payment is named in this request")
    answer = answer_code(project, route)
    named = compiled(_STATE_KEYS).search(route.code) or compiled(_STATE_KEYS).search(answer)
    state_doubt = "" if named else "where the state is in the answer"
    if compiled(PAGES).search(route.code):
        state_doubt = 'this route answers with a page; write a pattern, such as `state: "regex:<b>([a-z]+)</b>"`'
    states = _states(project)
    places = (f"$.{named[1]}", f"$.data.{named[1]}") if named else ()
    return StatusDraft(
        request=Value(f"{route.method} {path}", route.place, doubt),
        body=in_body,
        state=Value(" | ".join(dict.fromkeys((*places, "$.status", "$.state"))), doubt=state_doubt),
        states={**USUAL_STATES, **states},
        shown=_shown([*answer_keys(answer), *listed_fields(project, answer)], places[:1]),
        states_doubt="your words for the states"
        if states.keys() >= {"paid", "failed"}
        else "no words for paid and failed were found in the source; write your own",
    )


def _shown(answer: Sequence[str], state: Sequence[str]) -> Mapping[str, Value]:
    """What the answer of the status shows besides the state, where the state was found in it."""
    keys = [key for key in answer if key not in OF_DARAJA]
    found = {name: next((key for key in keys if re.match(row.pattern, key)), "") for name, row in SHOWN.items()}
    return {name: SHOWN[name].value(f"$.{key} | $.data.{key}") for name, key in found.items() if key and state}


def _states(project: Project, wanted: Mapping[str, str] = _WORDS) -> Mapping[str, Sequence[str]]:
    """The merchant's words for states: texts of its source that stand for one, and not in a message of Daraja's."""
    found: dict[str, list[str]] = {}
    for state, words in wanted.items():
        hits = project.find(rf"(?i)[\"'`]({words})[\"'`](?!\s*(?::|=>|\]?\s*=))", *CODE)
        hits_of_choices = project.find(rf"(?i)\?\s*[\"'`]({words})[\"'`]\s*:", *CODE)
        hits_of_enums = project.find(rf"^\s+({words.upper()})\s*[,;(=]", ".java", ".kt", ".ts", ".py")
        all_hits = (*hits, *hits_of_choices, *hits_of_enums)
        own = [hit for hit in all_hits if not compiled(_OF_A_MESSAGE).search(hit.before)]
        unique = {hit.match[1].lower(): hit.match[1] for hit in own}
        if unique:
            found[state] = sorted(unique.values())
    return found


def _callbacks(
    project: Project, read: Sequence[MerchantSetting], callback: Chosen | None, base_url: str
) -> Mapping[str, Value]:
    given = next((each for each in read if each.value.startswith(PUBLIC_URL)), None)
    if given is not None:
        return {"rewrite": Value(PUBLIC_URL, doubt="" if given.sure else f"{given.name} is perhaps not read")}
    host = callback_host(project)
    if host:
        return {"rewrite": Value(host, "the source")}
    if callback is None or "{" in callback.route.path:
        return {}
    doubt = "the callback URL was not found; this address gets every callback"
    return {"deliver_to": Value(base_url + callback.route.path, callback.route.place, doubt)}


def _short_code(project: Project) -> Value | None:
    """The short code in the source that customers pay to, where it is not the sandbox's."""
    hits = project.find(r"(?i)(\w*)short_?code[\"']?\s*(?:[:=]|=>|,)+\s*[\"']?(\d{5,7})\b")
    found = next((hit for hit in hits if not re.search(r"(?i)B2[CB]|PAYOUT|DISBURSE|INITIATOR", hit.match[1])), None)
    return None if found is None or found.match[2] == "174379" else Value(found.match[2], found.place)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
