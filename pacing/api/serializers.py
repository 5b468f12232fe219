"""Plans, looks and recommendations as the API shows and takes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lane.api.fields import LaneSerializer, MoneyField, MoneyInput, RefField, RefsField
from pacing.models import BudgetPlan, PacingRun, PlanHealth, PlanSnapshot, Recommendation
from pacing.selectors.table import shown_health, shown_reason
from pacing.words import reason_texts


class PaceSerializer(serializers.ModelSerializer):
    """The latest look at a plan. Figures that are not known are null; negative ``miss`` is under."""

    expected = MoneyField(attribute="expected_micros", currency="plan.currency")
    spent = MoneyField(attribute="spent_micros", currency="plan.currency")
    projected_p10 = MoneyField(attribute="projected_p10_micros", currency="plan.currency")
    projected_p50 = MoneyField(attribute="projected_p50_micros", currency="plan.currency")
    projected_p90 = MoneyField(attribute="projected_p90_micros", currency="plan.currency")
    miss = MoneyField(attribute="miss_micros", currency="plan.currency")
    budget_per_day = MoneyField(attribute="budget_micros", currency="plan.currency")
    needed_per_day = MoneyField(attribute="needed_per_day_micros", currency="plan.currency")

    class Meta:
        model = PlanSnapshot
        fields = [
            "as_of", "data_as_of", "final_through", "spent", "expected", "projected_p10", "projected_p50",
            "projected_p90", "miss", "budget_per_day", "needed_per_day", "days_left", "platforms",
        ]  # fmt: skip
        read_only_fields = fields


class PlanSerializer(LaneSerializer):
    """A plan with its latest look; ``pace`` is null until it was looked at. Days are those of ``timezone``."""

    client = RefField("client")
    owner = RefField("owner")
    amount = MoneyField(attribute="amount_micros")
    budgets = RefsField("budgets")
    health = serializers.SerializerMethodField()
    health_reason = serializers.SerializerMethodField()
    pace = serializers.SerializerMethodField()
    series = RefField("series")
    waiting_amendment = serializers.SerializerMethodField()

    class Meta:
        model = BudgetPlan
        fields = [
            "id", "name", "client", "owner", "amount", "currency", "timezone", "starts_on", "ends_on", "budgets",
            "strategy", "landing", "tolerance_ratio", "mode", "pause_at_target", "amount_rule", "rollover",
            "rollover_cap_ratio", "series", "cycle_on", "waiting_amendment", "status", "paused_reason",
            "version", "health", "health_reason", "pace", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=PlanHealth.choices))
    def get_health(self, plan: BudgetPlan) -> str:
        """The status word of the pacing table."""
        return shown_health(plan, getattr(plan, "snapshot", None))

    def get_health_reason(self, plan: BudgetPlan) -> str:
        """The strongest reason in a few words."""
        return shown_reason(plan, getattr(plan, "snapshot", None))

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_waiting_amendment(self, plan: BudgetPlan) -> str | None:
        """The amendment of its amount or dates that nobody decided yet; null when none waits."""
        waiting = list(getattr(plan, "waiting_amendments", ()))
        return str(waiting[0].public_id) if waiting else None

    @extend_schema_field(PaceSerializer(allow_null=True))
    def get_pace(self, plan: BudgetPlan) -> dict[str, Any] | None:
        """The numbers of the latest look."""
        snapshot: PlanSnapshot | None = getattr(plan, "snapshot", None)
        if snapshot is None:
            return None
        snapshot.plan = plan
        return dict(PaceSerializer(snapshot).data)


class RunSerializer(LaneSerializer):
    """One look at one plan: what was seen, decided and why."""

    plan = RefField("plan")
    reasons = serializers.SerializerMethodField()
    findings = serializers.JSONField(source="reasons", read_only=True)
    spent = MoneyField(attribute="spent_micros", currency="plan.currency")
    expected = MoneyField(attribute="expected_micros", currency="plan.currency")
    projected_p10 = MoneyField(attribute="projected_p10_micros", currency="plan.currency")
    projected_p50 = MoneyField(attribute="projected_p50_micros", currency="plan.currency")
    projected_p90 = MoneyField(attribute="projected_p90_micros", currency="plan.currency")
    with_p10 = MoneyField(attribute="with_p10_micros", currency="plan.currency")
    with_p50 = MoneyField(attribute="with_p50_micros", currency="plan.currency")
    with_p90 = MoneyField(attribute="with_p90_micros", currency="plan.currency")
    budget_per_day = MoneyField(attribute="budget_micros", currency="plan.currency")
    wanted_per_day = MoneyField(attribute="wanted_micros", currency="plan.currency")

    class Meta:
        model = PacingRun
        fields = [
            "id", "plan", "slot", "at", "on_demand", "health", "decision", "reasons", "findings", "inputs", "spent",
            "expected", "projected_p10", "projected_p50", "projected_p90", "with_p10", "with_p50", "with_p90",
            "budget_per_day", "wanted_per_day",
        ]  # fmt: skip
        read_only_fields = fields

    def get_reasons(self, run: PacingRun) -> list[str]:
        """The findings as sentences, strongest first."""
        return reason_texts(run.reasons, run.plan.currency, timezone=run.plan.timezone, at=run.at)


class RecommendationRowSerializer(serializers.Serializer):
    """One budget of a recommendation."""

    budget_id = serializers.UUIDField()
    name = serializers.CharField()
    now_micros = serializers.IntegerField(allow_null=True)
    new_micros = serializers.IntegerField(allow_null=True)


class RecommendationSerializer(LaneSerializer):
    """A proposed step with its evidence; ``effect`` has the projected end with and without it, in micros."""

    client = RefField("client")
    plan = RefField("plan")
    change_set = RefField("change_set")
    now = MoneyField(attribute="now_micros")
    new = MoneyField(attribute="new_micros")
    rows = RecommendationRowSerializer(many=True, read_only=True)
    reasons = serializers.SerializerMethodField()

    class Meta:
        model = Recommendation
        fields = [
            "id", "client", "plan", "state", "kind", "now", "new", "rows", "reasons", "effect", "expires_at",
            "decided_at", "decline_reason", "change_set", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_reasons(self, recommendation: Recommendation) -> list[str]:
        """Why, strongest first."""
        plan = recommendation.plan
        return reason_texts(
            recommendation.reasons, plan.currency, timezone=plan.timezone, at=recommendation.created_at
        )


class _TermsSerializer(serializers.Serializer):
    """Terms that a new and an edited plan share."""

    strategy = serializers.ChoiceField(choices=BudgetPlan.Strategy.choices, required=False)
    landing = serializers.ChoiceField(choices=BudgetPlan.Landing.choices, required=False)
    tolerance_ratio = serializers.DecimalField(
        max_digits=5, decimal_places=4, required=False, min_value=Decimal("0.0001"), max_value=Decimal("0.5")
    )
    mode = serializers.ChoiceField(choices=BudgetPlan.Mode.choices, required=False)
    pause_at_target = serializers.BooleanField(required=False)
    amount_rule = serializers.ChoiceField(
        choices=BudgetPlan.AmountRule.choices,
        required=False,
        help_text="Who may change amount and dates once it runs; only an admin chooses it.",
    )
    rollover = serializers.ChoiceField(choices=BudgetPlan.Rollover.choices, required=False)
    rollover_cap_ratio = serializers.DecimalField(
        max_digits=5, decimal_places=4, required=False, min_value=Decimal(0), max_value=Decimal(1)
    )


class CreatePlanSerializer(_TermsSerializer):
    """A new plan over budgets of one client. Its currency is the amount's; other budgets count by dated rates."""

    client = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    amount = MoneyInput()
    starts_on = serializers.DateField(help_text="Account-local.")
    ends_on = serializers.DateField(help_text="Account-local, included.")
    budgets = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)


class EditPlanSerializer(_TermsSerializer):
    """What changes; what is left out stays. ``version`` is the one that was read."""

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=120, required=False)
    amount = MoneyInput(required=False)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False)
    budgets = serializers.ListField(child=serializers.UUIDField(), required=False, allow_empty=False)


class EditedRowSerializer(serializers.Serializer):
    """Another new amount per day for one budget of a recommendation."""

    budget = serializers.UUIDField()
    amount = MoneyInput()


class AcceptSerializer(serializers.Serializer):
    """Accept as it is, or with other amounts."""

    rows = EditedRowSerializer(many=True, required=False)
