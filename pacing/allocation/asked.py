"""Wishes as they are written on a command line, turned into arms and group limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pacing.allocation.history_file import MICROS, ArmHistory
from pacing.allocation.records import Arm, GroupLimit

RECENT_DAYS = 7  # days whose mean spend stands for a budget that is not given
USUAL_POOL = "platform"


@dataclass(frozen=True, slots=True)
class Asked:
    """Floors, caps and locks by arm in micros (a lock without amount is None), groups, and the pool's column."""

    floors: Mapping[str, int]
    caps: Mapping[str, int]
    locks: Mapping[str, int | None]
    groups: tuple[GroupLimit, ...]
    pool: str | None
    unit: int

    @classmethod
    def parse(
        cls,
        *,
        floors: Sequence[str] = (),
        caps: Sequence[str] = (),
        locks: Sequence[str] = (),
        groups: Sequence[str] = (),
        pool: str | None = None,
        unit: int = 10_000,
    ) -> Asked:
        """Read ARM=AMOUNT and COLUMN=NAME:MIN:MAX. Raises ValueError naming the option and the fix."""
        nothing = cls({}, {}, {}, (), pool, unit)
        return cls(
            dict(nothing._pair(text, "--floor") for text in floors),
            dict(nothing._pair(text, "--cap") for text in caps),
            dict(nothing._pair(text, "--lock") if "=" in text else (text.strip(), None) for text in locks),
            tuple(_group(text) for text in groups),
            pool.strip().lower() if pool else None,
            unit,
        )

    def amount(self, text: str, option: str) -> int:
        """Micros of an exact amount; more decimals than the currency has are refused, not rounded."""
        try:
            amount = Decimal(str(text).strip()) * MICROS
        except InvalidOperation:
            raise ValueError(f"{option}: “{text}” is not an amount. Write it like 1250.00.") from None
        if not amount.is_finite() or not 0 <= amount < Decimal(10) ** 16:
            raise ValueError(f"{option}: write an amount of 0 or more, below ten thousand million.")
        if amount % self.unit:
            smallest = Decimal(self.unit) / MICROS
            raise ValueError(
                f"{option}: {text} is not a multiple of {smallest}, the currency's smallest amount."
            )
        return int(amount)

    def _pair(self, text: str, option: str) -> tuple[str, int]:
        name, mark, amount = text.rpartition("=")
        if not mark or not name.strip():
            raise ValueError(f"{option}: “{text}” is not ARM=AMOUNT.")
        return name.strip(), self.amount(amount, f"{option} {name.strip()}")


def arms_of(history: Mapping[str, ArmHistory], asked: Asked) -> list[Arm]:
    """Arms with their wishes. A wish for an arm or column that is not in the file is a ValueError."""
    for option, names in (("--floor", asked.floors), ("--cap", asked.caps), ("--lock", asked.locks)):
        for name in names:
            if name not in history:
                raise ValueError(f"{option}: there is no arm “{name}”. Arms: {', '.join(history)}.")
    columns = {column for arm in history.values() for column in arm.labels}
    for limit in asked.groups:
        inside = [arm for arm in history.values() if arm.labels.get(limit.dimension) == limit.name]
        if not inside:
            raise ValueError(
                f"--group: no row has “{limit.name}” in column “{limit.dimension}”. "
                f"Further columns: {', '.join(sorted(columns)) or 'none'}."
            )
    if asked.pool and asked.pool not in columns:
        raise ValueError(f"--pool: there is no column “{asked.pool}”.")
    return [_arm(name, rows, asked) for name, rows in history.items()]


def _arm(name: str, rows: ArmHistory, asked: Asked) -> Arm:
    now = rows.budget_micros
    if now is None:
        days = sorted((day for day in rows.days if day.spend_micros is not None), key=lambda day: day.day)
        recent = [day.spend_micros or 0 for day in days[-RECENT_DAYS:]]
        now = sum(recent) // max(len(recent), 1)
    locked = name in asked.locks
    amount = asked.locks.get(name)
    now = now // asked.unit * asked.unit if amount is None else amount
    return Arm(
        key=name,
        daily_micros=now,
        history=tuple(rows.days),
        pool=rows.labels.get(asked.pool or USUAL_POOL, ""),
        groups=rows.labels,
        minimum_micros=asked.floors.get(name, 0),
        maximum_micros=asked.caps.get(name),
        locked=locked,
    )


def _group(text: str) -> GroupLimit:
    column, mark, rest = text.partition("=")
    parts = rest.rsplit(":", 2)
    try:
        if not mark or len(parts) != 3:
            raise ValueError
        least, most = float(parts[1] or 0), float(parts[2] or 1)
    except ValueError:
        raise ValueError(
            f"--group: “{text}” is not COLUMN=NAME:MIN:MAX, like platform=meta:0.2:0.6."
        ) from None
    return GroupLimit(column.strip().lower(), parts[0].strip(), least, most)
