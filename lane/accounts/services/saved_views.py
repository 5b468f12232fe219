"""Saved views: kept, shared, opened by default, deleted."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.db import transaction

from lane.accounts import policies
from lane.accounts.models import SavedView
from lane.accounts.selectors import saved_views_for
from lane.audit.services import record
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotAllowed, NotVisible

PAGES = {"pacing": "Pacing table"}
MOST = 30
_PLACES = ("cursor", "page", "saved")
_LONGEST_QUERY = 1000


@transaction.atomic
def save(
    *, page: str, name: str, query: str, actor: Actor, is_shared: bool = False, is_default: bool = False
) -> SavedView:
    """Keep an address of a list under a name; the same name again replaces what it held.

    Raises ``InvalidInput`` naming the field, ``NotAllowed`` when the actor is no person.
    """
    owner_id = _person(actor)
    name, query = name.strip(), clean_query(query)
    fields = {}
    if page not in PAGES:
        fields["page"] = f"There are saved views for: {', '.join(PAGES)}."
    if not name:
        fields["name"] = "Give the view a name."
    elif len(name) > 60:
        fields["name"] = "At most 60 characters."
    if len(query) > _LONGEST_QUERY:
        fields["query"] = "This view has too many conditions to keep. Remove some."
    mine = SavedView.objects.filter(organization_id=actor.organization_id, user_id=owner_id, page=page)
    if not fields and mine.exclude(name=name).count() >= MOST:
        fields["name"] = f"You keep {MOST} views of this page. Delete one first."
    if fields:
        raise InvalidInput(fields=fields)
    if is_shared:
        policies.require_on_organization(actor, "change")
    if is_default:
        mine.update(is_default=False)
    view, _ = SavedView.objects.update_or_create(
        organization_id=actor.organization_id,
        user_id=owner_id,
        page=page,
        name=name,
        defaults={"query": query, "is_shared": is_shared, "is_default": is_default},
    )
    if is_shared:
        record("accounts.saved_view.shared", actor=actor, obj=view, after={"page": page, "query": query})
    return view


@transaction.atomic
def delete(view_id: UUID | str, *, actor: Actor) -> None:
    """Remove a view; a shared one disappears for the team. Only its owner or an admin may."""
    view = _found(view_id, actor)
    if view.user_id != actor.user_id:
        policies.require_on_organization(actor, "manage")
    if view.is_shared:
        record("accounts.saved_view.deleted", actor=actor, obj=view, before={"query": view.query})
    view.delete()


@transaction.atomic
def open_by_default(view_id: UUID | str, *, actor: Actor, on: bool = True) -> SavedView:
    """Open the page with this view from now on, or with the page's own order again."""
    view = _found(view_id, actor)
    if view.user_id != actor.user_id:
        raise NotAllowed("This view is somebody else's. Save it under a name of your own first.")
    SavedView.objects.filter(
        organization_id=actor.organization_id, user_id=actor.user_id, page=view.page
    ).update(is_default=False)
    view.is_default = on
    view.save(update_fields=["is_default", "updated_at"])
    return view


def clean_query(query: str) -> str:
    """A query string without the place in the list and without empty parameters."""
    pairs = parse_qsl(query.lstrip("?").replace("\0", ""))
    return urlencode([(key, value) for key, value in pairs if key not in _PLACES])


def _found(view_id: UUID | str, actor: Actor) -> SavedView:
    try:
        return saved_views_for(actor).select_for_update(of=("self",)).get(public_id=view_id)
    except (SavedView.DoesNotExist, ValueError):
        raise NotVisible from None


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed("Only people keep views.")
    return actor.user_id
