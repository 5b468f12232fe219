"""The audit trail: read by those who may read it in the product, changed by nobody.

Registered here and not beside its models, because who may read an entry is decided by memberships.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from lane.accounts.selectors.activity import entries_for, may_see_origin
from lane.audit.models import AuditEntry, AuditHead
from lane.core.actors import Actor
from lane.core.admin_base import LaneAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(LaneAdmin):
    """What happened: who, through which door, why."""

    list_display = ("at", "actor_label", "via", "action", "object_label", "short_reason", "seq")
    list_filter = ("actor_kind", "via", "action")
    search_fields = ("actor_label", "action", "object_label", "object_id", "request_id")
    date_hierarchy = "at"

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return entries_for(actor)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        actor = getattr(request, "actor", None)
        if request.user.is_superuser or (actor and may_see_origin(actor)):
            return fields
        return [name for name in fields if name not in ("ip", "user_agent")]

    @admin.display(description="reason")
    def short_reason(self, row: AuditEntry) -> str:
        """The reason in one line."""
        return row.reason if len(row.reason) <= 60 else f"{row.reason[:59]}…"


@admin.register(AuditHead)
class AuditHeadAdmin(LaneAdmin):
    """How far each organization's chain is sealed and when it was last checked."""

    list_display = ("organization_id", "seq", "sealed_at", "verified_at", "verified_ok")
    list_filter = ("verified_ok",)

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return AuditHead.objects.filter(organization_id=actor.organization_id)
