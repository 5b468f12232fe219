"""What exactly was approved: digests over everything in a change set that moves money.

A decision holds only for the digest it was shown. The version is part of it, so that an edit which is later
undone by another edit does not bring an old approval back to life.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from campaigns.models import Change, ChangeSet


def change_digest(change: Change) -> str:
    """Digest of one row. A lowered target keeps the digest of what was proposed: that is the approved limit.

    A daily amount's digest is the one it had before rows could be of other kinds.
    """
    other_kinds: dict[str, Any] = {}
    if change.field not in (Change.Field.BUDGET, Change.Field.STATUS) or change.kind:
        other_kinds = {
            "base_millis": change.base_millis,
            "kind": change.kind,
            "target_millis": change.target_millis,
        }
    return _digest(
        other_kinds
        | {
            "ad_account": change.ad_account_id,
            "base_micros": change.base_micros,
            "base_status": change.base_status,
            "currency": change.currency,
            "entity": change.entity_key,
            "field": change.field,
            "is_guard": change.is_guard,
            "proposed_micros": change.proposed_micros,
            "target_status": change.target_status,
        }
    )


def set_digest(change_set: ChangeSet, change_digests: Iterable[str]) -> str:
    """Digest of a whole version of a change set."""
    return _digest(
        {
            "changes": sorted(change_digests),
            "client": change_set.client_id,
            "organization": change_set.organization_id,
            "set": str(change_set.public_id),
            "version": change_set.version,
        }
    )


def current_digest(change_set: ChangeSet) -> str:
    """The digest as the rows stand now, computed anew from their content."""
    rows = change_set.changes.filter(version=change_set.version)
    return set_digest(change_set, [change_digest(row) for row in rows])


def is_as_approved(change: Change) -> bool:
    """Whether this row and its whole set are still what was approved, under the same approval."""
    change_set = change.change_set
    siblings = change_set.changes.filter(version=change_set.version).values_list("content_hash", flat=True)
    return (
        bool(change.approval_id)
        and change.approval_id == change_set.approval_id
        and change.version == change_set.version
        and change.content_hash == change_digest(change)
        and change.approved_hash == change_set.approved_hash == set_digest(change_set, siblings)
        and _within_what_was_approved(change)
    )


def _within_what_was_approved(change: Change) -> bool:
    if change.field == Change.Field.STATUS:
        return True
    base, target, most = change.base_micros, change.target_micros, change.proposed_micros
    if base is None or target is None or most is None:
        # A cap that was not there, or is taken away, is written exactly as proposed; so is a return in millis.
        return change.field != Change.Field.BUDGET and target == most
    return min(base, most) <= target <= max(base, most)


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
