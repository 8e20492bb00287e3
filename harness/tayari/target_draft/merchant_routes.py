"""The routes of a merchant, read from its source, and which of them looks like which part of a payment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tayari.target_draft.route_patterns import (
    BELOW,
    CLASS_PREFIXES,
    GLOBAL_PREFIXES,
    JAVA,
    MOUNTS,
    NEXT_FILE,
    NEXT_METHOD,
    OF_DARAJA,
    OF_PAYMENTS,
    PHP_PAGE,
    PHP_PATH,
    POST_ONLY,
    ROUTER_PREFIXES,
    ROUTES,
    RUBY,
    RUBY_GROUPS,
)
from tayari.target_draft.source_files import SCRIPT, Hit, Project, SourceFile, compiled, read_project

_HANDLER_CHARACTERS: Final = 2_500
_DEFINITION: Final = (
    r"^[ \t]*(?:(?:export|public|private|protected|async|default|static)\s+)*"
    r"(?:def(?:\s+self\.)?|class|function|func(?:\s*\([^)]*\))?)\s*\bWORD\b"
    r"|^[ \t]*(?:export\s+)?(?:const|exports\.|module\.exports\.)\s*WORD\s*="
    r"|^[ \t]*(?:async\s+)?WORD\s*\([^)]*\)\s*\{"
)
"""Where the function or class of the name WORD begins, in any of the languages."""
_NO_FUNCTIONS: Final = ("for", "while", "switch", "catch", "function", "return", "constructor", "and", "not")
_MOST_CALLS: Final = 12
_PAGE_CHARACTERS: Final = 6_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantRoute:
    """One route: what is called, and the code behind it."""

    method: str
    path: str
    """With each of its variable parts as `{name}`."""
    place: str
    code: str = field(repr=False, default="")

    @property
    def variables(self) -> tuple[str, ...]:
        """The variable parts of the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))


def routes(project: Project) -> tuple[MerchantRoute, ...]:
    """Every route that is found, in the order of the files."""
    found: dict[tuple[str, str], MerchantRoute] = {}
    mounted, everywhere = _mounts(project), _global_prefix(project)
    for file in project.files:
        for route in (*_routes_of(project, file, everywhere + mounted.get(file.name, "")), *_next_routes(file)):
            if not compiled(OF_DARAJA).search(route.path):
                found.setdefault((route.method, route.path), route)
    return tuple(found.values()) or tuple(_php_pages(project))


def _php_pages(project: Project) -> Iterator[MerchantRoute]:
    """The files of a program in PHP that has no routes: each is served at its own address."""
    served = "public/" if any(file.name.startswith("public/") for file in project.files) else ""
    for file in project.files:
        match = compiled(PHP_PAGE).search(file.text)
        if match is not None and file.name.endswith(".php") and file.name.startswith(served):
            method = "POST" if compiled(r"php://input|\$_POST\b").search(file.text) else "GET"
            path = "/" + file.name.removeprefix(served)
            for name in compiled(r"\$_GET\[\s*[\"'](\w+)").findall(file.text)[:1] if method == "GET" else ():
                path += f"?{name}={{{name}}}"
            code = file.text[:_PAGE_CHARACTERS]
            yield MerchantRoute(method=method, path=path, place=file.place(match.start()), code=code)


def _next_routes(file: SourceFile) -> Iterator[MerchantRoute]:
    """What a file of Next serves: its path is its address, `app/api/pay/[id]/route.ts` or `pages/api/pay/[id].ts`."""
    found = compiled(NEXT_FILE).search(file.stem) if file.name.endswith(SCRIPT) else None
    if found is None:
        return
    served = (found["of_app"] or found["of_pages"]).split("/")
    parts = [part for part in served if part not in {"", "index"} and not part.startswith(("(", "@"))]
    path = "/" + "/".join(compiled(r"^\[+(?:\.\.\.)?(\w+)\]+$").sub(r"{\1}", part) for part in parts)
    starts = list(compiled(NEXT_METHOD).finditer(file.text)) if file.stem.endswith("/route") else []
    for place, start in enumerate(starts, start=1):
        end = starts[place].start() if place < len(starts) else len(file.text)
        code = file.text[start.start() : min(end, start.start() + _HANDLER_CHARACTERS)]
        yield MerchantRoute(method=start["method"], path=path, place=file.place(start.start()), code=code)
    handler = compiled(r"^export default\b").search(file.text) if not file.stem.endswith("/route") else None
    if handler is not None:
        method = "POST" if compiled(r"\.method\s*[!=]==?\s*[\"']POST").search(file.text) else "GET"
        yield MerchantRoute(
            method=method, path=path, place=file.place(handler.start()), code=file.text[:_PAGE_CHARACTERS]
        )


def _routes_of(project: Project, file: SourceFile, prefix: str) -> Iterator[MerchantRoute]:
    matches = [
        (match, pattern)
        for pattern in ROUTES
        if file.name.endswith(pattern.suffixes)
        for match in compiled(pattern.regex).finditer(file.text)
    ]
    matches.sort(key=lambda pair: pair[0].start())
    starts = [match.start() for match, _ in matches] + [len(file.text)]
    for place, (match, pattern) in enumerate(matches):
        groups = match.groupdict()
        end = next(start for start in starts[place + 1 :] if start > match.start())  # two forms may be at one place
        code = file.text[match.start() : min(end, match.start() + _HANDLER_CHARACTERS)]
        rest = groups.get("rest") or ""
        owner = compiled(r"(\w+)(?:::class|@)").search(rest)
        controller = f"{groups['owner']}_controller" if groups.get("owner") else owner[1] if owner else ""
        handler = pattern.handler or groups.get("handler") or _last_word(rest)
        code += _definition(project, file, handler, owner=controller, after=match.end())
        for called in dict.fromkeys(compiled(r"\b(?:self|this)(?:\.|->)(\w+)\(").findall(code)):
            code += _definition(project, file, called, elsewhere=False, after=match.end())
        for called in dict.fromkeys(compiled(r"\$(?!this\b)\w+->(\w+)\(").findall(code)):
            code += _only_definition(project, file, called)
        space = f"/{groups['space']}/" if groups.get("space") else ""
        path = pattern.template.format(space + (groups.get("path") or ""))
        method = pattern.method or _method(file, match, code)
        if ".mount" in match[0] and method == "GET" and file.name.endswith(RUBY) and compiled(BELOW).search(code):
            path = path.rstrip("/") + "/{id}"
        if "[0]" in match[0] and compiled(rf"{PHP_PATH}\[1\]").search(code):  # the address, taken apart at its slashes
            path += "/{id}"
        own = _router_prefix(file, groups.get("router")) + _enclosing_prefix(file, match.start())
        yield MerchantRoute(
            method=method,
            path=_plain(prefix + own + path),
            place=file.place(match.start()),
            code=code,
        )


def _method(file: SourceFile, match: re.Match[str], code: str) -> str:
    groups = match.groupdict()
    method, rest = (groups.get("method") or "").upper(), groups.get("rest") or ""
    named = compiled(r"(?:methods?\s*=\s*|\.Methods\()[\[(]?\s*[\"'](\w+)[\"'](?:\s*,\s*[\"'](\w+)[\"'])?").search(rest)
    if named:
        return "POST" if "POST" in (named[1].upper(), (named[2] or "").upper()) else named[1].upper()
    if not method and file.name.endswith(".php") and (near := compiled(r"[\"'](GET|POST|PUT)[\"']").search(rest)):
        return near[1]
    if method in {"ROUTE", "ALL", "ANY", ""}:
        verb = compiled(r"def do_([A-Z]+)\(").findall(file.text[: match.start()]) if "self.path" in match[0] else []
        post = method in {"ALL", "ANY"} or "wc-api" in match[0] or "woocommerce_api" in match[0]
        if verb:
            return str(verb[-1])
        return "POST" if post or (method == "" and compiled(POST_ONLY).search(code)) else "GET"
    return method


def _definition(
    project: Project, file: SourceFile, handler: str, *, elsewhere: bool = True, owner: str = "", after: int = 0
) -> str:
    """The code of a handler that is defined elsewhere; empty where it is not found. `owner`: its class.

    Two classes of a file may have one of this name; the first one `after` the route is its own.
    """
    name = handler.removesuffix(".as_view").rpartition(".")[2]
    if len(name) < 2:
        return ""
    word = re.escape(name)
    hits = list(project.find(_DEFINITION.replace("WORD", word), *_suffixes(file)))
    hits.sort(
        key=lambda hit: (
            not hit.file.stem.endswith(owner or hit.file.stem),
            hit.file is not file,
            hit.file is file and hit.match.start() < after,
        )
    )
    if not hits or not (elsewhere or hits[0].file is file):
        return ""
    text, start = hits[0].file.text, hits[0].match.start()
    above = text[max(0, start - 120) : start].rpartition("\n}\n")[2]  # its decorators, and nothing of another function
    following = compiled(r"^(?:[ \t]*(?:public |async |export )*(?:def|function|func)\b|class\b|@\w)").search(
        text, hits[0].match.end()
    )
    is_class = re.match(r"\s*class\b", hits[0].match[0])
    end = following.start() if following and not is_class else start + _HANDLER_CHARACTERS
    return "\n" + above + text[start : min(end, start + _HANDLER_CHARACTERS)]


def _suffixes(file: SourceFile) -> tuple[str, ...]:
    """The endings of the files that may define what this one calls."""
    return next(
        (each for each in (SCRIPT, JAVA, RUBY) if file.name.endswith(each)), (file.name[file.name.rfind(".") :],)
    )


def answer_code(project: Project, route: MerchantRoute) -> str:
    """The code of a route, and of the project's own functions that it calls, two calls deep: they make its answer."""
    file = next(each for each in project.files if each.name == route.place.rpartition(":")[0])
    code, new = route.code, route.code
    known = set(_NO_FUNCTIONS)
    for _ in range(2):
        called = [name for name in dict.fromkeys(compiled(r"\b(\w{3,})\(").findall(new)) if name not in known]
        known.update(called)
        new = ""
        for name in called[:_MOST_CALLS]:
            new += _only_definition(project, file, name)
        code += new
    return code


def _only_definition(project: Project, file: SourceFile, name: str) -> str:
    """The code of what the whole project defines once under this name."""
    hits = list(project.find(_DEFINITION.replace("WORD", re.escape(name)), *_suffixes(file)))
    return _definition(project, file, name) if len(hits) == 1 else ""


def _last_word(rest: str) -> str:
    """The handler at the end of a route's arguments: `auth, payments.start);`, `[PayController::class, 'pay']`."""
    found = compiled(r"['\"]?([A-Za-z_][\w.]*)['\"]?\s*\]?\s*\)\s*;?\s*$").search(rest)
    return found[1] if found else ""


def _router_prefix(file: SourceFile, router: str | None) -> str:
    for regex in ROUTER_PREFIXES if router else ():
        for match in compiled(regex).finditer(file.text):
            if match["router"] == router:
                return "/" + match["prefix"].strip("/")
    return ""


def _enclosing_prefix(file: SourceFile, offset: int) -> str:
    """The prefix of the class or the group around a route."""
    found = ""
    for regex in CLASS_PREFIXES:
        for match in compiled(regex).finditer(file.text, 0, offset):
            found = "/" + match["prefix"].strip("/")
    for match in compiled(r"prefix\(\s*['\"](?P<prefix>[^'\"]*)['\"]\s*\)[^;{]*\{").finditer(file.text, 0, offset):
        inside = file.text[match.end() : offset]
        if file.name.endswith(".php") and inside.count("{") - len(re.findall(r"\{\w+\??\}", inside)) >= (
            inside.count("}") - len(re.findall(r"\{\w+\??\}", inside))
        ):
            found += "/" + match["prefix"].strip("/")
    for match in compiled(RUBY_GROUPS).finditer(file.text, 0, offset) if file.name.endswith(RUBY) else ():
        if not compiled(rf"^{match['indent']}end\b").search(file.text, match.end(), offset):
            found += "/" + match["prefix"].strip("/")
    return found.rstrip("/")


def _global_prefix(project: Project) -> str:
    for regex in GLOBAL_PREFIXES:
        hit = project.first(regex)
        if hit is not None:
            return "/" + hit.match["prefix"].strip("/")
    return ""


def mounted_packages(project: Project) -> tuple[tuple[str, str, str], ...]:
    """Packages outside of the project whose routes about payments it serves: module, prefix and place of each."""
    return tuple(
        (module, "/" + _pattern_path(hit.match["prefix"]).strip("/"), hit.place)
        for regex in MOUNTS
        for hit in project.find(regex)
        for module in [_mounted(hit)]
        if module[:1].isalpha()
        and compiled(OF_PAYMENTS).search(f"{module} {hit.match['prefix']}")
        and _file_of(project, hit.file, module) is None
    )


def with_packages(project: Project) -> Project:
    """The project with the packages whose payment routes it serves, where its own environment has them."""
    files = list(project.files)
    for module, _, _ in mounted_packages(project):
        name = module.partition(".")[0]
        for place in sorted(project.folder.glob(f"*/lib/python*/site-packages/{name}")):
            inside = place.relative_to(project.folder).as_posix()
            files += [replace(each, name=f"{inside}/{each.name}") for each in read_project(place).files]
    return replace(project, files=tuple(files))


def _mounted(hit: Hit) -> str:
    """The module whose routes are served."""
    groups = hit.match.groupdict()
    return groups.get("module") or _imported(hit.file, groups.get("name") or "")


def _mounts(project: Project) -> Mapping[str, str]:
    """File -> the prefix under which its routes are served."""
    direct: dict[str, tuple[str, str]] = {}
    for regex in MOUNTS:
        for hit in project.find(regex):
            groups = hit.match.groupdict()
            name = groups.get("name") or ""
            target = _file_of(project, hit.file, _mounted(hit))
            if target is not None and "." in name and target.name.endswith(SCRIPT):
                inner = _imported(target, name.rpartition(".")[2])  # `routes.payments`, where routes/index imports it
                target = _file_of(project, target, inner) or target
            if target is not None and target is not hit.file:
                direct[target.name] = (hit.file.name, "/" + _pattern_path(groups["prefix"]).strip("/"))
    for file in project.files:
        if f"/{file.name}".endswith("/routes/api.php"):  # Laravel serves this file below /api
            direct[file.name] = ("", "/api")
    return {name: _chain(direct, name) for name in direct}


def _chain(direct: Mapping[str, tuple[str, str]], name: str) -> str:
    """The prefixes of a file that is mounted in a file that is mounted."""
    prefix, seen = "", set()
    while name in direct and name not in seen:
        seen.add(name)
        name, outer = direct[name]
        prefix = outer.rstrip("/") + prefix
    return prefix


def _imported(file: SourceFile, name: str) -> str:
    """The module from which a name comes: `./routes/mpesa`, `shop.payments`."""
    first = name.partition(".")[0]
    word = re.escape(first)
    for regex in (
        rf"(?:const|let|var|import)\s+(?:\{{[^}}]*\b)?{word}\b[^\n;]*?(?:require\(|from)\s*[\"']([^\"']+)[\"']",
        rf"from\s+([\w.]+)\s+import\s+[^\n]*\b{word}\b",
    ):
        found = compiled(regex).search(file.text)
        if found:
            return f"{found[1]}.{first}" if "." in name and "/" not in found[1] else found[1]
    return first if "." in name else ""


def _file_of(project: Project, file: SourceFile, module: str) -> SourceFile | None:
    """The file of a module, as the file that imports it writes it."""
    if not module:
        return None
    path = re.sub(r"\.(js|ts|mjs|cjs)$", "", module) if "/" in module else module.strip(".").replace(".", "/")
    tail = re.sub(r"^(\.\.?/)+", "", path)
    ends = (f"/{tail}", f"/{tail}/index", f"/{tail}/__init__")
    found = [each for each in project.files if f"/{each.stem}".endswith(ends)]
    return min(found, key=lambda each: (each.folder != file.folder, each.name.count("/")), default=None)


def _pattern_path(path: str) -> str:
    """A regular expression of an older Django as a path."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", path).replace("^", "").replace("$", "").replace("/?", "/")


def _plain(path: str) -> str:
    """The path of a route, with `{name}` for each variable part in the framework's own writing."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", _pattern_path(path) if "wc-api" not in path else path)
    path = re.sub(r"\{(\w+)[:?][^}]*\}", r"{\1}", path)
    path = re.sub(r":(\w+)(?:\([^)]*\))?\??", r"{\1}", path)
    path = compiled(r"\([^()?]*[\\\[.|][^()]*\)").sub("{id}", path)  # of a pattern without a name: `(\w+)`, `([a-z]+)`
    return "/" + re.sub(r"/{2,}", "/", path).strip().lstrip("/")
