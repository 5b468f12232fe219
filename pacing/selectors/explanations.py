"""The decision log: stored explanations of the clients an actor sees, found by words, kind, client, platform and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core.actors import Actor
from pacing.models import BudgetPlan, Explanation
from pacing.models.explanation import searchable

_WORDS_AT_MOST = 12


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is looked for; empty means everything. Days are UTC, both included."""

    text: str = ""
    kind: str = ""
    client: UUID | None = None
    platform: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None  # older than this row: the next page

    @property
    def is_narrowed(self) -> bool:
        """Whether any condition is set."""
        return any((self.text, self.kind, self.client, self.platform, self.since, self.until))


def explanations_for(actor: Actor) -> ClientOwnedQuerySet[Explanation]:
    """Explanations of the clients this actor sees, newest first, with what they are about."""
    return Explanation.objects.visible_to(actor).select_related("client", "plan", "portfolio").order_by("-id")


def decision_log(actor: Actor, query: LogQuery) -> QuerySet[Explanation]:
    """The explanations a query asks for, newest first."""
    found: QuerySet[Explanation] = explanations_for(actor)
    if query.text:
        found = with_words(found, query.text)
    if query.kind:
        found = found.filter(kind=query.kind)
    if query.client is not None:
        found = found.filter(client__public_id=query.client)
    if query.platform:
        found = found.filter(platforms__contains=[query.platform])
    if query.since is not None:
        found = found.filter(at__gte=_midnight(query.since))
    if query.until is not None:
        found = found.filter(at__lt=_midnight(query.until + timedelta(days=1)))
    if query.before is not None:
        found = found.filter(pk__lt=query.before)
    return found


def with_words(found: QuerySet[Explanation], text: str) -> QuerySet[Explanation]:
    """Those whose title, name, author or sentences hold every word asked for, or one that begins with it."""
    words = [word for word in searchable(text).split() if any(letter.isalnum() for letter in word)]
    if not words:
        return found
    condition = Q()
    for word in words[:_WORDS_AT_MOST]:
        quoted = word.replace("'", "''")
        condition &= Q(words=SearchQuery(f"'{quoted}':*", config="simple", search_type="raw"))
    return found.filter(condition)


def current_explanation(plan: BudgetPlan, subject_id: str) -> Explanation | None:
    """Why one thing was proposed for a plan; none for proposals older than explanations."""
    return Explanation.objects.filter(plan=plan, subject_id=subject_id).order_by("-id").first()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
