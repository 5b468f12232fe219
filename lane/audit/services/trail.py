"""Writing the trail: one row per business event, in the transaction that did the thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models

from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.actors import Actor

_SECRET_FIELDS = ("password", "secret", "token", "digest", "sealed")


def record(
    action: str,
    *,
    actor: Actor,
    obj: models.Model | None = None,
    object_type: str = "",
    object_id: str = "",
    object_label: str = "",
    client_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    links: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry. Call it inside the transaction that changes the thing."""
    if obj is not None:
        object_type = object_type or obj._meta.label_lower
        object_id = object_id or str(getattr(obj, "public_id", obj.pk))
        object_label = object_label or str(obj)
        client_id = client_id if client_id is not None else _client_of(obj)
    return AuditEntry.objects.create(
        organization_id=actor.organization_id,
        client_id=client_id,
        at=clock.now(),
        actor_kind=str(actor.kind),
        actor_id=actor.user_id,
        actor_label=actor.label[:200],
        via=actor.via,
        ip=actor.ip,
        user_agent=actor.user_agent[:300],
        request_id=actor.request_id,
        action=action,
        object_type=object_type,
        object_id=object_id,
        object_label=object_label[:300],
        before=plain(before or {}),
        after=plain(after or {}),
        reason=reason,
        links=plain(links or {}),
    )


@contextmanager
def recording(
    obj: models.Model, action: str, *, actor: Actor, reason: str = "", links: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Record which fields of an object the block changed, before and after; nothing when none did."""
    before = snapshot(obj)
    yield
    after = snapshot(obj)
    changed = [key for key in after if before.get(key) != after[key] and key != "updated_at"]
    if changed:
        record(
            action,
            actor=actor,
            obj=obj,
            before={key: before.get(key) for key in changed},
            after={key: after[key] for key in changed},
            reason=reason,
            links=links,
        )


def snapshot(obj: models.Model) -> dict[str, Any]:
    """The object's own columns as JSON values, without secrets."""
    return {
        field.attname: plain(getattr(obj, field.attname))
        for field in obj._meta.concrete_fields
        if not any(word in field.name for word in _SECRET_FIELDS)
        and not isinstance(field, models.BinaryField)
    }


def plain(value: Any) -> Any:
    """A value as JSON can keep it; decimals and ids become text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _client_of(obj: models.Model) -> int | None:
    if obj._meta.label_lower == "accounts.client":
        return int(obj.pk)
    return getattr(obj, "client_id", None)
