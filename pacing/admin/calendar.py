"""Planned events and learned figures in the admin, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from lane.core.admin_base import LaneAdmin, ScopedRelatedFilter
from pacing.models import LearnedShape, PlannedEvent


@admin.register(PlannedEvent)
class PlannedEventAdmin(LaneAdmin):
    """Days of a client that count for more, less or nothing."""

    list_display = ("name", "client", "kind", "starts_on", "ends_on", "factor", "platform", "recurs_yearly")
    list_filter = ("kind", "platform", "recurs_yearly", ("client", ScopedRelatedFilter))
    list_select_related = ("client",)
    search_fields = ("name", "note", "public_id", "client__name")
    date_hierarchy = "starts_on"


@admin.register(LearnedShape)
class LearnedShapeAdmin(LaneAdmin):
    """What accounts' own history says about their days."""

    list_display = ("scope", "scope_id", "client", "platform", "kind", "shown_numbers", "n_days", "as_of")
    list_filter = ("kind", "scope", "platform", ("client", ScopedRelatedFilter))
    list_select_related = ("client",)
    search_fields = ("client__name",)

    @admin.display(description="Numbers")
    def shown_numbers(self, row: Any) -> str:
        """The numbers by name."""
        return ", ".join(f"{name} {number:g}" for name, number in row.values.items())
