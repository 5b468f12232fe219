"""What was proposed, approved and written. Nothing here can be changed: the ledger moves its own rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from campaigns.models import Change, ChangeSet, KillSwitch, WriteCall
from campaigns.selectors import kill_switches
from lane.core.actors import Actor
from lane.core.admin_base import LaneAdmin, RowsInline, ScopedRelatedFilter


class ChangeRows(RowsInline):
    """The changes of a set."""

    model = Change
    fields = ("entity_key", "field", "base_micros_text", "target_micros_text", "target_status", "state")


@admin.register(ChangeSet)
class ChangeSetAdmin(LaneAdmin):
    """Changes with one reason, approved as a whole."""

    list_display = ("title", "client", "state", "version", "origin", "proposed_by_label", "created_at")
    list_filter = ("state", "origin", "proposed_by_kind", ("client", ScopedRelatedFilter))
    list_select_related = ("client",)
    search_fields = ("title", "public_id", "approval_id")
    date_hierarchy = "created_at"
    inlines = (ChangeRows,)


class CallRows(RowsInline):
    """The calls of a change: written down before each was sent."""

    model = WriteCall
    fields = ("sent_at", "answered_at", "answer", "message", "request_id", "fence")


@admin.register(Change)
class ChangeAdmin(LaneAdmin):
    """One absolute target on one entity."""

    list_display = (
        "target",
        "field",
        "ad_account",
        "base_micros_text",
        "target_micros_text",
        "target_status",
        "state",
        "is_automatic",
        "created_at",
    )
    list_filter = (
        "state",
        "field",
        "is_automatic",
        "is_guard",
        ("ad_account", ScopedRelatedFilter),
        ("client", ScopedRelatedFilter),
    )
    list_select_related = ("ad_account", "budget", "ad_campaign")
    search_fields = ("public_id", "entity_key", "budget__name", "ad_campaign__name", "change_set__title")
    date_hierarchy = "created_at"
    inlines = (CallRows,)

    @admin.display(description="of", ordering="entity_key")
    def target(self, row: Change) -> str:
        """What is changed."""
        return str(row.budget or row.ad_campaign or row.entity_key)


@admin.register(WriteCall)
class WriteCallAdmin(LaneAdmin):
    """Calls that were about to be sent, and how they were answered."""

    list_display = ("sent_at", "change_key", "answer", "answered_at", "message", "request_id")
    list_filter = ("answer",)
    list_select_related = ("change",)
    search_fields = ("change__public_id", "change__entity_key", "request_id", "message")
    date_hierarchy = "sent_at"

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return WriteCall.objects.filter(change__in=Change.objects.visible_to(actor).order_by().values("pk"))

    @admin.display(description="change", ordering="change__entity_key")
    def change_key(self, row: WriteCall) -> str:
        """The entity that was written to."""
        return f"{row.change.entity_key} ({row.change.field})"


@admin.register(KillSwitch)
class KillSwitchAdmin(LaneAdmin):
    """Every stop of writes, and who allowed them again; both happen on the front page."""

    plural = "kill switches"
    list_display = (
        "scope",
        "organization",
        "reason",
        "stopped_by_label",
        "stopped_at",
        "resumed_by_label",
        "resumed_at",
    )
    list_filter = (
        ("resumed_at", admin.EmptyFieldListFilter),
        "platform",
        ("organization", ScopedRelatedFilter),
    )
    list_select_related = ("organization", "client", "connection")
    search_fields = ("reason", "stopped_by_label", "resume_reason")
    date_hierarchy = "stopped_at"

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return kill_switches.switches_for(actor)

    @admin.display(description="stops")
    def scope(self, row: KillSwitch) -> str:
        """What it stops, in words."""
        return kill_switches.scope_words(row)
