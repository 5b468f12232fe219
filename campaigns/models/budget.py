"""A platform budget: the unit that pacing writes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from campaigns.models.ad_account import AdAccount
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class Budget(PubliclyNamed, TimeStamped, ClientOwned):
    """An amount at a platform from which one or many ad campaigns (or one ad set) spend."""

    class Kind(models.TextChoices):
        DAILY = "daily", "Per day"
        LIFETIME = "lifetime", "Lifetime"
        NONE = "none", "No amount"

    class Carrier(models.TextChoices):
        BUDGET = "budget", "Budget entity"
        CAMPAIGN = "campaign", "Campaign"
        GROUP = "group", "Ad set"

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="budgets")
    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=400)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.DAILY)
    carrier = models.CharField(max_length=10, choices=Carrier.choices, default=Carrier.BUDGET)
    amount_micros = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    shared = models.BooleanField(default=False)
    raw_status = models.CharField(max_length=60, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(help_text="When the platform last listed it (business time, UTC).")
    floor_micros = models.BigIntegerField(
        null=True, blank=True, help_text="Lane never writes less than this."
    )
    ceiling_micros = models.BigIntegerField(
        null=True, blank=True, help_text="Lane never writes more than this."
    )
    recommend_only_reason = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Why automation only recommends here; empty when it may act.",
    )
    recommend_only_since = models.DateTimeField(null=True, blank=True)
    verified_micros = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="What Lane last wrote and read back; anything else at a sync is drift.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["ad_account", "external_id"], name="campaigns_budget_once"),
            models.CheckConstraint(
                condition=Q(amount_micros__isnull=True) | Q(amount_micros__gte=0),
                name="campaigns_budget_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BudgetSpender(models.Model):
    """Which campaigns or groups spend from a budget, in the keys the fact tables use; kept by the sync."""

    class Level(models.IntegerChoices):
        CAMPAIGN = 1, "Campaign"
        GROUP = 2, "Group"
        AD = 3, "Ad"

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="spenders")
    level = models.SmallIntegerField(choices=Level.choices)
    entity_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "entity_id"], name="campaigns_spender_one_budget")
        ]
        indexes = [models.Index(fields=["budget", "level", "entity_id"], name="campaigns_spender_budget")]


class BudgetValue(models.Model):
    """What a budget was worth on one account-local day: the last amount seen and the highest (platform rule)."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="values")
    on = models.DateField()
    last_micros = models.BigIntegerField()
    highest_micros = models.BigIntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["budget", "on"], name="campaigns_budget_value_once")]
