"""Round a split to whole currency units: it adds up exactly, and no bound is crossed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pacing.allocation.curves import Flags, Floats


@dataclass(frozen=True, slots=True)
class GroupBound:
    """Least and most micros the members [n] may have together."""

    dimension: str
    name: str
    members: Flags
    least: int
    most: int


def whole_units(
    amounts: Floats,
    least: Sequence[int],
    most: Sequence[int],
    budget: int,
    unit: int,
    groups: Sequence[GroupBound] = (),
) -> tuple[int, ...] | None:
    """Largest remainders first, within arms' and groups' bounds; None when the bounds leave no such split."""
    wanted = [
        min(max(float(amount), low), high) for amount, low, high in zip(amounts, least, most, strict=True)
    ]
    parts = [
        min(max(int(amount // unit) * unit, low), high)
        for amount, low, high in zip(wanted, least, most, strict=True)
    ]
    rest = np.array([amount - part for amount, part in zip(wanted, parts, strict=True)])
    order = [int(index) for index in np.argsort(-rest, kind="stable")]
    for group in groups:  # rounding down may have left a group short of its share
        members = [index for index in order if group.members[index]]
        _hand_out(parts, members, least, most, max(group.least - _held(parts, group), 0), unit, groups)
    _hand_out(parts, order, least, most, budget - sum(parts), unit, groups)
    _hand_out(parts, order[::-1], least, most, budget - sum(parts), unit, groups)
    fits = sum(parts) == budget and all(group.least <= _held(parts, group) <= group.most for group in groups)
    return tuple(parts) if fits else None


def _hand_out(
    parts: list[int],
    order: Sequence[int],
    least: Sequence[int],
    most: Sequence[int],
    missing: int,
    unit: int,
    groups: Sequence[GroupBound],
) -> None:
    """Give what is missing (or take what is too much, when negative), unit by unit, where there is room."""
    sign = 1 if missing > 0 else -1
    left = abs(missing) if missing > 0 or order else 0
    while left > 0:
        given = 0
        share = max(left // max(len(order), 1) // unit * unit, unit)
        for index in order:
            room = most[index] - parts[index] if sign > 0 else parts[index] - least[index]
            for group in groups:
                if group.members[index]:
                    held = _held(parts, group)
                    room = min(room, group.most - held if sign > 0 else held - group.least)
            piece = min(share, room, left)
            if piece > 0:
                parts[index] += sign * piece
                left -= piece
                given += piece
            if not left:
                break
        if not given:
            return


def _held(parts: Sequence[int], group: GroupBound) -> int:
    return sum(part for part, member in zip(parts, group.members, strict=True) if member)
