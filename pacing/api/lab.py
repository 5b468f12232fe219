"""The lab under /api/v1/: other terms of a plan before they are saved, and replays of a client's own past."""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lane.accounts.selectors import clients_for
from lane.api.fields import MoneyInput
from lane.api.idempotency import idempotent
from lane.api.views import LaneViewSet, named, parsed
from lane.core.errors import InvalidInput, NotVisible
from lane.core.models import Job
from lane.core.money import Money
from pacing.models import BudgetPlan, PlanHealth
from pacing.selectors import plans_for
from pacing.selectors.lab import ReplayView, replay_of, replays_for
from pacing.services import replay, what_if
from pacing.services.what_if import Assumed
from pacing.tasks import run_replay

_NUMBERS = {"type": "object", "additionalProperties": True}


class SupposedTermsSerializer(serializers.Serializer):
    """Terms to suppose; what is left out stays as it is. ``locked`` lists budgets kept as they are."""

    amount = MoneyInput(required=False)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False)
    strategy = serializers.ChoiceField(choices=BudgetPlan.Strategy.choices, required=False)
    landing = serializers.ChoiceField(choices=BudgetPlan.Landing.choices, required=False)
    locked = serializers.ListField(child=serializers.UUIDField(), required=False)


class EndSerializer(serializers.Serializer):
    """Where a plan ends, in micros."""

    p10 = serializers.IntegerField()
    p50 = serializers.IntegerField()
    p90 = serializers.IntegerField()


class SplitRowSerializer(serializers.Serializer):
    """One budget, micros a day: now, after the next step, and to land the plan."""

    budget_id = serializers.UUIDField()
    name = serializers.CharField()
    now_micros = serializers.IntegerField(allow_null=True)
    next_micros = serializers.IntegerField(allow_null=True)
    needed_micros = serializers.IntegerField(allow_null=True)
    locked = serializers.BooleanField()


class OutlookTermsSerializer(serializers.Serializer):
    """The terms an outlook is of."""

    amount_micros = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    strategy = serializers.CharField()
    landing = serializers.CharField()


class OutlookSerializer(serializers.Serializer):
    """What some terms lead to. ``paced``, ``changes`` and ``pauses`` are simulated; null where nothing can be said."""

    terms = OutlookTermsSerializer()
    days = serializers.IntegerField()
    status = serializers.ChoiceField(choices=PlanHealth.choices)
    target = serializers.ListField(
        child=serializers.IntegerField(), help_text="Cumulative micros at the end of each day."
    )
    spent_micros = serializers.IntegerField(allow_null=True)
    now_per_day_micros = serializers.IntegerField(allow_null=True)
    next_per_day_micros = serializers.IntegerField(allow_null=True)
    needed_per_day_micros = serializers.IntegerField(allow_null=True)
    left_alone = EndSerializer(allow_null=True)
    paced = EndSerializer(allow_null=True)
    changes = serializers.FloatField(allow_null=True)
    pauses = serializers.FloatField(allow_null=True, help_text="Share of simulated futures.")
    futures = serializers.IntegerField(help_text="How many were simulated.")
    split = SplitRowSerializer(many=True)
    reasons = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())


class WhatIfSerializer(serializers.Serializer):
    """A plan as it is and as supposed; ``refusals`` says by field why saving would be refused."""

    plan = serializers.UUIDField(source="plan.public_id")
    currency = serializers.CharField(source="plan.currency")
    at = serializers.DateTimeField()
    data_as_of = serializers.DateTimeField(allow_null=True)
    now = OutlookSerializer()
    then = OutlookSerializer()
    refusals = serializers.DictField(child=serializers.CharField())


@extend_schema(parameters=[OpenApiParameter("plan_id", OpenApiTypes.UUID, OpenApiParameter.PATH)])
class PlanWhatIfViewSet(LaneViewSet[BudgetPlan]):
    """Other terms of one plan. Looking writes nothing; save them by changing the plan."""

    queryset = BudgetPlan.objects.none()
    serializer_class = WhatIfSerializer
    write_scope = "read"

    @extend_schema(request=SupposedTermsSerializer, responses={200: WhatIfSerializer})
    def create(self, request: Request, plan_id: Any) -> Response:
        """Work out both sides from the same reports."""
        plan = plans_for(self.actor).filter(public_id=plan_id).first()
        if plan is None:
            raise NotVisible
        found = what_if.look(
            plan, _assumed(plan, parsed(SupposedTermsSerializer, request.data)), actor=self.actor
        )
        return Response(WhatIfSerializer(found).data)


class ReplayQuestionSerializer(serializers.Serializer):
    """What to replay: one client's budgets, cut into flights of some days."""

    client = serializers.UUIDField()
    days = serializers.ChoiceField(choices=replay.LENGTHS, required=False, default=30)
    strategies = serializers.ListField(
        child=serializers.CharField(),
        allow_empty=False,
        help_text=f"Any of {', '.join(BudgetPlan.Strategy.values)}.",
        required=False,
        default=lambda: ["adaptive", "linear"],
    )
    landing = serializers.ChoiceField(
        choices=BudgetPlan.Landing.choices, required=False, default=BudgetPlan.Landing.PRECISE
    )


class ReplaySerializer(serializers.Serializer):
    """One replay. In ``answer`` everything but the policy ``real`` is simulated; shares are fractions."""

    id = serializers.UUIDField(source="job.public_id")
    client = serializers.UUIDField(source="client.public_id")
    question = extend_schema_field(_NUMBERS)(serializers.JSONField)()
    state = serializers.ChoiceField(source="job.state", choices=Job.State.choices)
    done = serializers.IntegerField(source="job.done")
    total = serializers.IntegerField(source="job.total", allow_null=True)
    message = serializers.CharField(source="job.message")
    answer = extend_schema_field(_NUMBERS | {"nullable": True})(serializers.JSONField)()
    created_at = serializers.DateTimeField(source="job.created_at")
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)


class ReplayViewSet(LaneViewSet[Job]):
    """Replays of a client's last 90 days."""

    queryset = Job.objects.none()
    serializer_class = ReplaySerializer
    write_scope = "read"
    pagination_class = None

    @extend_schema(responses=ReplaySerializer(many=True))
    def list(self, request: Request) -> Response:
        """The newest replays the caller asked for; for admins everybody's."""
        return Response(ReplaySerializer([_short(one) for one in replays_for(self.actor)], many=True).data)

    @extend_schema(responses=ReplaySerializer)
    def retrieve(self, request: Request, public_id: Any) -> Response:
        """One replay with its answer once it is done."""
        return Response(ReplaySerializer(replay_of(self.actor, public_id)).data)

    @extend_schema(request=ReplayQuestionSerializer, responses={202: ReplaySerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Ask for a replay; it runs in the background."""
        asked = parsed(ReplayQuestionSerializer, request.data)
        client = named(clients_for(self.actor), asked["client"], "client")
        question = replay.Question(
            str(client.public_id), asked["days"], tuple(asked["strategies"]), asked["landing"]
        )
        job = replay.start(question, client=client, actor=self.actor)
        run_replay.hint_on_commit(job.pk)
        return Response(ReplaySerializer(replay_of(self.actor, job.public_id)).data, status=202)


def _assumed(plan: BudgetPlan, asked: dict[str, Any]) -> Assumed:
    amount: Money | None = asked.pop("amount", None)
    if amount is not None:
        if amount.currency != plan.currency:
            _refuse_currency(plan)
        asked["amount_micros"] = amount.micros
    asked["locked"] = frozenset(str(one) for one in asked.pop("locked", []))
    return dataclasses.replace(Assumed.of(plan), **asked)


def _refuse_currency(plan: BudgetPlan) -> NoReturn:
    words = f"The plan is in {plan.currency}. Write the amount in {plan.currency}."
    raise InvalidInput(fields={"amount": words})


def _short(found: ReplayView) -> ReplayView:
    """Without its answer: a list of replays stays small."""
    return dataclasses.replace(found, answer=None)
