"""Change sets and the ledger, as pages, the API and other apps read them."""

from __future__ import annotations

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from campaigns.models import Change, ChangeSet
from lane.core.actors import Actor


def change_sets_for(actor: Actor) -> QuerySet[ChangeSet]:
    """The change sets of the clients an actor sees, newest first."""
    return ChangeSet.objects.visible_to(actor).select_related("client", "proposed_by", "undoes")


def changes_for(actor: Actor) -> QuerySet[Change]:
    """The ledger rows of the clients an actor sees, newest first."""
    return (
        Change.objects.visible_to(actor)
        .select_related("change_set", "client", "ad_account", "budget", "ad_campaign", "ad_group")
        .order_by("-id")
    )


def current_changes(change_set: ChangeSet) -> QuerySet[Change]:
    """The rows of the version that is up for approval or was approved."""
    return (
        Change.objects.filter(change_set=change_set, version=change_set.version)
        .select_related("change_set", "ad_account", "budget", "ad_campaign", "ad_group", "client")
        .order_by("id")
    )


def on_the_way(entity_key: str) -> Change | None:
    """The last approved change of an entity that has not reached its end."""
    return (
        Change.objects.filter(entity_key=entity_key, state__in=Change.OPEN)
        .order_by("-change_set__authorised_at", "-id")
        .first()
    )


def undoable(change_set: ChangeSet) -> list[Change]:
    """The applied changes whose effect still stands: nobody, Lane included, wrote the entity since."""
    latest = (
        Change.objects.filter(
            entity_key=OuterRef("entity_key"), state__in=[*Change.OPEN, Change.State.VERIFIED]
        )
        .order_by(F("change_set__authorised_at").desc(), "-id")
        .values("pk")[:1]
    )
    rows = current_changes(change_set).filter(state=Change.State.VERIFIED, pk=Subquery(latest))
    return [row for row in rows if still_stands(row)]


def still_stands(change: Change) -> bool:
    """Whether the mirrored value is still the one this change wrote."""
    if change.field == Change.Field.SPEND_CAP:
        holder = change.ad_campaign
        return (
            holder is not None
            and holder.removed_at is None
            and (
                holder.cap_verified_at is not None
                and holder.spend_cap_micros == holder.verified_cap_micros == change.target_micros
            )
        )
    if change.field == Change.Field.BID_TARGET:
        aims = change.ad_group or change.ad_campaign
        return (
            aims is not None
            and aims.removed_at is None
            and (
                (aims.bid_kind, aims.bid_micros, aims.bid_millis)
                == (change.kind, change.target_micros, change.target_millis)
            )
        )
    if change.budget is not None:
        return change.budget.removed_at is None and (
            change.budget.amount_micros == change.budget.verified_micros == change.target_micros
        )
    campaign = change.ad_campaign
    if campaign is None or campaign.removed_at is not None:
        return False
    if change.target_status == "paused":
        return campaign.status == "paused" and campaign.paused_by_lane_at is not None
    return campaign.status not in ("paused", "removed")


def ordered_before(change: Change) -> Q:
    """Open rows of the same entity that were approved earlier: they are written first."""
    authorised_at = change.change_set.authorised_at
    return Q(change_set__authorised_at__lt=authorised_at) | Q(
        change_set__authorised_at=authorised_at, pk__lt=change.pk
    )
