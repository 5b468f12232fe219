"""What people ask about approvals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Q

from approvals.models import ApprovalPolicy, ApprovalRequest, Decision
from lane.accounts import policies
from lane.accounts.models import Client, User
from lane.accounts.visibility import ClientOwnedQuerySet, OrganizationOwnedQuerySet
from lane.core.actors import Actor

BUILT_IN_NAME = "Lane's default"


def requests_for(actor: Actor) -> ClientOwnedQuerySet[ApprovalRequest]:
    """The requests this actor may see."""
    return ApprovalRequest.objects.visible_to(actor)


def waiting_for(actor: Actor) -> ClientOwnedQuerySet[ApprovalRequest]:
    """Open requests this person was asked to decide and may decide."""
    return requests_for(actor).filter(
        ~Q(barred_user_ids__contains=[actor.user_id]),
        state=ApprovalRequest.State.OPEN,
        approvers__user=actor.user_id or 0,
    )


def decision_of(request_id: str) -> Decision | None:
    """The decision that settled a request, with its link; None while there is none."""
    return Decision.objects.select_related("link").filter(request__public_id=request_id).first()


def policies_for(actor: Actor) -> OrganizationOwnedQuerySet[ApprovalPolicy]:
    """The policies this actor may see: the organization's, and those of clients they see."""
    visible = Client.objects.visible_to(actor).values("pk")
    return ApprovalPolicy.objects.visible_to(actor).filter(Q(client=None) | Q(client__in=visible))


def policy_of(client: Client) -> ApprovalPolicy:
    """The policy that rules a client: its own, else the organization's, else Lane's default (unsaved)."""
    active = ApprovalPolicy.objects.filter(organization_id=client.organization_id, is_active=True)
    own = active.filter(client=client).first() or active.filter(client=None).first()
    return own or ApprovalPolicy(organization_id=client.organization_id, name=BUILT_IN_NAME)


def snapshot(policy: ApprovalPolicy) -> dict[str, Any]:
    """The policy as a request keeps it: later edits do not change what is already open."""
    return {
        "id": str(policy.public_id) if policy.pk else "",
        "name": policy.name,
        "version": policy.version,
        "approver_ids": sorted(policy.approvers.values_list("pk", flat=True)) if policy.pk else [],
        "sla_hours": policy.sla_hours,
        "auto_decrease_ratio": _text(policy.auto_decrease_ratio),
        "auto_increase_ratio": _text(policy.auto_increase_ratio),
        "auto_increase_micros": policy.auto_increase_micros,
        "link_cap_ratio": _text(policy.link_cap_ratio),
        "link_cap_micros": policy.link_cap_micros,
    }


def may_decide(request: ApprovalRequest) -> list[User]:
    """Who can decide a request now: approvers of the client whom the policy names, without the barred."""
    able = policies.holders("approve", organization_id=request.organization_id, client_id=request.client_id)
    named = set(request.policy_snapshot.get("approver_ids", ()))
    barred = set(request.barred_user_ids)
    return [user for user in able if user.pk not in barred and (not named or user.pk in named)]


def _text(ratio: Decimal) -> str:
    return str(Decimal(ratio).normalize())
