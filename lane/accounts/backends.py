"""``user.has_perm(perm, obj)`` answers from roles first, then from guardian's exceptions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from lane.accounts import policies
from lane.core.actors import Actor, ActorKind

_VERB_OF = {"view": "view", "add": "change", "change": "change", "delete": "manage"}


class RoleBackend(BaseBackend):
    """Maps Django's permission names to Lane's verbs on things that belong to an organization."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether the person may do this to the object; without an object roles say nothing."""
        organization_id = getattr(obj, "organization_id", None)
        if organization_id is None or not user_obj.is_active:
            return False
        verb = _VERB_OF.get(perm.rpartition(".")[2].partition("_")[0], perm.rpartition(".")[2])
        if verb not in {"view", "propose", "change", "approve", "apply", "manage"}:
            return False
        actor = Actor(ActorKind.PERSON, organization_id, user_id=user_obj.pk, label=str(user_obj))
        client_id = obj.pk if obj._meta.label_lower == "accounts.client" else getattr(obj, "client_id", None)
        return policies.may(actor, verb, client_id=client_id)
