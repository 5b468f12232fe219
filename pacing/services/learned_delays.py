"""How late the reports of accounts are, learned from how each day became known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

import numpy as np

from campaigns.platforms.registry import capabilities_of
from campaigns.selectors import revisions
from lane.core.dates import day_hours, day_start, local_date
from pacing.controllers import INTRADAY_PRIOR
from pacing.learning import Delay, delay_samples, typical_delay
from pacing.models import LearnedShape
from pacing.services.learned_history import SETTLING_DAYS, Floats, Group

DELAY_DAYS = 30
Scope = LearnedShape.Scope


def delay_rows(group: Group, now: datetime) -> list[LearnedShape]:
    """How late each account's reports are, and the platform's as a whole."""
    usual = float(capabilities_of(group.platform).report_lag_hours)
    samples: dict[int, list[Floats]] = {}
    days: dict[int, int] = {}
    for zone, members in groupby(sorted(group.accounts, key=lambda a: a.timezone), key=lambda a: a.timezone):
        last = local_date(now, zone) - timedelta(days=SETTLING_DAYS)
        first = last - timedelta(days=DELAY_DAYS - 1)
        ids = [account.pk for account in members]
        hours = revisions.account_hours(ids, first, last)
        found = revisions.readings(ids, first, last)
        for (account_id, on), readings in groupby(found, key=lambda r: (r.account_id, r.on)):
            one = _of_day(on, zone, list(readings), hours.get((account_id, on)))
            if one.shape[0]:
                samples.setdefault(account_id, []).append(one)
                days[account_id] = days.get(account_id, 0) + 1
    rows = []
    if samples:
        everything = np.concatenate([one for many in samples.values() for one in many])
        pooled = typical_delay(everything, sum(days.values()), usual)
        usual_here = pooled.hours
        rows.append(
            _delay_row(group, Scope.PLATFORM, group.organization_id, None, pooled, sum(days.values()), now)
        )
        for account in group.accounts:
            if account.pk in samples:
                delay = typical_delay(np.concatenate(samples[account.pk]), days[account.pk], usual_here)
                rows.append(
                    _delay_row(
                        group, Scope.ACCOUNT, account.pk, account.client_id, delay, days[account.pk], now
                    )
                )
    return rows


def _of_day(on: date, zone: str, readings: Sequence[revisions.Reading], by_hour: list[int] | None) -> Floats:
    """Delays seen on one day. Days of 23 or 25 hours tell no hour of the clock exactly, so they are left out."""
    if day_hours(on, zone) != 24 or not readings:
        return np.zeros((0, 3))
    final = readings[-1].spend_micros
    curve = (
        np.repeat(INTRADAY_PRIOR / INTRADAY_PRIOR.sum() / 2, 2) * final
        if by_hour is None
        else np.asarray(by_hour, dtype=np.float64)
    )
    start = day_start(on, zone)
    at = np.array([(r.known_from - start).total_seconds() / 3600 for r in readings])
    return delay_samples(curve, at, np.array([r.spend_micros for r in readings], dtype=np.float64))


def _delay_row(
    group: Group, scope: str, key: int, client_id: int | None, delay: Delay, days: int, now: datetime
) -> LearnedShape:
    return LearnedShape(
        organization_id=group.organization_id,
        client_id=client_id,
        scope=scope,
        scope_id=key,
        platform=group.platform,
        kind=LearnedShape.Kind.LAG,
        numbers=[
            round(delay.hours, 3),
            round(delay.p90_hours, 3),
            round(delay.enough_hours, 3),
            round(delay.missing_ratio, 4),
            delay.readings,
        ],
        n_days=days,
        as_of=now,
    )
