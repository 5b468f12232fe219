"""Change sets and the ledger: the only way in to a platform, and what became of each write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors
from campaigns.api.filters import ChangeFilter, ChangeSetFilter
from campaigns.models import AdCampaign, AdGroup, Change, ChangeSet, WriteCall
from campaigns.selectors.changes import change_sets_for, changes_for
from campaigns.services import changes, ledger
from lane.accounts.selectors import clients_for
from lane.api.fields import (
    LaneSerializer,
    MoneyField,
    MoneyInput,
    OptionalReasonSerializer,
    ReasonSerializer,
    RefField,
)
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, named, parsed
from lane.core.actors import Actor
from lane.core.errors import InvalidInput
from lane.core.money import Money


class ChangeSerializer(LaneSerializer):
    """One absolute value on one budget, campaign or ad group, and how far its write came.

    A spend cap without ``base`` was not there before, one without ``target`` is taken away. A target ROAS is in
    thousandths (``base_millis``, ``target_millis``); everything else is money or a status.
    """

    client = RefField("client")
    change_set = RefField("change_set")
    ad_account = RefField("ad_account")
    platform = serializers.CharField(source="ad_account.platform", read_only=True)
    budget = RefField("budget")
    ad_campaign = RefField("ad_campaign")
    ad_group = RefField("ad_group")
    what = serializers.CharField(read_only=True, help_text="Which value it is, in words.")
    base = MoneyField(attribute="base_micros")
    target = MoneyField(attribute="target_micros")

    class Meta:
        model = Change
        fields = [
            "id", "client", "change_set", "version", "ad_account", "platform", "field", "kind", "what",
            "budget", "ad_campaign", "ad_group", "base", "target", "base_millis", "target_millis", "base_status",
            "target_status", "state", "outcome", "is_automatic", "is_guard",
            "attempts", "approval_id", "platform_request_id", "sent_at", "finished_at", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class WriteCallSerializer(serializers.ModelSerializer):
    """One call to the platform: noted before it left, answered after."""

    class Meta:
        model = WriteCall
        fields = ["sent_at", "answered_at", "answer", "message", "request_id"]
        read_only_fields = fields


class ChangeDetailSerializer(ChangeSerializer):
    """A change with every call that was made for it."""

    calls = WriteCallSerializer(many=True, read_only=True)

    class Meta(ChangeSerializer.Meta):
        fields = [*ChangeSerializer.Meta.fields, "calls"]
        read_only_fields = fields


class ChangeSetSerializer(LaneSerializer):
    """What people approve as a whole. ``changes`` are those of the present version."""

    client = RefField("client")
    undoes = RefField("undoes")
    changes = ChangeSerializer(source="current_rows", many=True, read_only=True)

    class Meta:
        model = ChangeSet
        fields = [
            "id", "client", "title", "reason", "evidence", "state", "version", "content_hash", "origin",
            "origin_id", "proposed_by_kind", "proposed_by_label", "approval_id", "authorised_at", "expires_at",
            "undoes", "changes", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class TargetSerializer(serializers.Serializer):
    """A new value: of a budget, or of an ad campaign's status, spend cap or bid (of an ad group, at Meta)."""

    budget = serializers.UUIDField(required=False)
    amount = MoneyInput(required=False, help_text="A day, or in total for a lifetime budget.")
    ad_campaign = serializers.UUIDField(required=False)
    ad_group = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=["active", "paused"], required=False)
    spend_cap = MoneyInput(required=False, allow_null=True, help_text="For its lifetime; null takes it away.")
    bid_kind = serializers.ChoiceField(choices=AdCampaign.BidKind.choices, required=False)
    bid = MoneyInput(required=False, help_text="A target CPA or bid cap.")
    roas_millis = serializers.IntegerField(
        required=False,
        min_value=10,
        max_value=1_000_000,
        help_text="A target ROAS in thousandths: 4000 is 4.0.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one value of one thing."""
        given = frozenset(attrs)
        if given not in _TARGETS:
            raise serializers.ValidationError(
                "Give budget and amount; ad_campaign and status; ad_campaign and spend_cap; or ad_campaign or "
                "ad_group with bid_kind and bid, or roas_millis for a target ROAS."
            )
        if "bid_kind" in given and (attrs["bid_kind"] == "target_roas") != ("roas_millis" in given):
            raise serializers.ValidationError("A target ROAS takes roas_millis, the other kinds take bid.")
        return attrs


_TARGETS = frozenset(
    frozenset(names)
    for names in (
        {"budget", "amount"},
        {"ad_campaign", "status"},
        {"ad_campaign", "spend_cap"},
        {"ad_campaign", "bid_kind", "bid"},
        {"ad_campaign", "bid_kind", "roas_millis"},
        {"ad_group", "bid_kind", "bid"},
        {"ad_group", "bid_kind", "roas_millis"},
    )
)


class ProposeSerializer(serializers.Serializer):
    """What to change, and why: the approver reads it."""

    client = serializers.UUIDField()
    title = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=2000)
    targets = TargetSerializer(many=True, allow_empty=False)


class EditSerializer(serializers.Serializer):
    """A new version of a proposal; ``version`` is the one that was read."""

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=2000)
    targets = TargetSerializer(many=True, allow_empty=False)


class ChangeSetViewSet(LaneReadViewSet[ChangeSet]):
    """Change sets. Nothing reaches a platform without one that was approved."""

    queryset = ChangeSet.objects.none()
    serializer_class = ChangeSetSerializer
    filterset_class = ChangeSetFilter
    write_scope = "propose"

    def get_queryset(self) -> QuerySet[ChangeSet]:
        """Change sets of the clients the caller sees."""
        return with_current_changes(self.actor)

    @extend_schema(request=ProposeSerializer, responses={201: ChangeSetSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Propose changes. They wait for approval unless the client's policy approves them at once."""
        asked = parsed(ProposeSerializer, request.data)
        client = named(clients_for(self.actor), asked["client"], "client")
        made = changes.propose(
            client=client,
            title=asked["title"],
            reason=asked["reason"],
            targets=_targets(asked["targets"], self.actor),
            origin="api",
            actor=self.actor,
        )
        return self.answer(made, status=201)

    @extend_schema(request=EditSerializer, responses=ChangeSetSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def edit(self, request: Request, public_id: str) -> Response:
        """Replace what is asked for: a new version; decisions and links of the old one no longer hold."""
        change_set = self.get_object()
        asked = parsed(EditSerializer, request.data)
        made = changes.edit(
            change_set.public_id,
            targets=_targets(asked["targets"], self.actor),
            reason=asked["reason"],
            expected_version=asked["version"],
            actor=self.actor,
        )
        return self.answer(made)

    @extend_schema(request=OptionalReasonSerializer, responses=ChangeSetSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def withdraw(self, request: Request, public_id: str) -> Response:
        """Take a change set back before anything was sent."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(changes.withdraw(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=ReasonSerializer, responses={201: ChangeSetSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def undo(self, request: Request, public_id: str) -> Response:
        """Propose the values from before, for every applied change that still stands."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(changes.undo(found.public_id, actor=self.actor, **asked), status=201)


class ChangeViewSet(LaneReadViewSet[Change]):
    """The ledger: every intended write and what became of it."""

    queryset = Change.objects.none()
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter

    def get_queryset(self) -> QuerySet[Change]:
        """Ledger rows of the clients the caller sees."""
        rows = changes_for(self.actor)
        return rows.prefetch_related("calls") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[ChangeSerializer]:
        """A single row shows its calls too."""
        return ChangeDetailSerializer if self.action == "retrieve" else ChangeSerializer

    @extend_schema(request=ReasonSerializer, responses=ChangeSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def retry(self, request: Request, public_id: str) -> Response:
        """Settle a stuck change: the platform is read first, then written at most once more."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(ledger.retry(found.public_id, actor=self.actor, **asked))


def with_current_changes(actor: Actor) -> QuerySet[ChangeSet]:
    """Change sets with the rows of their present version as ``current_rows``."""
    rows = (
        Change.objects.filter(version=F("change_set__version"))
        .select_related("client", "change_set", "ad_account", "budget", "ad_campaign", "ad_group")
        .order_by("id")
    )
    return change_sets_for(actor).prefetch_related(Prefetch("changes", queryset=rows, to_attr="current_rows"))


def shown_change_set(change_set: ChangeSet, actor: Actor) -> Response:
    """A change set that another resource's action made."""
    fresh = with_current_changes(actor).get(pk=change_set.pk)
    return Response(ChangeSetSerializer(fresh).data, status=201)


def _targets(asked: Sequence[dict[str, Any]], actor: Actor) -> list[changes.Target]:
    targets: list[changes.Target] = []
    for place, one in enumerate(asked):
        if "budget" in one:
            budget = named(selectors.budgets_for(actor), one["budget"], f"targets.{place}.budget")
            amount = _micros(one["amount"], budget.currency, f"targets.{place}.amount")
            targets.append(changes.BudgetTarget(budget, amount))
            continue
        holder: AdCampaign | AdGroup
        if "ad_group" in one:
            holder = named(selectors.ad_groups_for(actor), one["ad_group"], f"targets.{place}.ad_group")
        else:
            holder = named(
                selectors.ad_campaigns_for(actor), one["ad_campaign"], f"targets.{place}.ad_campaign"
            )
        targets.append(_aim(holder, one, place))
    return targets


def _aim(holder: AdCampaign | AdGroup, one: dict[str, Any], place: int) -> changes.Target:
    currency = holder.ad_account.currency
    if "bid_kind" in one:
        value = one.get("roas_millis")
        if value is None:
            value = _micros(one["bid"], currency, f"targets.{place}.bid")
        return changes.BidTarget(holder, one["bid_kind"], value)
    assert isinstance(holder, AdCampaign)  # the serializer lets an ad group have a bid only
    if "status" in one:
        return changes.StatusTarget(holder, one["status"])
    cap = one["spend_cap"]
    return changes.SpendCapTarget(
        holder, None if cap is None else _micros(cap, currency, f"targets.{place}.spend_cap")
    )


def _micros(money: Money, currency: str, field: str) -> int:
    if money.currency != currency:
        raise InvalidInput(fields={field: f"This is in {currency}."})
    return money.micros
