"""Meta counts budgets in minor units of a table of its own, and spend in decimal text."""

from __future__ import annotations

from campaigns.sandbox.market import MICROS, WHOLE_UNIT_CURRENCIES, Account

_ALSO_WHOLE = frozenset({"COP", "CRC", "PYG"})


def per_minor(account: Account) -> int:
    """Micros of one minor unit."""
    return MICROS if account.currency in WHOLE_UNIT_CURRENCIES | _ALSO_WHOLE else MICROS // 100


def minor(micros: int, account: Account) -> int:
    """Micros as whole minor units."""
    return micros // per_minor(account)


def decimal_text(micros: int, account: Account) -> str:
    """Micros as Graph writes spend: ``12.34``, and whole yen."""
    units, rest = divmod(micros, MICROS)
    return str(units) if per_minor(account) == MICROS else f"{units}.{rest // 10_000:02d}"


def minimum_daily(account: Account) -> int:
    """The smallest daily budget in minor units."""
    return 100


def minimum_spend_cap(account: Account) -> int:
    """What a spend cap must leave a campaign at least, in minor units: a hundred, or ten thousand whole ones."""
    return 10_000
