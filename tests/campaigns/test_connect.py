"""Connecting a login at the sandbox: the whole OAuth round trip, accounts, clients, loss and reconnect."""

from __future__ import annotations

import pytest

from campaigns.models import AdAccount, Connection
from campaigns.platforms.errors import AuthError
from campaigns.services import accounts, connections
from lane.accounts.models import Client, Organization
from lane.audit.models import AuditEntry
from lane.core import clock, sealed_fields
from lane.core.errors import InvalidInput, NotAllowed, NotVisible
from lane.core.models import Event
from tests.campaigns.sandbox_login import CALLBACK, connect, control
from tests.campaigns.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return Organization.objects.create(name="Northbank")


@pytest.fixture
def admin(organization):
    return person(organization, "admin")[1]


@pytest.mark.parametrize("platform", ["google_ads", "meta"])
def test_a_login_is_connected_and_its_accounts_are_given_to_clients(
    sandbox_reset, organization, admin, platform
):
    connection = connect(admin, platform)
    assert (connection.status, connection.environment) == ("ok", "sandbox")
    assert connection.label
    reachable = accounts.available(connection)
    found = next(each for each in reachable if each.can_be_assigned)
    client = Client.objects.create(organization=organization, name="Pinewick")
    account = accounts.assign(connection, found.record.external_id, client, admin)
    again = accounts.assign(connection, found.record.external_id, client, admin, found=found.record)
    assert again == account
    assert AdAccount.objects.count() == 1
    assert (account.currency, account.timezone) == (found.record.currency, found.record.timezone)
    assert Event.objects.filter(name="campaigns.account.added").count() == 1
    assert not next(
        each for each in accounts.available(connection) if each.account == account
    ).can_be_assigned


def test_tokens_are_sealed_and_bound_to_their_row(sandbox_reset, admin):
    connection = connect(admin)
    secret = sealed_fields.reveal(connection, "refresh_token_sealed")
    assert secret
    assert secret.encode() not in bytes(connection.refresh_token_sealed)
    assert not AuditEntry.objects.filter(after__icontains=secret).exists()


def test_a_manager_account_cannot_be_assigned(sandbox_reset, organization, admin):
    connection = connect(admin)
    manager = next(each.record for each in accounts.available(connection) if each.record.is_manager)
    client = Client.objects.create(organization=organization, name="Pinewick")
    with pytest.raises(InvalidInput, match="manager"):
        accounts.assign(connection, manager.external_id, client, admin)
    assert not AdAccount.objects.exists()


def test_an_account_cannot_move_to_another_client(sandbox_reset, organization, admin):
    connection = connect(admin)
    found = next(each.record for each in accounts.available(connection) if each.can_be_assigned)
    first, second = (Client.objects.create(organization=organization, name=name) for name in ("A", "B"))
    accounts.assign(connection, found.external_id, first, admin, found=found)
    with pytest.raises(InvalidInput, match="another client"):
        accounts.assign(connection, found.external_id, second, admin, found=found)


def test_a_client_of_another_organization_does_not_exist_here(sandbox_reset, admin):
    connection = connect(admin)
    found = next(each.record for each in accounts.available(connection) if each.can_be_assigned)
    elsewhere = Client.objects.create(organization=Organization.objects.create(name="Other"), name="X")
    with pytest.raises(NotVisible):
        accounts.assign(connection, found.external_id, elsewhere, admin, found=found)
    assert not AdAccount.objects.exists()


def test_a_wrong_code_stores_nothing(sandbox_reset, admin):
    with pytest.raises(InvalidInput):
        connections.finish("google_ads", admin, "not-a-code", CALLBACK.format(platform="google_ads"))
    assert not Connection.objects.exists()


def test_an_editor_cannot_connect(organization):
    _, editor = person(organization, "editor")
    with pytest.raises(NotAllowed):
        connections.begin("google_ads", editor, "http://x/")


def test_a_real_login_is_refused_while_the_clock_is_moved(admin, settings):
    settings.SANDBOX = {}
    settings.GOOGLE_ADS = {
        **settings.GOOGLE_ADS,
        "client_id": "real",
        "client_secret": "real",
        "endpoint": "",
    }
    from datetime import timedelta

    clock.set_offset(timedelta(hours=2))
    try:
        with pytest.raises(InvalidInput, match="clock"):
            connections.begin("google_ads", admin, "http://x/")
    finally:
        clock.forget()


def test_a_revoked_login_is_lost_once_and_comes_back_with_a_reconnect(sandbox_reset, admin):
    connection = connect(admin)
    control(sandbox_reset, "POST", "faults", platform="google_ads", effect="revoked_refresh")
    for _ in range(2):
        with pytest.raises(AuthError), connections.open_line(connection) as line:
            line.refresh_auth()
    connection.refresh_from_db()
    assert connection.status == "reconnect"
    assert Event.objects.filter(name="campaigns.connection.lost").count() == 1
    control(sandbox_reset, "DELETE", "faults")
    again = connect(admin, "google_ads", connection_id=connection.public_id)
    assert (again.pk, again.status, again.last_error) == (connection.pk, "ok", "")
    assert Connection.objects.count() == 1


def test_disconnecting_forgets_the_credentials(sandbox_reset, admin):
    connection = connections.disconnect(connect(admin).public_id, actor=admin)
    assert connection.status == "disconnected"
    assert connection.refresh_token_sealed is None
    with pytest.raises(AuthError), connections.open_line(connection):
        pass


def test_meta_tokens_are_renewed_before_they_end_by_one_caller_at_a_time(sandbox_reset, admin):
    from datetime import timedelta

    connection = connect(admin, "meta")
    soon = clock.machine_now() + timedelta(days=2)
    Connection.objects.update(
        token_expires_at=soon, token_lease_until=clock.machine_now() + timedelta(minutes=1)
    )
    assert connections.renew(connection.pk).token_expires_at == soon
    Connection.objects.update(token_lease_until=None)
    renewed = connections.renew(connection.pk)
    assert renewed.token_expires_at is None or renewed.token_expires_at > soon
    renewed.refresh_from_db()
    assert renewed.token_lease_until is None


def test_a_login_of_the_sandbox_is_never_used_against_the_real_platform(sandbox_reset, admin, settings):
    connection = connect(admin)
    settings.GOOGLE_ADS = {**settings.GOOGLE_ADS, "endpoint": ""}
    from campaigns.platforms.errors import Invalid

    with pytest.raises(Invalid, match="sandbox"), connections.open_line(connection):
        pass
