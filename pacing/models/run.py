"""Looks at plans, what they found, and what they propose."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from lane.accounts.models import Client, ClientOwned, Organization
from lane.core.models import PubliclyNamed, TimeStamped
from pacing.models.plan import BudgetPlan


class PlanHealth(models.TextChoices):
    """The status words of the product."""

    ON_TRACK = "on_track", "On track"
    AHEAD = "ahead", "Ahead"
    BEHIND = "behind", "Behind"
    CANNOT_SPEND = "cannot_spend", "Cannot spend"
    UNKNOWN = "unknown", "Unknown"
    PAUSED = "paused", "Paused"
    STALE = "stale", "Stale"
    SCHEDULED = "scheduled", "Scheduled"
    ENDED = "ended", "Ended"
    ACCEPTED = "accepted", "Shortfall accepted"


class PacingRun(PubliclyNamed):
    """One look at one plan in one two-hour slot: numbers in, decision out, reasons. Unique per slot."""

    class Decision(models.TextChoices):
        HOLD = "hold", "Hold"
        PROPOSE = "propose", "Propose"
        PAUSE = "pause", "Pause"
        RESUME = "resume", "Resume"
        SKIP = "skip", "Skip"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(BudgetPlan, on_delete=models.CASCADE, related_name="runs")
    slot = models.DateTimeField(help_text="Start of the two-hour slot, business time, UTC.")
    at = models.DateTimeField(help_text="Business time, UTC.")
    on_demand = models.BooleanField(default=False)
    health = models.CharField(max_length=12, choices=PlanHealth.choices)
    decision = models.CharField(max_length=8, choices=Decision.choices)
    inputs = models.JSONField(default=dict, help_text="Everything the controller was given for this plan.")
    reasons = models.JSONField(default=list, help_text="Reason codes with their numbers, strongest first.")
    spent_micros = models.BigIntegerField(null=True)
    expected_micros = models.BigIntegerField(null=True)
    projected_p10_micros = models.BigIntegerField(null=True)
    projected_p50_micros = models.BigIntegerField(null=True)
    projected_p90_micros = models.BigIntegerField(null=True)
    with_p10_micros = models.BigIntegerField(null=True)
    with_p50_micros = models.BigIntegerField(null=True)
    with_p90_micros = models.BigIntegerField(null=True)
    budget_micros = models.BigIntegerField(null=True)
    wanted_micros = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-slot", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "slot"], condition=Q(on_demand=False), name="pacing_run_once_per_slot"
            )
        ]
        indexes = [models.Index(fields=["plan", "-at"], name="pacing_run_recent")]


class PlanSnapshot(models.Model):
    """The latest numbers of each plan, in the order the pacing table shows them."""

    plan = models.OneToOneField(
        BudgetPlan, on_delete=models.CASCADE, primary_key=True, related_name="snapshot"
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    health = models.CharField(max_length=12, choices=PlanHealth.choices)
    reason = models.JSONField(default=dict, help_text="The strongest reason: code and numbers.")
    spent_micros = models.BigIntegerField(null=True)
    expected_micros = models.BigIntegerField(null=True)
    projected_p10_micros = models.BigIntegerField(null=True)
    projected_p50_micros = models.BigIntegerField(null=True)
    projected_p90_micros = models.BigIntegerField(null=True)
    miss_micros = models.BigIntegerField(
        null=True, help_text="Projected end minus amount; negative is under."
    )
    abs_miss_micros = models.BigIntegerField(default=0)
    budget_micros = models.BigIntegerField(null=True, help_text="Daily amount of all budgets together.")
    needed_per_day_micros = models.BigIntegerField(null=True)
    days_left = models.IntegerField(null=True)
    platforms = models.JSONField(default=list)
    data_as_of = models.DateTimeField(null=True, help_text="Oldest report among the plan's accounts.")
    final_through = models.DateField(null=True)
    as_of = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-abs_miss_micros", "plan"], name="pacing_snapshot_risk"),
            models.Index(
                fields=["organization", "client", "-abs_miss_micros"], name="pacing_snapshot_client"
            ),
            models.Index(fields=["organization", "health"], name="pacing_snapshot_health"),
        ]


class Recommendation(PubliclyNamed, TimeStamped, ClientOwned):
    """A proposed change with its evidence; accepting makes a change set, declining says why."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Expired"
        SUPERSEDED = "superseded", "Superseded"

    plan = models.ForeignKey(BudgetPlan, on_delete=models.CASCADE, related_name="recommendations")
    run = models.ForeignKey(PacingRun, on_delete=models.CASCADE, related_name="recommendations")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    kind = models.CharField(max_length=20, help_text="raise, lower, pause or resume.")
    rows = models.JSONField(help_text="Per budget: public id, name, now_micros, new_micros.")
    now_micros = models.BigIntegerField()
    new_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reasons = models.JSONField(default=list)
    effect = models.JSONField(
        default=dict, help_text="Projected end with and without, P10, P50 and P90, in micros."
    )
    expires_at = models.DateTimeField(help_text="Business time, UTC.")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decline_reason = models.CharField(max_length=300, blank=True)
    change_set = models.ForeignKey(
        "campaigns.ChangeSet", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(state="open"), name="pacing_one_open_recommendation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan}: {self.kind}"
