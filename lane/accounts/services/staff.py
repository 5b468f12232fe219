"""What superusers of the installation may do without a role: shut a door at once, and say why."""

from __future__ import annotations

from django.db import transaction

from lane.accounts.models import ApiKey, User
from lane.accounts.selectors import organizations_of
from lane.audit.services import record, recording
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotAllowed, NotVisible


@transaction.atomic
def revoke_key(key: ApiKey, *, actor: Actor, reason: str) -> ApiKey:
    """Stop a key at once. Revoking twice changes nothing."""
    _require_superuser(actor)
    key = ApiKey.objects.locked().get(pk=key.pk)
    if key.revoked_at is None:
        with recording(key, "accounts.api_key.revoked", actor=actor, reason=reason):
            key.revoked_at = clock.machine_now()
            key.save(update_fields=["revoked_at", "updated_at"])
    return key


@transaction.atomic
def disable(user: User, *, actor: Actor, reason: str) -> User:
    """Lock a person out: sessions, links and keys stop working with the next request."""
    _require_superuser(actor)
    if user.pk == actor.user_id:
        raise InvalidInput("You cannot disable yourself. Ask another superuser.")
    user = _locked(user)
    if user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
        ApiKey.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=clock.machine_now())
        _note(user, "accounts.user.disabled", actor=actor, reason=reason)
    return user


@transaction.atomic
def enable(user: User, *, actor: Actor, reason: str) -> User:
    """Let a person sign in again. Keys that were revoked stay revoked."""
    _require_superuser(actor)
    user = _locked(user)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        _note(user, "accounts.user.enabled", actor=actor, reason=reason)
    return user


def _locked(user: User) -> User:
    found = User.objects.select_for_update(of=("self",)).filter(pk=user.pk).first()
    if found is None:
        raise NotVisible
    return found


def _note(user: User, action: str, *, actor: Actor, reason: str) -> None:
    """One entry in the trail of every organization the person belongs to, else in the actor's."""
    concerned = list(organizations_of(user).values_list("pk", flat=True)) or [actor.organization_id]
    for organization_id in concerned:
        there = Actor(
            actor.kind,
            organization_id,
            actor.user_id,
            label=actor.label,
            via=actor.via,
            request_id=actor.request_id,
            ip=actor.ip,
            user_agent=actor.user_agent,
        )
        record(
            action,
            actor=there,
            obj=user,
            before={"is_active": not user.is_active},
            after={"is_active": user.is_active},
            reason=reason,
        )


def _require_superuser(actor: Actor) -> None:
    if not User.objects.filter(pk=actor.user_id or 0, is_active=True, is_superuser=True).exists():
        raise NotAllowed("Only superusers of this installation may do this.")
