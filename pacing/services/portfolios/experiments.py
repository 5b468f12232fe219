"""What was tried on purpose: how likely it was to be tried, what it cost, and what it told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from lane.core import clock
from lane.core.dates import local_date
from pacing.models import AllocationLook, Experiment, PortfolioArm

LASTS_DAYS = 7
State = Experiment.State


def note(
    look: AllocationLook,
    kind: str,
    steps: Mapping[str, int],
    arms: Mapping[str, PortfolioArm],
    known: Mapping[str, dict[str, Any]],
    propensities: Mapping[str, float],
) -> list[Experiment]:
    """Write down what a split tries, with what is known of each arm before it. Nothing is tried until it is applied."""
    return Experiment.objects.bulk_create(
        [
            Experiment(
                organization_id=look.organization_id,
                client_id=look.client_id,
                portfolio_id=look.portfolio_id,
                look=look,
                arm=arms[key],
                kind=kind,
                currency=look.currency,
                step_micros=step,
                propensity=propensities.get(key),
                before=known.get(key, {}),
            )
            for key, step in steps.items()
            if step
        ]
    )


def begin(look: AllocationLook, today: date) -> None:
    """The split was applied: its experiments run for a week."""
    look.experiments.filter(state=State.PROPOSED).update(
        state=State.RUNNING, starts_on=today, ends_on=today + timedelta(days=LASTS_DAYS - 1)
    )


def cancel(look: AllocationLook) -> None:
    """The split was not carried out, so nothing was tried."""
    look.experiments.filter(state=State.PROPOSED).update(state=State.CANCELLED)


def follow(
    running: Sequence[Experiment], today: date, settle_days: int, known: Mapping[str, dict[str, Any]]
) -> None:
    """Keep what each running experiment used so far; end it once its days are over and have matured."""
    for experiment in running:
        assert experiment.starts_on is not None and experiment.ends_on is not None
        days = (min(today, experiment.ends_on + timedelta(days=1)) - experiment.starts_on).days
        experiment.used_micros = abs(experiment.step_micros) * max(0, days)
        if today > experiment.ends_on + timedelta(days=settle_days):
            experiment.state = State.ENDED
            experiment.learned = known.get(str(experiment.arm.public_id), {})
        experiment.save(update_fields=["used_micros", "state", "learned"])


def used_since(portfolio_id: int, zone: str) -> tuple[int, date]:
    """Money moved for experiments of a portfolio since the first day of the month, and that day."""
    first = local_date(clock.now(), zone).replace(day=1)
    rows = Experiment.objects.filter(portfolio_id=portfolio_id, starts_on__gte=first)
    return sum(row.used_micros or 0 for row in rows), first
