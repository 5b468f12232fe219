"""What exists at the platforms, as mirrored. Only Lane's own limits on a budget may be set here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from campaigns.models import Ad, AdCampaign, AdGroup, Budget, BudgetSpender, BudgetValue
from lane.accounts.admin_acting import ActingAdmin
from lane.core.actors import Actor
from lane.core.admin_base import LaneAdmin, RowsInline, ScopedRelatedFilter, rows_of

_OF_CLIENT = (("ad_account", ScopedRelatedFilter), ("client", ScopedRelatedFilter))


class ValueRows(RowsInline):
    """What a budget was worth day by day."""

    model = BudgetValue
    fields = ("on", "last_micros_text", "highest_micros_text", "seen_at")
    ordering = ("-on",)
    per_page = 10
    show_change_link = False


class SpenderRows(RowsInline):
    """Which campaigns or groups spend from a budget."""

    model = BudgetSpender
    fields = ("level", "entity_id")
    per_page = 10
    show_change_link = False


@admin.register(Budget)
class BudgetAdmin(ActingAdmin):
    """Budgets: the unit pacing writes."""

    list_display = (
        "name",
        "ad_account",
        "client",
        "kind",
        "amount_micros_text",
        "verified_micros_text",
        "shared",
        "recommend_only_reason",
        "seen_at",
        "removed_at",
    )
    list_filter = ("kind", "carrier", "shared", ("removed_at", admin.EmptyFieldListFilter), *_OF_CLIENT)
    list_select_related = ("ad_account", "client")
    search_fields = ("name", "external_id", "public_id")
    editable = ("floor_micros", "ceiling_micros")
    inlines = (ValueRows, SpenderRows)


class OfBudgetAdmin(LaneAdmin):
    """Rows that are seen with their budget."""

    list_select_related = ("budget",)
    search_fields = ("budget__name", "budget__external_id")

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        visible = Budget.objects.visible_to(actor).order_by().values("pk")
        return rows_of(self.model, budget__in=visible)


@admin.register(BudgetValue)
class BudgetValueAdmin(OfBudgetAdmin):
    """What budgets were worth on account-local days."""

    list_display = ("budget", "on", "last_micros_text", "highest_micros_text", "seen_at")
    date_hierarchy = "on"


@admin.register(BudgetSpender)
class BudgetSpenderAdmin(OfBudgetAdmin):
    """Who spends from which budget, in the keys of the facts."""

    list_display = ("budget", "level", "entity_id")
    list_filter = ("level",)


@admin.register(AdCampaign)
class AdCampaignAdmin(LaneAdmin):
    """Campaigns at the platforms."""

    list_display = (
        "name",
        "ad_account",
        "client",
        "status",
        "budget",
        "spend_cap_micros_text",
        "bid_kind",
        "starts_on",
        "ends_on",
        "seen_at",
    )
    list_filter = ("status", ("removed_at", admin.EmptyFieldListFilter), *_OF_CLIENT)
    list_select_related = ("ad_account", "client", "budget")
    search_fields = ("name", "external_id", "public_id")


@admin.register(AdGroup)
class AdGroupAdmin(LaneAdmin):
    """Ad groups and ad sets."""

    list_display = ("name", "ad_campaign", "ad_account", "status", "budget", "seen_at")
    list_filter = ("status", *_OF_CLIENT)
    list_select_related = ("ad_campaign", "ad_account", "budget")
    search_fields = ("name", "external_id", "public_id")


@admin.register(Ad)
class AdAdmin(LaneAdmin):
    """Advertisements."""

    list_display = ("name", "ad_group", "ad_account", "status", "seen_at")
    list_filter = ("status", *_OF_CLIENT)
    list_select_related = ("ad_group", "ad_account")
    search_fields = ("name", "external_id", "public_id")
