"""The explanation of what one look decided for one plan, from the numbers of that look and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lane.core.money import format_money
from pacing.controllers import UNKNOWN, Action, Reason, known_or_none
from pacing.explain import PlanFacts, Sentence, explain_plan, flips_of
from pacing.models import BudgetPlan, Explanation
from pacing.services import explanations
from pacing.services.run_store import Look

_NEVER_READ_HOURS = 1e5
ACTOR = "Lane (pacing)"


@dataclass(frozen=True, slots=True)
class PlanExplanation:
    """An explanation before it is stored: what it is called, its numbers and its sentences."""

    kind: str
    title: str
    numbers: Mapping[str, Any]
    sentences: Sequence[Sentence]
    platforms: Sequence[str]

    def as_evidence(self) -> dict[str, Any]:
        """As a change set keeps it for its approvers."""
        return {
            "title": self.title,
            "numbers": dict(self.numbers),
            "sentences": [sentence.as_json() for sentence in self.sentences],
        }

    def texts(self, *codes: str) -> list[str]:
        """The sentences of some codes, in reading order."""
        return [sentence.text for sentence in self.sentences if sentence.code.startswith(codes)]


def explain(
    plan: BudgetPlan,
    look: Look,
    row: int,
    kind: str,
    *,
    now_micros: int | None = None,
    new_micros: int | None = None,
    step_limit: float = 0.2,
    blocked: Sequence[str] = (),
) -> PlanExplanation:
    """Explain a raise, lower, pause or resume; asks the controllers what would have changed their answer."""
    seen, decision = look.seen, look.decision
    one = np.array([row], dtype=np.int64)
    width = int(seen.terms.days_total[row])
    action = decision.action_of(row)
    found = {finding.reason: finding.numbers for finding in decision.findings(row)}
    waits = found.get(Reason.WAITING_FOR_REPORTS, {})
    told = (Reason.TARGET_REACHED, Reason.STALE_PAUSE, Reason.RESUMED)
    pausing = next((found[reason] for reason in told if reason in found), waits)
    age = float(seen.observation.report_age_hours[row])
    error = float(decision.end_error[row])
    known = bool(np.isfinite(error))
    numbers, sentences = explain_plan(
        PlanFacts(
            kind=kind,
            currency=plan.currency,
            amount_micros=plan.amount_micros,
            spent_micros=known_or_none(decision.reported_micros[row]),
            estimated_micros=known_or_none(decision.estimated_micros[row]),
            expected_micros=known_or_none(decision.expected_now_micros[row]),
            report_age_hours=round(age, 3) if age < _NEVER_READ_HOURS else None,
            error_ratio=round(error, 6) if known else None,
            trigger_ratio=round(float(decision.trigger[row]), 6) if known else None,
            needed_micros=known_or_none(decision.needed_per_day_micros[row]),
            now_micros=now_micros if now_micros is not None else _known(pausing.get("budget_micros")),
            new_micros=new_micros,
            step_limit_ratio=step_limit,
            without=_band(decision.projected_p10_micros, decision.projected_p50_micros, decision.projected_p90_micros, row),
            ends=_band(decision.with_p10_micros, decision.with_p50_micros, decision.with_p90_micros, row),
            left_micros=_known(pausing.get("left_micros")),
            tick_micros=_known(pausing.get("tick_micros")),
            waiting_late_micros=_known(waits.get("late_micros")),
            is_blind_pause=Reason.STALE_PAUSE in found,
            is_step_limited=Reason.STEP_CAPPED in found,
            blocked=blocked,
            flips=flips_of(
                seen.terms.take(one, width), seen.observation.take(one, width), seen.state.take(one), action
            )
            if action > Action.HOLD
            else (),
        )
    )  # fmt: skip
    platforms = [str(seen.accounts[each]["platform"]) for each in seen.account_ids[row]]
    title = _title(plan, kind, now_micros, new_micros)
    return PlanExplanation(_kind(kind), title, numbers | {"currency": plan.currency}, sentences, platforms)


def keep(plan: BudgetPlan, look: Look, made: PlanExplanation, *, subject_id: str) -> Explanation:
    """Store an explanation with what it explains. Needs the transaction of the decision."""
    return explanations.keep(
        kind=made.kind,
        organization_id=plan.organization_id,
        client_id=plan.client_id,
        plan=plan,
        subject_id=subject_id,
        at=look.seen.at,
        title=made.title,
        numbers=made.numbers,
        sentences=[sentence.as_json() for sentence in made.sentences],
        actor_label=ACTOR,
        currency=plan.currency,
        platforms=made.platforms,
    )


def _kind(kind: str) -> str:
    return (
        kind if kind in (Explanation.Kind.PAUSE, Explanation.Kind.RESUME) else Explanation.Kind.RECOMMENDATION
    )


def _title(plan: BudgetPlan, kind: str, now_micros: int | None, new_micros: int | None) -> str:
    if kind == "pause":
        return f"Pause {plan.name} at its target"
    if kind == "resume":
        return f"Resume {plan.name}"
    step = abs((new_micros or 0) - (now_micros or 0))
    return f"{kind.capitalize()} {plan.name} by {format_money(step, plan.currency)} a day"


def _known(value: Any) -> int | None:
    return None if value is None or value == UNKNOWN else int(value)


def _band(p10: Any, p50: Any, p90: Any, row: int) -> dict[str, int | None]:
    return {name: known_or_none(values[row]) for name, values in (("p10", p10), ("p50", p50), ("p90", p90))}
