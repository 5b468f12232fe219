"""What syncs did, what platforms simulated, and budgets that others changed."""

from __future__ import annotations

from django.contrib import admin

from campaigns.models import BudgetSimulation, Drift, SyncRun
from lane.core.admin_base import LaneAdmin, ScopedRelatedFilter


@admin.register(SyncRun)
class SyncRunAdmin(LaneAdmin):
    """One sync of one account."""

    list_display = (
        "started_at",
        "ad_account",
        "kind",
        "state",
        "days_done",
        "days_total",
        "rows_read",
        "rows_changed",
        "error_kind",
    )
    list_filter = (
        "state",
        "kind",
        "error_kind",
        ("ad_account", ScopedRelatedFilter),
        ("client", ScopedRelatedFilter),
    )
    list_select_related = ("ad_account",)
    search_fields = ("ad_account__name", "ad_account__external_id", "error", "public_id")
    date_hierarchy = "started_at"


@admin.register(Drift)
class DriftAdmin(LaneAdmin):
    """Amounts that are not what Lane last wrote; they are settled on the account's page."""

    plural = "differences (drift)"
    list_display = (
        "budget",
        "field",
        "ad_campaign",
        "client",
        "expected_micros_text",
        "observed_micros_text",
        "edited_by",
        "state",
        "seen_at",
    )
    list_filter = ("state", "field", ("client", ScopedRelatedFilter))
    list_select_related = ("budget", "ad_campaign", "client")
    search_fields = ("budget__name", "edited_by")
    date_hierarchy = "seen_at"


@admin.register(BudgetSimulation)
class BudgetSimulationAdmin(LaneAdmin):
    """What a platform estimates a campaign would have got with other budgets."""

    list_display = ("ad_campaign", "client", "starts_on", "ends_on", "point_count", "fetched_at")
    list_filter = (("client", ScopedRelatedFilter),)
    list_select_related = ("ad_campaign", "client")
    search_fields = ("ad_campaign__name", "ad_campaign__external_id")
    date_hierarchy = "fetched_at"

    @admin.display(description="Points")
    def point_count(self, row: BudgetSimulation) -> int:
        """How many budgets it tells of."""
        return len(row.points)
