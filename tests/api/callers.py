"""Callers of the API: a signed-in person or a key, and a world with one of everything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.test import Client as Browser

from approvals.models import ApprovalRequest
from approvals.services import policies
from campaigns.models import AdCampaign, Budget, Change, ChangeSet, CsvImport, Drift, KillSwitch, SyncRun
from campaigns.services import changes, kill_switches
from lane.accounts.models import Membership, User
from lane.accounts.services import api_keys, invitations
from lane.core import clock, outbox
from lane.core.actors import Actor, ActorKind
from lane.core.models import Job
from notifications.models import Notification
from pacing.models import BudgetPlan, PacingRun, Recommendation
from pacing.services import amendments, fx, runs
from pacing.services import series as plan_series
from tests.campaigns.world import World, make_budget, make_group, make_world
from tests.pacing.world import make_plan, tell_spend

MICROS = 1_000_000


class Caller:
    """Speaks JSON to /api/v1/."""

    def __init__(self, user: User | None = None, *, token: str = "") -> None:
        self.browser = Browser()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        if user is not None:
            self.browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, **query: Any) -> Any:
        address = path if path.startswith("http") else f"/api/v1/{path}"
        return self.browser.get(address, query or None, headers=self.headers)

    def post(self, path: str, body: Any = None, *, once: str = "") -> Any:
        return self._send("post", path, body, {"Idempotency-Key": once} if once else {})

    def patch(self, path: str, body: Any) -> Any:
        return self._send("patch", path, body, {})

    def delete(self, path: str) -> Any:
        return self.browser.delete(f"/api/v1/{path}", headers=self.headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        return getattr(self.browser, method)(
            f"/api/v1/{path}",
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers=self.headers | headers,
        )


def key_of(actor: Actor, *scopes: str, **values: Any) -> Caller:
    """A caller with a fresh key of this person."""
    wanted = scopes or ("read", "propose", "write", "decide", "manage")
    return Caller(token=api_keys.create(name="test", scopes=wanted, actor=actor, **values).token)


def hire(world: World, role: str, *, is_approver: bool = False) -> tuple[User, Actor]:
    """Somebody with a role in the world's organization."""
    number = User.objects.count()
    user = User.objects.create_user(
        f"{role}.{number}@example.com", "a long password", name=f"{role} {number}"
    )
    Membership.objects.create(organization=world.organization, user=user, role=role, is_approver=is_approver)
    return user, Actor(ActorKind.PERSON, world.organization.pk, user.pk, label=str(user), via="test")


@dataclass
class Everything:
    """A world with one of everything the API has; ``ids`` by the resource's address."""

    world: World
    budget: Budget
    campaign: AdCampaign
    plan: BudgetPlan
    change_set: ChangeSet
    request: ApprovalRequest
    recommendation: Recommendation
    switch: KillSwitch
    drift: Drift
    ids: dict[str, UUID] = field(default_factory=dict)


def everything() -> Everything:
    """One of everything."""
    world = make_world()
    budget = make_budget(world)
    tell_spend(world, budget, per_day=50)
    plan = make_plan(world, [budget], per_day=60)
    runs.run_pass(organization_id=world.organization.pk)
    other = make_budget(world)
    hire(world, "viewer", is_approver=True)
    change_set = changes.propose(
        client=world.client,
        title="Raise it",
        reason="It is behind its plan.",
        targets=[changes.BudgetTarget(other, 55 * MICROS)],
        origin="person",
        actor=world.admin,
    )
    outbox.drain()
    switch = kill_switches.stop(actor=world.admin, reason="Looking into it", platform="meta")
    now = clock.now()
    owner = {"organization": world.organization, "client": world.client}
    drift = Drift.objects.create(
        budget=other, expected_micros=40 * MICROS, observed_micros=50 * MICROS, seen_at=now, **owner
    )
    sync = SyncRun.objects.create(
        ad_account=world.account, kind="today", state="done", started_at=now, **owner
    )
    file = CsvImport.objects.create(
        platform="meta", account_name="File", currency="EUR", timezone="Europe/Berlin", file_name="a.csv",
        content_digest="0" * 64, content="", **owner,
    )  # fmt: skip
    job = Job.objects.create(
        organization_id=world.organization.pk, kind="test", label="Test", created_by_id=world.user.pk
    )
    notice = Notification.objects.create(
        organization=world.organization, user=world.user, kind="test", title="A notice",
        dedupe_key="test", created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    policy = policies.save(actor=world.admin, name="House policy")
    key = api_keys.create(name="first", scopes=["read"], actor=world.admin).key
    invitation = invitations.invite(
        email=f"new{world.organization.pk}@example.com", role="viewer", actor=world.admin
    ).invitation
    request = ApprovalRequest.objects.get(subject_id=str(change_set.public_id))
    amendment = amendments.propose(
        plan.public_id,
        actor=hire(world, "editor")[1],
        reason="More demand",
        amount_micros=plan.amount_micros + MICROS,
    )
    series = plan_series.create(
        client=world.client,
        name="Always on",
        amount_micros=300 * MICROS,
        cadence="month",
        anchor_on=clock.today("Europe/Berlin") + timedelta(days=40),
        budgets=[make_budget(world)],
        actor=world.admin,
    )
    rate = fx.enter(actor=world.admin, base="GBP", quote="EUR", on=clock.today("UTC"), value="1.15")
    recommendation = Recommendation.objects.get(plan=plan)
    campaign = AdCampaign.objects.filter(budget=other).get()
    group = make_group(world, campaign)
    things: dict[str, Any] = {
        "clients": world.client,
        "memberships": Membership.objects.get(user=world.user),
        "invitations": invitation,
        "api-keys": key,
        "jobs": job,
        "connections": world.connection,
        "ad-accounts": world.account,
        "ad-campaigns": campaign,
        "ad-groups": group,
        "budgets": other,
        "sync-runs": sync,
        "drifts": drift,
        "imports": file,
        "change-sets": change_set,
        "changes": Change.objects.get(change_set=change_set),
        "kill-switches": switch,
        "plans": plan,
        f"plans/{plan.public_id}/runs": PacingRun.objects.get(plan=plan),
        "amendments": amendment,
        f"plans/{plan.public_id}/ledger": plan.entries.get(kind="base"),
        "plan-series": series,
        "exchange-rates": rate,
        "recommendations": recommendation,
        "approval-requests": request,
        "approval-policies": policy,
        "notifications": notice,
    }
    return Everything(
        world, other, campaign, plan, change_set, request, recommendation, switch, drift,
        {name: thing.public_id for name, thing in things.items()},
    )  # fmt: skip
