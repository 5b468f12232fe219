"""Portfolios, their arms, looks, moves and experiments in the admin, read-only: they change by their services."""

from __future__ import annotations

from django.contrib import admin

from lane.core.admin_base import LaneAdmin, RowsInline, ScopedRelatedFilter
from pacing.models import (
    AllocationLook,
    AllocationMove,
    ArmBudget,
    Experiment,
    GroupLimit,
    Portfolio,
    PortfolioArm,
)


class ArmRows(RowsInline):
    """The arms of a portfolio."""

    model = PortfolioArm
    fields = ("label", "kind", "group", "locked", "floor_micros", "cap_micros", "last_moved_at", "removed_at")


class GroupRows(RowsInline):
    """The groups of a portfolio."""

    model = GroupLimit
    fields = ("name", "min_ratio", "max_ratio")


class ArmBudgetRows(RowsInline):
    """The budgets of an arm."""

    model = ArmBudget
    fields = ("budget", "holds")
    show_change_link = False


class MoveRows(RowsInline):
    """What a look would move."""

    model = AllocationMove
    fields = ("arm", "now_micros", "new_micros", "next_100_now", "next_100_new", "propensity")


@admin.register(Portfolio)
class PortfolioAdmin(LaneAdmin):
    """Arms that share a day's money."""

    list_display = ("name", "client", "state", "mode", "goal", "daily_micros_text", "next_look_at")
    list_filter = ("state", "mode", "goal", "exploration", ("client", ScopedRelatedFilter))
    list_select_related = ("client",)
    search_fields = ("name", "public_id", "client__name")
    inlines = (ArmRows, GroupRows)


@admin.register(PortfolioArm)
class PortfolioArmAdmin(LaneAdmin):
    """What money can go to."""

    list_display = (
        "label",
        "portfolio",
        "kind",
        "locked",
        "floor_micros_text",
        "cap_micros_text",
        "last_moved_at",
    )
    list_filter = ("kind", "locked", ("client", ScopedRelatedFilter))
    list_select_related = ("portfolio",)
    search_fields = ("label", "portfolio__name", "public_id")
    inlines = (ArmBudgetRows,)


@admin.register(ArmBudget)
class ArmBudgetAdmin(LaneAdmin):
    """Which budget carries which arm, and who holds it."""

    list_display = ("budget", "arm", "holds")
    list_filter = ("holds", ("client", ScopedRelatedFilter))
    list_select_related = ("budget", "arm")
    search_fields = ("budget__name", "arm__label")


@admin.register(GroupLimit)
class GroupLimitAdmin(LaneAdmin):
    """The shares that groups of arms may have."""

    list_display = ("name", "portfolio", "min_ratio", "max_ratio")
    list_filter = (("client", ScopedRelatedFilter),)
    list_select_related = ("portfolio",)
    search_fields = ("name", "portfolio__name")


@admin.register(AllocationLook)
class AllocationLookAdmin(LaneAdmin):
    """One look at one portfolio: numbers in, decision out, and what became of it."""

    list_display = (
        "at",
        "portfolio",
        "decision",
        "proposal",
        "now_micros_text",
        "new_micros_text",
        "probability",
        "on_demand",
    )
    list_filter = ("decision", "proposal", "on_demand", ("client", ScopedRelatedFilter))
    list_select_related = ("portfolio",)
    search_fields = ("portfolio__name", "public_id", "decline_reason")
    date_hierarchy = "at"
    inlines = (MoveRows,)


@admin.register(AllocationMove)
class AllocationMoveAdmin(LaneAdmin):
    """What each arm had and gets in a proposed split."""

    list_display = ("arm", "look", "now_micros_text", "new_micros_text", "propensity")
    list_filter = (("client", ScopedRelatedFilter),)
    list_select_related = ("arm", "look__portfolio")
    search_fields = ("arm__label", "public_id")


@admin.register(Experiment)
class ExperimentAdmin(LaneAdmin):
    """What was tried on purpose."""

    list_display = (
        "arm",
        "portfolio",
        "kind",
        "state",
        "step_micros_text",
        "used_micros_text",
        "propensity",
        "starts_on",
    )
    list_filter = ("kind", "state", ("client", ScopedRelatedFilter))
    list_select_related = ("arm", "portfolio")
    search_fields = ("arm__label", "portfolio__name", "public_id")
