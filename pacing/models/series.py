"""Recurring plans: one amount for every week, month, quarter or cycle of days."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models import Budget
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped
from pacing.models.plan import BudgetPlan


class PlanSeries(PubliclyNamed, TimeStamped, ClientOwned):
    """The terms from which Lane makes the plan of each cycle before it begins."""

    class Cadence(models.TextChoices):
        WEEK = "week", "Every week"
        MONTH = "month", "Every month"
        QUARTER = "quarter", "Every quarter"
        CUSTOM = "custom", "Every so many days"

    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    cadence = models.CharField(max_length=8, choices=Cadence.choices, default=Cadence.MONTH)
    cycle_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Length of a custom cycle."
    )
    anchor_on = models.DateField(help_text="First day of the first cycle; later cycles keep its day.")
    last_on = models.DateField(null=True, blank=True, help_text="No cycle begins after this day.")
    amount_micros = models.BigIntegerField(help_text="Base amount of every cycle.")
    strategy = models.CharField(
        max_length=12, choices=BudgetPlan.Strategy.choices, default=BudgetPlan.Strategy.ADAPTIVE
    )
    landing = models.CharField(
        max_length=8, choices=BudgetPlan.Landing.choices, default=BudgetPlan.Landing.SOFT
    )
    tolerance_ratio = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal("0.05"))
    mode = models.CharField(max_length=10, choices=BudgetPlan.Mode.choices, default=BudgetPlan.Mode.RECOMMEND)
    pause_at_target = models.BooleanField(default=True)
    amount_rule = models.CharField(
        max_length=8, choices=BudgetPlan.AmountRule.choices, default=BudgetPlan.AmountRule.POLICY
    )
    rollover = models.CharField(
        max_length=10, choices=BudgetPlan.Rollover.choices, default=BudgetPlan.Rollover.NONE
    )
    rollover_cap_ratio = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal("0.10"))
    make_ahead_days = models.PositiveSmallIntegerField(
        default=3, help_text="How long before its first day a cycle's plan is made."
    )
    is_active = models.BooleanField(default=True)
    problem = models.CharField(
        max_length=500, blank=True, help_text="Why the next plan could not be made; empty when it could."
    )
    version = models.PositiveIntegerField(default=1)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    budgets = models.ManyToManyField(Budget, related_name="plan_series")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "plan series"
        constraints = [
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="pacing_series_amount_positive"),
            models.CheckConstraint(
                condition=Q(cadence="custom", cycle_days__gte=1, cycle_days__lte=366)
                | (~Q(cadence="custom") & Q(cycle_days__isnull=True)),
                name="pacing_series_custom_has_days",
            ),
            models.CheckConstraint(
                condition=Q(rollover_cap_ratio__gte=0, rollover_cap_ratio__lte=1),
                name="pacing_series_rollover_cap_sane",
            ),
            models.CheckConstraint(
                condition=Q(make_ahead_days__lte=31), name="pacing_series_make_ahead_sane"
            ),
        ]

    def __str__(self) -> str:
        return self.name
