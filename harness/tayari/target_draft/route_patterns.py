"""How the routes of a merchant are written in its source: one row for each form that a framework knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tayari.target_draft.source_files import SCRIPT

PYTHON: Final = (".py",)
JAVA: Final = (".java", ".kt")
RUBY: Final = (".rb", ".ru")
_VERBS: Final = "get|post|put|patch|delete"
_TEXT: Final = r"""f?r?["'`](?P<path>[^"'`\n]*)["'`]"""
_REGISTERED: Final = rf"\b(?P<router>\w+)\.register\(\s*{_TEXT}\s*,\s*(?P<handler>[\w.]+)"
"""A class of Django REST framework: a list, one row, and perhaps a way to make one."""
_HANDLED: Final = r"\(\s*r?[\"'](?P<path>/[^\"'\n]*)[\"']\s*,\s*(?P<handler>\w+Handler)\b"
"""A class of Tornado, which may take both GET and POST."""
_RESOURCE: Final = rf"\.add_resource\(\s*(?P<handler>\w+)\s*,\s*{_TEXT}"
"""A class of Flask-RESTful, in the same way."""
_RESOURCES: Final = r"^\s*resources?\s*\(?\s*:(?P<path>(?P<owner>\w+))(?P<rest>[^\n]*)"
"""A controller of Rails, in the same way."""
_MOUNTED: Final = r"\.mount(?:_proc)?\s*\(?\s*[\"'](?P<path>/[^\"'\n]*)[\"'](?:\s*,\s*(?P<handler>[A-Z]\w*))?"
"""A servlet or a block of WEBrick, which may take both GET and POST, and every path below its own."""
_GO_HANDLE: Final = r"\.HandleFunc\(\s*\"(?:(?P<method>[A-Z]+) )?"
_PHP_METHOD: Final = r"(?:\$\w*(?i:method)\w*\s*===?\s*[\"'](?P<method>[A-Z]+)[\"']\s*&&\s*)?"
PHP_PATH: Final = r"\$(?:path|parts|segments|uri|url|route|request_?(?:uri|path))"
_PHP_TEXT: Final = r"[\"'](?P<path>/[^\"']*)[\"']"
NEXT_FILE: Final = r"(?:^|/)(?:app(?P<of_app>/(?:.+/)?)route|pages(?P<of_pages>/api/.+))$"
"""A file of Next that serves a request, without its suffix."""
NEXT_METHOD: Final = r"^export\s+(?:(?:async\s+)?function\s+|const\s+)(?P<method>GET|POST|PUT|PATCH|DELETE)\b"
PHP_PAGE: Final = r"php://input|\$_(?:POST|GET|REQUEST)\b"
"""What a file of PHP has that is itself an address."""


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """How one kind of framework writes a route.

    Groups: `path`; and `method`, `handler`, `router`, `owner` (its controller) where it has them.
    """

    suffixes: tuple[str, ...]
    regex: str
    template: str = "{}"
    """The path of the request, where `{}` is the path that is written."""
    method: str = ""
    """Of the request, where the form itself says it."""
    handler: str = ""
    """The name of the function that serves it, where the form itself says it."""


ROUTES: Final = (
    RoutePattern(PYTHON, rf"@(?P<router>\w+)\.(?P<method>route|{_VERBS})\(\s*{_TEXT}(?P<rest>[^)]*)"),
    RoutePattern(PYTHON, rf"\bweb\.(?P<method>{_VERBS})\(\s*{_TEXT}\s*,\s*(?P<handler>[\w.]+)"),
    RoutePattern(PYTHON, rf"\.add_(?P<method>{_VERBS})\(\s*{_TEXT}\s*,\s*(?P<handler>[\w.]+)"),
    RoutePattern(PYTHON, rf"\b(?:re_)?(?:path|url)\(\s*{_TEXT}\s*,\s*(?P<handler>(?!include\b)[\w.]+)", "/{}"),
    RoutePattern(PYTHON, rf"\bRoute\(\s*{_TEXT}\s*,\s*(?P<handler>[\w.]+)(?P<rest>[^)]*)"),
    RoutePattern(PYTHON, rf"^@(?P<method>route|{_VERBS})\(\s*{_TEXT}(?P<rest>[^)]*)"),
    RoutePattern(PYTHON, rf"\.add_route\(\s*{_TEXT}\s*,\s*(?P<handler>[\w.]+)"),
    RoutePattern(PYTHON, _RESOURCE),
    RoutePattern(PYTHON, _RESOURCE, method="GET"),
    RoutePattern(PYTHON, _HANDLED),
    RoutePattern(PYTHON, _HANDLED, method="GET"),
    RoutePattern(PYTHON, _REGISTERED, "/{}/"),
    RoutePattern(PYTHON, _REGISTERED, "/{}/", "GET"),
    RoutePattern(PYTHON, _REGISTERED, "/{}/{{id}}/", "GET"),
    RoutePattern(PYTHON, r"self\.path\s*==\s*[\"'](?P<path>/[^\"']*)[\"']"),
    RoutePattern(PYTHON, r"self\.path\.(?:startswith|removeprefix)\([\"'](?P<path>/[^\"']*/)[\"']\)", "{}{{id}}"),
    RoutePattern(
        SCRIPT,
        rf"\b(?P<router>(?!axios|http|client|request|api\b|got|nock|supertest)\w+)\.(?P<method>{_VERBS}|all)\(\s*"
        rf"[\"'`](?P<path>/[^\"'`\n]*)[\"'`]\s*,(?P<rest>[^\n]*)",
    ),
    RoutePattern(SCRIPT, rf"\.route\(\s*\{{[^}}]*?method:\s*[\"'](?P<method>\w+)[\"'][^}}]*?(?:url|path):\s*{_TEXT}"),
    RoutePattern(SCRIPT, rf"@(?P<method>Get|Post|Put|Patch|Delete|All)\(\s*(?:{_TEXT})?\s*\)", "/{}"),
    RoutePattern((".php",), rf"Route::(?P<method>{_VERBS}|any)\(\s*{_TEXT}\s*,(?P<rest>[^\n]*)", "/{}"),
    RoutePattern((".php",), rf"register_rest_route\(\s*[\"'](?P<space>[^\"']+)[\"']\s*,\s*{_TEXT}", "/wp-json{}"),
    RoutePattern((".php",), r"woocommerce_api_(?P<path>\w+)(?P<rest>[^\n]*)", "/?wc-api={}"),
    RoutePattern((".php",), rf"\$(?P<router>\w+)->(?P<method>{_VERBS}|any)\(\s*{_PHP_TEXT}\s*,(?P<rest>[^\n]*)"),
    RoutePattern((".php",), rf"{_PHP_METHOD}{PHP_PATH}\s*===?\s*{_PHP_TEXT}(?P<rest>[^\n]*)"),
    RoutePattern((".php",), rf"{_PHP_METHOD}preg_match\(\s*[\"'](?P<mark>[#~@|])(?P<path>\^/(?:(?!(?P=mark))[^\"'\n])*)"
                 rf"(?P=mark)i?[\"']\s*,\s*{PHP_PATH}(?P<rest>[^\n]*)"),
    RoutePattern((".php",), rf"{_PHP_METHOD}{PHP_PATH}\[0\]\s*===?\s*[\"'](?P<path>\w+)[\"'](?P<rest>[^\n]*)", "/{}"),
    RoutePattern((".php",), r"\bcase\s+[\"'](?:(?P<method>GET|POST|PUT) )?(?P<path>/[^\"']+)[\"']\s*:"),
    RoutePattern(RUBY, rf"^\s*(?P<method>{_VERBS})\s*\(?\s*{_TEXT}\s*,\s*(?:to:|=>)\s*[\"']"
                 r"(?P<owner>[\w/]+)#(?P<handler>\w+)", "/{}"),
    RoutePattern(RUBY, rf"^\s*(?P<method>{_VERBS})\s*\(?\s*{_TEXT}[^\n]*(?:\bdo\b|\{{)"),
    RoutePattern(RUBY, _MOUNTED),
    RoutePattern(RUBY, _MOUNTED, method="GET"),
    RoutePattern(RUBY, r"^\s*(?:when|in)\s*\[\s*[\"'](?P<method>[A-Z]+)[\"']\s*,\s*[\"'](?P<path>/[^\"'\n]*)[\"']"),
    RoutePattern(RUBY, _RESOURCES, "/{}", "POST", "create"),
    RoutePattern(RUBY, _RESOURCES, "/{}/{{id}}", "GET", "show"),
    RoutePattern(JAVA, rf"@(?P<method>Get|Post|Put|Patch|Delete)Mapping(?:\(\s*(?:\w+\s*=\s*)?\{{?(?:{_TEXT})?)?",
                 "/{}"),
    RoutePattern((".go",), r"\b(?P<router>\w+)\.(?P<method>GET|POST|PUT|PATCH|DELETE|Get|Post|Put|Patch|Delete)\(\s*"
                 r"\"(?P<path>/[^\"]*)\"\s*,\s*(?P<handler>[\w.]+)"),
    RoutePattern((".go",), rf"{_GO_HANDLE}(?P<path>/|/[^\"]*[^\"/])\"\s*,\s*(?P<handler>[\w.]+)(?P<rest>[^\n]*)"),
    RoutePattern((".go",), rf"{_GO_HANDLE}(?P<path>/[^\"]+/)\"\s*,\s*(?P<handler>[\w.]+)(?P<rest>[^\n]*)", "{}{{id}}"),
)  # fmt: skip

ROUTER_PREFIXES: Final = (
    r"(?P<router>\w+)\s*=\s*APIRouter\([^)]*\bprefix\s*=\s*[\"'](?P<prefix>/[^\"']*)",
    r"(?P<router>\w+)\s*=\s*Blueprint\([^)]*\burl_prefix\s*=\s*[\"'](?P<prefix>/[^\"']*)",
    r"\bpath\(\s*[\"'](?P<prefix>[^\"']*)[\"']\s*,\s*include\(\s*(?P<router>\w+)\.urls\b",
    r"(?P<router>\w+)\s*=\s*new\s+\w*Router\(\s*\{[^}]*\bprefix:\s*[\"'`](?P<prefix>/[^\"'`]*)",
    r"(?P<router>\w+)\s*:?=\s*\w+\.Group\(\s*\"(?P<prefix>/[^\"]*)\"",
)
CLASS_PREFIXES: Final = (
    r"@Controller\(\s*(?:\{\s*path:\s*)?[\"'`](?P<prefix>[^\"'`]*)[\"'`]",
    r"@RequestMapping\(\s*(?:\w+\s*=\s*)?\{?[\"'](?P<prefix>[^\"']*)[\"'][^)]*\)\s*"
    r"(?:@\w+(?:\((?:[^()\"]|\"[^\"]*\")*\))?\s*)*(?:public\s+)?class\b",
)
MOUNTS: Final = (
    r"\.use\(\s*[\"'`](?P<prefix>/[^\"'`]*)[\"'`]\s*,(?:[^,\n]*,)*?\s*(?:require\(\s*[\"'](?P<module>[^\"']+)[\"']"
    r"|(?P<name>[\w.]+))\s*\)",
    r"include_router\(\s*(?P<name>[\w.]+)[^)]*\bprefix\s*=\s*[\"'](?P<prefix>[^\"']*)",
    r"register_blueprint\(\s*(?P<name>[\w.]+)[^)]*\burl_prefix\s*=\s*[\"'](?P<prefix>[^\"']*)",
    r"\.register\(\s*(?P<name>\w+)\s*,\s*\{[^}]*\bprefix:\s*[\"'](?P<prefix>[^\"']*)",
    r"\b(?:re_)?(?:path|url)\(\s*r?[\"'](?P<prefix>[^\"']*)[\"']\s*,\s*include\(\s*\(?\s*"
    r"(?:[\"'](?P<module>[\w.]+)[\"']|(?P<name>\w+)\s*[,)])",
)
OF_PAYMENTS: Final = r"(?i)m-?pesa|daraja|pay|lipa|stk"
RUBY_GROUPS: Final = (
    r"^(?P<indent>[ \t]*)(?:namespace|scope)\s*\(?\s*(?:path:\s*)?[:\"']/?(?P<prefix>[\w/-]+)[^\n]*\bdo\b"
)
"""A group of routes in Rails, or in Sinatra: it ends with an `end` of the same indent."""
GLOBAL_PREFIXES: Final = (
    r"setGlobalPrefix\(\s*[\"'`](?P<prefix>[^\"'`]*)",
    r"^server\.servlet\.context-path\s*=\s*(?P<prefix>\S+)",
)
POST_ONLY: Final = (
    r"require_POST|request\.method\s*[=!]=\s*[\"']POST|def (?:on_)?post\(|api_view\(\s*\[\s*[\"']POST|request\.POST\b"
    r"|request_method\s*==\s*[\"']POST|def do_POST\b|\breq(?:uest)?\.body\b"
    r"|csrf_exempt|def create\(|CreateAPIView|\br(?:eq|equest)?\.(?:Body|FormValue|PostFormValue)\b|\bMethodPost\b"
)
"""What shows that a view of Django, or a handler of Go's net/http or of WEBrick, takes POST."""
BELOW: Final = r"\bpath_info\b|\.path\.(?:split|sub|delete_prefix|match)|\.path\[|=~|File\.basename\("
"""What shows that a handler of WEBrick reads the rest of the path below its own."""


OF_DARAJA: Final = r"^/(?:mpesa|oauth|pulltransactions|standingorder)/[\w/-]*v\d|^/oauth/"
"""Daraja's own paths: a client of it calls them, and does not serve them."""
