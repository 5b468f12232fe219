"""Budgets and ad campaigns as the platforms have them, and edits that others made there."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors
from campaigns.api.change_sets import ChangeSetSerializer, shown_change_set
from campaigns.api.filters import AdCampaignFilter, AdGroupFilter, BudgetFilter, DriftFilter
from campaigns.api.rails import BudgetRailsSerializer, rails_of
from campaigns.models import AdCampaign, AdGroup, Budget, Drift
from campaigns.platforms import hindrances as codes
from campaigns.services import automation, drift_settlement
from lane.api.fields import LaneSerializer, MoneyField, OptionalReasonSerializer, ReasonSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, parsed


class BudgetSerializer(LaneSerializer):
    """A platform budget: what pacing writes. ``verified`` is what Lane last wrote and read back."""

    client = RefField("client")
    ad_account = RefField("ad_account")
    platform = serializers.CharField(source="ad_account.platform", read_only=True)
    amount = MoneyField(attribute="amount_micros")
    verified = MoneyField(attribute="verified_micros")
    floor = MoneyField(attribute="floor_micros")
    ceiling = MoneyField(attribute="ceiling_micros")

    class Meta:
        model = Budget
        fields = [
            "id", "name", "client", "ad_account", "platform", "external_id", "kind", "carrier", "amount",
            "verified", "floor", "ceiling", "shared", "recommend_only_reason", "recommend_only_since", "raw_status", "removed_at", "seen_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class HindranceSerializer(serializers.Serializer):
    """Why something spends less or nothing. ``since`` is when Lane first saw it."""

    code = serializers.ChoiceField(choices=codes.CODES)
    words = serializers.CharField()
    raw = serializers.CharField(help_text="The platform's own word.")
    since = serializers.DateTimeField()


class AdCampaignSerializer(LaneSerializer):
    """A campaign at a platform. Only what Lane paused (``paused_by_lane_at``) may Lane resume.

    ``bid_millis`` is a target ROAS in thousandths, ``bid`` any other bid target.
    """

    hindrances = HindranceSerializer(many=True, read_only=True)
    spend_cap = MoneyField(attribute="spend_cap_micros", currency="ad_account.currency")
    lifetime_spend = MoneyField(attribute="lifetime_spend_micros", currency="ad_account.currency")
    bid = MoneyField(attribute="bid_micros", currency="ad_account.currency")
    client = RefField("client")
    ad_account = RefField("ad_account")
    platform = serializers.CharField(source="ad_account.platform", read_only=True)
    budget = RefField("budget")

    class Meta:
        model = AdCampaign
        fields = [
            "id", "name", "client", "ad_account", "platform", "external_id", "status", "raw_status",
            "limited_reasons", "hindrances", "channel", "budget", "spend_cap", "lifetime_spend", "lifetime_spend_at",
            "bid_strategy", "bid_kind", "bid", "bid_millis", "starts_on", "ends_on", "paused_by_lane_at",
            "removed_at", "seen_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class AdGroupSerializer(LaneSerializer):
    """An ad group or ad set. One that carries a budget of its own names it."""

    hindrances = HindranceSerializer(many=True, read_only=True)
    client = RefField("client")
    ad_account = RefField("ad_account")
    ad_campaign = RefField("ad_campaign")
    platform = serializers.CharField(source="ad_account.platform", read_only=True)
    budget = RefField("budget")
    bid = MoneyField(attribute="bid_micros", currency="ad_account.currency")

    class Meta:
        model = AdGroup
        fields = [
            "id", "name", "client", "ad_account", "ad_campaign", "platform", "external_id", "status", "raw_status",
            "hindrances", "budget", "bid_strategy", "bid_kind", "bid", "bid_millis", "removed_at", "seen_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class DriftSerializer(LaneSerializer):
    """An amount that is not what Lane last wrote; for a spend cap, null is no cap."""

    client = RefField("client")
    budget = RefField("budget")
    ad_campaign = RefField("ad_campaign")
    expected = MoneyField(attribute="expected_micros", currency="budget.currency")
    observed = MoneyField(attribute="observed_micros", currency="budget.currency")

    class Meta:
        model = Drift
        fields = [
            "id", "client", "field", "budget", "ad_campaign", "expected", "observed", "seen_at", "edited_at", "edited_by", "edited_with",
            "state", "settled_at",
        ]  # fmt: skip
        read_only_fields = fields


class BudgetViewSet(LaneReadViewSet[Budget]):
    """Budgets; they change through change sets only."""

    queryset = Budget.objects.none()
    serializer_class = BudgetSerializer
    filterset_class = BudgetFilter
    write_scopes = {"resume_automation": "manage"}

    def get_queryset(self) -> QuerySet[Budget]:
        """Budgets of the clients the caller sees."""
        return selectors.budgets_for(self.actor)

    @extend_schema(responses=BudgetRailsSerializer)
    @action(detail=True, methods=["get"])
    def rails(self, request: Request, public_id: str) -> Response:
        """What Lane may do alone with this budget now, and what keeps it from spending."""
        return Response(BudgetRailsSerializer(rails_of(self.get_object())).data)

    @extend_schema(request=ReasonSerializer, responses=BudgetSerializer)
    @action(detail=True, methods=["post"], url_path="pause-automation")
    @idempotent
    def pause_automation(self, request: Request, public_id: str) -> Response:
        """Let automation only recommend on this budget until somebody resumes it."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(automation.pause_budget(found, actor=self.actor, **asked))

    @extend_schema(request=ReasonSerializer, responses=BudgetSerializer)
    @action(detail=True, methods=["post"], url_path="resume-automation")
    @idempotent
    def resume_automation(self, request: Request, public_id: str) -> Response:
        """Let automation act on this budget again."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(automation.resume_budget(found, actor=self.actor, **asked))


class AdCampaignViewSet(LaneReadViewSet[AdCampaign]):
    """Ad campaigns; they change through change sets only."""

    queryset = AdCampaign.objects.none()
    serializer_class = AdCampaignSerializer
    filterset_class = AdCampaignFilter

    def get_queryset(self) -> QuerySet[AdCampaign]:
        """Campaigns of the clients the caller sees."""
        return selectors.ad_campaigns_for(self.actor)


class AdGroupViewSet(LaneReadViewSet[AdGroup]):
    """Ad groups and ad sets; their bids change through change sets only."""

    queryset = AdGroup.objects.none()
    serializer_class = AdGroupSerializer
    filterset_class = AdGroupFilter

    def get_queryset(self) -> QuerySet[AdGroup]:
        """Groups of the clients the caller sees."""
        return selectors.ad_groups_for(self.actor)


class DriftViewSet(LaneReadViewSet[Drift]):
    """Edits that others made at the platform, and what was done about them."""

    queryset = Drift.objects.none()
    serializer_class = DriftSerializer
    filterset_class = DriftFilter
    write_scopes = {"reapply": "propose"}

    def get_queryset(self) -> QuerySet[Drift]:
        """Drifts of the clients the caller sees."""
        return selectors.drifts_for(self.actor).select_related("client")

    @extend_schema(request=OptionalReasonSerializer, responses=DriftSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def adopt(self, request: Request, public_id: str) -> Response:
        """Accept the platform's amount as the one that counts."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(drift_settlement.adopt(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=OptionalReasonSerializer, responses=DriftSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def leave(self, request: Request, public_id: str) -> Response:
        """Leave it as it is; the same amount is not reported again."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(drift_settlement.leave(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=OptionalReasonSerializer, responses=DriftSerializer)
    @action(detail=True, methods=["post"], url_path="pause-automation")
    @idempotent
    def pause_automation(self, request: Request, public_id: str) -> Response:
        """Leave the amount as it is and let automation only recommend there until somebody resumes it."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(drift_settlement.pause_automation(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=OptionalReasonSerializer, responses={201: ChangeSetSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def reapply(self, request: Request, public_id: str) -> Response:
        """Propose to set the budget back to what Lane wrote; the change set needs its approval."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        made = drift_settlement.reapply(found.public_id, actor=self.actor, **asked)
        return shown_change_set(made, self.actor)
