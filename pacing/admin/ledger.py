"""The approved-budget ledger, amendments, series and exchange rates in the admin, read-only."""

from __future__ import annotations

from django.contrib import admin

from lane.core.admin_base import LaneAdmin, ScopedRelatedFilter
from pacing.models import FxRate, LedgerEntry, PlanAmendment, PlanSeries


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LaneAdmin):
    """Every step of every plan's approved amount. Kept as it is, by a trigger."""

    list_display = (
        "at",
        "plan",
        "kind",
        "amount_micros_text",
        "asked_label",
        "approved_label",
        "via",
        "is_provisional",
    )
    list_filter = ("kind", "via", "is_provisional", ("client", ScopedRelatedFilter))
    list_select_related = ("plan",)
    search_fields = ("plan__name", "public_id", "asked_label", "approved_label", "approval_id", "reason")
    date_hierarchy = "at"


@admin.register(PlanAmendment)
class PlanAmendmentAdmin(LaneAdmin):
    """Changes of approved amounts and what became of them."""

    list_display = (
        "plan",
        "state",
        "base_amount_micros_text",
        "new_amount_micros_text",
        "new_ends_on",
        "effective_on",
        "asked_label",
        "created_at",
    )
    list_filter = ("state", ("client", ScopedRelatedFilter))
    list_select_related = ("plan",)
    search_fields = ("plan__name", "public_id", "reason", "asked_label")
    date_hierarchy = "created_at"


@admin.register(PlanSeries)
class PlanSeriesAdmin(LaneAdmin):
    """Recurring plans."""

    list_display = (
        "name",
        "client",
        "cadence",
        "amount_micros_text",
        "anchor_on",
        "rollover",
        "is_active",
        "problem",
    )
    list_filter = ("is_active", "cadence", "rollover", ("client", ScopedRelatedFilter))
    list_select_related = ("client",)
    search_fields = ("name", "public_id", "client__name")


@admin.register(FxRate)
class FxRateAdmin(LaneAdmin):
    """Exchange rates by day, as entered or imported."""

    list_display = ("on", "base", "quote", "rate", "source", "entered_label")
    list_filter = ("base", "quote", "source")
    search_fields = ("base", "quote", "entered_label")
    date_hierarchy = "on"
