"""Who is told what about connections, accounts and writes."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from campaigns.events import (
    AccountSyncFailed,
    AutomationPaused,
    ChangeSetFinished,
    ConnectionLost,
    DriftSeen,
    WritesResumed,
    WritesStopped,
)
from campaigns.models import AdAccount, Budget, Change, ChangeSet, Connection, Drift, KillSwitch
from lane.accounts.models import Organization
from lane.core import clock
from notifications.messages.notice import Notice, Severity, people_who_may


def connection_lost(event: ConnectionLost) -> list[Notice]:
    """Tell the admins once a day that a login must be connected again."""
    connection = Connection.objects.filter(
        organization_id=event.organization_id, public_id=event.connection_id
    ).first()
    if connection is None:
        return []
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            kind=event.name,
            severity=Severity.URGENT,
            title=f"Connect again: {connection}",
            body=event.message,
            url=_url("connection-list"),
            dedupe_key=f"connection:{event.connection_id}:lost:{clock.now():%Y-%m-%d}",
            mail="connection_lost",
            params={"connection_id": event.connection_id, "message": event.message[:500]},
        )
        for user in people_who_may("manage", organization_id=event.organization_id, client_id=None)
    ]


def sync_failed(event: AccountSyncFailed) -> list[Notice]:
    """Tell those who work on the client once a day that an account cannot be read."""
    account = AdAccount.objects.filter(
        organization_id=event.organization_id, public_id=event.account_id
    ).first()
    if account is None:
        return []
    people = people_who_may("change", organization_id=event.organization_id, client_id=account.client_id)
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=account.client_id,
            kind=event.name,
            title=f"Cannot read {account.name}",
            body=event.message,
            url=_url("connection-list"),
            dedupe_key=f"account:{event.account_id}:sync_failed:{clock.now():%Y-%m-%d}",
        )
        for user in people
    ]


def drift_seen(event: DriftSeen) -> list[Notice]:
    """Tell those who work on the client that somebody else moved a budget Lane had set."""
    drift = (
        Drift.objects.filter(organization_id=event.organization_id, public_id=event.drift_id)
        .select_related("budget__ad_account", "ad_campaign")
        .first()
    )
    if drift is None:
        return []
    budget = drift.budget
    people = people_who_may("change", organization_id=event.organization_id, client_id=budget.client_id)
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=budget.client_id,
            kind=event.name,
            severity=Severity.HIGH,
            title=f"Changed outside Lane: {drift.thing}"[:200],
            body="It is not what Lane last wrote. Keep the new value, write Lane's again or pause automation.",
            url=_url("account-detail", str(drift.budget.ad_account.public_id)),
            dedupe_key=f"drift:{event.drift_id}",
        )
        for user in people
    ]


def automation_paused(event: AutomationPaused) -> list[Notice]:
    """Tell those who work on the client that automation only recommends there until somebody resumes it."""
    account = AdAccount.objects.filter(
        organization_id=event.organization_id, public_id=event.account_id
    ).first()
    if account is None:
        return []
    budget = Budget.objects.filter(public_id=event.budget_id).first() if event.budget_id else None
    since = (budget or account).recommend_only_since
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=account.client_id,
            kind=event.name,
            severity=Severity.HIGH,
            title=f"Automation is paused: {budget or account}",
            body=f"{event.reason} Lane only recommends here until somebody resumes it. Paused by {event.by}.",
            url=_url("account-detail", str(account.public_id)),
            dedupe_key=f"automation:{event.budget_id or event.account_id}:{since.isoformat() if since else ''}",
        )
        for user in people_who_may(
            "change", organization_id=event.organization_id, client_id=account.client_id
        )
    ]


def change_set_finished(event: ChangeSetFinished) -> list[Notice]:
    """Tell who proposed it how it ended; what failed is also told to the admins, by e-mail."""
    change_set = (
        ChangeSet.objects.for_organization(event.organization_id)
        .select_related("proposed_by", "client")
        .filter(public_id=event.change_set_id)
        .first()
    )
    if change_set is None:
        return []
    failed = event.state != ChangeSet.State.APPLIED
    people = {}
    if change_set.proposed_by and change_set.proposed_by.is_active:
        people[change_set.proposed_by.pk] = change_set.proposed_by
    if failed:
        admins = people_who_may(
            "apply", organization_id=event.organization_id, client_id=change_set.client_id
        )
        people |= {user.pk: user for user in admins}
    bad = list(change_set.changes.exclude(state__in=(Change.State.VERIFIED, Change.State.NOOP)))
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=change_set.client_id,
            kind=event.name,
            severity=Severity.HIGH if failed else Severity.LOW,
            title=f"{'Not fully applied' if failed else 'Applied and read back'}: {change_set.title}",
            body=" ".join(change.outcome for change in bad if change.outcome)[:1000],
            url=_url("change-set-detail", event.change_set_id),
            dedupe_key=f"change_set:{event.change_set_id}:{event.state}",
            mail="change_set_failed" if failed else "",
            params={"change_set_id": event.change_set_id} if failed else {},
        )
        for user in people.values()
    ]


def writes_stopped(event: WritesStopped) -> list[Notice]:
    """Tell everybody who can change things that Lane writes nothing now."""
    return _about_switch(event.name, event.switch_id, resumed=False)


def writes_resumed(event: WritesResumed) -> list[Notice]:
    """Tell the same people that Lane writes again."""
    return _about_switch(event.name, event.switch_id, resumed=True)


def _about_switch(kind: str, switch_id: str, *, resumed: bool) -> list[Notice]:
    switch = KillSwitch.objects.filter(public_id=switch_id).first()
    if switch is None:
        return []
    # A switch without an organization stops the whole installation.
    only = {"pk": switch.organization_id} if switch.organization_id else {}
    who = switch.resumed_by_label if resumed else switch.stopped_by_label
    why = switch.resume_reason if resumed else switch.reason
    return [
        Notice(
            user=user,
            organization_id=organization.pk,
            client_id=switch.client_id,
            kind=kind,
            severity=Severity.NORMAL if resumed else Severity.URGENT,
            title="Lane writes again" if resumed else "Writes are stopped",
            body=f"By {who}: {why}",
            url=_url("operations"),
            dedupe_key=f"switch:{switch_id}:{'on' if resumed else 'off'}:{organization.pk}",
        )
        for organization in Organization.objects.filter(**only)
        for user in people_who_may("change", organization_id=organization.pk, client_id=switch.client_id)
    ]


def _url(name: str, *args: str) -> str:
    """A page's address; empty while that page does not exist, so a notice never fails for its link."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
