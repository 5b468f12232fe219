"""A portfolio's own last 90 days again, under other splits. Everything but "what happened" is simulated."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from lane.core import clock, jobs
from lane.core.actors import Actor
from lane.core.models import Job
from pacing.allocation.known_days import Refusal
from pacing.allocation.rehearsal import LANE, REAL, Course, Rehearsal, rehearse
from pacing.models import Portfolio
from pacing.selectors.lab_allocation import KIND
from pacing.services.portfolios.decisions import seed_of, terms_for
from pacing.services.portfolios.seeing import Seen, SeenArm, see
from pacing.services.replay import require_idle

_KEEPS = ("locked", "from_files")  # held now and then alike; what else holds an arm is of today


def start(portfolio: Portfolio, *, actor: Actor) -> Job:
    """Open the job of a replay. One at a time per person; the task that runs it is hinted by the caller."""
    require_idle(actor, KIND)
    job = jobs.start(KIND, f"Replay of {portfolio.name}", actor=actor, total=1)
    job.result = {"portfolio": str(portfolio.public_id)}
    job.save(update_fields=["result"])
    return job


def run(job_id: int) -> None:
    """Replay and keep the answer with the job."""
    job = Job.objects.get(pk=job_id)
    if job.is_over:
        return
    if not jobs.progress(job_id, done=0, message="Replaying the splits"):
        jobs.finish(job_id, state=Job.State.CANCELLED, message="Stopped", result=job.result)
        return
    portfolio = Portfolio.objects.select_related("client", "plan").get(
        public_id=UUID(job.result["portfolio"]), organization_id=job.organization_id
    )
    seen = see(portfolio, clock.now())
    found = rehearse(
        terms_for(seen),
        [replace(one.told, locked=_keeps(one)) for one in seen.arms],
        seen.today,
        maturation=seen.maturation,
        seed=seed_of(portfolio, seen),
    )
    if isinstance(found, Refusal):
        answer, words = {"refusal": found.text, "code": found.code}, "Too little is known to replay"
    else:
        answer, words = _answer(found, seen), f"{found.days} days"
    jobs.finish(job_id, message=words, result=job.result | {"answer": answer})


def _keeps(one: SeenArm) -> bool:
    """Whether Lane could not have moved the arm then either."""
    return one.held_by in _KEEPS


def _answer(found: Rehearsal, seen: Seen) -> dict[str, Any]:
    """What is kept of the replay: money in micros, results of the goal, shares as fractions."""
    return {
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "days": found.days,
        "warm_up_days": found.warm_up_days,
        "currency": seen.portfolio.currency,
        "goal": seen.portfolio.goal,
        "spent_micros": found.spend_micros,
        "arms": [{"id": one.key, "label": one.arm.label, "kept": _keeps(one)} for one in seen.arms],
        "courses": [_figures(course, found.reported) for course in found.courses],
        "moves": [
            {
                "on": step.on.isoformat(),
                "before": list(step.before),
                "after": list(step.after),
                "moved_micros": step.moved_micros,
                "largest": step.largest,
                "rolled_back": step.rolled_back,
            }
            for step in found.course(LANE).steps
        ],
    }


def _figures(course: Course, reported: float) -> dict[str, Any]:
    real, outcome = course.name == REAL, course.outcome
    return {
        "name": course.name,
        "simulated": not real,
        "spent_micros": sum(course.spend_micros),
        "arms_micros": list(course.spend_micros),
        "reported": reported if real else None,
        "expected": asdict(outcome.value) if outcome else None,
        "difference": asdict(outcome.difference) if outcome else None,
        "better": outcome.better if outcome else None,
        "moves": None if real else len(course.steps),
        "largest_step": course.largest_step,
        "elsewhere_micros": course.elsewhere_micros,
        "days_out": course.days_out,
        "days_beyond": None if real else course.days_beyond,
        "contradictions": course.contradictions,
    }
