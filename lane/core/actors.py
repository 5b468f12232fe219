"""Who is acting. Every service takes an ``Actor``; nothing happens without one."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import Any


class ActorKind(enum.StrEnum):
    """What kind of being acts."""

    PERSON = "person"
    LINK = "link"  # an approver holding an emailed link
    API_KEY = "api_key"
    RULE = "rule"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which organization, through which door.

    ``user_id`` is the responsible person: the person, the link's approver, the owner of the key, rule or
    agent. ``scopes`` and ``client_ids`` narrow an API key; None means not narrowed. ``cache`` lives as long
    as one request or task and never longer.
    """

    kind: ActorKind
    organization_id: int
    user_id: int | None = None
    label: str = ""
    via: str = ""
    request_id: str = ""
    ip: str = ""
    user_agent: str = ""
    scopes: frozenset[str] | None = None
    client_ids: frozenset[int] | None = None
    cache: dict[str, Any] = field(default_factory=dict, compare=False, repr=False, hash=False)

    @classmethod
    def system(cls, organization_id: int, name: str) -> Actor:
        """Lane itself, doing a job of that name."""
        return cls(ActorKind.SYSTEM, organization_id, label=f"Lane ({name})", via="task")

    @property
    def is_system(self) -> bool:
        """Whether Lane itself acts."""
        return self.kind is ActorKind.SYSTEM

    def through(self, via: str) -> Actor:
        """The same actor coming through another door."""
        return replace(self, via=via, cache=self.cache)

    def as_record(self) -> dict[str, Any]:
        """What an event or audit entry keeps of the actor."""
        return {
            "kind": str(self.kind),
            "user_id": self.user_id,
            "label": self.label,
            "via": self.via,
            "request_id": self.request_id,
        }
