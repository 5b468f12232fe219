"""What is known of the arms of one portfolio: their curves in money, small enough for one JSON column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from pacing.allocation.alarms import NO_BREAK
from pacing.allocation.curves import Curves, Floats
from pacing.allocation.learning import Evidence, Learned, learn_curves
from pacing.allocation.maturation import USABLE_SHARE, Maturation
from pacing.allocation.records import Arm, Terms

DEFAULT_DELAY = Maturation.after(2)
CURVE_DRAWS = 1000
CURVE_SEED = 7  # the chart of one posterior always shows the same band
MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class ArmCurve:
    """One arm's curve: slopes in value per currency unit, bends in micros a day."""

    key: str
    usual_micros: float
    mean_return: float | None  # value per currency unit; None without any usable day
    effective_days: float
    days_used: int
    noise: float  # relative spread of a day around the curve
    last_day: date | None
    alarm_on: date | None  # first day after a change for good
    kappa_micros: tuple[float, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    probability: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CurveReading:
    """A point of the curve for a chart, per day."""

    daily_micros: int
    mean: float
    p10: float
    p50: float
    p90: float
    next_100: float  # value of the next 100 currency units a day


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the days said of every arm, in the order the arms were given."""

    arms: tuple[ArmCurve, ...]
    learned_on: date

    def arm(self, key: str) -> ArmCurve:
        """One arm's curve; an unknown key is a KeyError."""
        for arm in self.arms:
            if arm.key == key:
                return arm
        raise KeyError(f"There is no curve of arm “{key}”: learn again with it.")

    def keys(self) -> tuple[str, ...]:
        """The arms there are curves for."""
        return tuple(arm.key for arm in self.arms)

    @property
    def knows_anything(self) -> bool:
        """Whether any arm has a usable day."""
        return any(arm.days_used or arm.effective_days > 0 for arm in self.arms)

    def curve(self, key: str, daily_micros: Sequence[int]) -> list[CurveReading]:
        """Expected value and its band at some daily budgets."""
        one = _curves([self.arm(key)])
        draws = one.draw(np.random.default_rng(CURVE_SEED), CURVE_DRAWS)
        readings = []
        for micros in daily_micros:
            here = np.array([[micros / MICROS]])
            low, middle, high = np.quantile(draws.value(here)[0, 0], [0.1, 0.5, 0.9]).tolist()
            mean = float(one.value(here)[0, 0])
            nearby = float(one.value(here + 100.0)[0, 0]) - mean
            readings.append(CurveReading(int(micros), mean, low, middle, high, nearby))
        return readings

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; numbers keep eight significant digits."""
        rows = []
        for arm in self.arms:
            row = asdict(arm)
            row["last_day"] = arm.last_day and arm.last_day.isoformat()
            row["alarm_on"] = arm.alarm_on and arm.alarm_on.isoformat()
            for name in ("kappa_micros", "mean", "sd", "probability"):
                row[name] = [_short(number) for number in row[name]]
            for name in ("usual_micros", "mean_return", "effective_days", "noise"):
                row[name] = None if row[name] is None else _short(row[name])
            rows.append(row)
        return {"learned_on": self.learned_on.isoformat(), "arms": rows}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Posterior:
        """Read what ``to_json`` wrote."""
        arms = []
        for row in stored["arms"]:
            values = dict(row)
            for name in ("last_day", "alarm_on"):
                values[name] = date.fromisoformat(row[name]) if row[name] else None
            for name in ("kappa_micros", "mean", "sd", "probability"):
                values[name] = tuple(row[name])
            arms.append(ArmCurve(**values))
        return cls(tuple(arms), date.fromisoformat(stored["learned_on"]))

    def learned(self, keys: Sequence[str]) -> Learned:
        """The curves of some arms as arrays [1, n], in currency units."""
        arms = [self.arm(key) for key in keys]

        def row(numbers: list[float]) -> Floats:
            return np.asarray([numbers], dtype=np.float64)

        return Learned(
            curves=_curves(arms),
            usual=row([arm.usual_micros / MICROS for arm in arms]),
            returns=row(
                [arm.mean_return if arm.mean_return is not None else _prior_return(arm) for arm in arms]
            ),
            noise=row([arm.noise for arm in arms]),
            information=row([arm.effective_days for arm in arms]),
            days=row([float(arm.days_used) for arm in arms]),
            broke_at=np.full((1, len(arms)), NO_BREAK, dtype=np.float64),
        )


def learn(
    terms: Terms,
    arms: Sequence[Arm],
    today: date,
    *,
    maturation: Maturation | None = None,
    neighbours: Sequence[Arm] = (),
) -> Posterior:
    """Learn every arm's curve from its days before ``today``, anew each time.

    Values still coming in are scaled up by the maturation curve, and a day is used only once most of its value is
    in. ``neighbours`` are arms of other portfolios that only tell what arms of their pool are like.
    """
    delay = maturation or DEFAULT_DELAY
    together = sorted([*arms, *neighbours], key=lambda arm: arm.key)
    _check(together)
    if not together:
        return Posterior((), today)
    money = _scale([day.spend_micros for arm in together for day in arm.history if day.spend_micros])
    money = money or max(terms.budget_micros / max(len(arms), 1), 1.0)
    worth = _scale([day.value for arm in together for day in arm.history if day.value]) or _scale(
        [point.value for arm in together for point in arm.points]
    )
    worth = worth or 1.0
    days = _days(together, today)
    evidence, last = _evidence(together, days, today, delay, money, worth)
    learned = learn_curves(evidence)
    curves = learned.curves
    place = {arm.key: index for index, arm in enumerate(together)}
    rows = []
    for arm in arms:
        index = place[arm.key]
        broke = int(learned.broke_at[0, index])
        first = evidence.spend.shape[2] - len(days)  # simulation points stand before the days
        known = learned.information[0, index] > 0
        rows.append(
            ArmCurve(
                key=arm.key,
                usual_micros=float(learned.usual[0, index]) * money,
                mean_return=float(learned.returns[0, index]) * worth / (money / MICROS) if known else None,
                effective_days=float(learned.information[0, index]),
                days_used=int(learned.days[0, index]),
                noise=float(learned.noise[0, index]),
                last_day=last[index],
                alarm_on=days[broke - first] if broke != NO_BREAK and broke >= first else None,
                kappa_micros=tuple((curves.bend[0, index] * money).tolist()),
                mean=tuple((curves.mean[0, index] * worth / (money / MICROS)).tolist()),
                sd=tuple((curves.sd[0, index] * worth / (money / MICROS)).tolist()),
                probability=tuple(curves.probability[0, index].tolist()),
            )
        )
    return Posterior(tuple(rows), today)


def _evidence(
    arms: Sequence[Arm], days: list[date], today: date, delay: Maturation, money: float, worth: float
) -> tuple[Evidence, list[date | None]]:
    """Arrays [1, n, points + days] of what is usable, and the newest usable day of each arm."""
    points = max((len(arm.points) for arm in arms), default=0)
    shape = (1, len(arms), max(points + len(days), 1))
    spend, value, weight = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    place = {day: points + index for index, day in enumerate(days)}
    last: list[date | None] = [None] * len(arms)
    for row, arm in enumerate(arms):
        for column, point in enumerate(arm.points):
            spend[0, row, column] = point.daily_micros / money
            value[0, row, column] = point.value / worth
            weight[0, row, column] = point.weight_days
        for seen in arm.history:
            share = delay.share((today - seen.day).days)
            if seen.day >= today or share < USABLE_SHARE or not seen.spend_micros or seen.value is None:
                continue  # not over, still coming in, nothing spent, or not known
            column = place[seen.day]
            spend[0, row, column] = seen.spend_micros / money
            value[0, row, column] = seen.value / share / worth
            weight[0, row, column] = share
            last[row] = max(last[row] or seen.day, seen.day)
    dated = np.broadcast_to(np.arange(shape[2]) >= points, shape)
    own = np.asarray([[max(arm.daily_micros, 1) / money for arm in arms]])
    return Evidence(spend, value, weight, dated, own, _pools(arms)), last


def _days(arms: Sequence[Arm], today: date) -> list[date]:
    """Every day from the first one with history to yesterday, so that age is age."""
    first = min((day.day for arm in arms for day in arm.history), default=today)
    return [first + timedelta(days=index) for index in range(max((today - first).days, 0))]


def _pools(arms: Sequence[Arm]) -> Floats:
    names = sorted({arm.pool for arm in arms})
    return np.asarray([[[float(arm.pool == name) for name in names] for arm in arms]])


def _scale(numbers: Sequence[float | int | None]) -> float:
    """Mean size of what is there; 0 for nothing."""
    known = [abs(float(number)) for number in numbers if number]
    return sum(known) / len(known) if known else 0.0


def _check(arms: Sequence[Arm]) -> None:
    keys: set[str] = set()
    for arm in arms:
        if arm.key in keys:
            raise ValueError(f"Two arms are called “{arm.key}”: give each a key of its own.")
        keys.add(arm.key)
        days: set[date] = set()
        for day in arm.history:
            if day.day in days:
                raise ValueError(f"Arm “{arm.key}” has {day.day} twice: pass one figure per day.")
            days.add(day.day)
            if day.spend_micros is not None and day.spend_micros < 0:
                raise ValueError(
                    f"Arm “{arm.key}” has negative spend on {day.day}: pass spend before credits."
                )
            if day.value is not None and not (np.isfinite(day.value) and day.value >= 0):
                raise ValueError(
                    f"Arm “{arm.key}” has value {day.value} on {day.day}: pass 0 or more, or None."
                )


def _curves(arms: Sequence[ArmCurve]) -> Curves:
    """Curves [1, n, K] in currency units."""

    def rows(numbers: list[tuple[float, ...]], scale: float = 1.0) -> Floats:
        return np.asarray(numbers, dtype=np.float64)[None] * scale

    return Curves(
        rows([arm.kappa_micros for arm in arms], 1 / MICROS),
        rows([arm.mean for arm in arms]),
        rows([arm.sd for arm in arms]),
        rows([arm.probability for arm in arms]),
    )


def _prior_return(arm: ArmCurve) -> float:
    """Return at the usual spend by the pool's curve, for an arm without days."""
    one = _curves([arm])
    usual = np.array([[max(arm.usual_micros / MICROS, 1e-9)]])
    return float(one.value(usual)[0, 0] / usual[0, 0])


def _short(number: float) -> float:
    return float(f"{number:.8g}")
