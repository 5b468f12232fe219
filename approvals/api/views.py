"""Approval requests and policies: what may be asked of them."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from approvals import sign_in
from approvals.amounts import rows_of, totals
from approvals.api.serializers import (
    DecideSerializer,
    PolicySerializer,
    RequestSerializer,
    SavePolicySerializer,
)
from approvals.models import ApprovalPolicy, ApprovalRequest
from approvals.selectors import policies_for, requests_for, waiting_for
from approvals.services import decide, policies
from lane.accounts.models import Membership, User
from lane.accounts.selectors import clients_for
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, all_named, named, parsed
from lane.core.actors import ActorKind
from lane.core.errors import InvalidInput
from lane.core.money import Money


class RequestFilter(django_filters.FilterSet):
    """Which requests; ``view=mine`` are those asked by the caller, as in the inbox."""

    state = django_filters.ChoiceFilter(choices=ApprovalRequest.State.choices)
    client = django_filters.UUIDFilter(field_name="client__public_id")
    subject_type = django_filters.CharFilter()
    subject_id = django_filters.CharFilter()
    view = django_filters.ChoiceFilter(
        choices=[("mine", "Asked by me"), ("waiting", "Waiting for me")], method="of_caller"
    )

    class Meta:
        model = ApprovalRequest
        fields: list[str] = []

    def of_caller(self, requests: QuerySet, name: str, value: str) -> QuerySet:
        """Asked by the caller, or waiting for them."""
        actor = self.request.actor
        if value == "mine":
            return requests.filter(requested_by_id=actor.user_id or 0)
        return requests.filter(pk__in=waiting_for(actor).values("pk"))


class RequestViewSet(LaneReadViewSet[ApprovalRequest]):
    """Approval requests, newest first."""

    queryset = ApprovalRequest.objects.none()
    serializer_class = RequestSerializer
    filterset_class = RequestFilter
    write_scope = "decide"

    def get_queryset(self) -> QuerySet[ApprovalRequest]:
        """Requests of the clients the caller sees."""
        found = requests_for(self.actor).select_related("client")
        return found.prefetch_related("decisions", "approvers__user")

    @extend_schema(request=DecideSerializer, responses=RequestSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def decide(self, request: Request, public_id: str) -> Response:
        """Decide once, for exactly the content that was read. Nobody decides what they proposed or edited."""
        approval = self.get_object()
        asked = parsed(DecideSerializer, request.data)
        amount: Money | None = asked.pop("amount", None)
        if amount is not None:
            _require_currency(amount, approval)
        is_person = self.actor.kind is ActorKind.PERSON
        decided = decide.decide(
            approval.public_id,
            actor=self.actor,
            amount_micros=None if amount is None else amount.micros,
            mfa_age_seconds=sign_in.mfa_age_seconds(request._request) if is_person else None,
            sign_in_age_seconds=sign_in.sign_in_age_seconds(request._request) if is_person else None,
            **asked,
        )
        return self.answer(decided)


class PolicyFilter(django_filters.FilterSet):
    """Which policies."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = ApprovalPolicy
        fields: list[str] = []


class PolicyViewSet(LaneReadViewSet[ApprovalPolicy]):
    """Approval policies. A client's own wins over the organization's; without either Lane's default rules."""

    queryset = ApprovalPolicy.objects.none()
    serializer_class = PolicySerializer
    filterset_class = PolicyFilter
    write_scope = "manage"

    def get_queryset(self) -> QuerySet[ApprovalPolicy]:
        """Policies the caller may see."""
        return policies_for(self.actor).select_related("client").prefetch_related("approvers")

    @extend_schema(request=SavePolicySerializer, responses={201: PolicySerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Set the policy of the organization or of one client; requests that are open keep the old one."""
        asked = parsed(SavePolicySerializer, request.data)
        client_id = asked.pop("client")
        client = named(clients_for(self.actor), client_id, "client") if client_id else None
        people = User.objects.filter(
            pk__in=Membership.objects.for_organization(self.actor.organization_id).values("user_id")
        )
        approvers = all_named(people, asked.pop("approvers"), "approvers")
        saved = policies.save(
            actor=self.actor, client=client, approver_ids=[user.pk for user in approvers], **asked
        )
        return self.answer(saved, status=201)

    @extend_schema(request=None, responses=PolicySerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def retire(self, request: Request, public_id: str) -> Response:
        """Let the next wider policy rule from now on."""
        policy = self.get_object()
        policies.remove(policy, actor=self.actor)
        return self.answer(policy)


def _require_currency(amount: Money, approval: ApprovalRequest) -> None:
    together = totals(rows_of(approval.diff))
    if together is None:
        raise InvalidInput(fields={"amount": "No single amount changes here; send the word in “typed”."})
    if amount.currency != together.currency:
        raise InvalidInput(fields={"amount": f"This proposal is in {together.currency}."})
