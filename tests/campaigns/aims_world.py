"""Accounts of the running sandbox, mirrored: what spend caps, totals and bid targets are set on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaigns.models import AdAccount, AdCampaign, AdGroup, Budget, Change, ChangeSet, Connection
from campaigns.platforms import registry
from campaigns.platforms.records import Level
from campaigns.services import accounts, changes, connections, drift, ledger
from campaigns.sync import structure
from lane.accounts.models import Client, Organization
from lane.core import clock
from lane.core.actors import Actor
from tests.campaigns.sandbox_login import connect, control
from tests.campaigns.world import person


@dataclass
class Place:
    """One mirrored account, somebody who asks and somebody who approves."""

    sandbox: dict[str, Any]
    connection: Connection
    account: AdAccount
    client: Client
    editor: Actor
    owner: Actor

    def read(self) -> list[Any]:
        """Mirror the tree anew, and note what others did; Lane's own writes are long past."""
        past = clock.machine_now() - timedelta(minutes=5)
        Change.objects.filter(sent_at__isnull=False).update(sent_at=past, updated_at=past)
        with connections.open_line(self.connection) as platform:
            tree = structure.read(platform, registry.account_record(self.account), list(Level))
            edits = platform.external_changes(
                registry.account_record(self.account), clock.now() - timedelta(days=1)
            )
        stored = structure.store(self.account, tree, clock.today(self.account.timezone))
        return drift.note(
            self.account,
            stored.moved,
            list(edits),
            busy_budgets=stored.busy_budgets,
            moved_caps=stored.moved_caps,
            busy_campaigns=stored.busy_campaigns,
        )

    def campaign(self, name: str) -> AdCampaign:
        return AdCampaign.objects.get(ad_account=self.account, name=name)

    def group(self, name: str) -> AdGroup:
        return AdGroup.objects.get(ad_account=self.account, name=name)

    def budget(self, name: str) -> Budget:
        return Budget.objects.get(ad_account=self.account, name=name)

    def propose(self, *targets: changes.Target, **values: Any) -> ChangeSet:
        return changes.propose(
            client=self.client,
            title="Hold it to the plan",
            reason="The plan is nearly spent.",
            targets=targets,
            origin="person",
            actor=values.pop("actor", self.editor),
            **values,
        )

    def apply(self, change_set: ChangeSet, *, automatic: bool = False) -> Sequence[Change]:
        """Authorise a set and write every row of it."""
        actor = Actor.system(self.client.organization_id, "policy") if automatic else self.owner
        changes.authorise(
            change_set.public_id,
            approval_id="request-1",
            approved_hash=change_set.content_hash,
            actor=actor,
            automatic=automatic,
        )
        rows = list(change_set.changes.filter(version=change_set.version).order_by("id"))
        for row in rows:
            ledger.apply(row.pk)
            row.refresh_from_db()
        return rows

    def written(self) -> list[tuple[str, Any]]:
        """Field and value of every write that took effect at the sandbox."""
        entries = control(self.sandbox, "GET", "journal")["entries"]
        return [(entry["field"], entry["after"]) for entry in entries if entry["effective"]]

    def edit(self, external_id: str, **change: Any) -> None:
        """Somebody else changes something at the platform."""
        control(self.sandbox, "POST", "edit", platform=self.account.platform, entity_id=external_id, **change)

    def advance(self, **delta: float) -> None:
        control(self.sandbox, "POST", "clock", advance_seconds=timedelta(**delta).total_seconds())
        follow(self.sandbox)


def follow(sandbox: dict[str, Any]) -> None:
    """Business time is what the sandbox's clock says."""
    now = datetime.fromisoformat(control(sandbox, "GET", "clock")["now"])
    clock.set_offset(now - clock.machine_now())


def place(sandbox: dict[str, Any], platform: str, name: str) -> Place:
    """The account of that name, connected through the consent page and mirrored."""
    follow(sandbox)
    organization = Organization.objects.create(name="Northbank")
    client = Client.objects.create(organization=organization, name=name)
    _, admin = person(organization, "admin")
    _, owner = person(organization, "owner")
    connection = connect(admin, platform)
    found = next(one.record for one in accounts.available(connection) if one.record.name == name)
    account = accounts.assign(connection, found.external_id, client, admin, found=found)
    made = Place(sandbox, connection, account, client, admin, owner)
    made.read()
    return made
