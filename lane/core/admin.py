"""The ground in the admin: jobs, events, heartbeats and slots."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from lane.core.actors import Actor
from lane.core.admin_base import InstallationAdmin, LaneAdmin, RowsInline
from lane.core.models import (
    ClockOffset,
    Event,
    EventDelivery,
    Heartbeat,
    IdempotentRequest,
    Job,
    ScheduleSlot,
)


@admin.register(Job)
class JobAdmin(LaneAdmin):
    """Long work and how far it came."""

    list_display = ("label", "kind", "state", "done", "total", "created_at", "finished_at")
    list_filter = ("state", "kind")
    search_fields = ("label", "public_id")
    date_hierarchy = "created_at"

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        # Jobs name no client, so only the person who started one sees it.
        return Job.objects.filter(organization_id=actor.organization_id, created_by_id=actor.user_id)


class DeliveryRows(RowsInline):
    """To whom an event is owed."""

    model = EventDelivery
    fields = ("handler", "state", "attempts", "next_at", "last_error", "done_at")


@admin.register(Event)
class EventAdmin(InstallationAdmin):
    """What happened and who was told."""

    list_display = ("name", "organization_id", "created_at")
    list_filter = ("name",)
    search_fields = ("name", "public_id")
    date_hierarchy = "created_at"
    inlines = (DeliveryRows,)


@admin.register(EventDelivery)
class EventDeliveryAdmin(InstallationAdmin):
    """Events owed to handlers; those given up need a look."""

    plural = "event deliveries"
    list_display = ("event_name", "handler", "state", "attempts", "next_at", "done_at")
    list_filter = ("state", "handler")
    list_select_related = ("event",)
    search_fields = ("handler", "event__name")

    @admin.display(description="event", ordering="event__name")
    def event_name(self, row: EventDelivery) -> str:
        """What happened."""
        return row.event.name


@admin.register(Heartbeat)
class HeartbeatAdmin(InstallationAdmin):
    """Which queues and sweepers were last seen alive."""

    list_display = ("name", "beat_at")
    search_fields = ("name",)


@admin.register(ScheduleSlot)
class ScheduleSlotAdmin(InstallationAdmin):
    """Which periodic job ran in which slot."""

    list_display = ("job", "slot_start", "created_at")
    list_filter = ("job",)
    date_hierarchy = "slot_start"


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(InstallationAdmin):
    """Which POSTs were answered; an answer may hold a new key, so it is not shown."""

    list_display = ("method", "path", "status", "principal", "organization_id", "created_at")
    list_filter = ("method", "status")
    search_fields = ("path", "principal")
    date_hierarchy = "created_at"
    hidden = ("response", "key")


@admin.register(ClockOffset)
class ClockOffsetAdmin(InstallationAdmin):
    """How far business time runs ahead; anything but zero belongs to a sandbox."""

    list_display = ("seconds",)
