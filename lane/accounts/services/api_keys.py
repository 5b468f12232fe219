"""API keys: shown once, kept as a digest, never wider than who makes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from lane.accounts import policies, selectors
from lane.accounts.models import ApiKey, Client, Scope
from lane.accounts.visibility import access_of
from lane.audit.services import record, recording
from lane.core import clock, crypto
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, NotAllowed, NotVisible

TOKEN_PREFIX = "lane_key_"
SHOWN_LENGTH = 16


class NewKey(NamedTuple):
    """A key and its token, which nothing can show again."""

    key: ApiKey
    token: str


@transaction.atomic
def create(
    *,
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    clients: Iterable[Client] = (),
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key that acts as its maker, within its scopes and clients. No clients means all they see."""
    maker_id = _require_maker(actor)
    wanted, allowed = list(dict.fromkeys(scopes)), list(clients)
    wrong: dict[str, str] = {}
    label = " ".join(name.split())
    if not 0 < len(label) <= 80:
        wrong["name"] = "Name the key after what uses it, in at most 80 characters."
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if not wanted:
        wrong["scopes"] = "Choose at least one scope."
    elif unknown:
        wrong["scopes"] = f"“{unknown[0]}” is not a scope. Use: {', '.join(Scope.values)}."
    if expires_at is not None and expires_at <= clock.machine_now():
        wrong["expires_at"] = "The expiry must lie in the future."
    if wrong:
        raise InvalidInput(fields=wrong)
    _require_not_wider(actor, wanted, allowed)
    token = crypto.new_token(TOKEN_PREFIX)
    key = ApiKey.objects.create(
        organization_id=actor.organization_id,
        user_id=maker_id,
        name=label,
        prefix=token[:SHOWN_LENGTH],
        digest=crypto.token_digest(token),
        scopes=wanted,
        expires_at=expires_at,
    )
    key.clients.set(allowed)
    terms = {"name": label, "scopes": wanted, "clients": [c.name for c in allowed], "expires_at": expires_at}
    record("accounts.api_key.created", actor=actor, obj=key, after=terms)
    return NewKey(key, token)


@transaction.atomic
def revoke(key_id: UUID | str, *, actor: Actor, reason: str = "") -> ApiKey:
    """Stop a key at once: one's own, or as an admin anybody's. Revoking twice changes nothing."""
    try:
        key = selectors.api_keys_for(actor).select_related(None).locked().get(public_id=UUID(str(key_id)))
    except (ApiKey.DoesNotExist, ValueError):
        raise NotVisible from None
    if actor.kind is not ActorKind.PERSON:
        policies.require_on_organization(actor, "manage")
    if key.revoked_at is None:
        with recording(key, "accounts.api_key.revoked", actor=actor, reason=reason):
            key.revoked_at = clock.machine_now()
            key.save(update_fields=["revoked_at", "updated_at"])
    return key


def _require_maker(actor: Actor) -> int:
    """A person with any role, or a key with the scope to manage; never an agent, a rule or a mailed link."""
    if actor.kind not in (ActorKind.PERSON, ActorKind.API_KEY) or actor.user_id is None:
        raise NotAllowed("Only people make API keys.")
    if actor.scopes is not None and Scope.MANAGE not in actor.scopes:
        raise NotAllowed(f"This API key lacks the scope “{Scope.MANAGE}”.")
    access = access_of(actor)
    if not (access.every_client or access.client_roles):
        raise NotAllowed("You need a role in this organization to make a key.")
    return actor.user_id


def _require_not_wider(actor: Actor, scopes: list[str], clients: list[Client]) -> None:
    seen = set(Client.objects.visible_to(actor).values_list("pk", flat=True))
    if any(client.pk not in seen for client in clients):
        raise NotVisible
    if actor.scopes is not None and not set(scopes) <= actor.scopes:
        raise NotAllowed("A key cannot make a key with more scopes than its own.")
    if actor.client_ids is not None and not clients:
        raise InvalidInput(fields={"clients": "This key is limited to clients; name those of the new key."})
