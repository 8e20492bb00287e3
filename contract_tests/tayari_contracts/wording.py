"""The few phrases that reasons are made of, so that every rule says the same thing in the same words."""

from __future__ import annotations

from tayari_target.driver import StatusView


def say(view: StatusView) -> str:
    """A payment's state as a reason names it."""
    if view.state is not None:
        return view.state.value
    return f"in no state that could be read ({view.error or view.raw_state or 'empty answer'})"


def times(number: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def quote(text: str, *, most: int = 160) -> str:
    """A text in quotation marks, on one line, shortened."""
    flat = " ".join(text.split())
    if not flat:
        return "nothing"
    return f'"{flat[:most]}..."' if len(flat) > most else f'"{flat}"'
