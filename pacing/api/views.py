"""Plans, looks and recommendations: what may be asked of them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.change_sets import ChangeSetSerializer, shown_change_set
from campaigns.selectors import budgets_for
from lane.accounts import policies
from lane.accounts.selectors import clients_for
from lane.api.fields import OptionalReasonSerializer, ReasonSerializer
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, all_named, named, parsed
from lane.core.errors import InvalidInput, NotVisible
from lane.core.money import Money
from pacing.api.filters import PlanFilter, RecommendationFilter, RunFilter
from pacing.api.serializers import (
    AcceptSerializer,
    CreatePlanSerializer,
    EditPlanSerializer,
    PlanSerializer,
    RecommendationSerializer,
    RunSerializer,
)
from pacing.models import BudgetPlan, PacingRun, Recommendation
from pacing.selectors import plans_for, recommendations_for, runs_for
from pacing.selectors.ledger import with_waiting
from pacing.services import plans, recommendations
from pacing.tasks import run_plan


class PlanViewSet(LaneReadViewSet[BudgetPlan]):
    """Budget plans."""

    queryset = BudgetPlan.objects.none()
    serializer_class = PlanSerializer
    filterset_class = PlanFilter
    write_scopes = {"run": "propose"}

    def get_queryset(self) -> QuerySet[BudgetPlan]:
        """Plans of the clients the caller sees."""
        return with_waiting(plans_for(self.actor).select_related("snapshot", "series")).prefetch_related(
            "budgets"
        )

    @extend_schema(request=CreatePlanSerializer, responses={201: PlanSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Make a plan. A flight may have begun already; it may not be over."""
        asked = parsed(CreatePlanSerializer, request.data)
        amount: Money = asked.pop("amount")
        client = named(clients_for(self.actor), asked.pop("client"), "client")
        budgets = self._budgets(asked.pop("budgets"))
        plan = plans.create(
            actor=self.actor, client=client, budgets=budgets, amount_micros=amount.micros, currency=amount.currency,
            **asked,
        )  # fmt: skip
        return self.answer(plan, status=201)

    @extend_schema(request=EditPlanSerializer, responses=PlanSerializer)
    def partial_update(self, request: Request, public_id: str) -> Response:
        """Change terms or budgets; pacing plans again from now, what was spent stays spent."""
        plan = self.get_object()
        asked = parsed(EditPlanSerializer, request.data)
        amount: Money | None = asked.pop("amount", None)
        changes: dict[str, Any] = {}
        if amount is not None:
            _require_currency(amount, plan.currency)
            changes["amount_micros"] = amount.micros
        if "budgets" in asked:
            changes["budgets"] = self._budgets(asked.pop("budgets"))
        version = asked.pop("version")
        return self.answer(
            plans.edit(plan.public_id, actor=self.actor, expected_version=version, **changes, **asked)
        )

    @extend_schema(request=ReasonSerializer, responses=PlanSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def pause(self, request: Request, public_id: str) -> Response:
        """Stop pacing a plan; its campaigns run on as they are."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(plans.pause(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=None, responses=PlanSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def resume(self, request: Request, public_id: str) -> Response:
        """Pace a plan again from now on."""
        return self.answer(plans.resume(self.get_object().public_id, actor=self.actor))

    @extend_schema(request=OptionalReasonSerializer, responses=PlanSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def archive(self, request: Request, public_id: str) -> Response:
        """Put a plan away; its budgets are free for another plan."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(plans.archive(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=None, responses={202: PlanSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def run(self, request: Request, public_id: str) -> Response:
        """Look at the plan now instead of at the next two-hour slot; the look appears among its runs."""
        plan = self.get_object()
        policies.require(self.actor, "propose", plan)
        if plan.status in (BudgetPlan.Status.ENDED, BudgetPlan.Status.ARCHIVED):
            raise InvalidInput("This plan is over; there is nothing to look at.")
        run_plan.hint_on_commit(plan.pk)
        return self.answer(plan, status=202)

    def _budgets(self, public_ids: list[Any]) -> list[Any]:
        return all_named(budgets_for(self.actor), public_ids, "budgets")


@extend_schema(parameters=[OpenApiParameter("plan_id", OpenApiTypes.UUID, OpenApiParameter.PATH)])
class RunViewSet(LaneReadViewSet[PacingRun]):
    """Looks at one plan, newest first."""

    queryset = PacingRun.objects.none()
    serializer_class = RunSerializer
    filterset_class = RunFilter

    def get_queryset(self) -> QuerySet[PacingRun]:
        """Looks at a plan the caller sees; an unknown plan is not found."""
        plan = self.kwargs["plan_id"]
        if self.action == "list" and not plans_for(self.actor).filter(public_id=plan).exists():
            raise NotVisible
        return runs_for(self.actor).filter(plan__public_id=plan)


class RecommendationViewSet(LaneReadViewSet[Recommendation]):
    """Recommendations, newest first."""

    queryset = Recommendation.objects.none()
    serializer_class = RecommendationSerializer
    filterset_class = RecommendationFilter
    write_scope = "propose"

    def get_queryset(self) -> QuerySet[Recommendation]:
        """Recommendations of the clients the caller sees."""
        return recommendations_for(self.actor)

    @extend_schema(request=AcceptSerializer, responses={201: ChangeSetSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def accept(self, request: Request, public_id: str) -> Response:
        """Turn it into a change set that asks for approval, perhaps with other amounts per budget."""
        recommendation = self.get_object()
        rows = parsed(AcceptSerializer, request.data).get("rows")
        amounts = None
        own_currency = {row["budget_id"]: row["currency"] for row in recommendation.rows if "currency" in row}
        if rows is not None:
            for place, row in enumerate(rows):
                own = own_currency.get(str(row["budget"]), recommendation.currency)
                _require_currency(row["amount"], own, f"rows.{place}.amount")
            amounts = {str(row["budget"]): row["amount"].micros for row in rows}
        made = recommendations.accept(recommendation.public_id, actor=self.actor, rows=amounts)
        return shown_change_set(made, self.actor)

    @extend_schema(request=ReasonSerializer, responses=RecommendationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def decline(self, request: Request, public_id: str) -> Response:
        """Say no, and why; nothing changes at the platform."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(recommendations.decline(found.public_id, actor=self.actor, **asked))


def _require_currency(amount: Money, currency: str, field: str = "amount") -> None:
    if amount.currency != currency:
        raise InvalidInput(fields={field: f"The budgets are in {currency}. Write the amount in {currency}."})
