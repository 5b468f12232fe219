"""Portfolios under /api/v1/: what they are, what was seen, what was proposed, and the answers to it."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.change_sets import ChangeSetSerializer, shown_change_set
from campaigns.selectors import budgets_for
from lane.accounts import policies
from lane.accounts.selectors import clients_for
from lane.api.fields import (
    OptionalReasonSerializer,
    ReasonSerializer,
)
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, all_named, named, parsed
from lane.core.errors import InvalidInput, NotVisible
from lane.core.money import Money
from pacing.api.portfolio_serializers import (
    AllocationLookSerializer,
    ArmInputSerializer,
    CreatePortfolioSerializer,
    EditArmsSerializer,
    EditGroupsSerializer,
    EditPortfolioSerializer,
    ExperimentSerializer,
    PortfolioSerializer,
    RemoveArmSerializer,
)
from pacing.models import AllocationLook, AllocationMove, Experiment, Portfolio, PortfolioArm
from pacing.selectors import plans_for
from pacing.selectors.portfolios import experiments_for, looks_for, portfolios_for
from pacing.services.portfolios import arms, moves, setup, switching
from pacing.services.portfolios.terms import ArmTerms, GroupTerms
from pacing.tasks import look_at_portfolio

OF_PORTFOLIO = [OpenApiParameter("portfolio_id", OpenApiTypes.UUID, OpenApiParameter.PATH)]


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
