"""Approved changes are hinted to the workers; the sweep finds whatever a hint misses."""

from __future__ import annotations

from campaigns.events import ChangeFinished, ChangeSetAuthorised
from campaigns.models import Change
from campaigns.services import ledger
from campaigns.tasks.ledger import apply_change
from lane.core.events import handles


@handles(ChangeSetAuthorised)
def write_what_was_approved(event: ChangeSetAuthorised) -> None:
    """Tell the workers about every row of the set whose turn it is."""
    rows = Change.objects.filter(
        organization_id=event.organization_id, change_set__public_id=event.change_set_id
    )
    for change_id in ledger.due(rows.count(), rows):
        apply_change.hint(change_id)


@handles(ChangeFinished)
def go_on_with_the_next(event: ChangeFinished) -> None:
    """What waited behind the finished change of the same entity is next."""
    finished = Change.objects.filter(organization_id=event.organization_id, public_id=event.change_id).first()
    if finished is not None:
        for change_id in ledger.due(1, Change.objects.filter(entity_key=finished.entity_key)):
            apply_change.hint(change_id)
