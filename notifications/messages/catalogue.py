"""Every event of the product: who is told, or why nobody is. A test keeps it complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from approvals import events as approval_events
from campaigns import events as campaign_events
from lane.accounts import events as account_events
from lane.core.events import DomainEvent
from notifications import events as notification_events
from notifications.messages import approvals, campaigns, ledger, pacing, portfolios
from notifications.messages.notice import Notice, Silent
from pacing import events as pacing_events

Maker = Callable[[Any], list[Notice]]
_APPROVALS_TELL = Silent("The approval request tells the people concerned.")
_ON_THE_PAGE = Silent("Who did it sees it, and open pages refresh.")

CATALOGUE: dict[type[DomainEvent], Maker | Silent] = {
    account_events.ClientArchived: _ON_THE_PAGE,
    account_events.MembershipChanged: Silent("An invitation mail or the admin tells the person."),
    approval_events.RequestOpened: approvals.opened,
    approval_events.RequestDecided: approvals.decided,
    approval_events.RequestClosed: approvals.closed,
    campaign_events.ConnectionMade: _ON_THE_PAGE,
    campaign_events.ConnectionLost: campaigns.connection_lost,
    campaign_events.AccountAdded: _ON_THE_PAGE,
    campaign_events.AccountSynced: Silent("Happens all day."),
    campaign_events.AccountSyncFailed: campaigns.sync_failed,
    campaign_events.DriftSeen: campaigns.drift_seen,
    campaign_events.AutomationPaused: campaigns.automation_paused,
    campaign_events.AutomationResumed: _ON_THE_PAGE,
    campaign_events.ChangeSetProposed: _APPROVALS_TELL,
    campaign_events.ChangeSetEdited: _APPROVALS_TELL,
    campaign_events.ChangeSetWithdrawn: _APPROVALS_TELL,
    campaign_events.ChangeSetAuthorised: _APPROVALS_TELL,
    campaign_events.ChangeSetTurnedDown: _APPROVALS_TELL,
    campaign_events.ChangeFinished: Silent("Told once per change set, when all of it has ended."),
    campaign_events.ChangeSetFinished: campaigns.change_set_finished,
    campaign_events.WritesStopped: campaigns.writes_stopped,
    campaign_events.WritesResumed: campaigns.writes_resumed,
    notification_events.MailUndelivered: approvals.undelivered,
    pacing_events.PlanCreated: _ON_THE_PAGE,
    pacing_events.PlanChanged: _ON_THE_PAGE,
    pacing_events.PlanAmended: ledger.amended,
    pacing_events.AmendmentProposed: _APPROVALS_TELL,
    pacing_events.AmendmentEnded: ledger.amendment_ended,
    pacing_events.PlanRolledOver: ledger.rolled_over,
    pacing_events.SeriesStopped: ledger.series_stopped,
    pacing_events.PlanHealthChanged: pacing.health_changed,
    pacing_events.RecommendationMade: pacing.recommended,
    pacing_events.RecommendationDecided: _ON_THE_PAGE,
    pacing_events.PortfolioCreated: _ON_THE_PAGE,
    pacing_events.PortfolioChanged: _ON_THE_PAGE,
    pacing_events.SplitProposed: portfolios.split_proposed,
    pacing_events.SplitDecided: _ON_THE_PAGE,
    pacing_events.ShortfallDeclared: Silent(
        "The plan's change to “cannot spend” tells the people concerned."
    ),
    pacing_events.ShortfallEnded: _ON_THE_PAGE,
    pacing_events.OfferTaken: Silent("The amendment or change it asks for tells the people concerned."),
}


def notices_of(event: DomainEvent) -> list[Notice]:
    """What an event tells whom."""
    maker = CATALOGUE[type(event)]
    return [] if isinstance(maker, Silent) else maker(event)


def telling() -> list[type[DomainEvent]]:
    """The events somebody is told about."""
    return [event for event, maker in CATALOGUE.items() if not isinstance(maker, Silent)]
