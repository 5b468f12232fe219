"""Moving the sandbox and business time together: slot by slot, with everything that happens in between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import AdAccount, Connection, SyncRun
from campaigns.services import accounts, sync
from lane.accounts.models import Client, Organization
from lane.core import clock
from lane.core.errors import InvalidInput, NotAllowed
from lane.core.models import Job
from lane.ops.services import replay
from pacing.models import PacingRun
from pacing.services import plans
from tests.campaigns.sandbox_login import connect, control
from tests.campaigns.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency(sandbox_reset):
    """One sandbox account with a plan over its first budget, read and paced now."""
    organization = Organization.objects.create(name="Tallow Street")
    client = Client.objects.create(organization=organization, name="Pinewick")
    _, admin = person(organization, "admin")
    connection = connect(admin)
    found = next(one for one in accounts.available(connection) if "Pinewick" in one.record.name)
    account = accounts.assign(connection, found.record.external_id, client, admin)
    sync.sync_account(account.pk, SyncRun.Kind.HISTORY)
    today = clock.today(account.timezone)
    plans.create(
        client=client,
        name="Subscriptions",
        amount_micros=7_740_000_000,
        starts_on=today - timedelta(days=9),
        ends_on=today + timedelta(days=20),
        budgets=list(account.budgets.filter(kind="daily")[:1]),
        actor=admin,
    )
    return admin


def _sandbox_now(sandbox) -> str:
    return str(control(sandbox, "GET", "clock")["now"])


def test_every_slot_of_a_job_is_read_and_paced_in_order(agency, sandbox_reset):
    before, was = clock.now(), _sandbox_now(sandbox_reset)
    job = replay.start("2h", actor=agency)
    Job.objects.filter(pk=job.pk).update(total=2)
    replay.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 2)
    assert timedelta(hours=4) <= clock.now() - before < timedelta(hours=4, minutes=2)
    assert _sandbox_now(sandbox_reset) > was
    assert len(set(PacingRun.objects.values_list("slot", flat=True))) == 2
    assert AdAccount.objects.get().facts_synced_at > before + timedelta(hours=3)


def test_a_cancelled_job_stops_after_its_slot(agency):
    job = replay.start("day", actor=agency)
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    replay.run(job.pk)
    job.refresh_from_db()
    assert (job.state, PacingRun.objects.count()) == ("cancelled", 0)


def test_time_stands_still_as_soon_as_something_live_is_connected(agency):
    Connection.objects.update(environment=Connection.Environment.LIVE)
    with pytest.raises(NotAllowed, match="live"):
        replay.start("2h", actor=agency)
    assert (Job.objects.count(), clock.offset()) == (0, timedelta(0))


def test_only_two_hours_or_a_day_can_be_asked_for(agency):
    with pytest.raises(InvalidInput) as refused:
        replay.start("week", actor=agency)
    assert "2h or day" in refused.value.fields["step"]
