"""A plan that cannot spend its amount, why, and what could be done about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped
from pacing.models.plan import BudgetPlan


class Shortfall(PubliclyNamed, TimeStamped, ClientOwned):
    """Declared while a plan cannot spend its amount: at most one open per plan, with the achievable figure."""

    class Cause(models.TextChoices):
        DEMAND = "demand", "Demand ends there"
        LIMITED = "limited", "Limited by the platform"
        DISAPPROVED = "disapproved", "Ads cannot run"
        PAUSED = "paused", "Paused"
        OUTAGE = "outage", "Outage"

    class Resolution(models.TextChoices):
        RECOVERED = "recovered", "It can spend its amount again"
        AMENDED = "amended", "The plan was changed"
        ENDED = "ended", "The flight is over"

    plan = models.ForeignKey(BudgetPlan, on_delete=models.CASCADE, related_name="shortfalls")
    cause = models.CharField(max_length=12, choices=Cause.choices)
    evidence = models.JSONField(
        default=list, help_text="What the platforms and the looks said, as stored there."
    )
    numbers = models.JSONField(default=dict)
    sentences = models.JSONField(default=list)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()
    achievable_micros = models.BigIntegerField(help_text="The most the plan can reach.")
    opened_at = models.DateTimeField(help_text="Business time, UTC.")
    seen_at = models.DateTimeField(help_text="The last look that found it, business time, UTC.")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=12, choices=Resolution.choices, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    accepted_label = models.CharField(max_length=200, blank=True)
    accepted_end_micros = models.BigIntegerField(
        null=True, blank=True, help_text="The end that was accepted; a clearly worse one is told again."
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(resolved_at=None), name="pacing_one_open_shortfall"
            ),
            models.CheckConstraint(
                condition=Q(achievable_micros__gte=0, achievable_micros__lt=F("amount_micros")),
                name="pacing_shortfall_is_short",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_end_micros=None)
                | Q(accepted_at__isnull=False, accepted_end_micros__isnull=False),
                name="pacing_shortfall_accepted_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "resolved_at", "client"], name="pacing_shortfall_open")
        ]

    def __str__(self) -> str:
        return f"{self.plan}: {self.get_cause_display()}"

    @property
    def gap_micros(self) -> int:
        """What would be left unspent."""
        return self.amount_micros - self.achievable_micros


class Offer(PubliclyNamed, TimeStamped, ClientOwned):
    """One way out of a shortfall with its computed effect; taking it goes through the usual approval."""

    class Kind(models.TextChoices):
        MOVE = "move", "Move money to another plan"
        EXTEND = "extend", "Extend the flight"
        BIDS = "bids", "Raise what it bids"
        ACCEPT = "accept", "Accept the shortfall"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        TAKEN = "taken", "Taken"
        WITHDRAWN = "withdrawn", "No longer offered"

    shortfall = models.ForeignKey(Shortfall, on_delete=models.CASCADE, related_name="offers")
    plan = models.ForeignKey(BudgetPlan, on_delete=models.CASCADE, related_name="offers")
    to_plan = models.ForeignKey(BudgetPlan, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=80, blank=True, help_text="Tells offers of one kind apart.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    terms = models.JSONField(default=dict, help_text="What taking it asks for: amounts, dates, bid.")
    numbers = models.JSONField(default=dict)
    text = models.TextField()
    expected_end_micros = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Where this plan ends at the median when it is taken; empty if not known.",
    )
    currency = models.CharField(max_length=3)
    offered_at = models.DateTimeField(help_text="The look its figures come from, business time, UTC.")
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    taken_label = models.CharField(max_length=200, blank=True)
    change_set = models.ForeignKey(
        "campaigns.ChangeSet", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["shortfall", "kind", "key"], condition=Q(state="open"), name="pacing_offer_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="move", to_plan__isnull=False) | ~Q(kind="move"),
                name="pacing_offer_move_has_a_goal",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.plan}"
