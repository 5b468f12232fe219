"""The agency of a fault run or benchmark: connected to a running sandbox through its OAuth pages."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

from campaigns.models import AdAccount, Budget, Change, ChangeSet
from campaigns.platforms import registry
from campaigns.platforms.records import Level
from campaigns.services import accounts, changes, connections
from campaigns.sync import structure
from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.core import clock
from lane.core.actors import Actor, ActorKind

CALLBACK = "http://127.0.0.1/connections/callback/google_ads/"


@dataclass(frozen=True, slots=True)
class World:
    """Who asks, who approves, and which daily budgets they change."""

    client: Client
    editor: Actor
    owner: Actor
    budgets: list[Budget]

    def approve(self, number: int, budget: Budget, target_micros: int) -> Change:
        """Propose and authorise one change. The caller opens the transaction: no approval request is needed."""
        change_set: ChangeSet = changes.propose(
            client=self.client,
            title=f"Intent {number}",
            reason="Fault run.",
            targets=[changes.BudgetTarget(budget, target_micros)],
            origin="chaos",
            origin_id=str(number),
            actor=self.editor,
        )
        changes.authorise(
            change_set.public_id,
            approval_id=f"request-{number}",
            approved_hash=change_set.content_hash,
            actor=self.owner,
        )
        return change_set.changes.get()


def connect() -> World:
    """An agency that reaches every Google account of the sandbox and has mirrored their budgets."""
    organization = Organization.objects.create(name="Fault run")
    client = Client.objects.create(organization=organization, name="Every brand")
    editor = _person(organization, "editor@faults.example", Role.ADMIN)
    owner = _person(organization, "owner@faults.example", Role.OWNER)
    url, _ = connections.begin("google_ads", editor, CALLBACK)
    login = connections.finish("google_ads", editor, _consent(url), CALLBACK)
    for reachable in accounts.available(login):
        if reachable.can_be_assigned:
            accounts.assign(login, reachable.record.external_id, client, editor, found=reachable.record)
    for account in AdAccount.objects.filter(connection=login):
        with connections.open_line(login) as platform:
            tree = structure.read(platform, registry.account_record(account), [Level.BUDGET])
        structure.store(account, tree, clock.today(account.timezone))
    budgets = Budget.objects.filter(
        client=client, kind=Budget.Kind.DAILY, removed_at=None, amount_micros__gt=0
    )
    return World(client, editor, owner, list(budgets.select_related("ad_account").order_by("external_id")))


def _person(organization: Organization, email: str, role: str) -> Actor:
    user = User.objects.create_user(email)
    Membership.objects.create(organization=organization, user=user, role=role, is_approver=True)
    return Actor(ActorKind.PERSON, organization.pk, user_id=user.pk, label=email, via="chaos")


def _consent(url: str) -> str:
    """Press Allow on the sandbox's consent page; returns the code."""
    asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    answer = httpx2.post(
        urljoin(url, urlsplit(url).path),
        data={**asked, "decision": "allow"},
        timeout=20,
        follow_redirects=False,
    )
    return str(parse_qs(urlsplit(answer.headers["location"]).query)["code"][0])
