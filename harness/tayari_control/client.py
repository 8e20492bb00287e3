"""A client of the simulator's control API (`docs/control-api.md`). Blocking, thread-safe."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from tayari_control.connections import ControlAnswer, OriginConnections

Json = dict[str, Any]
"""A JSON object as the control API sends it; its shapes are in `docs/control-api.md`."""


TOKEN_VARIABLE: Final = "TAYARI_CONTROL_TOKEN"
"""Where the token of a simulator is found that somebody else has started."""
_PAGE: Final = 1000
"""Journal entries in one answer."""
_SILENT_S: Final = 60.0
"""A stream of events says at least every 15 seconds that it is there."""
_LOOK_UP_S: Final = 2.0
"""A wait that may be stopped asks again so often."""


class ControlError(Exception):
    """The control API refused a request, or could not be reached."""

    def __init__(self, message: str, *, status: int | None = None, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class JournalIncomplete(Exception):
    """The journal dropped entries at its bound, so that what it holds is not the whole run."""


class ControlClient:
    """Speaks to one simulator. Every method is one request; nothing is cached."""

    def __init__(self, control_url: str, *, token: str = "", timeout_s: float = 10.0) -> None:
        """`token`: the `control_token` of the simulator's ready line, for calls that send."""
        self.control_url = control_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout_s = timeout_s
        self._connections = OriginConnections(self.control_url)

    def close(self) -> None:
        """Give the connections back."""
        self._connections.close()

    def settings(self) -> Json:
        """`daraja_url`, `control_url`, `profile`, `seed`, `clock`, `callback_hosts`, ..."""
        return self._call("GET", "/v1/settings")

    def reset(self) -> None:
        """Forget payments, tokens, queued scenarios, outages and the journal."""
        self._call("POST", "/v1/reset", {})

    def scenarios(self) -> list[Json]:
        """All loaded scenarios, in short."""
        return self._rows("/v1/scenarios", "scenarios")

    def scenario(self, name: str) -> Json:
        """One scenario as its file has it, `expect` included."""
        return self._call("GET", f"/v1/scenarios/{name}")

    def load_scenario(self, text: str, *, file: str = "inline.yaml") -> Json:
        """Load the YAML text of one scenario file; a lint error raises `ControlError` with file and line."""
        return self._call("POST", "/v1/scenarios", {"yaml": text, "file": file})

    def activate(self, name: str | None) -> None:
        """Play this scenario whenever nothing more specific matches; None goes back to success."""
        self._call("PUT", "/v1/scenarios/active", {"scenario": name})

    def play_next(
        self,
        scenario: str | Mapping[str, Any],
        *,
        msisdn: str | None = None,
        endpoint: str | None = None,
        times: int = 1,
        hold_s: float = 0.0,
    ) -> int:
        """The next `times` payments of this MSISDN (or calls of this endpoint) play a named or an inline scenario.

        `hold_s`: the MSISDN's callbacks are held as well, as `hold` does. Returns the number that the next journal
        entry will have.
        """
        body: Json = {"scenario": scenario, "times": times}
        if msisdn is not None:
            body["msisdn"] = msisdn
        if endpoint is not None:
            body["endpoint"] = endpoint
        if hold_s:
            body["hold_s"] = hold_s
        return int(self._call("POST", "/v1/next", body)["next"])

    def clear_next(self) -> None:
        """Drop every queued scenario that has not been played."""
        self._call("DELETE", "/v1/next")

    def revoke_tokens(self) -> int:
        """Make every token that was issued so far invalid; returns how many there were."""
        revoked: int = self._call("POST", "/v1/tokens/revoke", {})["revoked"]
        return revoked

    def refuse_connections(self, *, for_s: float, silent: bool = False) -> None:
        """Close the Daraja port for some seconds: callers see `connection refused`; if `silent`, they see nothing."""
        self._call("POST", "/v1/outage", {"kind": "silent" if silent else "refuse", "for_s": for_s})

    def end_outage(self) -> bool:
        """Open the Daraja port now; returns whether it was closed."""
        return bool(self._call("DELETE", "/v1/outage")["ended"])

    def hold(self, msisdn: str, *, for_s: float) -> int:
        """Callbacks of this MSISDN's payments wait for this time at most; 0 lets them go.

        Returns the number that the next journal entry will have.
        """
        return int(self._call("POST", "/v1/hold", {"msisdn": msisdn, "for_s": for_s})["next"])

    def bring_result(self, checkout_request_id: str) -> Json:
        """Let the next result of a payment fall due now, whatever its scenario says; the payment."""
        payment: Json = self._call("POST", "/v1/results", {"checkout_request_id": checkout_request_id})["payment"]
        return payment

    def hold_handset(self, msisdn: str, **how: str | int | bool) -> Json:
        """Control a phone by hand: its STK prompts wait. `pin`, `language` (`en`, `sw`), `reachable`, `balance`."""
        return self._call("PUT", f"/v1/handsets/{msisdn}", how)

    def handset(self, msisdn: str) -> Json:
        """A phone: `prompt` (or null), `balance`, `messages`, ..."""
        return self._call("GET", f"/v1/handsets/{msisdn}")

    def release_handset(self, msisdn: str) -> None:
        """Release a phone: scenarios answer its prompts again."""
        self._call("DELETE", f"/v1/handsets/{msisdn}")

    def answer_prompt(self, msisdn: str, press: str, *, pin: str | None = None) -> Json:
        """Answer the prompt on a handset: `pay`, `wrong_pin`, `cancel` or `no_answer`; the payment."""
        body = {"press": press} if pin is None else {"press": press, "pin": pin}
        payment: Json = self._call("POST", f"/v1/handsets/{msisdn}/answer", body)["payment"]
        return payment

    def set_wallet(self, msisdn: str, *, balance: int) -> None:
        """Give this MSISDN a wallet with a balance in shillings."""
        self._call("PUT", f"/v1/wallets/{msisdn}", {"balance": balance})

    def pay_c2b(self, **payment: str | int | bool) -> Json:
        """A customer pays a short code: `short_code`, `msisdn`, `amount`, `reference`, `buy_goods`; the payment."""
        paid: Json = self._call("POST", "/v1/c2b", payment)["payment"]
        return paid

    def set_organisation(self, short_code: str, **changes: bool | int | str) -> Json:
        """Switch `validates`, `active`, `confirms_pushes`, `lists_pushes`; `top_up` an `account`; let an `initiator`
        be `expired`.
        """
        organisation: Json = self._call("PUT", f"/v1/organisations/{short_code}", changes)["organisation"]
        return organisation

    def organisations(self) -> list[Json]:
        """Every organisation that Daraja knows: `short_code`, `urls`, `validates`, ..."""
        return self._rows("/v1/organisations", "organisations")

    def c2b_urls(self, short_code: str) -> Json | None:
        """`confirmation`, `validation` and `response_type` as registered for this short code; None: none are."""
        rows = {row["short_code"]: row for row in self.organisations()}
        found: Json | None = rows.get(short_code, {}).get("urls")
        return found

    def advance(self, *, by_s: float | None = None, to: str | None = None, until: str | None = None) -> Json:
        """Move a manual clock: `by_s`, `to="next"` or `until="idle"`."""
        body = {key: value for key, value in {"by_s": by_s, "to": to, "until": until}.items() if value is not None}
        return self._call("POST", "/v1/clock/advance", body)

    def payments(self, *, kind: str | None = None, **where: str) -> list[Json]:
        """Transactions by `msisdn`, `checkout_request_id` or `reference`, oldest first; `kind`: of this call alone.

        An older simulator names no kind: it knows pushes only.
        """
        found = self._rows("/v1/payments", "payments", params=where)
        return found if kind is None else [row for row in found if row.get("kind", kind) == kind]

    def balance(self) -> Json:
        """Whether the simulator's counts add up: `balanced`, `accepted`, `called_back`, `pending` and the others."""
        return self._call("GET", "/v1/balance")

    def limits(self) -> Json:
        """Whether the simulator itself was near its limit: `near_limit`, `reasons`, `last_second`, `thresholds`."""
        return self._call("GET", "/v1/limits")

    def journal(self, **where: str | int | float) -> Json:
        """`entries`, `next`, `dropped` by `msisdn`, `checkout_request_id`, `reference`, `endpoint`, `kind`, `since`."""
        return self._call("GET", "/v1/journal", params=where)

    def journal_end(self) -> int:
        """The number that the next journal entry will have."""
        number: int = self.journal(limit=1)["next"]
        return number

    def journal_entries(
        self, *, since: int = 1, none_dropped: bool = False, **where: str | int | float
    ) -> Iterator[Json]:
        """All entries from `since` on, oldest first, page by page.

        Raises:
            JournalIncomplete: `none_dropped` is asked for, and some were.
        """
        since = max(1, since)  # 0 would ask for the latest
        while True:
            page = self.journal(since=since, limit=_PAGE, **where)
            if none_dropped and page["dropped"]:
                found = f"the simulator's journal dropped {page['dropped']} entries at its bound"
                raise JournalIncomplete(f"{found}; start it with a larger one")
            yield from page["entries"]
            if len(page["entries"]) < _PAGE:
                return
            since = int(page["next"])

    def wait(
        self,
        condition: str,
        *,
        timeout_s: float,
        msisdn: str | None = None,
        checkout_request_id: str | None = None,
        count: int = 1,
        since: int = 0,
        stop: Event | None = None,
    ) -> Json:
        """Wait on the server until `condition` is met `count` times, or `stop` is set: `met`, `entries`, `waited_s`."""
        body: Json = {"for": condition, "timeout_s": timeout_s, "count": count, "since": since}
        if msisdn is not None:
            body["msisdn"] = msisdn
        if checkout_request_id is not None:
            body["checkout_request_id"] = checkout_request_id
        if stop is None:
            return self._call("POST", "/v1/wait", body, timeout_s=timeout_s + self._timeout_s)
        until = time.monotonic() + timeout_s
        while True:
            body["timeout_s"] = max(0.05, min(_LOOK_UP_S, until - time.monotonic()))
            waited = self._call("POST", "/v1/wait", body, timeout_s=body["timeout_s"] + self._timeout_s)
            if waited["met"] or stop.is_set() or time.monotonic() >= until:
                return waited

    def events(self, *, msisdn: str | None = None, latest: int = 200) -> Iterator[Json]:
        """What happens, as it happens, until the simulator ends: see `GET /v1/events`."""
        where = urlencode({"latest": latest, **({} if msisdn is None else {"msisdn": msisdn})})
        try:
            status, body = self._connections.stream(f"/v1/events?{where}", headers=self._headers, timeout_s=_SILENT_S)
            if status != 200:
                raise _refusal("/v1/events", ControlAnswer(status, b"".join(body)))
        except OSError as error:
            raise self._silent(error) from error
        pending = b""
        try:
            for part in body:
                *whole, pending = (pending + part).split(b"\n\n")
                for event in whole:
                    data = [line.removeprefix(b"data: ") for line in event.split(b"\n") if line.startswith(b"data: ")]
                    if data:
                        yield json.loads(b"\n".join(data))
        except OSError:
            return  # the simulator ended

    def send_callback(self, **telling: Any) -> list[Json]:
        """Send a callback and wait for the answers: see `POST /v1/callbacks`."""
        each_s = telling.get("timeout_s", 30.0) + telling.get("gap_s", 0.0)
        in_turn = 1 if telling.get("parallel") else telling.get("times", 1)
        wait_s = max(120.0, each_s * in_turn + self._timeout_s)
        deliveries: list[Json] = self._call("POST", "/v1/callbacks", telling, timeout_s=wait_s)["deliveries"]
        return deliveries

    def ask_account(self, **asking: Any) -> Json:
        """C2B Hakikisha: let Daraja ask a partner whose account a number is. See `POST /v1/hakikisha`."""
        return self._call(
            "POST", "/v1/hakikisha", asking, timeout_s=2 * asking.get("timeout_s", 30.0) + self._timeout_s
        )

    def mix(self, weights: str | dict[str, float] | None) -> dict[str, float] | None:
        """Draw payments from this mix (`success=92,timeout=8`, or weights by name); None: from none."""
        blended: dict[str, float] | None = self._call("POST", "/v1/mix", {"mix": weights})["mix"]
        return blended

    def magic(self) -> list[Json]:
        """How scenarios are met without this API: MSISDNs, amounts and references."""
        return self._rows("/v1/magic", "magic")

    def provenance(self) -> list[Json]:
        """How sure each behaviour is, and from where it is known."""
        return self._rows("/v1/provenance", "provenance")

    def explain(self, payment: str) -> Json:
        """What happened to a payment, and why: of a CheckoutRequestID, a receipt or an MSISDN."""
        return self._call("GET", f"/v1/explain/{payment}")

    def codes(self) -> list[Json]:
        """The catalogue of result codes: code, text, meaning, what to tell the customer, retry, source."""
        return self._rows("/v1/codes", "codes")

    def refusals(self) -> list[Json]:
        """The catalogue of refusals: name, code, HTTP status, text, and the rest as a result code."""
        return self._rows("/v1/codes", "refusals")

    def schemas(self) -> Json:
        """JSON Schemas of requests and callbacks, by name."""
        return self._call("GET", "/v1/schemas")

    def metrics(self) -> str:
        """`GET /metrics`: counters and gauges as Prometheus text."""
        return self._text("/metrics")

    def interception(self) -> list[dict[str, Any]]:
        """What came to the TLS port and the forward proxy: rows with `host`, `way`, `reason`, `count`, `last_s`."""
        return self._rows("/v1/interception", "calls")

    def certificate(self) -> str:
        """The certificate, as PEM, with which a merchant encrypts its initiator's password."""
        return self._text("/v1/certificate")

    def _rows(self, path: str, key: str, *, params: Mapping[str, str] | None = None) -> list[Json]:
        return list(self._call("GET", path, params=params)[key])

    def _text(self, path: str) -> str:
        answer = self._send("GET", path)
        if answer.status != 200:
            raise _refusal(path, answer)
        return answer.body.decode()

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        params: Mapping[str, str | int | float] | None = None,
        timeout_s: float | None = None,
    ) -> Json:
        where = f"{path}?{urlencode(params)}" if params else path
        answer = self._send(method, where, body=body, timeout_s=timeout_s)
        if answer.status >= 300:
            raise _refusal(path, answer)
        try:
            decoded = _decoded(answer.body) if answer.body else {}
        except ValueError:
            decoded = None
        if not isinstance(decoded, dict):
            found = f"{path} of {self.control_url} answered {answer.status} without a JSON object"
            raise ControlError(f"{found}; expected a simulator there; give the control_url of its ready line")
        return decoded

    def _send(self, method: str, path: str, *, body: object = None, timeout_s: float | None = None) -> ControlAnswer:
        written = None if body is None else json.dumps(body).encode()
        try:
            return self._connections.request(
                method, path, headers=self._headers, body=written, timeout_s=timeout_s or self._timeout_s
            )
        except OSError as error:
            raise self._silent(error) from error

    def _silent(self, error: OSError) -> ControlError:
        why = "connection refused" if isinstance(error, ConnectionRefusedError) else str(error)
        return ControlError(f"the simulator's control port {self.control_url} did not answer: {why}")


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:  # the simulator writes what orjson does not know, such as NaN, as the standard library does
        return json.loads(body)


def _refusal(path: str, answer: ControlAnswer) -> ControlError:
    try:
        error = json.loads(answer.body)["error"]
        return ControlError(str(error["message"]), status=answer.status, code=str(error.get("code", "")))
    except (ValueError, KeyError, TypeError):
        return ControlError(f"{path} of the control port answered {answer.status}", status=answer.status)
