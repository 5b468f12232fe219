"""A person's own record."""

from __future__ import annotations

from django.db import transaction

from lane.accounts.models import User
from lane.audit.services import recording
from lane.core import dates
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, NotAllowed


@transaction.atomic
def edit_own(*, name: str, timezone: str, actor: Actor) -> User:
    """Change one's own name and time zone."""
    if actor.kind is not ActorKind.PERSON or actor.user_id is None:
        raise NotAllowed("People change their own profile themselves.")
    clean = " ".join(name.split())
    wrong: dict[str, str] = {}
    if not 0 < len(clean) <= 120:
        wrong["name"] = "Write your name in at most 120 characters."
    if not timezone or not dates.is_zone(timezone):
        wrong["timezone"] = f"“{timezone}” is not a time zone. Use a name such as Europe/Berlin."
    if wrong:
        raise InvalidInput(fields=wrong)
    user = User.objects.select_for_update().get(pk=actor.user_id)
    with recording(user, "accounts.user.edited", actor=actor):
        user.name, user.timezone = clean, timezone
        user.save(update_fields=["name", "timezone"])
    return user
