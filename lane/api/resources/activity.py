"""The audit trail, read-only."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from lane.accounts.filters import ActivityFilter
from lane.accounts.selectors import activity
from lane.api.fields import LaneSerializer
from lane.api.views import LaneReadViewSet
from lane.audit.models import AuditEntry


class AuditEntrySerializer(LaneSerializer):
    """One thing that happened. ``seq`` and ``hash`` are null until the entry is sealed into the chain."""

    hash = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = [
            "id", "at", "action", "actor_kind", "actor_label", "via", "object_type", "object_id", "object_label",
            "before", "after", "reason", "links", "request_id", "ip", "user_agent", "seq", "hash",
        ]  # fmt: skip
        read_only_fields = fields

    def get_hash(self, entry: AuditEntry) -> str | None:
        """The seal."""
        return entry.hash or None

    def to_representation(self, instance: AuditEntry) -> dict[str, Any]:
        """The entry; addresses and browsers of people are for admins only."""
        shown: dict[str, Any] = super().to_representation(instance)
        if not self.context["view"].shows_origin:
            shown["ip"] = shown["user_agent"] = None
        return shown


class ActivityViewSet(LaneReadViewSet[AuditEntry]):
    """Who did what, when, why, and what it was before."""

    queryset = AuditEntry.objects.none()
    serializer_class = AuditEntrySerializer
    filterset_class = ActivityFilter

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Entries the caller may read."""
        return activity.entries_for(self.actor)

    @property
    def shows_origin(self) -> bool:
        """Whether the caller sees where people acted from."""
        return activity.may_see_origin(self.actor)
