"""A portfolio shares one client's daily money over arms: what they are, what was seen, what was moved, what was tried."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from campaigns.models import Budget
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped
from pacing.models.plan import BudgetPlan

MOST_EXPLORATION = Decimal("0.05")


class Portfolio(PubliclyNamed, TimeStamped, ClientOwned):
    """Which arms share a day's money, towards which goal, and how Lane may move it between them.

    Money is micros of ``currency`` a day; days are those of ``timezone``. The day's money is either what a plan
    sets on the arms' budgets or a fixed amount, never both.
    """

    class Goal(models.TextChoices):
        VALUE = "value", "Conversion value"
        CONVERSIONS = "conversions", "Conversions"

    class Mode(models.TextChoices):
        OBSERVE = "observe", "Observe only"
        RECOMMEND = "recommend", "Recommend"
        AUTO = "auto", "Act within limits"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        STOPPED = "stopped", "Stopped"

    class Exploration(models.TextChoices):
        NONE = "none", "None"
        THOMPSON = "thompson", "Thompson sampling"
        EXCITATION = "excitation", "Small excitation"

    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    goal = models.CharField(max_length=12, choices=Goal.choices, default=Goal.VALUE)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.RECOMMEND)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    state_reason = models.CharField(max_length=300, blank=True)
    plan = models.ForeignKey(
        BudgetPlan, on_delete=models.PROTECT, null=True, blank=True, related_name="portfolios"
    )
    daily_micros = models.BigIntegerField(
        null=True, blank=True, help_text="A fixed amount a day; else a plan."
    )
    look_every_minutes = models.PositiveSmallIntegerField(default=30)
    min_days_between_moves = models.PositiveSmallIntegerField(default=3)
    step_ratio = models.DecimalField(max_digits=4, decimal_places=3, default=Decimal("0.200"))
    blend_ratio = models.DecimalField(
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.400"),
        help_text="How far splits are drawn towards return-proportional ones: 0 not at all, 1 fully.",
    )
    exploration = models.CharField(max_length=10, choices=Exploration.choices, default=Exploration.NONE)
    exploration_ratio = models.DecimalField(max_digits=4, decimal_places=3, default=Decimal(0))
    roas_floor = models.DecimalField(max_digits=8, decimal_places=3, null=True, blank=True)
    next_look_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")
    controller_state = models.JSONField(default=dict, blank=True)
    figures = models.JSONField(
        default=dict, blank=True, help_text="What the latest look found: curves and split."
    )
    version = models.PositiveIntegerField(default=1)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(plan__isnull=False, daily_micros__isnull=True)
                | Q(plan__isnull=True, daily_micros__gt=0),
                name="pacing_portfolio_one_source_of_money",
            ),
            models.CheckConstraint(
                condition=Q(look_every_minutes__gte=15, look_every_minutes__lte=60),
                name="pacing_portfolio_looks_every_15_to_60_minutes",
            ),
            models.CheckConstraint(
                condition=Q(min_days_between_moves__gte=1, min_days_between_moves__lte=60),
                name="pacing_portfolio_rest_sane",
            ),
            models.CheckConstraint(
                condition=Q(step_ratio__gt=0, step_ratio__lte=Decimal("0.5")),
                name="pacing_portfolio_step_sane",
            ),
            models.CheckConstraint(
                condition=Q(blend_ratio__gte=0, blend_ratio__lte=1), name="pacing_portfolio_blend_sane"
            ),
            models.CheckConstraint(
                condition=Q(exploration_ratio__gte=0, exploration_ratio__lte=MOST_EXPLORATION)
                & (
                    Q(exploration="none", exploration_ratio=0)
                    | (~Q(exploration="none") & Q(exploration_ratio__gt=0))
                ),
                name="pacing_portfolio_exploration_bounded",
            ),
            models.CheckConstraint(
                condition=Q(roas_floor__isnull=True) | Q(roas_floor__gt=0, goal="value"),
                name="pacing_portfolio_roas_floor_sane",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(next_look_at__isnull=False),
                name="pacing_portfolio_running_is_due_some_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_look_at", "id"], condition=Q(state="running"), name="pacing_portfolio_due"
            ),
            models.Index(fields=["organization", "client", "state"], name="pacing_portfolio_client"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupLimit(ClientOwned):
    """The least and the most share of the day's money that a group of arms may get together."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=80)
    min_ratio = models.DecimalField(max_digits=4, decimal_places=3, default=Decimal(0))
    max_ratio = models.DecimalField(max_digits=4, decimal_places=3, default=Decimal(1))

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "name"], name="pacing_group_named_once"),
            models.CheckConstraint(
                condition=Q(
                    min_ratio__gte=0, max_ratio__lte=1, max_ratio__gte=F("min_ratio"), max_ratio__gt=0
                ),
                name="pacing_group_limit_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PortfolioArm(PubliclyNamed, TimeStamped, ClientOwned):
    """One thing that money can go to. What it is compared as is its kind; what carries its money are budgets."""

    class Kind(models.TextChoices):
        CAMPAIGN = "campaign", "Campaign"
        AD_GROUP = "ad_group", "Ad group or ad set"
        CREATIVE = "creative", "Creative"
        BID_LEVEL = "bid_level", "Bid level"
        PLATFORM_CHANNEL = "platform_channel", "Platform and channel"

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="arms")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.CAMPAIGN)
    label = models.CharField(max_length=120)
    group = models.ForeignKey(
        GroupLimit, on_delete=models.SET_NULL, null=True, blank=True, related_name="arms"
    )
    locked = models.BooleanField(default=False, help_text="A locked arm keeps its amount.")
    floor_micros = models.BigIntegerField(null=True, blank=True, help_text="Least a day.")
    cap_micros = models.BigIntegerField(null=True, blank=True, help_text="Most a day.")
    learning_until = models.DateField(null=True, blank=True, help_text="Last day the platform still learns.")
    last_moved_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")
    removed_at = models.DateTimeField(null=True, blank=True)
    budgets: models.ManyToManyField[Budget, ArmBudget] = models.ManyToManyField(
        Budget, through="pacing.ArmBudget", related_name="portfolio_arms"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["portfolio", "label"], condition=Q(removed_at=None), name="pacing_arm_labelled_once"
            ),
            models.CheckConstraint(
                condition=(Q(floor_micros__isnull=True) | Q(floor_micros__gte=0))
                & (Q(cap_micros__isnull=True) | Q(cap_micros__gt=0))
                & (
                    Q(floor_micros__isnull=True)
                    | Q(cap_micros__isnull=True)
                    | Q(cap_micros__gte=F("floor_micros"))
                ),
                name="pacing_arm_limits_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def currency(self) -> str:
        """The currency of its amounts: that of its portfolio."""
        return self.portfolio.currency


class ArmBudget(ClientOwned):
    """A budget that carries an arm. While its portfolio runs or rests it ``holds`` the budget, and nobody else may."""

    arm = models.ForeignKey(PortfolioArm, on_delete=models.CASCADE, related_name="arm_budgets")
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="arm_budgets")
    holds = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["arm", "budget"], name="pacing_arm_budget_once"),
            models.UniqueConstraint(
                fields=["budget"], condition=Q(holds=True), name="pacing_budget_one_portfolio_at_a_time"
            ),
        ]
