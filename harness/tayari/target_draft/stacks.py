"""The stacks that `tayari init` knows: one row each. How a row is seen, and how such a merchant is started."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from tayari.target_draft.route_patterns import RUBY
from tayari.target_draft.source_files import Project, compiled

PORT_TEXT: Final = "{port}"
_PYTHON: Final = (".py",)
_SCRIPT: Final = (".js", ".cjs", ".mjs", ".ts")
_GUESSED: Final = "the command that starts your merchant"


@dataclass(frozen=True, slots=True)
class StartCommand:
    """How a merchant is started. `doubt`: what is to be looked at; empty where its files say it."""

    command: str
    port: str = PORT_TEXT
    """`{port}`, where the command or a variable passes it; else the port in its files."""
    variables: tuple[tuple[str, str], ...] = ()
    doubt: str = ""
    tables: str = ""
    """The command that makes the tables in a new database."""
    workers: tuple[str, ...] = ()
    """The commands of its other processes, which run beside it."""

    def text(self, before: str = "") -> str:
        """The whole command. `before`: what makes a database that is new in each run."""
        steps = [step for step in (before, *(f"({worker} &)" for worker in self.workers)) if step]
        if not steps:
            return self.command
        script = " && ".join([*steps, f"exec {self.command}"])
        script = script.replace("{python}", '"{python}"')  # its path may contain a space
        return f"sh -c {shlex.quote(script)}"


@dataclass(frozen=True, slots=True)
class Stack:
    """One kind of merchant."""

    name: str
    package: str
    """Pattern of its name in the files that name a project's dependencies."""
    source: str
    """Pattern of its use in the source."""
    suffixes: tuple[str, ...]
    start: Callable[[Project], StartCommand | None]
    mark: str = ""
    """A file that only such projects have."""
    usual_port: int = 8000


@dataclass(frozen=True, slots=True)
class RecognisedStack:
    """The stack of a project, and where that was seen."""

    stack: Stack
    place: str


def recognise(project: Project) -> RecognisedStack | None:
    """The stack that most of the source uses; None where none is known."""
    best: tuple[int, RecognisedStack] | None = None
    for stack in STACKS:
        score, place = _seen(stack, project)
        if score and (best is None or score > best[0]):
            best = score, RecognisedStack(stack, place)
    return best[1] if best else None


def daraja_library(project: Project) -> tuple[str, str] | None:
    """The package for Daraja that the project depends on, and the file that says so."""
    for file in project.manifests():
        for match in compiled(_LIBRARY_IN_JSON if file.name.endswith(".json") else _LIBRARY).finditer(file.text):
            name = match[1]
            own = compiled(r"[\"']?name[\"']?\s*[=:]\s*[\"']([^\"']+)").search(file.text)
            if own is None or own[1] != name:
                return name, file.place(match.start())
    return None


_LIBRARY_IN_JSON: Final = r"(?i)\"((?:@?[\w-]+/)?[\w-]*(?:mpesa|daraja)[\w.-]*)\"\s*:\s*\"[\^~*\d>v]"
_LIBRARY: Final = (
    r"(?i)^\s*[\"']?((?:@[\w-]+/|[\w-]+/|github\.com/[\w/-]+/)?[\w-]*(?:mpesa|daraja)[\w.-]*)[\"']?"
    r"\s*(?:[=~<>^:,\[\"v;]|$)"
)


def _seen(stack: Stack, project: Project) -> tuple[int, str]:
    hits = {hit.file.name: hit.place for hit in project.find(stack.source, *stack.suffixes)}
    named = [
        file.place(match.start())
        for file in project.manifests()
        if (match := compiled(stack.package).search(file.text)) is not None
    ]
    marked = [file.name for file in project.files if stack.mark and f"/{file.name}".endswith(f"/{stack.mark}")]
    score = min(len(hits), 5) + 2 * bool(named) + 4 * bool(marked)
    return score, next(iter([*marked, *named, *hits.values()]), "")


def _python(project: Project, package: str) -> str:
    """The interpreter: the project's own environment, Tayari's where it has the framework, else the system's."""
    for folder in (".venv", "venv", "env"):
        if (project.folder / folder / "bin" / "python").exists():
            return f"{folder}/bin/python"
    try:
        return "{python}" if find_spec(package) is not None else "python3"
    except (ImportError, ValueError):
        return "python3"


def _django(project: Project) -> StartCommand | None:
    manage = project.named("manage.py")
    python = _python(project, "django")
    if manage is None:
        return None
    return StartCommand(
        f"{python} {manage.name} runserver --noreload 127.0.0.1:{{port}}",
        tables=f"{python} {manage.name} migrate --noinput",
    )


def _script(project: Project, package: str, serves: str) -> StartCommand | None:
    """A Python file that serves when it is run, with its options for port and database."""
    for hit in project.find(r"^if __name__ == [\"']__main__[\"']", *_PYTHON):
        text = hit.file.text
        if not compiled(serves).search(text):
            continue
        words = [_python(project, package), hit.file.name]
        if compiled(r"add_argument\(\s*[\"']--port[\"']").search(text):
            words += ["--port", PORT_TEXT]
            if compiled(r"add_argument\(\s*[\"']--db[\"']").search(text):
                words += ["--db", "{work_dir}/merchant.db"]
            return StartCommand(" ".join(words))
        port = compiled(r"\bport\s*=\s*(\d{2,5})").search(text)
        by_variable = compiled(r"[\"']PORT[\"']").search(text)
        return StartCommand(" ".join(words), PORT_TEXT if by_variable else port[1] if port else "5000", doubt=_GUESSED)
    return None


def _app(project: Project, made: str) -> tuple[str, str] | None:
    """Module and name of the application, or of what makes it: `shop.main`, `app`."""
    hits = list(project.find(f"^{made}", *_PYTHON))
    if not hits:
        return None
    hit = min(hits, key=lambda each: each.file.name.count("/"))
    return hit.file.stem.replace("/", ".").removesuffix(".__init__"), hit.match[1]


def _migrated(project: Project, flask: str = "") -> str:
    """The command that makes the tables, where Alembic does; `flask`: the application whose command does."""
    if flask and project.first(r"\bflask_migrate\b", *_PYTHON):
        return f"{flask} db upgrade"
    has_alembic = (project.folder / "alembic.ini").exists()
    return f"{_python(project, 'alembic')} -m alembic upgrade head" if has_alembic else ""


def _flask(project: Project) -> StartCommand | None:
    scripted = _script(project, "flask", r"add_argument\(\s*[\"']--port")
    if scripted is not None:
        return scripted
    found, python = _app(project, r"(\w+)(?::\s*\w+)?\s*=\s*Flask\("), _python(project, "flask")
    found = found or _app(project, r"def (create_app|make_app|build_app)\(")
    if found is None:
        return None
    app = f"{python} -m flask --app {':'.join(found)}"
    return StartCommand(f"{app} run --port {{port}}", tables=_migrated(project, app))


def _asgi(project: Project) -> StartCommand | None:
    found = _app(project, r"(\w+)(?::\s*\w+)?\s*=\s*(?:FastAPI|Starlette|Litestar)\(")
    if found is None:
        return None
    command = f"{_python(project, 'uvicorn')} -m uvicorn {found[0]}:{found[1]} --port {{port}}"
    return StartCommand(command, tables=_migrated(project))


def _sanic(project: Project) -> StartCommand | None:
    found = _app(project, r"(\w+)(?::\s*\w+)?\s*=\s*Sanic\(")
    if found is None:
        return None
    command = f"{_python(project, 'sanic')} -m sanic {found[0]}:{found[1]} --host 127.0.0.1 --port {{port}}"
    return StartCommand(f"{command} --single-process")


def _falcon(project: Project) -> StartCommand | None:
    found = _app(project, r"(\w+)(?::\s*[\w.]+)?\s*=\s*falcon\.(?:App|API|asgi\.App)\(")
    if found is None:
        return None
    if project.first(r"\bfalcon\.asgi\b", *_PYTHON):
        return StartCommand(f"{_python(project, 'uvicorn')} -m uvicorn {found[0]}:{found[1]} --port {{port}}")
    return StartCommand(f"{_python(project, 'gunicorn')} -m gunicorn {found[0]}:{found[1]} -b 127.0.0.1:{{port}}")


def _bottle(project: Project) -> StartCommand | None:
    return _script(project, "bottle", r"\brun\(")


def _tornado(project: Project) -> StartCommand | None:
    return _script(project, "tornado", r"\.listen\(|\brun\(")


def _aiohttp(project: Project) -> StartCommand | None:
    return _script(project, "aiohttp", r"run_app|add_argument\(\s*[\"']--port")


def _plain_python(project: Project) -> StartCommand | None:
    return _script(project, "http.server", r"HTTPServer\(")


def _node(project: Project) -> StartCommand | None:
    """The start script of `package.json`; the port by PORT, where the source reads it."""
    scripts = node_scripts(project)
    by_variable = project.first(r"\bPORT\b", *_SCRIPT)
    literal = project.first(r"\.listen\(\s*(?:\{\s*port:\s*)?(\d{2,5})|\b(?:port|PORT)\s*=\s*(\d{2,5})", *_SCRIPT)
    number = next(filter(None, literal.match.groups()), "3000") if literal else "3000"
    port, variables = (PORT_TEXT, (("PORT", PORT_TEXT),)) if by_variable else (number, ())
    tables = _node_tables(project, scripts)
    if "start" in scripts:
        return StartCommand("npm start", port, variables, doubt=_unbuilt(project, scripts), tables=tables)
    main = str(_package(project).get("main") or "index.js")
    served = project.named(main) or project.first(r"\.listen\(", *_SCRIPT)
    if served is None:
        return None
    name = served.name if not hasattr(served, "file") else served.file.name
    return StartCommand(f"node {name}", port, variables, doubt=_GUESSED, tables=tables)


def _next(project: Project) -> StartCommand | None:
    """Next's own server; a program of the merchant's that serves Next is started as any of Node."""
    if "next start" not in str(node_scripts(project).get("start", "next start")):
        return _node(project)
    unbuilt = "" if (project.folder / ".next" / "BUILD_ID").exists() else "run `npm run build` first"
    return StartCommand("npx next start -p {port}", doubt=unbuilt, tables=_node_tables(project, node_scripts(project)))


def _package(project: Project) -> Mapping[str, Any]:
    """What `package.json` says; empty where there is none."""
    package = project.named("package.json")
    try:
        facts = json.loads(package.text) if package else {}
    except ValueError:
        facts = {}
    return facts if isinstance(facts, dict) else {}


def node_scripts(project: Project) -> Mapping[str, Any]:
    """The scripts of `package.json` by name; empty where there are none."""
    found = _package(project).get("scripts")
    return found if isinstance(found, dict) else {}


def _node_tables(project: Project, scripts: Mapping[str, Any]) -> str:
    """The script that makes the tables, by the names that people give it; else what Prisma has for it."""
    named = next(
        (name for name in scripts if compiled(r"^(?:db:)?migrat\w*(?::(?:up|latest|run|deploy))?$").search(name)), ""
    )
    if named:
        return f"npm run -s {named}"
    if project.first(r"^datasource \w+", ".prisma"):
        return "npx prisma db push --skip-generate"
    return ""


def _unbuilt(project: Project, scripts: Mapping[str, Any]) -> str:
    """The doubt about a start script that runs what a build script has not made yet."""
    built = compiled(r"\b(dist|build|out)/[\w./-]*").search(str(scripts["start"]))
    if built is None or "build" not in scripts or (project.folder / built[1]).exists():
        return ""
    return f"it runs {built[0]}, which is not there: run `npm run build` first"


def _laravel(project: Project) -> StartCommand | None:
    artisan = project.named("artisan")
    name = artisan.name if artisan else "artisan"
    return StartCommand(
        f"php {name} serve --no-reload --port={{port}}",  # else variables in .env are taken from there
        doubt="" if artisan else _GUESSED,
        tables=f'touch "$DB_DATABASE" && php {name} migrate --force',
    )


def _plain_php(project: Project) -> StartCommand:
    """PHP's own server. A front controller gets every request; with one worker a call of its own would hang."""
    fronts = [hit.file.name for hit in project.find(r"\bREQUEST_URI\b|\bPATH_INFO\b", ".php")]
    front = min((name for name in fronts if name.removeprefix("public/").count("/") == 0), key=len, default="")
    root = " -t public" if any(file.name.startswith("public/") for file in project.files) else ""
    return StartCommand(
        f"php -S 127.0.0.1:{{port}}{root} {front}".rstrip(),
        variables=(("PHP_CLI_SERVER_WORKERS", "8"),),
        doubt="" if front else _GUESSED,
    )


def _spring(project: Project) -> StartCommand | None:
    own = {file.name for file in project.files}
    gradle = any(name.startswith("build.gradle") for name in own)
    tool = ("./gradlew" if "gradlew" in own else "gradle") if gradle else ("./mvnw" if "mvnw" in own else "mvn")
    words = f"{tool} bootRun" if gradle else f"{tool} -q spring-boot:run"
    return StartCommand(words, PORT_TEXT, (("SERVER_PORT", PORT_TEXT),))


def _go(project: Project) -> StartCommand | None:
    main = project.first(r"^package main\b", ".go")
    folder = "." if main is None or not main.file.folder else f"./{main.file.folder.rstrip('/')}"
    if project.first(r"\"PORT\"", ".go"):
        return StartCommand(f"go run {folder}", PORT_TEXT, (("PORT", PORT_TEXT),))
    literal = project.first(r"(?:ListenAndServe|Run|Start|Listen)\(\s*\"[^\":]*:(\d{2,5})\"", ".go")
    return StartCommand(f"go run {folder}", literal.match[1] if literal else "8080", doubt=_GUESSED)


def _sinatra(project: Project) -> StartCommand | None:
    bundle = "bundle exec " if project.named("Gemfile") else ""
    if project.named("config.ru"):
        puma = project.first(r"^\s*gem [\"']puma[\"']", "Gemfile")
        serve = "puma -b tcp://127.0.0.1:{port}" if puma else "rackup -o 127.0.0.1 -p {port}"
        return StartCommand(bundle + serve)
    classic = project.first(r"^require [\"']sinatra[\"']", ".rb")
    if classic is not None:
        return StartCommand(f"{bundle}ruby {classic.file.name} -o 127.0.0.1 -p {{port}}")
    own = project.first(r"\brun!", ".rb")
    literal = project.first(r"\bset\s*\(?\s*:port,\s*(\d{2,5})", ".rb")
    if own is None:
        return None
    return StartCommand(f"{bundle}ruby {own.file.name}", literal.match[1] if literal else "4567", doubt=_GUESSED)


def _webrick(project: Project) -> StartCommand | None:
    served = project.first(r"\bWEBrick::HTTPServer\.new\b", ".rb")
    if served is None:
        return None
    command = f"{'bundle exec ' if project.named('Gemfile') else ''}ruby {served.file.name}"
    if compiled(r"[\"']PORT[\"']").search(served.file.text):
        return StartCommand(command, PORT_TEXT, (("PORT", PORT_TEXT),))
    literal = compiled(r"\bPort\s*(?::|=>)\s*(\d{2,5})").search(served.file.text)
    return StartCommand(command, literal[1] if literal else "80", doubt=_GUESSED)


def _rails(project: Project) -> StartCommand:  # noqa: ARG001 - the shape of a row's start
    """A file of its own for the process id: a second instance would stop at the first one's."""
    return StartCommand(
        "bin/rails server -b 127.0.0.1 -p {port} -P {work_dir}/rails.pid", tables="bin/rails db:prepare"
    )


def _nothing(project: Project) -> StartCommand | None:  # noqa: ARG001 - the shape of a row's start
    """WordPress runs already."""
    return None


STACKS: Final = (
    Stack("Django", r"(?i)\bdjango\b", r"^\s*(?:from|import) django\b", _PYTHON, _django, "manage.py"),
    Stack("Flask", r"(?i)\bflask\b", r"^\s*(?:from|import) flask\b", _PYTHON, _flask, usual_port=5000),
    Stack("FastAPI", r"(?i)\bfastapi\b", r"^\s*(?:from|import) fastapi\b", _PYTHON, _asgi),
    Stack("aiohttp", r"(?i)\baiohttp\b", r"^\s*from aiohttp import [^\n]*\bweb\b", _PYTHON, _aiohttp, usual_port=8080),
    Stack("Starlette", r"(?i)\bstarlette\b", r"^\s*from starlette\.applications import", _PYTHON, _asgi),
    Stack("Litestar", r"(?i)\blitestar\b", r"^\s*from litestar\b", _PYTHON, _asgi),
    Stack("Sanic", r"(?i)\bsanic\b", r"^\s*from sanic\b", _PYTHON, _sanic),
    Stack("Falcon", r"(?i)\bfalcon\b", r"^\s*import falcon\b", _PYTHON, _falcon),
    Stack("Bottle", r"(?i)\bbottle\b", r"^\s*(?:from|import) bottle\b", _PYTHON, _bottle, usual_port=8080),
    Stack("Tornado", r"(?i)\btornado\b", r"^\s*(?:from|import) tornado\b", _PYTHON, _tornado, usual_port=8888),
    Stack("Python's http.server", r"(?!)", r"^\s*from http\.server import", _PYTHON, _plain_python),
    Stack("Nest", r"\"@nestjs/core\"", r"from ['\"]@nestjs/", _SCRIPT, _node, "nest-cli.json", 3000),
    Stack("Next", r"\"next\"\s*:", r"from ['\"]next(?:/server)?['\"]", _SCRIPT, _next, "next.config.js", 3000),
    Stack("Hono", r"\"hono\"", r"from ['\"]hono['\"]", _SCRIPT, _node, usual_port=3000),
    Stack("Fastify", r"\"fastify\"", r"(?:require\(|from )['\"]fastify['\"]", _SCRIPT, _node, usual_port=3000),
    Stack("Express", r"\"express\"", r"(?:require\(|from )['\"]express['\"]", _SCRIPT, _node, usual_port=3000),
    Stack("Koa", r"\"koa\"", r"(?:require\(|from )['\"]koa['\"]", _SCRIPT, _node, usual_port=3000),
    Stack("hapi", r"\"@hapi/hapi\"", r"(?:require\(|from )['\"]@hapi/hapi['\"]", _SCRIPT, _node, usual_port=3000),
    Stack("Rails", r"^\s*gem ['\"]rails['\"]", r"\bRails\.application\b|< Application(?:Controller|Record)\b", RUBY,
          _rails, "bin/rails", 3000),
    Stack("Sinatra", r"^\s*gem ['\"]sinatra['\"]", r"^\s*require ['\"]sinatra|\bSinatra::Base\b", RUBY, _sinatra,
          usual_port=4567),
    Stack("WEBrick", r"(?!)", r"\bWEBrick::HTTPServer\b", RUBY, _webrick, usual_port=8080),
    Stack("Laravel", r"\"laravel/framework\"|\"illuminate/\w+\"", r"\bIlluminate\\", (".php",), _laravel, "artisan"),
    Stack("WooCommerce", r"woocommerce", r"WC_Payment_Gateway|woocommerce_api_|add_filter\(\s*['\"]woocommerce_",
          (".php",), _nothing, usual_port=8080),
    Stack("PHP", r"(?!)", r"\$_SERVER\[|php://input|\$_POST\[", (".php",), _plain_php, usual_port=8080),
    Stack("Spring", r"spring-boot", r"^import org\.springframework\.", (".java", ".kt"), _spring, usual_port=8080),
    Stack("Go", r"^module \S+", r"\"net/http\"|gin-gonic|labstack/echo|gofiber|go-chi", (".go",), _go, "go.mod", 8080),
)  # fmt: skip
"""If two rows are seen equally often, the first one counts: Nest is built on Express."""
