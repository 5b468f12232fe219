"""Pacing in the background."""

from __future__ import annotations

from celery import shared_task

from lane.core import jobs
from lane.core.models import Job
from lane.core.tasks import LaneTask
from pacing.selectors.lab_allocation import KIND as ALLOCATION_REPLAY
from pacing.services import (
    allocation_replay,
    amendment_effects,
    learning,
    recommendations,
    released_caps,
    replay,
    rollover,
    runs,
    scoring,
    series,
)
from pacing.services.portfolios import looks, moves


@shared_task(base=LaneTask, name="pacing.run_due")
def run_due() -> int:
    """Pace every plan not yet looked at in this two-hour slot; a second call finds them done."""
    recommendations.expire_due()
    amendment_effects.take_effect_due()
    looked = runs.run_pass().looked
    released_caps.propose_due()
    return looked


@shared_task(base=LaneTask, name="pacing.keep_series")
def keep_series() -> int:
    """Make the plans of the next cycles and roll over what ended; a second call finds them made."""
    return series.make_due() + rollover.settle_due()


@shared_task(base=LaneTask, name="pacing.run_plan")
def run_plan(plan_id: int) -> int:
    """Look at one plan now."""
    return runs.run_pass(plan_ids=[plan_id], on_demand=True).looked


@shared_task(base=LaneTask, name="pacing.learn_due")
def learn_due() -> int:
    """Learn what days look like for organizations whose night has come; a second call finds it learned."""
    return learning.learn_due()


@shared_task(base=LaneTask, name="pacing.learn")
def learn(organization_id: int) -> int:
    """Learn for one organization now."""
    return learning.learn(organization_id)


@shared_task(base=LaneTask, name="pacing.look_at_portfolios")
def look_at_portfolios() -> int:
    """Look at every portfolio that is due; a second call finds them looked at."""
    moves.expire_due()
    return looks.look_at_due().looked


@shared_task(base=LaneTask, name="pacing.look_at_portfolio")
def look_at_portfolio(portfolio_id: int) -> int:
    """Look at one portfolio now."""
    return looks.look_now(portfolio_id)


@shared_task(base=LaneTask, name="pacing.run_replay")
def run_replay(job_id: int) -> None:
    """Replay a client's history for the lab; a repeated delivery finds the job taken or over."""
    if not replay.take(job_id):
        return
    try:
        replay.run(job_id)
    except Exception as error:
        jobs.finish(job_id, state=Job.State.FAILED, message=f"Stopped: {error}")
        raise


@shared_task(base=LaneTask, name="pacing.run_allocation_replay")
def run_allocation_replay(job_id: int) -> None:
    """Replay a portfolio's history for the lab; a repeated delivery finds the job taken or over."""
    if not replay.take(job_id, ALLOCATION_REPLAY):
        return
    try:
        allocation_replay.run(job_id)
    except Exception as error:
        jobs.finish(job_id, state=Job.State.FAILED, message=f"Stopped: {error}")
        raise


@shared_task(base=LaneTask, name="pacing.score_due")
def score_due() -> int:
    """Score the projections of flights whose spend has become final; a second call finds them scored."""
    return scoring.score_due().scored
