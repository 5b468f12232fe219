"""Who is told what about approved amounts: amendments, rollovers and series."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from lane.accounts.models import Client
from lane.core.money import format_money
from notifications.messages.notice import Notice, Severity, people_who_may
from pacing.events import AmendmentEnded, PlanAmended, PlanRolledOver, SeriesStopped
from pacing.models import LedgerEntry, PlanAmendment, PlanSeries

_LAPSED = PlanAmendment.State.LAPSED


def amended(event: PlanAmended) -> list[Notice]:
    """Tell the plan's owner what somebody else changed; whoever changed it knows."""
    entry = (
        LedgerEntry.objects.for_organization(event.organization_id)
        .select_related("plan__owner")
        .filter(public_id=event.entry_id)
        .first()
    )
    owner = entry.plan.owner if entry else None
    if entry is None or owner is None or not owner.is_active or owner.pk == entry.asked_by_id:
        return []
    step = format_money(entry.amount_micros, entry.currency, signed=True)
    body = (
        f"By {entry.approved_label or entry.asked_label}: {step}." if entry.amount_micros else "Other dates."
    )
    return [
        Notice(
            user=owner,
            organization_id=event.organization_id,
            client_id=entry.client_id,
            kind=event.name,
            title=f"Amended: {entry.plan.name}",
            body=body,
            url=_url("plan-ledger", event.plan_id),
            dedupe_key=f"ledger:{event.entry_id}",
        )
    ]


def amendment_ended(event: AmendmentEnded) -> list[Notice]:
    """Tell whoever asked that an approved amendment could not take effect; approvals tells the rest."""
    found = (
        PlanAmendment.objects.for_organization(event.organization_id)
        .select_related("plan", "asked_by")
        .filter(public_id=event.amendment_id)
        .first()
    )
    if found is None or event.outcome != _LAPSED or found.asked_by is None or not found.asked_by.is_active:
        return []
    return [
        Notice(
            user=found.asked_by,
            organization_id=event.organization_id,
            client_id=found.client_id,
            kind=event.name,
            severity=Severity.HIGH,
            title=f"Approved, but could not take effect: {found.plan.name}",
            body=found.outcome_reason,
            url=_url("plan-ledger", event.plan_id),
            dedupe_key=f"amendment:{event.amendment_id}:lapsed",
        )
    ]


def rolled_over(event: PlanRolledOver) -> list[Notice]:
    """Tell the plan's owner what came over from the cycle before."""
    entry = (
        LedgerEntry.objects.for_organization(event.organization_id)
        .select_related("plan__owner")
        .filter(public_id=event.entry_id)
        .first()
    )
    owner = entry.plan.owner if entry else None
    if entry is None or owner is None or not owner.is_active or not entry.amount_micros:
        return []
    return [
        Notice(
            user=owner,
            organization_id=event.organization_id,
            client_id=entry.client_id,
            kind=event.name,
            severity=Severity.LOW,
            title=f"Rolled over {format_money(entry.amount_micros, entry.currency, signed=True)}: {entry.plan.name}",
            body=entry.reason,
            url=_url("plan-ledger", event.plan_id),
            dedupe_key=f"ledger:{event.entry_id}",
        )
    ]


def series_stopped(event: SeriesStopped) -> list[Notice]:
    """Tell those who may change the client's plans that the next one is missing, once per problem."""
    series = (
        PlanSeries.objects.for_organization(event.organization_id).filter(public_id=event.series_id).first()
    )
    client = Client.objects.filter(public_id=event.client_id).first()
    if series is None or client is None:
        return []
    people = people_who_may("change", organization_id=event.organization_id, client_id=client.pk)
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=client.pk,
            kind=event.name,
            severity=Severity.HIGH,
            title=f"No next plan: {series.name}",
            body=event.problem,
            url=_url("series-detail", event.series_id),
            dedupe_key=f"series:{event.series_id}:{event.problem}"[:200],
        )
        for user in people
    ]


def _url(name: str, public_id: str) -> str:
    try:
        return reverse(name, args=[public_id])
    except NoReverseMatch:
        return ""
