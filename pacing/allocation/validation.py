"""Refuse terms and arms that make no sense, naming the field and the fix."""

from __future__ import annotations

from collections.abc import Sequence

from pacing.allocation.records import Arm, Terms


def check(terms: Terms, arms: Sequence[Arm]) -> None:
    """Raise ValueError for the first thing that cannot be meant."""
    _check_terms(terms)
    keys: set[str] = set()
    for arm in arms:
        who = f"Arm “{arm.key}”"
        if arm.key in keys:
            raise ValueError(f"Two arms are called “{arm.key}”: give each a key of its own.")
        keys.add(arm.key)
        if arm.daily_micros < 0:
            raise ValueError(f"{who}: daily_micros is negative; pass 0 or more.")
        if arm.minimum_micros < 0:
            raise ValueError(f"{who}: minimum_micros is negative; pass 0 for no minimum.")
        if arm.maximum_micros is not None and arm.maximum_micros < arm.minimum_micros:
            raise ValueError(
                f"{who}: maximum_micros is below minimum_micros; raise the cap or lower the floor."
            )


def _check_terms(terms: Terms) -> None:
    if terms.unit_micros <= 0:
        raise ValueError("unit_micros must be positive: 10000 for a currency with cents.")
    if terms.budget_micros <= 0:
        raise ValueError("budget_micros must be positive.")
    if terms.budget_micros % terms.unit_micros:
        raise ValueError("budget_micros must be a multiple of unit_micros: round it to the currency first.")
    shares = {
        "floor_share": terms.floor_share,
        "smallest_move": terms.smallest_move,
        "least_probability": terms.least_probability,
        "blend": terms.blend,
        "roas_confidence": terms.roas_confidence,
        "exploration_share": terms.exploration_share,
        "rollback_probability": terms.rollback_probability,
    }
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; pass a share from 0 to 1.")
    if not terms.step > 0:
        raise ValueError("step must be positive: 0.2 for a fifth.")
    if not 0 < terms.roas_confidence < 1:
        raise ValueError("roas_confidence must be between 0 and 1.")
    if terms.move_days < 0 or terms.horizon_days <= 0:
        raise ValueError("move_days must be 0 or more and horizon_days at least 1.")
    if terms.cost_per_moved < 0:
        raise ValueError("cost_per_moved is negative; pass 0 for moves that cost nothing.")
    if terms.roas_floor is not None and terms.roas_floor <= 0:
        raise ValueError("roas_floor must be positive; leave it out for none.")
    for group in terms.groups:
        if not 0 <= group.minimum_share <= group.maximum_share <= 1:
            raise ValueError(f"{group.dimension} “{group.name}”: shares must run from 0 to 1, minimum first.")
