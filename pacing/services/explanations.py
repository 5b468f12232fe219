"""Explanations: kept with the decision they explain, and refused when a text says a number that is not stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lane.audit.services import plain
from pacing.explain import unproved
from pacing.models import BudgetPlan, Explanation, Portfolio
from pacing.models.explanation import searchable

_TITLE, _LABEL = 200, 200


def keep(
    *,
    kind: str,
    organization_id: int,
    client_id: int,
    plan: BudgetPlan | None = None,
    portfolio: Portfolio | None = None,
    subject_id: str,
    at: datetime,
    title: str,
    numbers: Mapping[str, Any],
    sentences: Sequence[Mapping[str, Any]],
    actor_label: str,
    currency: str = "",
    platforms: Sequence[str] = (),
) -> Explanation:
    """Store why something was decided. Needs the transaction of the decision.

    Raises ``ValueError`` when a sentence holds a figure that is none of its numbers: such a text is a defect.
    """
    money = currency or str(numbers.get("currency") or "")
    if not money and plan is not None:
        money = plan.currency
    if not money and portfolio is not None:
        money = portfolio.currency
    for sentence in sentences:
        missing = unproved(str(sentence["text"]), sentence["numbers"], money)
        if missing:
            raise ValueError(f"The sentence {sentence['code']} says {missing}, which is not stored with it.")
    owner = plan or portfolio
    said = " ".join(str(sentence["text"]) for sentence in sentences)
    return Explanation.objects.create(
        kind=Explanation.Kind(kind),
        organization_id=organization_id,
        client_id=client_id,
        plan=plan,
        portfolio=portfolio,
        subject_id=subject_id,
        at=at,
        title=title[:_TITLE],
        currency=money,
        platforms=sorted(set(platforms)),
        numbers=plain(dict(numbers)),
        sentences=plain([dict(sentence) for sentence in sentences]),
        actor_label=actor_label[:_LABEL],
        search_text=searchable(" ".join((title, owner.name if owner else "", actor_label, said))),
    )


def evidence_of(explanation: Explanation) -> dict[str, Any]:
    """An explanation as approvers and the API are shown it."""
    return {
        "id": str(explanation.public_id),
        "title": explanation.title,
        "numbers": explanation.numbers,
        "sentences": explanation.sentences,
    }
