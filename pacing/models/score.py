"""How right a projection was, told once its day has come."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed
from pacing.models.plan import BudgetPlan
from pacing.models.run import PacingRun


class ProjectionScore(PubliclyNamed, ClientOwned):
    """One day's projection of one plan's end against what was spent in the end. Unique per plan and day.

    ``measured`` is false where what happened says nothing about the projection; ``why_not`` then says why, and
    no average counts it.
    """

    class Horizon(models.TextChoices):
        LAST_DAYS = "1-3", "1–3 days left"
        WEEK = "4-7", "4–7 days left"
        FORTNIGHT = "8-14", "8–14 days left"
        LONGER = "15+", "15 days left or more"

    class Basis(models.TextChoices):
        WITH = "with", "With the change of that day"
        WITHOUT = "without", "As things stood"

    class WhyNot(models.TextChoices):
        MEASURED = "", "Measured"
        TERMS_CHANGED = "terms_changed", "The plan's terms changed afterwards"
        APPLIED_LATE = "applied_late", "The change it asked for was applied more than a day later"

    plan = models.ForeignKey(BudgetPlan, on_delete=models.CASCADE, related_name="scores")
    run = models.ForeignKey(PacingRun, on_delete=models.SET_NULL, null=True, related_name="+")
    platform = models.CharField(max_length=20, blank=True, help_text="Empty where a plan spans several.")
    made_on = models.DateField(help_text="The plan's own day the projection was made on.")
    made_at = models.DateTimeField(help_text="Business time, UTC.")
    ended_on = models.DateField(help_text="Last day of the flight.")
    days_left = models.PositiveIntegerField()
    horizon = models.CharField(max_length=4, choices=Horizon.choices)
    basis = models.CharField(max_length=8, choices=Basis.choices)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField(help_text="The plan's amount when the projection was made.")
    p10_micros = models.BigIntegerField()
    p50_micros = models.BigIntegerField()
    p90_micros = models.BigIntegerField()
    actual_micros = models.BigIntegerField()
    error_ratio = models.DecimalField(
        max_digits=14, decimal_places=6, help_text="Projected minus actual end, as a share of the amount."
    )
    covered = models.BooleanField(help_text="The actual end lay between P10 and P90.")
    measured = models.BooleanField(default=True)
    why_not = models.CharField(max_length=16, choices=WhyNot.choices, blank=True)
    scored_at = models.DateTimeField(help_text="Business time, UTC.")
    corrected_at = models.DateTimeField(
        null=True, blank=True, help_text="When restated spend changed the actual end."
    )

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "made_on"], name="pacing_score_once_a_day"),
            models.CheckConstraint(
                condition=Q(measured=True, why_not="") | Q(measured=False) & ~Q(why_not=""),
                name="pacing_score_says_why_not",
            ),
            models.CheckConstraint(
                condition=Q(p10_micros__lte=models.F("p50_micros"), p50_micros__lte=models.F("p90_micros")),
                name="pacing_score_quantiles_in_order",
            ),
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="pacing_score_amount_positive"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "client", "platform", "-made_at"], name="pacing_score_recent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan}: {self.made_on}"
