"""What every row of a change set must pass, whatever it changes."""

from __future__ import annotations

from campaigns.models import AdAccount, Change, ChangeSet
from campaigns.platforms.currencies import budget_unit_micros
from campaigns.platforms.records import Platform
from lane.core.money import format_money

LARGEST_MICROS = 9_000_000_000_000_000


class Unusable(Exception):
    """One target cannot be used; the text says why and what to do."""


def new_row(change_set: ChangeSet, account: AdAccount, **values: object) -> Change:
    """An unsaved row of the present version."""
    return Change(
        organization_id=change_set.organization_id,
        client_id=change_set.client_id,
        change_set=change_set,
        version=change_set.version,
        ad_account=account,
        **values,
    )


def require_writable(account: AdAccount, name: str, *, gone: bool) -> None:
    """Refuse what Lane cannot write at all."""
    if account.source == AdAccount.Source.CSV:
        raise Unusable(f"{account.name} comes from CSV files: change {name} at the platform yourself.")
    if gone:
        raise Unusable(f"{name} was removed at the platform.")


def require_amount(amount: int, name: str, account: AdAccount, currency: str) -> None:
    """Refuse an amount that the platform could not store exactly."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise Unusable("Give the amount in whole micros.")
    if amount <= 0:
        raise Unusable(f"Give an amount above zero for {name}. To stop spending, pause it.")
    if amount > LARGEST_MICROS:
        raise Unusable("The amount is too large.")
    unit = budget_unit_micros(Platform(account.platform), currency)
    if amount % unit:
        step = format_money(unit, currency)
        raise Unusable(f"{name} can only move in steps of {step}.")
