"""Daily totals and their freshness. The fact tables themselves have no single key and no admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from campaigns.models import AccountDay, AccountDayFreshness, AccountGuardDay, AdAccount
from lane.core.actors import Actor
from lane.core.admin_base import LaneAdmin, ScopedRelatedFilter, rows_of


@admin.register(AccountDay)
class AccountDayAdmin(LaneAdmin):
    """What an account spent on one of its days."""

    list_display = ("on", "ad_account", "client", "spend_micros_text", "impressions", "clicks", "conversions")
    list_filter = (("ad_account", ScopedRelatedFilter), ("client", ScopedRelatedFilter))
    list_select_related = ("ad_account", "client")
    search_fields = ("ad_account__name", "ad_account__external_id")
    date_hierarchy = "on"

    @admin.display(description="conversions", ordering="conversions_milli")
    def conversions(self, row: AccountDay) -> str | None:
        """Conversions, which platforms report in fractions."""
        if row.conversions_milli is None:
            return None
        whole, rest = divmod(row.conversions_milli, 1000)
        return f"{whole:,}.{rest:03d}".rstrip("0").rstrip(".")


class OfAccountAdmin(LaneAdmin):
    """Rows that are seen with their ad account."""

    list_filter: Any = (("ad_account", ScopedRelatedFilter),)
    list_select_related = ("ad_account",)
    search_fields = ("ad_account__name", "ad_account__external_id")
    date_hierarchy = "on"

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        visible = AdAccount.objects.visible_to(actor).order_by().values("pk")
        return rows_of(self.model, ad_account__in=visible)


@admin.register(AccountDayFreshness)
class AccountDayFreshnessAdmin(OfAccountAdmin):
    """When a day was last read, and whether the platform's total agrees with the facts."""

    plural = "freshness of account days"
    list_display = (
        "on",
        "ad_account",
        "fetched_at",
        "is_final",
        "platform_spend_micros_text",
        "facts_spend_micros_text",
    )
    list_filter = ("is_final", ("ad_account", ScopedRelatedFilter))


@admin.register(AccountGuardDay)
class AccountGuardDayAdmin(OfAccountAdmin):
    """How much automation has added to an account's budgets on one of its days."""

    plural = "automatic increases by day"
    list_display = ("on", "ad_account", "increased_micros_text", "writes")
