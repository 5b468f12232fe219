"""Shortfalls and offers in the admin, read-only: they follow the looks, and are taken on the plan."""

from __future__ import annotations

from django.contrib import admin

from lane.core.admin_base import LaneAdmin, ScopedRelatedFilter
from pacing.models import Offer, Shortfall


@admin.register(Shortfall)
class ShortfallAdmin(LaneAdmin):
    """Plans that cannot spend their amount."""

    list_display = (
        "plan", "client", "cause", "amount_micros_text", "achievable_micros_text", "opened_at", "accepted_at",
        "resolved_at", "resolution",
    )  # fmt: skip
    list_filter = ("cause", "resolution", ("client", ScopedRelatedFilter))
    list_select_related = ("plan", "client")
    search_fields = ("plan__name", "public_id", "accepted_label")
    date_hierarchy = "opened_at"


@admin.register(Offer)
class OfferAdmin(LaneAdmin):
    """Ways out of shortfalls."""

    list_display = (
        "plan",
        "kind",
        "state",
        "to_plan",
        "expected_end_micros_text",
        "offered_at",
        "taken_label",
    )
    list_filter = ("kind", "state", ("client", ScopedRelatedFilter))
    list_select_related = ("plan", "to_plan")
    search_fields = ("plan__name", "public_id", "text")
    date_hierarchy = "offered_at"
