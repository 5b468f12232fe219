"""What one person is told about one thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lane.accounts import policies
from lane.accounts.models import User
from notifications.models import Notification

Severity = Notification.Severity


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. With ``mail`` an e-mail of that name follows, rendered from ``params`` when it is sent."""

    user: User
    organization_id: int
    kind: str
    title: str
    dedupe_key: str
    client_id: int | None = None
    severity: Severity = Severity.NORMAL
    body: str = ""
    url: str = ""
    mail: str = ""
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silent:
    """An event nobody is told about, and why."""

    because: str


def people_who_may(
    verb: str, *, organization_id: int, client_id: int | None, without: Iterable[int | None] = ()
) -> list[User]:
    """Active people with this right, leaving some out."""
    left_out = set(without)
    held = policies.holders(verb, organization_id=organization_id, client_id=client_id)
    return [user for user in held if user.pk not in left_out]
