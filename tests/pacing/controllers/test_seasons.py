from __future__ import annotations

import numpy as np
import pytest

from pacing.controllers.seasons import weekday_season


def test_quiet_weekends_are_learned_and_a_plan_without_history_stays_flat():
    weekdays = np.arange(56) % 7
    busy = np.where(weekdays >= 5, 20.0, 100.0)
    history = np.array([busy, np.full(56, np.nan)])
    season = weekday_season(history, weekdays, np.array([4, 5, 6, 0]))
    assert season[0, 1] < 0.6 < 1.0 < season[0, 0]
    assert season[1] == pytest.approx(1.0)


def test_two_weeks_move_the_shape_less_than_eight():
    weekdays = np.arange(56) % 7
    busy = np.where(weekdays >= 5, 20.0, 100.0)[None, :]
    short = np.where(np.arange(56) < 14, busy, np.nan)
    saturday = np.array([5])
    assert weekday_season(short, weekdays, saturday)[0, 0] > weekday_season(busy, weekdays, saturday)[0, 0]
