"""Explanations in the admin, read-only: they are written once."""

from __future__ import annotations

from django.contrib import admin

from lane.core.admin_base import LaneAdmin, ScopedRelatedFilter
from pacing.models import Explanation


@admin.register(Explanation)
class ExplanationAdmin(LaneAdmin):
    """Why something was decided, as it was known then."""

    list_display = ("at", "title", "kind", "client", "plan", "portfolio", "actor_label")
    list_filter = ("kind", ("client", ScopedRelatedFilter))
    list_select_related = ("client", "plan", "portfolio")
    search_fields = ("title", "plan__name", "public_id", "subject_id", "search_text")
    date_hierarchy = "at"
