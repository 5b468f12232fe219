"""One agency with one client, one ad account and a few budgets, mirrored and at the fake platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import AdAccount, AdCampaign, Budget, Change, ChangeSet, Connection
from campaigns.platforms import registry
from campaigns.services import changes, ledger
from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.core import clock
from lane.core.actors import Actor, ActorKind
from tests.campaigns.fake_platform import FakePlatform

EUR = 1_000_000


class LedgerWorld:
    """Builders and shortcuts; ``elapse`` lets machine time pass for everything that waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.platform = FakePlatform()

        @contextmanager
        def connector_for(connection: Connection) -> Iterator[FakePlatform]:
            registry.require_no_transaction()
            yield self.platform

        monkeypatch.setattr(registry, "connector_for", connector_for)
        self.organization = Organization.objects.create(name="Fernhill Media")
        self.client = Client.objects.create(
            organization=self.organization, name="Pinewick Coffee", currency="EUR", timezone="Europe/Berlin"
        )
        self.editor = self.person("edda@fernhill.example", Role.EDITOR)
        self.approver = self.person("anton@pinewick.example", Role.VIEWER, is_approver=True)
        self.admin = self.person("ada@fernhill.example", Role.ADMIN)
        self.owner = self.person("olga@fernhill.example", Role.OWNER, is_approver=True)
        self.connection = Connection.objects.create(
            organization=self.organization, platform="google_ads", label="Fernhill MCC"
        )
        self.account = AdAccount.objects.create(
            organization=self.organization,
            client=self.client,
            connection=self.connection,
            platform="google_ads",
            external_id="1112223334",
            name="Pinewick Search",
            currency="EUR",
            timezone="Europe/Berlin",
        )

    def person(self, email: str, role: str, *, is_approver: bool = False) -> Actor:
        user = User.objects.create_user(email, name=email.partition("@")[0].title())
        Membership.objects.create(
            organization=self.organization, user=user, role=role, is_approver=is_approver
        )
        return Actor(ActorKind.PERSON, self.organization.pk, user_id=user.pk, label=str(user), via="web")

    @property
    def system(self) -> Actor:
        return Actor.system(self.organization.pk, "pacing")

    def budget(self, name: str = "Cold brew", euros: int = 100, **values: Any) -> Budget:
        external_id = values.pop("external_id", f"b{Budget.objects.count() + 1}")
        self.platform.budget(external_id, euros * EUR)
        return Budget.objects.create(
            organization=self.organization,
            client=self.client,
            ad_account=values.pop("ad_account", self.account),
            external_id=external_id,
            name=name,
            amount_micros=euros * EUR,
            currency="EUR",
            seen_at=clock.now(),
            **values,
        )

    def campaign(self, name: str = "Cold brew search", **values: Any) -> AdCampaign:
        external_id = values.pop("external_id", f"c{AdCampaign.objects.count() + 1}")
        self.platform.campaign(external_id)
        return AdCampaign.objects.create(
            organization=self.organization,
            client=self.client,
            ad_account=values.pop("ad_account", self.account),
            external_id=external_id,
            name=name,
            status=values.pop("status", "active"),
            seen_at=clock.now(),
            **values,
        )

    def live(self, budget: Budget) -> int:
        """What a budget is at the platform, in whole euros."""
        return self.platform.micros(self.ref(budget)) // EUR

    def ref(self, budget: Budget) -> Any:
        return next(ref for ref in self.platform.states if ref.external_id == budget.external_id)

    def propose(self, budget: Budget, euros: int, **values: Any) -> ChangeSet:
        return changes.propose(
            client=self.client,
            title=values.pop("title", f"{budget.name} to {euros}"),
            reason="It is behind its plan.",
            targets=[changes.BudgetTarget(budget, euros * EUR)],
            origin="person",
            actor=values.pop("actor", self.editor),
            **values,
        )

    def authorise(self, change_set: ChangeSet, **values: Any) -> ChangeSet:
        return changes.authorise(
            change_set.public_id,
            approval_id=values.pop("approval_id", "request-1"),
            approved_hash=values.pop("approved_hash", change_set.content_hash),
            actor=values.pop("actor", self.owner),
            **values,
        )

    def approved(self, budget: Budget, euros: int, **values: Any) -> Change:
        """An approved change of one budget."""
        change_set = self.authorise(self.propose(budget, euros), **values)
        return change_set.changes.get(version=change_set.version)

    def automatic(self, budget: Budget, euros: int, *, evidence: dict[str, Any] | None = None) -> Change:
        """A change that a policy approved, as pacing makes it."""
        change_set = self.propose(budget, euros, actor=self.system, evidence=evidence)
        self.authorise(change_set, actor=self.system, automatic=True)
        return change_set.changes.get()

    def apply(self, change: Change) -> Change:
        ledger.apply(change.pk)
        change.refresh_from_db()
        return change

    @staticmethod
    def elapse(seconds: float, change: Change) -> None:
        """Machine time passes: what this change waits for comes nearer."""
        change.refresh_from_db()
        values = {}
        for name in ("next_at", "quiet_until", "lease_until", "sent_at"):
            if getattr(change, name) is not None:
                values[name] = getattr(change, name) - timedelta(seconds=seconds)
        Change.objects.filter(pk=change.pk).update(**values)
        change.refresh_from_db()
