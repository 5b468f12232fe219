"""Looks at portfolios, what they would move, and what was tried on purpose."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed
from pacing.models.portfolio import Portfolio, PortfolioArm


class AllocationLook(PubliclyNamed, ClientOwned):
    """One look at one portfolio in one slot: what was seen, what was decided, and what became of it.

    Gains are over ``horizon_days`` in millionths of the goal: micros of the currency for value, millionths of one
    conversion. They are estimates; amounts of money are exact.
    """

    class Decision(models.TextChoices):
        HOLD = "hold", "Hold"
        MOVE = "move", "Move"
        ROLLBACK = "rollback", "Roll back"
        INFEASIBLE = "infeasible", "Cannot be met"
        SKIP = "skip", "Skip"

    class Proposal(models.TextChoices):
        NONE = "", "None"
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Expired"
        SUPERSEDED = "superseded", "Superseded"

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="looks")
    slot = models.DateTimeField(help_text="Start of the slot, business time, UTC.")
    at = models.DateTimeField(help_text="Business time, UTC.")
    on_demand = models.BooleanField(default=False)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reasons = models.JSONField(default=list, help_text="Reason codes with their numbers, strongest first.")
    inputs = models.JSONField(default=dict, help_text="What the allocator was given.")
    numbers = models.JSONField(
        default=dict, help_text="Everything it found: curves, split, what would change it."
    )
    currency = models.CharField(max_length=3)
    now_micros = models.BigIntegerField(null=True, help_text="All arms together, a day.")
    new_micros = models.BigIntegerField(null=True)
    price_per_100 = models.FloatField(
        null=True, help_text="Goal from the next 100 units of money, equal for all arms that may move."
    )
    gain_p10_micros = models.BigIntegerField(null=True)
    gain_p50_micros = models.BigIntegerField(null=True)
    gain_p90_micros = models.BigIntegerField(null=True)
    horizon_days = models.PositiveSmallIntegerField(null=True)
    probability = models.FloatField(null=True, help_text="That the move gains more than it costs.")
    seed = models.BigIntegerField(
        null=True, help_text="Of the random draws, so that the look can be repeated."
    )
    propensities = models.JSONField(default=dict, help_text="By arm: how likely the draw was to favour it.")
    proposal = models.CharField(max_length=10, choices=Proposal.choices, blank=True, default=Proposal.NONE)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by_label = models.CharField(max_length=200, blank=True)
    decline_reason = models.CharField(max_length=300, blank=True)
    change_set = models.ForeignKey(
        "campaigns.ChangeSet", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    applied_at = models.DateTimeField(null=True, blank=True, help_text="When all of it was read back.")
    undoes = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="undone_by"
    )

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["portfolio", "slot"], condition=Q(on_demand=False), name="pacing_look_once_per_slot"
            ),
            models.UniqueConstraint(
                fields=["portfolio"], condition=Q(proposal="open"), name="pacing_one_open_split"
            ),
            models.CheckConstraint(
                condition=Q(proposal="") | Q(decision__in=["move", "rollback"]),
                name="pacing_split_has_a_move",
            ),
            models.CheckConstraint(
                condition=~Q(decision="rollback") | Q(undoes__isnull=False),
                name="pacing_rollback_names_its_move",
            ),
        ]
        indexes = [models.Index(fields=["portfolio", "-at"], name="pacing_look_recent")]

    def __str__(self) -> str:
        return f"{self.portfolio}, {self.get_decision_display().lower()}"


class AllocationMove(PubliclyNamed, ClientOwned):
    """What one arm had and gets in one proposed split; arms that keep their amount are there too."""

    look = models.ForeignKey(AllocationLook, on_delete=models.CASCADE, related_name="moves")
    arm = models.ForeignKey(PortfolioArm, on_delete=models.PROTECT, related_name="moves")
    currency = models.CharField(max_length=3)
    now_micros = models.BigIntegerField()
    new_micros = models.BigIntegerField()
    rows = models.JSONField(default=list, help_text="Per budget: public id, name, now_micros, new_micros.")
    next_100_now = models.FloatField(
        null=True, help_text="Goal from the next 100 units at the present amount."
    )
    next_100_new = models.FloatField(null=True)
    propensity = models.FloatField(null=True)
    reasons = models.JSONField(default=list)
    outcome = models.JSONField(
        null=True, blank=True, help_text="What the arm did after the move, once its days have matured."
    )

    class Meta:
        ordering = ["look_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["look", "arm"], name="pacing_move_once_per_arm"),
            models.CheckConstraint(
                condition=Q(now_micros__gte=0, new_micros__gte=0), name="pacing_move_not_negative"
            ),
        ]

    @property
    def step_micros(self) -> int:
        """How much more a day; negative is less."""
        return self.new_micros - self.now_micros

    def __str__(self) -> str:
        return f"{self.arm}"


class Experiment(PubliclyNamed, ClientOwned):
    """A small step away from the best known split, made to learn: what it cost and what it told."""

    class Kind(models.TextChoices):
        THOMPSON = "thompson", "Thompson sampling"
        EXCITATION = "excitation", "Small excitation"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"
        CANCELLED = "cancelled", "Not carried out"

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="experiments")
    look = models.ForeignKey(AllocationLook, on_delete=models.CASCADE, related_name="experiments")
    arm = models.ForeignKey(PortfolioArm, on_delete=models.PROTECT, related_name="experiments")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    currency = models.CharField(max_length=3)
    step_micros = models.BigIntegerField(help_text="Away from the best known split, a day; negative is less.")
    propensity = models.FloatField(null=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    used_micros = models.BigIntegerField(null=True, blank=True, help_text="Money moved for it so far.")
    before = models.JSONField(default=dict, help_text="What was known of the arm before.")
    learned = models.JSONField(default=dict, blank=True, help_text="What is known of it after.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["look", "arm"], name="pacing_experiment_once_per_arm"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="pacing_experiment_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(propensity__isnull=True) | Q(propensity__gte=0, propensity__lte=1),
                name="pacing_experiment_propensity_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arm}: {self.get_kind_display().lower()}"
