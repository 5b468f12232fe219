"""A client-approved amount for a flight over a group of budgets."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from campaigns.models import Budget
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class BudgetPlan(PubliclyNamed, TimeStamped, ClientOwned):
    """How much may be spent from when to when over which budgets, and how Lane should get there.

    The amount is the sum of the plan's ledger entries; a trigger refuses anything else. Days are account-local:
    each account's own local day counts as the plan's day. Budgets in other currencies count by dated rates.
    """

    class Strategy(models.TextChoices):
        ADAPTIVE = "adaptive", "Adaptive"
        LINEAR = "linear", "Linear"
        ACCELERATED = "accelerated", "Accelerated"
        CONSERVATIVE = "conservative", "Conservative"

    class Landing(models.TextChoices):
        NONE = "none", "None"
        SOFT = "soft", "Soft"
        PRECISE = "precise", "Precise"

    class Mode(models.TextChoices):
        OBSERVE = "observe", "Observe only"
        RECOMMEND = "recommend", "Recommend"
        AUTO = "auto", "Act within limits"

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"
        ARCHIVED = "archived", "Archived"

    class AmountRule(models.TextChoices):
        OPEN = "open", "Editors change it directly"
        POLICY = "policy", "Admins directly, editors as far as the approval policy lets them"
        APPROVAL = "approval", "Always by approval"

    class Rollover(models.TextChoices):
        NONE = "none", "Nothing"
        UNDERSPEND = "underspend", "Money left over"
        OVERSPEND = "overspend", "Money overspent"
        BOTH = "both", "Both"

    name = models.CharField(max_length=120)
    amount_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    starts_on = models.DateField()
    ends_on = models.DateField()
    strategy = models.CharField(max_length=12, choices=Strategy.choices, default=Strategy.ADAPTIVE)
    landing = models.CharField(max_length=8, choices=Landing.choices, default=Landing.PRECISE)
    tolerance_ratio = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal("0.05"))
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.RECOMMEND)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SCHEDULED)
    pause_at_target = models.BooleanField(
        default=True, help_text="Pausing at the target is approved in advance."
    )
    amount_rule = models.CharField(
        max_length=8,
        choices=AmountRule.choices,
        default=AmountRule.POLICY,
        db_default=AmountRule.POLICY.value,
        help_text="Who may change the approved amount and the dates once the plan runs.",
    )
    rollover = models.CharField(
        max_length=10,
        choices=Rollover.choices,
        default=Rollover.NONE,
        db_default=Rollover.NONE.value,
        help_text="What of this cycle's difference goes into the next one.",
    )
    rollover_cap_ratio = models.DecimalField(
        max_digits=5,
        decimal_places=4,
        default=Decimal("0.10"),
        db_default=Decimal("0.10"),
        help_text="At most this share of the ended cycle's amount rolls over.",
    )
    series = models.ForeignKey(
        "pacing.PlanSeries", on_delete=models.PROTECT, null=True, blank=True, related_name="plans"
    )
    cycle_on = models.DateField(
        null=True, blank=True, help_text="First day of its cycle by the series, whatever its own dates say."
    )
    version = models.PositiveIntegerField(default=1)
    controller_state = models.JSONField(default=dict, blank=True)
    paused_reason = models.CharField(max_length=300, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    budgets: models.ManyToManyField[Budget, PlanBudget] = models.ManyToManyField(
        Budget, through="pacing.PlanBudget", related_name="plans"
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="pacing_plan_amount_positive"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="pacing_plan_flight_in_order"
            ),
            models.CheckConstraint(
                condition=Q(tolerance_ratio__gt=0, tolerance_ratio__lte=Decimal("0.5")),
                name="pacing_plan_tolerance_sane",
            ),
            models.CheckConstraint(
                condition=Q(rollover_cap_ratio__gte=0, rollover_cap_ratio__lte=1),
                name="pacing_plan_rollover_cap_sane",
            ),
            models.CheckConstraint(
                condition=Q(series__isnull=True, cycle_on__isnull=True)
                | Q(series__isnull=False, cycle_on__isnull=False),
                name="pacing_plan_cycle_with_series",
            ),
            models.UniqueConstraint(
                fields=["series", "cycle_on"],
                name="pacing_plan_one_per_cycle",
                condition=Q(series__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["organization", "status", "client"], name="pacing_plan_status")]

    def __str__(self) -> str:
        return self.name

    @property
    def days_total(self) -> int:
        """Length of the flight in days, both ends included."""
        return (self.ends_on - self.starts_on).days + 1


class PlanBudget(models.Model):
    """A budget under a plan. Dates and status are copied here so that the database can refuse overlaps."""

    plan = models.ForeignKey(BudgetPlan, on_delete=models.CASCADE, related_name="plan_budgets")
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="plan_budgets")
    starts_on = models.DateField()
    ends_on = models.DateField()
    status = models.CharField(max_length=10, choices=BudgetPlan.Status.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "budget"], name="pacing_plan_budget_once"),
            # int8range(id, id, '[]') needs no extension, unlike a gist operator class for bigint.
            ExclusionConstraint(
                name="pacing_budget_one_plan_at_a_time",
                index_type="gist",
                expressions=[
                    (
                        Func(F("budget_id"), F("budget_id"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(F("starts_on"), F("ends_on"), Value("[]"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status__in=["active", "scheduled", "paused"]),
            ),
        ]
