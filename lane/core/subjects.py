"""What can need approval. Any app registers its subject types here; approvals reads the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lane.core.actors import Actor


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of what changes. Amounts are micros per day of ``currency``; ``now``/``new`` are their texts.

    ``is_restriction`` says of a row without an amount that it can only lower what is spent.
    """

    key: str
    label: str
    field: str
    now: str
    new: str
    now_micros: int | None = None
    new_micros: int | None = None
    currency: str = ""
    context: str = ""
    entity_key: str = ""
    is_restriction: bool = False
    moves_no_money: bool = False  # a date, a note: shown and approved, but no limit looks at it


@dataclass(frozen=True, slots=True)
class Diff:
    """What a person is asked to approve, as it stood when the request opened."""

    title: str
    summary: str
    rows: Sequence[DiffRow]
    reasons: Sequence[str] = ()
    effect: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    currency: str = ""
    per: str = "day"  # what its amounts are for: a "day", or a whole "flight"


class ApprovalSubject(Protocol):
    """How approvals asks about and carries out a thing it knows nothing of."""

    subject_type: str

    def diff(self, subject_id: str) -> Diff:
        """What would change."""

    def content_hash(self, subject_id: str) -> str:
        """A digest of everything money-relevant; a decision holds only for the content it was shown."""

    def still_true(self, subject_id: str) -> str:
        """Empty while the request still makes sense, else the reason why not."""

    def carry_out(
        self,
        subject_id: str,
        *,
        approval_id: str,
        approved_hash: str,
        actor: Actor,
        lowered: dict[str, int] | None,
    ) -> None:
        """Do what was approved. ``lowered`` maps row keys to lower approved amounts in micros."""

    def turn_down(
        self, subject_id: str, *, approval_id: str, actor: Actor, reason: str, outcome: str
    ) -> None:
        """Note that it was declined, expired or withdrawn (``outcome``)."""


_SUBJECTS: dict[str, ApprovalSubject] = {}


def register(subject: ApprovalSubject) -> ApprovalSubject:
    """Make a subject type known."""
    _SUBJECTS[subject.subject_type] = subject
    return subject


def get(subject_type: str) -> ApprovalSubject:
    """The subject type of that name. Raises ``KeyError``."""
    return _SUBJECTS[subject_type]


def names() -> list[str]:
    """All registered subject types."""
    return sorted(_SUBJECTS)
