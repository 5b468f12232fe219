"""`manage.py demo_seed`: make the demo agency, once, against the running product and its sandbox."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from campaigns.models import AdAccount, Connection, SyncRun
from campaigns.platforms.records import Platform
from campaigns.sandbox.scenario import ACCOUNTS
from campaigns.services import accounts, ledger, sync
from lane.accounts.models import Organization
from lane.core import outbox
from lane.core.errors import LaneError
from lane.ops.demo import calendar, people, plans, portfolios
from lane.ops.demo import ledger as ledger_demo
from lane.ops.demo.browser import DemoBrowser
from lane.ops.demo.people import DemoPeople
from lane.settings.env import STATE_DIR
from notifications.services import deliveries
from pacing.models import Recommendation
from pacing.services import learning, recommendations, runs

_HISTORY_SECONDS = 180


class Command(BaseCommand):
    """People, connections through OAuth, months of history, plans, a first look, a first proposal."""

    help = "Make the demo agency. Needs the running web server (LANE_BASE_URL) and the sandbox."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make everything, telling what is being done."""
        if not settings.SANDBOX:
            raise CommandError("There is no sandbox: start the product with `make run`.")
        if Organization.objects.filter(is_demo=True).exists():
            self.stdout.write("The demo agency exists already.")
            return
        crew = people.make()
        self._save_logins(crew)
        self._connect(crew)
        self._assign(crew)
        self._read_history(crew)
        learned = learning.learn(crew.organization.pk)
        self.stdout.write(f"{learned} figures learned from it.")
        events = calendar.make(crew.clients, crew.marketer)
        self.stdout.write(f"{len(events)} planned events.")
        made = list(plans.make(crew.clients, crew.marketer))
        self.stdout.write(f"{len(made)} plans made; pacing them.")
        runs.run_pass(organization_id=crew.organization.pk)
        portfolios.make(crew.clients, crew.marketer)
        ledger_demo.make(crew.clients, crew.owner, crew.marketer)
        outbox.drain()
        self._propose_one(crew)
        self.stdout.write("The demo agency is ready.")

    def _save_logins(self, crew: DemoPeople) -> None:
        path = STATE_DIR / "demo.json"
        path.write_text(json.dumps({"logins": [dataclasses.asdict(who) for who in crew.logins]}, indent=2))
        path.chmod(0o600)

    def _connect(self, crew: DemoPeople) -> None:
        owner = next(who for who in crew.logins if who.role.startswith("owner"))
        browser = DemoBrowser(settings.LANE_BASE_URL)
        try:
            browser.sign_in(owner.email, owner.password)
            for platform in Platform:
                browser.connect(reverse("connection-begin", args=[platform.value]))
                self.stdout.write(f"Connected {platform.value} through its OAuth pages.")
        finally:
            browser.close()

    def _assign(self, crew: DemoPeople) -> None:
        """Give each account of the sandbox to the client whose name it bears."""
        brands = sorted({account.client for account in ACCOUNTS}, key=len, reverse=True)
        for connection in Connection.objects.filter(organization=crew.organization):
            for found in accounts.available(connection):
                brand = next((name for name in brands if name in found.record.name), None)
                if brand and not found.record.is_manager:
                    client = crew.clients[brand]
                    accounts.assign(connection, found.record.external_id, client, crew.owner)
        outbox.drain()

    def _read_history(self, crew: DemoPeople) -> None:
        """Read what the worker, which was told of the new accounts too, has not read yet."""
        rows = AdAccount.objects.filter(organization=crew.organization).order_by("pk")
        for number, account in enumerate(rows, start=1):
            run = _history_of(account)
            self.stdout.write(f"{number} of {len(rows)}: {account}, {run.rows_new} facts.")
        outbox.drain()

    def _propose_one(self, crew: DemoPeople) -> None:
        """Accept one small recommendation, so that the approver's mail is there to be seen."""
        chosen = (
            Recommendation.objects.filter(
                organization=crew.organization, state="open", client=crew.clients["Pinewick Coffee"]
            )
            .order_by("pk")
            .first()
        )
        if chosen is None:
            return
        recommendations.accept(chosen.public_id, actor=crew.marketer)
        outbox.drain()
        ledger.drain()
        deliveries.send_due()


def _history_of(account: AdAccount) -> SyncRun:
    """The finished first reading of an account, whoever does it."""
    deadline = time.monotonic() + _HISTORY_SECONDS
    while time.monotonic() < deadline:
        finished = SyncRun.objects.filter(ad_account=account, state=SyncRun.State.DONE)
        done = finished.filter(kind=SyncRun.Kind.HISTORY).order_by("pk").first()
        if done is not None:
            return done
        try:
            run = sync.sync_account(account.pk, SyncRun.Kind.HISTORY)
        except LaneError as error:
            raise CommandError(f"{account}: {error.message}") from error
        if run.state == SyncRun.State.FAILED:
            raise CommandError(f"{account}: {run.error}")
        if run.state == SyncRun.State.RUNNING:
            time.sleep(0.2)
    raise CommandError(f"{account}: its history was not read within {_HISTORY_SECONDS} s.")
