"""The life of an approval request: it is open, and then exactly one thing ends it."""

from __future__ import annotations

OPEN = "open"
_ENDS_BY_DECISION = {
    "approve": "approved",
    "approve_lower": "approved",
    "changes": "changes",
    "decline": "declined",
}
_ENDS_WITHOUT = frozenset({"expired", "withdrawn", "superseded"})


class IllegalMove(ValueError):
    """A request may not go from this state to that one."""


def state_after(state: str, kind: str) -> str:
    """The state a decision leads to. Raises ``IllegalMove`` unless the request is open."""
    if state != OPEN or kind not in _ENDS_BY_DECISION:
        raise IllegalMove(f"{kind} from {state}")
    return _ENDS_BY_DECISION[kind]


def state_without_decision(state: str, end: str) -> str:
    """The state when nobody decided. Never an approval: silence approves nothing."""
    if state != OPEN or end not in _ENDS_WITHOUT:
        raise IllegalMove(f"{end} from {state}")
    return end


def says_yes(kind: str) -> bool:
    """Whether this kind of decision lets money move."""
    return _ENDS_BY_DECISION.get(kind) == "approved"


def needs_reason(kind: str) -> bool:
    """Whether this kind of decision must say why."""
    return kind in _ENDS_BY_DECISION and not says_yes(kind)
