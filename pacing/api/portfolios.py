"""Portfolios under /api/v1/: what they are, what was seen, what was proposed, and the answers to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.change_sets import ChangeSetSerializer, shown_change_set
from campaigns.selectors import budgets_for
from lane.accounts import policies
from lane.accounts.selectors import clients_for
from lane.api.fields import (
    LaneSerializer,
    MoneyField,
    MoneyInput,
    OptionalReasonSerializer,
    ReasonSerializer,
    RefField,
    RefsField,
)
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, all_named, named, parsed
from lane.core.errors import InvalidInput, NotVisible
from lane.core.money import Money
from pacing.models import AllocationLook, AllocationMove, Experiment, GroupLimit, Portfolio, PortfolioArm
from pacing.selectors import plans_for
from pacing.selectors.portfolios import experiments_for, looks_for, portfolios_for
from pacing.services.portfolios import arms, moves, setup, switching
from pacing.services.portfolios.terms import ArmTerms, GroupTerms
from pacing.tasks import look_at_portfolio

_RATIO: dict[str, Any] = {
    "max_digits": 4,
    "decimal_places": 3,
    "min_value": Decimal(0),
    "max_value": Decimal(1),
}
OF_PORTFOLIO = [OpenApiParameter("portfolio_id", OpenApiTypes.UUID, OpenApiParameter.PATH)]


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


class PortfolioFilter(django_filters.FilterSet):
    """Portfolios."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    state = django_filters.ChoiceFilter(choices=Portfolio.State.choices)
    mode = django_filters.ChoiceFilter(choices=Portfolio.Mode.choices)
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Part of the name")

    class Meta:
        model = Portfolio
        fields: list[str] = []


class AllocationLookFilter(django_filters.FilterSet):
    """Looks at one portfolio."""

    decision = django_filters.ChoiceFilter(choices=AllocationLook.Decision.choices)
    proposal = django_filters.ChoiceFilter(
        choices=[choice for choice in AllocationLook.Proposal.choices if choice[0]]
    )

    class Meta:
        model = AllocationLook
        fields: list[str] = []


class PortfolioViewSet(LaneReadViewSet[Portfolio]):
    """Portfolios: arms that share a client's daily money."""

    queryset = Portfolio.objects.none()
    serializer_class = PortfolioSerializer
    filterset_class = PortfolioFilter
    write_scopes = {"look": "propose"}

    def get_queryset(self) -> QuerySet[Portfolio]:
        """Portfolios of the clients the caller sees."""
        current = (
            PortfolioArm.objects.filter(removed_at=None).select_related("group").prefetch_related("budgets")
        )
        return portfolios_for(self.actor).prefetch_related(
            Prefetch("arms", current.order_by("pk"), to_attr="current_arms"), "groups"
        )

    @extend_schema(request=CreatePortfolioSerializer, responses={201: PortfolioSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Make a portfolio; its first look follows at once. No budget changes by it."""
        asked = parsed(CreatePortfolioSerializer, request.data)
        client = named(clients_for(self.actor), asked.pop("client"), "client")
        wanted = [self._arm(row, place) for place, row in enumerate(asked.pop("arms"))]
        groups = [GroupTerms(**row) for row in asked.pop("groups", [])]
        currency = wanted[0].budgets[0].currency if wanted else ""
        asked |= self._money(asked, currency)
        made = setup.create(client=client, arms=wanted, groups=groups, actor=self.actor, **asked)
        return self.answer(made, status=201)

    @extend_schema(request=EditPortfolioSerializer, responses=PortfolioSerializer)
    def partial_update(self, request: Request, public_id: str) -> Response:
        """Change terms; the next look uses them."""
        portfolio = self.get_object()
        asked = parsed(EditPortfolioSerializer, request.data)
        version = asked.pop("version")
        if "plan" in asked or "daily" in asked:
            asked |= self._money(asked, portfolio.currency)
        return self.answer(
            setup.edit(portfolio.public_id, actor=self.actor, expected_version=version, **asked)
        )

    @extend_schema(request=EditArmsSerializer, responses=PortfolioSerializer)
    @action(detail=True, methods=["post"], url_path="arms")
    @idempotent
    def change_arms(self, request: Request, public_id: str) -> Response:
        """Change locks, floors, caps, names and groups of arms: all rows, or none when one is refused."""
        portfolio = self.get_object()
        asked = parsed(EditArmsSerializer, request.data)
        rows: dict[str, dict[str, Any]] = {}
        for place, row in enumerate(asked["arms"]):
            values = dict(row)
            for name in ("floor", "cap"):
                if name in values:
                    values[f"{name}_micros"] = _micros(
                        values.pop(name), portfolio.currency, f"arms.{place}.{name}"
                    )
            rows[str(values.pop("id"))] = values
        return self.answer(
            arms.change(portfolio.public_id, rows, actor=self.actor, expected_version=asked["version"])
        )

    @extend_schema(request=ArmInputSerializer, responses={201: PortfolioSerializer})
    @action(detail=True, methods=["post"], url_path="add-arm")
    @idempotent
    def add_arm(self, request: Request, public_id: str) -> Response:
        """Take one more arm in; it keeps its amount until enough is known of it."""
        portfolio = self.get_object()
        asked = parsed(ArmInputSerializer, request.data)
        arms.add(portfolio.public_id, self._arm(asked, 0), actor=self.actor)
        return self.answer(portfolio, status=201)

    @extend_schema(request=RemoveArmSerializer, responses=PortfolioSerializer)
    @action(detail=True, methods=["post"], url_path="remove-arm")
    @idempotent
    def remove_arm(self, request: Request, public_id: str) -> Response:
        """Take an arm out; its budgets keep their amounts and are free for another portfolio."""
        portfolio = self.get_object()
        asked = parsed(RemoveArmSerializer, request.data)
        return self.answer(
            arms.remove(portfolio.public_id, asked["arm"], actor=self.actor, reason=asked["reason"])
        )

    @extend_schema(request=EditGroupsSerializer, responses=PortfolioSerializer)
    @action(detail=True, methods=["post"], url_path="groups")
    @idempotent
    def change_groups(self, request: Request, public_id: str) -> Response:
        """Replace the groups and their shares."""
        portfolio = self.get_object()
        asked = parsed(EditGroupsSerializer, request.data)
        groups = [GroupTerms(**row) for row in asked["groups"]]
        return self.answer(
            arms.set_groups(portfolio.public_id, groups, actor=self.actor, expected_version=asked["version"])
        )

    @extend_schema(request=OptionalReasonSerializer, responses=PortfolioSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def start(self, request: Request, public_id: str) -> Response:
        """Look at the portfolio at once and from then on."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(switching.start(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=ReasonSerializer, responses=PortfolioSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def pause(self, request: Request, public_id: str) -> Response:
        """Stop looking for a while; the budgets stay as they are and stay in the portfolio."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(switching.pause(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=ReasonSerializer, responses=PortfolioSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def stop(self, request: Request, public_id: str) -> Response:
        """Stop looking and let the budgets go; they stay as they are."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(switching.stop(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=None, responses={202: PortfolioSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def look(self, request: Request, public_id: str) -> Response:
        """Look now instead of at the next time; the look appears among its looks."""
        portfolio = self.get_object()
        policies.require(self.actor, "propose", portfolio)
        if portfolio.state != Portfolio.State.RUNNING:
            raise InvalidInput("This portfolio does not run. Start it first.")
        look_at_portfolio.hint_on_commit(portfolio.pk)
        return self.answer(portfolio, status=202)

    def _arm(self, row: dict[str, Any], place: int) -> ArmTerms:
        budgets = all_named(budgets_for(self.actor), row["budgets"], f"arms.{place}.budgets")
        currency = budgets[0].currency
        return ArmTerms(
            label=row["label"],
            budgets=tuple(budgets),
            kind=row["kind"],
            group=row["group"],
            locked=row["locked"],
            floor_micros=_micros(row["floor"], currency, f"arms.{place}.floor"),
            cap_micros=_micros(row["cap"], currency, f"arms.{place}.cap"),
        )

    def _money(self, asked: dict[str, Any], currency: str) -> dict[str, Any]:
        """Where the day's money comes from, as the service takes it."""
        plan_id = asked.pop("plan", None)
        plan = named(plans_for(self.actor), plan_id, "plan") if plan_id else None
        return {"plan": plan, "daily_micros": _micros(asked.pop("daily", None), currency, "daily")}


@extend_schema(parameters=OF_PORTFOLIO)
class AllocationLookViewSet(LaneReadViewSet[AllocationLook]):
    """Looks at one portfolio, newest first; the splits they proposed are answered here."""

    queryset = AllocationLook.objects.none()
    serializer_class = AllocationLookSerializer
    filterset_class = AllocationLookFilter
    write_scopes = {"accept": "propose", "decline": "propose"}

    def get_queryset(self) -> QuerySet[AllocationLook]:
        """Looks at a portfolio the caller sees; an unknown portfolio is not found."""
        portfolio = self.kwargs["portfolio_id"]
        if self.action == "list" and not portfolios_for(self.actor).filter(public_id=portfolio).exists():
            raise NotVisible
        moved = AllocationMove.objects.select_related("arm").order_by("pk")
        return (
            looks_for(self.actor)
            .filter(portfolio__public_id=portfolio)
            .defer("numbers")
            .prefetch_related(Prefetch("moves", moved))
        )

    @extend_schema(request=None, responses={201: ChangeSetSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def accept(self, request: Request, portfolio_id: str, public_id: str) -> Response:
        """Turn the split into one change set that asks for approval. Nothing is written before that."""
        found = self.get_object()
        return shown_change_set(moves.accept(found.public_id, actor=self.actor), self.actor)

    @extend_schema(request=ReasonSerializer, responses=AllocationLookSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def decline(self, request: Request, portfolio_id: str, public_id: str) -> Response:
        """Say no, and why; nothing changes and Lane rests."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(moves.decline(found.public_id, actor=self.actor, **asked))


@extend_schema(parameters=OF_PORTFOLIO)
class ExperimentViewSet(LaneReadViewSet[Experiment]):
    """Steps one portfolio made to learn, newest first."""

    queryset = Experiment.objects.none()
    serializer_class = ExperimentSerializer

    def get_queryset(self) -> QuerySet[Experiment]:
        """Experiments of a portfolio the caller sees; an unknown portfolio is not found."""
        portfolio = self.kwargs["portfolio_id"]
        if self.action == "list" and not portfolios_for(self.actor).filter(public_id=portfolio).exists():
            raise NotVisible
        return experiments_for(self.actor).filter(portfolio__public_id=portfolio)


def _micros(amount: Money | None, currency: str, field: str) -> int | None:
    if amount is None:
        return None
    if currency and amount.currency != currency:
        raise InvalidInput(fields={field: f"The budgets are in {currency}. Write the amount in {currency}."})
    return amount.micros
