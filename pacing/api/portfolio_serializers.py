"""Portfolios, looks, moves and experiments as the API shows and takes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from lane.api.fields import LaneSerializer, MoneyField, MoneyInput, RefField, RefsField
from pacing.models import AllocationLook, AllocationMove, Experiment, GroupLimit, Portfolio, PortfolioArm

_RATIO: dict[str, Any] = {
    "max_digits": 4,
    "decimal_places": 3,
    "min_value": Decimal(0),
    "max_value": Decimal(1),
}


class PortfolioGroupSerializer(serializers.ModelSerializer):
    """The share of the day's money a group of arms may get together."""

    class Meta:
        model = GroupLimit
        fields = ["name", "min_ratio", "max_ratio"]
        read_only_fields = fields


class PortfolioArmSerializer(LaneSerializer):
    """One arm: what it is, what carries its money, and what people fixed."""

    budgets = RefsField("budgets")
    group = serializers.SerializerMethodField()
    floor = MoneyField(attribute="floor_micros", currency="portfolio.currency")
    cap = MoneyField(attribute="cap_micros", currency="portfolio.currency")

    class Meta:
        model = PortfolioArm
        fields = [
            "id", "label", "kind", "budgets", "group", "locked", "floor", "cap", "learning_until", "last_moved_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_group(self, arm: PortfolioArm) -> str:
        """The name of its group; empty without one."""
        return arm.group.name if arm.group else ""


class PortfolioSerializer(LaneSerializer):
    """A portfolio with its arms. ``figures`` are those of the latest look: curves, split, marginal values; amounts in
    micros a day, values of the goal a day. It is empty until the first look."""

    client = RefField("client")
    owner = RefField("owner")
    plan = RefField("plan")
    daily = MoneyField(attribute="daily_micros")
    arms = serializers.SerializerMethodField()
    groups = PortfolioGroupSerializer(many=True, read_only=True)
    figures = serializers.JSONField(read_only=True)

    class Meta:
        model = Portfolio
        fields = [
            "id", "name", "client", "owner", "currency", "timezone", "goal", "mode", "state", "state_reason", "plan",
            "daily", "look_every_minutes", "min_days_between_moves", "step_ratio", "blend_ratio", "exploration",
            "exploration_ratio", "roas_floor", "next_look_at", "arms", "groups", "figures", "version", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_arms(self, portfolio: Portfolio) -> list[dict[str, Any]]:
        """Arms that were not taken out."""
        rows: list[PortfolioArm] = portfolio.current_arms  # type: ignore[attr-defined]
        for arm in rows:
            arm.portfolio = portfolio
        return [dict(row) for row in PortfolioArmSerializer(rows, many=True).data]


class AllocationMoveSerializer(LaneSerializer):
    """What one arm had and gets; ``reasons`` are sentences with the numbers they are made of."""

    arm = RefField("arm")
    now = MoneyField(attribute="now_micros")
    new = MoneyField(attribute="new_micros")
    reasons = serializers.JSONField(read_only=True)

    class Meta:
        model = AllocationMove
        fields = [
            "id", "arm", "now", "new", "rows", "next_100_now", "next_100_new", "propensity", "reasons", "outcome",
        ]  # fmt: skip
        read_only_fields = fields


class AllocationLookSerializer(LaneSerializer):
    """One look: what was seen and decided and why; its moves where a split was proposed.

    Gains are over ``horizon_days`` in millionths of the goal: micros of the currency, or millionths of a conversion.
    """

    portfolio = RefField("portfolio")
    change_set = RefField("change_set")
    now = MoneyField(attribute="now_micros")
    new = MoneyField(attribute="new_micros")
    reasons = serializers.JSONField(read_only=True)
    moves = AllocationMoveSerializer(many=True, read_only=True)

    class Meta:
        model = AllocationLook
        fields = [
            "id", "portfolio", "slot", "at", "on_demand", "decision", "reasons", "inputs", "now", "new", "price_per_100",
            "gain_p10_micros", "gain_p50_micros", "gain_p90_micros", "horizon_days", "probability", "seed",
            "propensities", "proposal", "expires_at", "decided_at", "decided_by_label", "decline_reason", "change_set",
            "applied_at", "moves",
        ]  # fmt: skip
        read_only_fields = fields


class ExperimentSerializer(LaneSerializer):
    """A step made to learn: how likely it was, what it used, and what is known of the arm before and after."""

    arm = RefField("arm")
    look = serializers.UUIDField(source="look.public_id", read_only=True)
    step = MoneyField(attribute="step_micros")
    used = MoneyField(attribute="used_micros")

    class Meta:
        model = Experiment
        fields = [
            "id", "arm", "look", "kind", "state", "step", "used", "propensity", "starts_on", "ends_on", "before",
            "learned",
        ]  # fmt: skip
        read_only_fields = fields


class GroupInputSerializer(serializers.Serializer):
    """A group and its shares."""

    name = serializers.CharField(max_length=80)
    min_ratio = serializers.DecimalField(required=False, default=Decimal(0), **_RATIO)
    max_ratio = serializers.DecimalField(required=False, default=Decimal(1), **_RATIO)


class ArmInputSerializer(serializers.Serializer):
    """One arm of a new portfolio."""

    label = serializers.CharField(max_length=120)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=PortfolioArm.Kind.choices, required=False, default="campaign")
    budgets = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)
    group = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    locked = serializers.BooleanField(required=False, default=False)
    floor = MoneyInput(required=False, allow_null=True, default=None)
    cap = MoneyInput(required=False, allow_null=True, default=None)


class ArmEditSerializer(serializers.Serializer):
    """What changes of an arm; what is left out stays."""

    id = serializers.UUIDField()
    label = serializers.CharField(max_length=120, required=False)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=PortfolioArm.Kind.choices, required=False)
    group = serializers.CharField(max_length=80, required=False, allow_blank=True)
    locked = serializers.BooleanField(required=False)
    floor = MoneyInput(required=False, allow_null=True)
    cap = MoneyInput(required=False, allow_null=True)
    learning_until = serializers.DateField(required=False, allow_null=True)


class _PortfolioTermsSerializer(serializers.Serializer):
    """Terms that a new and an edited portfolio share. The day's money is a plan's or a fixed amount, not both."""

    plan = serializers.UUIDField(required=False, allow_null=True)
    daily = MoneyInput(required=False, allow_null=True)
    goal = serializers.ChoiceField(choices=Portfolio.Goal.choices, required=False)
    mode = serializers.ChoiceField(choices=Portfolio.Mode.choices, required=False)
    look_every_minutes = serializers.IntegerField(min_value=15, max_value=60, required=False)
    min_days_between_moves = serializers.IntegerField(min_value=1, max_value=60, required=False)
    step_ratio = serializers.DecimalField(required=False, **_RATIO)
    blend_ratio = serializers.DecimalField(required=False, **_RATIO)
    exploration = serializers.ChoiceField(choices=Portfolio.Exploration.choices, required=False)
    exploration_ratio = serializers.DecimalField(required=False, **_RATIO)
    roas_floor = serializers.DecimalField(max_digits=8, decimal_places=3, required=False, allow_null=True)


class CreatePortfolioSerializer(_PortfolioTermsSerializer):
    """A new portfolio over arms of one client, which share currency and time zone."""

    client = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    arms = ArmInputSerializer(many=True)
    groups = GroupInputSerializer(many=True, required=False)


class EditPortfolioSerializer(_PortfolioTermsSerializer):
    """What changes; what is left out stays. ``version`` is the one that was read."""

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=120, required=False)


class EditArmsSerializer(serializers.Serializer):
    """Arms to change, all or none."""

    version = serializers.IntegerField(min_value=1)
    arms = ArmEditSerializer(many=True, allow_empty=False)


class RemoveArmSerializer(serializers.Serializer):
    """Which arm to take out, and why."""

    arm = serializers.UUIDField()
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class EditGroupsSerializer(serializers.Serializer):
    """The groups from now on; one that is not listed is removed."""

    version = serializers.IntegerField(min_value=1)
    groups = GroupInputSerializer(many=True)
