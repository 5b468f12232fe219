"""What a platform itself estimates a campaign would have got with other budgets."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from campaigns.models.ad_campaign import AdCampaign
from lane.accounts.models import ClientOwned


class BudgetSimulation(ClientOwned):
    """One simulation of one campaign over the account-local days ``starts_on``..``ends_on``, as last read.

    Money is micros of the account's currency. Cost and results of a point are totals over those days; its budget
    is an amount a day.
    """

    ad_campaign = models.ForeignKey(AdCampaign, on_delete=models.CASCADE, related_name="budget_simulations")
    starts_on = models.DateField()
    ends_on = models.DateField()
    points = models.JSONField(
        help_text="budget_micros a day; cost_micros, conversions_milli and conversion_value_micros over all days; "
        "null where the platform does not tell."
    )
    fetched_at = models.DateTimeField(help_text="When the platform told it (business time, UTC).")

    class Meta:
        ordering = ["-ends_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ad_campaign", "starts_on", "ends_on"], name="campaigns_simulation_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="campaigns_simulation_in_order"
            ),
        ]

    @property
    def days(self) -> int:
        """Days the totals of its points are over."""
        return (self.ends_on - self.starts_on).days + 1
