"""Scores of projections in the admin, read-only."""

from __future__ import annotations

from django.contrib import admin

from lane.core.admin_base import LaneAdmin, ScopedRelatedFilter
from pacing.models import ProjectionScore


@admin.register(ProjectionScore)
class ProjectionScoreAdmin(LaneAdmin):
    """How right each day's projection of a plan's end was."""

    list_display = (
        "plan",
        "made_on",
        "horizon",
        "basis",
        "p50_micros_text",
        "actual_micros_text",
        "error_ratio",
        "covered",
        "measured",
    )
    list_filter = ("horizon", "basis", "covered", "measured", "platform", ("client", ScopedRelatedFilter))
    list_select_related = ("plan",)
    search_fields = ("plan__name", "public_id")
    date_hierarchy = "made_on"
