"""What Lane may do alone with a budget, and what keeps the budget from spending."""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace

from rest_framework import serializers

from campaigns.models import Budget
from campaigns.platforms import hindrances as codes
from campaigns.selectors.guardrails import guardrails_for
from campaigns.selectors.obstacles import obstacles_for
from lane.api.fields import MoneyField


class ObstacleSerializer(serializers.Serializer):
    """One reason why a budget spends less or nothing. ``stops``: nothing of ``entity`` is delivered."""

    code = serializers.ChoiceField(choices=codes.CODES)
    words = serializers.CharField()
    entity = serializers.CharField()
    level = serializers.CharField(help_text="account, budget, campaign, ad set or ads")
    since = serializers.DateTimeField(allow_null=True)
    stops = serializers.BooleanField()


class BudgetRailsSerializer(serializers.Serializer):
    """The budget's own rails. Ratios are shares: 0.20 is a fifth."""

    may_act_alone = serializers.BooleanField()
    held_by = serializers.ListField(
        child=serializers.CharField(), help_text="Why automation may not step now."
    )
    step_limit_ratio = serializers.DecimalField(max_digits=4, decimal_places=2)
    last_day_ratio = serializers.DecimalField(max_digits=4, decimal_places=2)
    bid_step_ratio = serializers.DecimalField(max_digits=4, decimal_places=2)
    floor = MoneyField(attribute="floor_micros")
    ceiling = MoneyField(attribute="ceiling_micros")
    changes_per_day = serializers.IntegerField()
    changes_left_today = serializers.IntegerField()
    rest_until = serializers.DateTimeField(allow_null=True)
    learning_days = serializers.IntegerField()
    learning_until = serializers.DateTimeField(allow_null=True)
    learning_reason = serializers.CharField()
    recommend_only_reason = serializers.CharField()
    stopped = serializers.CharField(help_text="The kill switch that holds writes; empty when none does.")
    open_drift = serializers.CharField()
    account_increase_left = MoneyField(
        attribute="increase_left_micros", help_text="What automation may still add to this account today."
    )
    edits_per_hour = serializers.IntegerField(allow_null=True)
    edits_left_this_hour = serializers.IntegerField(allow_null=True)
    disturbances = serializers.IntegerField()
    disturbance_limit = serializers.IntegerField()
    obstacles = ObstacleSerializer(many=True)


def rails_of(budget: Budget) -> SimpleNamespace:
    """Everything about one budget, as the serializer shows it. An account has one currency, its budgets' too."""
    rails = guardrails_for([budget])
    own, account = rails.budgets[0], rails.accounts[0]
    return SimpleNamespace(
        **asdict(own)
        | {
            "may_act_alone": rails.may_act_alone,
            "held_by": rails.held_by,
            "step_limit_ratio": rails.step_limit_ratio,
            "last_day_ratio": rails.last_day_ratio,
            "bid_step_ratio": rails.bid_step_ratio,
            "changes_per_day": rails.changes_per_day,
            "learning_days": rails.learning_days,
            "recommend_only_reason": rails.recommend_only_reason,
            "stopped": rails.stopped,
            "increase_left_micros": account.increase_left_micros,
            "disturbances": account.disturbances,
            "disturbance_limit": rails.disturbance_limit,
            "obstacles": obstacles_for([budget.pk])[budget.pk],
        }
    )
