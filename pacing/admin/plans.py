"""Plans, looks at them and recommendations in the admin, read-only: plans change by version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from lane.core.actors import Actor
from lane.core.admin_base import LaneAdmin, RowsInline, ScopedRelatedFilter, rows_of
from pacing.models import BudgetPlan, PacingRun, PlanBudget, PlanSnapshot, Recommendation


class PlanBudgetRows(RowsInline):
    """The budgets of a plan."""

    model = PlanBudget
    fields = ("budget", "starts_on", "ends_on", "status")
    show_change_link = False


@admin.register(BudgetPlan)
class BudgetPlanAdmin(LaneAdmin):
    """Approved amounts for flights."""

    list_display = (
        "name",
        "client",
        "amount_micros_text",
        "starts_on",
        "ends_on",
        "strategy",
        "mode",
        "status",
    )
    list_filter = ("status", "mode", "strategy", "landing", ("client", ScopedRelatedFilter))
    list_select_related = ("client",)
    search_fields = ("name", "public_id", "client__name")
    date_hierarchy = "starts_on"
    inlines = (PlanBudgetRows,)


class OfPlanAdmin(LaneAdmin):
    """Rows that are seen with their plan."""

    list_select_related: Any = ("plan",)
    search_fields: Any = ("plan__name",)

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        visible = BudgetPlan.objects.visible_to(actor).order_by().values("pk")
        return rows_of(self.model, plan__in=visible)


@admin.register(PlanBudget)
class PlanBudgetAdmin(OfPlanAdmin):
    """Which budget runs under which plan, and when."""

    list_display = ("plan", "budget", "starts_on", "ends_on", "status")
    list_filter = ("status",)
    list_select_related = ("plan", "budget")
    search_fields = ("plan__name", "budget__name")


@admin.register(PacingRun)
class PacingRunAdmin(OfPlanAdmin):
    """One look at one plan: numbers in, decision out, reasons."""

    list_display = (
        "at",
        "plan",
        "health",
        "decision",
        "spent_micros_text",
        "expected_micros_text",
        "projected_p50_micros_text",
        "on_demand",
    )
    list_filter = ("health", "decision", "on_demand", ("client", ScopedRelatedFilter))
    search_fields = ("plan__name", "public_id")
    date_hierarchy = "at"


@admin.register(PlanSnapshot)
class PlanSnapshotAdmin(OfPlanAdmin):
    """The latest numbers of each plan."""

    list_display = (
        "plan",
        "health",
        "spent_micros_text",
        "expected_micros_text",
        "miss_micros_text",
        "data_as_of",
        "as_of",
    )
    list_filter = ("health", ("client", ScopedRelatedFilter))


@admin.register(Recommendation)
class RecommendationAdmin(LaneAdmin):
    """Proposed changes and what became of them."""

    list_display = ("plan", "kind", "state", "now_micros_text", "new_micros_text", "created_at", "expires_at")
    list_filter = ("state", "kind", ("client", ScopedRelatedFilter))
    list_select_related = ("plan",)
    search_fields = ("plan__name", "public_id", "decline_reason")
    date_hierarchy = "created_at"
