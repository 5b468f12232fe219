"""Arms and groups of a portfolio as people change them: locks, floors, caps, names, what belongs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from lane.accounts import policies
from lane.audit.services import record, recording
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput
from pacing.models import ArmBudget, Portfolio, PortfolioArm
from pacing.services.portfolios.setup import (
    add_arm,
    locked,
    require_version,
    save_groups,
    tell,
    terms_of,
)
from pacing.services.portfolios.terms import (
    ArmTerms,
    GroupTerms,
    require_arms,
    require_groups,
    require_limits,
    require_portfolio,
)

CHANGEABLE = frozenset({"label", "kind", "group", "locked", "floor_micros", "cap_micros", "learning_until"})


@transaction.atomic
def change(
    portfolio_id: UUID | str,
    rows: Mapping[str, Mapping[str, Any]],
    *,
    actor: Actor,
    expected_version: int | None = None,
) -> Portfolio:
    """Change several arms at once, by their public ids: all of them or, when one is refused, none.

    Raises ``InvalidInput`` naming each refused cell as ``<arm id>.<field>``.
    """
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    require_version(portfolio, expected_version)
    arms = {str(arm.public_id): arm for arm in portfolio.arms.filter(removed_at=None).select_related("group")}
    groups = {group.name: group for group in portfolio.groups.all()}
    refused: dict[str, str] = {}
    changed = 0
    for key, values in rows.items():
        arm = arms.get(key)
        if arm is None:
            refused[key] = "This arm is not in the portfolio any more. Reload the page."
            continue
        try:
            changed += _change_one(portfolio, arm, dict(values), groups, actor)
        except InvalidInput as error:
            refused |= {f"{key}.{field}": words for field, words in error.fields.items()}
    if not refused and len({arm.label for arm in arms.values()}) != len(arms):
        refused["label"] = "Two arms have the same name. Rename one."
    if refused:
        raise InvalidInput(fields=refused)
    if changed:
        portfolio.version += 1
        portfolio.save(update_fields=["version", "updated_at"])
        tell(portfolio)
    return portfolio


@transaction.atomic
def add(portfolio_id: UUID | str, terms: ArmTerms, *, actor: Actor) -> PortfolioArm:
    """Take one more arm in. It keeps its amount until enough is known of it."""
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    wanted = [*terms_of(portfolio), terms]
    require_arms(portfolio.client, wanted)
    require_portfolio(portfolio, wanted)
    if terms.budgets[0].currency != portfolio.currency:
        raise InvalidInput(fields={"budgets": f"The portfolio is in {portfolio.currency}."})
    arm = add_arm(portfolio, terms, {group.name: group for group in portfolio.groups.all()})
    _note(portfolio, "pacing.portfolio.arm_added", actor, after={"arm": arm.label})
    return arm


@transaction.atomic
def remove(portfolio_id: UUID | str, arm_id: UUID | str, *, actor: Actor, reason: str = "") -> Portfolio:
    """Take an arm out; its budgets keep their amounts and are free for another portfolio."""
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    current = portfolio.arms.filter(removed_at=None)
    arm = current.filter(public_id=arm_id).first()
    if arm is None:
        raise InvalidInput(fields={"arm": "This arm is not in the portfolio any more. Reload the page."})
    if current.count() <= 2:
        raise InvalidInput(fields={"arm": "Two arms are the least. Stop the portfolio instead."})
    arm.removed_at = clock.now()
    arm.save(update_fields=["removed_at", "updated_at"])
    ArmBudget.objects.filter(arm=arm).update(holds=False)
    _note(portfolio, "pacing.portfolio.arm_removed", actor, before={"arm": arm.label}, reason=reason)
    return portfolio


@transaction.atomic
def set_groups(
    portfolio_id: UUID | str,
    groups: Sequence[GroupTerms],
    *,
    actor: Actor,
    expected_version: int | None = None,
) -> Portfolio:
    """Replace the groups and the shares they may have together."""
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    require_version(portfolio, expected_version)
    require_groups(groups)
    before = _groups_as_record(portfolio)
    save_groups(portfolio, groups)
    after = _groups_as_record(portfolio)
    if before != after:
        _note(
            portfolio,
            "pacing.portfolio.groups_changed",
            actor,
            before={"groups": before},
            after={"groups": after},
        )
    return portfolio


def _change_one(
    portfolio: Portfolio, arm: PortfolioArm, values: dict[str, Any], groups: Mapping[str, Any], actor: Actor
) -> bool:
    """Whether anything of one arm changed. Raises with the fields that cannot be."""
    unknown = set(values) - CHANGEABLE
    if unknown:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This cannot be changed."))
    if "group" in values:
        name = values["group"] or ""
        if name and name not in groups:
            raise InvalidInput(fields={"group": f"There is no group “{name}”. Add it first."})
        values["group"] = groups.get(name)
    if "label" in values and not 0 < len(values["label"].strip()) <= 120:
        raise InvalidInput(fields={"label": "Give the arm a name of at most 120 characters."})
    require_limits(
        values.get("floor_micros", arm.floor_micros),
        values.get("cap_micros", arm.cap_micros),
        portfolio.currency,
        kind=values.get("kind", arm.kind),
    )
    if all(getattr(arm, field) == value for field, value in values.items()):
        return False
    with recording(
        arm, "pacing.portfolio.arm_changed", actor=actor, links={"portfolio": portfolio.public_id}
    ):
        for field, value in values.items():
            setattr(arm, field, value.strip() if field == "label" else value)
        arm.save()
    return True


def _note(portfolio: Portfolio, action: str, actor: Actor, **values: Any) -> None:
    portfolio.version += 1
    portfolio.save(update_fields=["version", "updated_at"])
    record(action, actor=actor, obj=portfolio, links={"portfolio": portfolio.public_id}, **values)
    tell(portfolio)


def _groups_as_record(portfolio: Portfolio) -> list[str]:
    rows = portfolio.groups.values_list("name", "min_ratio", "max_ratio")
    return [f"{name}: {low:.1%} to {high:.1%}" for name, low, high in rows]
