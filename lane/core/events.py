"""Events: how a lower layer tells the layers above that something happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

_EVENT_TYPES: dict[str, type[DomainEvent]] = {}
_HANDLERS: dict[str, dict[str, Callable[[Any], None]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened. Fields are JSON values; ids of things are their public ids as text.

    ``name`` is ``app.noun.verb_past``: the audit action, the webhook name and the message type alike.
    """

    name: ClassVar[str] = ""
    organization_id: int

    def payload(self) -> dict[str, Any]:
        """The event as JSON."""
        return asdict(self)


E = TypeVar("E", bound=DomainEvent)


def event_type(cls: type[E]) -> type[E]:
    """Register an event class under its name, so that a stored event can be read back."""
    if not cls.name or cls.name in _EVENT_TYPES:
        raise ValueError(f"event name {cls.name!r} is empty or taken")
    _EVENT_TYPES[cls.name] = cls
    return cls


def handles(cls: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Subscribe a function to an event. It runs in a transaction of its own and must be safe twice."""

    def register(function: Callable[[E], None]) -> Callable[[E], None]:
        _HANDLERS.setdefault(cls.name, {})[f"{function.__module__}.{function.__qualname__}"] = function
        return function

    return register


def handlers_of(name: str) -> dict[str, Callable[[Any], None]]:
    """Every handler of an event by its stored name."""
    return _HANDLERS.get(name, {})


def event_names() -> list[str]:
    """All registered event names."""
    return sorted(_EVENT_TYPES)


def revive(name: str, payload: dict[str, Any]) -> DomainEvent:
    """The event object of a stored event; fields it no longer has are dropped."""
    cls = _EVENT_TYPES[name]
    known = {field.name for field in fields(cls)}
    return cls(**{key: value for key, value in payload.items() if key in known})
