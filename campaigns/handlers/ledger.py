"""Approved changes are hinted to the workers; the sweep finds whatever a hint misses."""

from __future__ import annotations

from campaigns.events import ChangeFinished, ChangeSetAuthorised
from campaigns.models import Change
from campaigns.services import ledger
from campaigns.tasks.ledger import apply_change
from lane.core.events import handles


@handles(ChangeSetAuthorised)
def write_what_was_approved(event: ChangeSetAuthorised) -> None:
    """Tell the workers about every row of the set."""
    rows = Change.objects.filter(
        organization_id=event.organization_id,
        change_set__public_id=event.change_set_id,
        state__in=Change.OPEN,
    )
    for change_id in rows.order_by("id").values_list("pk", flat=True):
        apply_change.hint(change_id)


@handles(ChangeFinished)
def go_on_with_the_next(event: ChangeFinished) -> None:
    """What waited behind the finished change of the same entity is next."""
    finished = Change.objects.filter(
        organization_id=event.organization_id, public_id=event.change_id
    ).first()
    if finished is None:
        return
    waiting = Change.objects.filter(entity_key=finished.entity_key, state__in=Change.OPEN)
    first = waiting.order_by("change_set__authorised_at", "id").values_list("pk", flat=True).first()
    if first is not None and ledger.seconds_until_due(first) == 0:
        apply_change.hint(first)
