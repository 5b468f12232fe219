"""What approvals does when campaigns tells it something."""

from __future__ import annotations

from approvals.models import ApprovalRequest
from approvals.services import closing, links, submit
from campaigns.events import (
    ChangeSetAuthorised,
    ChangeSetEdited,
    ChangeSetProposed,
    ChangeSetTurnedDown,
    ChangeSetWithdrawn,
)
from campaigns.models import ChangeSet
from lane.accounts.events import MembershipChanged
from lane.accounts.models import User
from lane.core.actors import Actor
from lane.core.events import handles

SUBJECT = "campaigns.change_set"


@handles(ChangeSetProposed)
def ask_for_approval(event: ChangeSetProposed) -> None:
    """Open the request of a new change set."""
    _open(event.organization_id, event.change_set_id)


@handles(ChangeSetEdited)
def ask_again(event: ChangeSetEdited) -> None:
    """Replace the open request: links and decisions on the old content no longer hold."""
    _open(event.organization_id, event.change_set_id)


@handles(ChangeSetWithdrawn)
def close_withdrawn(event: ChangeSetWithdrawn) -> None:
    """Nobody needs to answer what was taken back."""
    _close(event.organization_id, event.change_set_id, "withdrawn", "The proposal was taken back.")


@handles(ChangeSetTurnedDown)
def close_turned_down(event: ChangeSetTurnedDown) -> None:
    """A change set that ended by itself leaves no open request behind."""
    end = "expired" if event.outcome == "expired" else "withdrawn"
    _close(event.organization_id, event.change_set_id, end, event.reason or "The proposal ended.")


@handles(ChangeSetAuthorised)
def close_authorised(event: ChangeSetAuthorised) -> None:
    """What was approved beforehand, such as a spending guard, needs no answer any more."""
    _close(event.organization_id, event.change_set_id, "withdrawn", "It was approved beforehand.")


@handles(MembershipChanged)
def revoke_links(event: MembershipChanged) -> None:
    """Links sent under rights somebody no longer has stop working; whoever may still decide signs in."""
    user = User.objects.filter(public_id=event.user_id).first()
    if user is not None:
        reason = "Your rights changed after this link was sent. Sign in to decide."
        links.revoke_for_user(user.pk, reason, organization_id=event.organization_id)


def _open(organization_id: int, change_set_id: str) -> None:
    change_set = (
        ChangeSet.objects.for_organization(organization_id)
        .select_related("client")
        .filter(public_id=change_set_id)
        .first()
    )
    # Guards arrive approved, and a late event may find the set already settled.
    if change_set is None or change_set.state != ChangeSet.State.PROPOSED:
        return
    barred = {change_set.proposed_by_id, change_set.last_edited_by_id} - {None}
    submit.open_request(
        SUBJECT,
        str(change_set.public_id),
        client=change_set.client,
        actor_label=change_set.proposed_by_label,
        requested_by_id=change_set.proposed_by_id,
        barred_user_ids=[user_id for user_id in barred if user_id is not None],
        version=change_set.version,
        proposer_kind=change_set.proposed_by_kind,
        expires_at=change_set.expires_at,
    )


def _close(organization_id: int, change_set_id: str, state: str, reason: str) -> None:
    actor = Actor.system(organization_id, "approvals")
    closing.close_for_subject(
        SUBJECT, change_set_id, ApprovalRequest.State(state), actor=actor, reason=reason
    )
