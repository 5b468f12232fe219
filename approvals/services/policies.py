"""Approval policies: who decides, what needs nobody, how far a link reaches. Every edit is a new version."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction

from approvals.models import ApprovalPolicy
from lane.accounts import policies as rights
from lane.accounts.models import Client, User
from lane.audit import services as audit
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible

LONGEST_HOURS = 14 * 24


@transaction.atomic
def save(
    *,
    actor: Actor,
    client: Client | None = None,
    name: str,
    approver_ids: Iterable[int] = (),
    sla_hours: int = 48,
    auto_decrease_ratio: Decimal = Decimal("0.10"),
    auto_increase_ratio: Decimal = Decimal(0),
    auto_increase_micros: int = 0,
    link_cap_ratio: Decimal = Decimal("0.20"),
    link_cap_micros: int = 1_000_000_000,
) -> ApprovalPolicy:
    """Set the policy of a client, or of the whole organization when no client is given.

    Open requests keep the policy they were opened under.
    """
    if client is None:
        rights.require_on_organization(actor, "manage")
    else:
        rights.require(actor, "manage", client)
    approvers = _approvers(actor, client, approver_ids)
    problems: dict[str, str] = {}
    if not name.strip():
        problems["name"] = "Give the policy a name."
    if not 1 <= sla_hours <= LONGEST_HOURS:
        problems["sla_hours"] = f"Choose between 1 and {LONGEST_HOURS} hours."
    for field, ratio, most in (
        ("auto_decrease_ratio", auto_decrease_ratio, 1),
        ("auto_increase_ratio", auto_increase_ratio, 1),
        ("link_cap_ratio", link_cap_ratio, 5),
    ):
        if not 0 <= ratio <= most:
            problems[field] = f"Choose between 0 and {most * 100} %."
    for field, micros in (
        ("auto_increase_micros", auto_increase_micros),
        ("link_cap_micros", link_cap_micros),
    ):
        if micros < 0:
            problems[field] = "Choose zero or more."
    if auto_increase_ratio > 0 and auto_increase_micros == 0:
        problems.setdefault("auto_increase_micros", "Both limits of automatic raises must be above zero.")
    if auto_increase_micros > 0 and auto_increase_ratio == 0:
        problems.setdefault("auto_increase_ratio", "Both limits of automatic raises must be above zero.")
    if approvers and not any(user.has_usable_password() for user in approvers):
        problems["approver_ids"] = (
            "Nobody named here can sign in, so nothing above the link cap could be decided."
        )
    if problems:
        raise InvalidInput(fields=problems)

    policy, created = ApprovalPolicy.objects.locked().get_or_create(
        organization_id=actor.organization_id,
        client=client,
        is_active=True,
        defaults={"name": name.strip()[:120]},
    )
    before = {} if created else _record(policy)
    policy.name = name.strip()[:120]
    policy.sla_hours = sla_hours
    policy.auto_decrease_ratio = auto_decrease_ratio
    policy.auto_increase_ratio = auto_increase_ratio
    policy.auto_increase_micros = auto_increase_micros
    policy.link_cap_ratio = link_cap_ratio
    policy.link_cap_micros = link_cap_micros
    policy.version += 0 if created else 1
    policy.save()
    policy.approvers.set(approvers)
    audit.record(
        "approvals.policy.created" if created else "approvals.policy.changed",
        actor=actor,
        obj=policy,
        before=before,
        after=_record(policy),
    )
    return policy


@transaction.atomic
def remove(policy: ApprovalPolicy, *, actor: Actor) -> None:
    """Retire a policy: the next wider one rules from now on."""
    if policy.organization_id != actor.organization_id:
        raise NotVisible
    if policy.client is None:
        rights.require_on_organization(actor, "manage")
    else:
        rights.require(actor, "manage", policy.client)
    with audit.recording(policy, "approvals.policy.retired", actor=actor):
        policy.is_active = False
        policy.save(update_fields=["is_active", "updated_at"])


def _approvers(actor: Actor, client: Client | None, ids: Iterable[int]) -> list[User]:
    """The named people; each must hold the approver flag where the policy rules."""
    wanted = set(ids)
    able = rights.holders(
        "approve", organization_id=actor.organization_id, client_id=client.pk if client else None
    )
    chosen = [user for user in able if user.pk in wanted]
    if len(chosen) != len(wanted):
        raise InvalidInput(
            fields={
                "approver_ids": "Only people with the approver flag can be named. Set it in Settings, Team."
            }
        )
    return chosen


def _record(policy: ApprovalPolicy) -> dict[str, object]:
    return {
        **audit.snapshot(policy),
        "approvers": sorted(policy.approvers.values_list("email", flat=True)),
    }
