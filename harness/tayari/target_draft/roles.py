"""Which route of a merchant looks like which part of a payment, and what its request holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tayari.target_draft.merchant_routes import MerchantRoute
from tayari.target_draft.source_files import Project, compiled


@dataclass(frozen=True, slots=True)
class Role:
    """One part of a payment, and how a route shows that it plays it."""

    words: str
    """In its path."""
    code: str
    """In its code."""
    methods: tuple[str, ...]
    not_words: str = r"(?!)"


ROLES: Final[Mapping[str, Role]] = {
    "callback": Role(
        r"callback|webhook|confirm|validat|result|notif|\bipn\b|hook|wc-api",
        r"stkCallback|CallbackMetadata|ResultCode|MpesaReceiptNumber",
        ("POST",),
    ),
    "payout": Role(
        r"payout|b2c|disburs|withdraw|salar|payroll",
        r"msisdn|phone|amount|b2c",
        ("POST",),
        r"callback|result|time_?out|queue|status",
    ),
    "refund": Role(
        r"refund|revers",
        r"refund|revers|receipt|transaction",
        ("POST",),
        r"callback|webhook|hook|confirm|result|time_?out|queue|status",
    ),
    "refund status": Role(r"refund|revers", r"status|state", ("GET",), r"callback|result|list|report"),
    "c2b register": Role(
        r"regist", r"registerurl|register_?urls?|ConfirmationURL|confirmation_?url", ("POST", "GET"), r"user|customer"
    ),
    "c2b account": Role(
        r"account|student|member|tenant|meter|invoice|order|bill|polic(?:y|ies)|customer|wallet",
        r"account|number|admission|meter|amount|due",
        ("POST",),
        r"callback|confirm|validat|result|refund|revers|pay\b|stk|push|login|status|payout|regist|\{",
    ),
    "c2b statement": Role(
        r"statement|ledger|balance|account|student|member|tenant|meter|invoice|polic(?:y|ies)|wallet",
        r"paid|credit|total|balance|payments|receipts|transactions",
        ("GET",),
        r"callback|confirm|validat|result|status|login|payout|unallocat|suspense",
    ),
    "c2b unallocated": Role(
        r"unallocat|suspense|unmatched|unclaimed|orphan|unidentified|unknown", r"receipt|trans|amount", ("GET",)
    ),
    "c2b recover": Role(
        r"pull|recover|reconcil|sync|missing|lost",
        r"pulltransactions|pull|reconcil|OffSetValue",
        ("POST", "GET"),
        r"callback|\{",
    ),
    "payout wallet": Role(
        r"wallet|balance|budget|float",
        r"balance|available|msisdn|phone|wallet",
        ("GET",),
        r"callback|result|account_?balance",
    ),
    "payout alerts": Role(
        r"alert|notice|exception|attention|incident|warning",
        r"text|message|alert|notice",
        ("GET",),
        r"callback|result|\{",
    ),
    "pay": Role(
        r"stk|push|\bpay|/pay|lipa|checkout|\bbuy|deposit|donat|purchase|top-?up|subscri|express|mpesa|collect",
        r"msisdn|phone|\btel\b|amount|stk",
        ("POST",),
        r"callback|hook|confirm|validat|result|query|status|login|register|refund|revers|payout|b2c|again|time_?out"
        r"|(?:access|auth|oauth)[-_/]?token|/token/?$",
    ),
    "status": Role(
        r"status|query|state(?!ment)|payment|order|stk|push|token|transaction|check(?!out)|invoice|donation|purchase|booking",
        r"status|state|pending|paid|checkout_?request_?id",
        ("GET", "POST"),
        r"callback|webhook|confirm|refund|messages|admin|health|ledger|(?:stk|push|token)(?!.*\{)|/pay/?$|payout|success|cancel"
        r"|error|statement",
    ),
    "payout status": Role(
        r"payout|b2c|disburs|withdraw|salar|payroll", r"status|state", ("GET",), r"callback|result|balance"
    ),
    "ready": Role(r"/(health|healthz|health-?check|up|ping|ready|livez?)/?$|^/status/?$", r"", ("GET",)),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The route for a role; `sure` where no other comes near."""

    route: MerchantRoute
    sure: bool


def choose(role: str, found: Iterable[MerchantRoute], *, near: MerchantRoute | None = None) -> Chosen | None:
    """The route that looks most like one part of a payment; None where none does. `near`: the route it belongs to."""
    row = ROLES[role]
    scored = sorted(
        (
            (_score(role, row, route) + _NEAR * _continues(route, near), -len(route.path), route)
            for route in found
            if _score(role, row, route)
        ),
        key=_order,
        reverse=True,
    )
    scored = [each for each in scored if each[0] >= _LEAST]
    if not scored:
        return None
    path = scored[0][2].path.rstrip("/")
    runner_up = next((score for score, _, route in scored[1:] if route.path.rstrip("/") != path), 0)
    return Chosen(scored[0][2], scored[0][0] - runner_up >= _CLEAR and scored[0][0] > _LEAST)


PAGES: Final = r"\brender\(|render_template|return view\(|<(?:html|p|form|button)\b|\b(?:page|html)\(|res\.render\("
"""What shows that a route answers with a page."""
_LEAST: Final = 5
_TELLING: Final = 3
"""This many different words in the code of a route show its purpose, whatever its path is."""
_CLEAR: Final = 2
_NEAR: Final = 2
"""For a path that continues the one it belongs to: `/fees/stk` and `/fees/stk/{id}`."""


def _continues(route: MerchantRoute, near: MerchantRoute | None) -> bool:
    return near is not None and route.path.startswith(near.path.rstrip("/") + "/")


def _order(each: tuple[int, int, MerchantRoute]) -> tuple[int, int]:
    return each[0], each[1]


def _score(role: str, row: Role, route: MerchantRoute) -> int:
    if route.method not in row.methods or compiled(f"(?i){row.not_words}").search(route.path):
        return 0
    if (
        role == "status"
        and route.method == "POST"
        and not compiled(r"(?i)status|query|check(?!out)").search(route.path)
    ):
        return 0
    words = len(set(compiled(f"(?i){row.words}").findall(route.path)))
    cues = len({cue.lower() for cue in compiled(f"(?i){row.code}").findall(route.code)} - {""})
    if not words and not (cues >= _TELLING and role in {"callback", "pay"}):
        return 0
    score = 5 * min(words, 1) + words + min(cues, 3) if words else _LEAST
    if role == "callback":
        score += bool(compiled(r"(?i)callback|stk|express|checkout|lnm").search(route.path))  # other APIs have "result"
        score += 3 * bool(compiled(r"\bstkCallback\b|\bCallbackMetadata\b").search(route.code))
        score -= 3 * bool(compiled(r"(?i)revers|refund|b2c|payout|balance|status").search(route.path))
    if role.endswith("status"):
        score += 2 * (route.method == "GET") + 2 * bool(route.variables)
    if role in {"pay", "status"}:
        score += bool(
            compiled(r"(?i)^/api\b|/api/|jsonify|json_response|\.json\(|JsonResponse").search(route.path + route.code)
        )
        score -= 2 * bool(compiled(PAGES).search(route.code))
    if role == "pay" and compiled(r"\bstkCallback\b").search(route.code):
        score -= 3  # its callback, below an address that names M-Pesa
    if role in {"pay", "payout"} and route.variables:
        score -= 2  # most often a step after the payment's start
    return score


def body_fields(project: Project, route: MerchantRoute) -> Sequence[str]:
    """The names that a route reads from the body of its request, in the order of its code."""
    found: list[str] = []
    for regex in _READS:
        found += compiled(regex).findall(route.code)
    for names in compiled(r"\{([^{}]*)\}\s*=\s*\(?(?:await\s+)?(?:\w+\.)*(?:body|json\(\))").findall(route.code):
        found += compiled(r"(\w+)\s*(?:[,:=]|$)").findall(names)
    for name in dict.fromkeys(compiled(_MODEL).findall(route.code)):
        hit = project.first(rf"(?:class|interface|struct|record|type)\s+{name}\b")
        if hit is not None:
            block = hit.file.text[hit.match.start() : hit.match.start() + 900]
            end = compiled(r"^(?:class|\}|@|def |type )").search(block, 10)
            block = block[: end.start() if end else len(block)]
            rows = compiled(_MODEL_FIELD).findall(block)
            found += [next(filter(None, row)) for row in rows]
            found += _serializer_fields(block)
    for names in compiled(r"\.permit\(([^()]*)\)").findall(route.code):
        found += compiled(r":(\w+)").findall(names)
    return tuple(name for name in dict.fromkeys(found) if name not in route.variables)


def _serializer_fields(block: str) -> Sequence[str]:
    """What a serializer of Django REST framework takes: its fields without those that are read only."""
    named = {
        name: compiled(r"[\"'](\w+)[\"']").findall(names)
        for name, names in compiled(r"^\s+((?:read_only_)?fields)\s*=\s*[\[(]([^\])]*)").findall(block)
    }
    return [name for name in named.get("fields", ()) if name not in named.get("read_only_fields", ())]


def required_fields(project: Project, route: MerchantRoute) -> Mapping[str, object]:
    """The fields that the shape of a request's body (pydantic) cannot lack, each with a value of its type."""
    found: dict[str, object] = {}
    for name in dict.fromkeys(compiled(_MODEL).findall(route.code)):
        hit = project.first(rf"^class\s+{name}\(\s*(?:\w+\.)?BaseModel\s*\):", ".py")
        if hit is not None:
            end = compiled(r"^\S").search(hit.file.text, hit.match.end())
            block = hit.file.text[hit.match.end() : end.start() if end else len(hit.file.text)]
            for field, kind in compiled(_REQUIRED).findall(block):
                found[field] = 1 if compiled(r"int|float|Decimal").match(kind) else "Tayari"
    return found


_REQUIRED: Final = r"^[ \t]+(\w+)[ \t]*:[ \t]*(?!.*(?:Optional|None|ClassVar|=(?![ \t]*Field\()|default))(\w+)"
_READS: Final = (
    r"(?:get|input|query|post|form|FormValue|PostForm|getParameter|getlist|integer|string)\(\s*[\"'](\w+)[\"']",
    r"\w\[\s*[\"'](\w+)[\"']\s*\]",
    r"\bparams\[\s*:(\w+)\s*\]",
    r"\b(?:json|form):\"(\w+)",
    r"(?:req(?:uest)?\.body|\bbody|\bdata|payload|dto|\bform|input|\$request)(?:\?)?(?:\.|->)(\w+)\b(?!\s*\()",
    r"^\s*[\"'](\w+)[\"']\s*=>\s*\[?\s*[\"'][^\"']*required",
)
_MODEL: Final = (
    r"\b([A-Z]\w*(?:Request|Dto|DTO|In|Input|Payload|Form|Body|Push|Order|Schema|Serializer|Payment|Create|Data))\b"
)
"""Names that people give to the shape of a request's body."""
_MODEL_FIELD: Final = (
    r"json:\"(\w+)|^\s+(?:readonly |public |private |final )*(\w+)\s*[?!]?\s*:|"
    r"(?:String|int|Integer|BigDecimal|Long|long|double)\s+(\w+)\s*[;,)]|^\s+(\w+)\s*=\s*\w*[Ff]ield|^\s+(\w+)\s*="
)
