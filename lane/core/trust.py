"""How far measured forecasts have earned trust: who measures registers here, who decides asks here.

The measuring app lies above those that ask, so it registers a provider. Nobody registered, or nothing measured
yet, is unknown: None, never a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

FULL_AT, NONE_AT = Decimal("0.8"), Decimal("0.2")


@dataclass(frozen=True, slots=True)
class Trust:
    """Measured trust in the forecasts for one client: ``score`` runs from 0 to 1."""

    score: Decimal
    projections: int
    plans: int
    error_ratio: Decimal  # mean absolute error as a share of the amount
    coverage_ratio: Decimal  # share of ends inside the P10 to P90 range, which should be 0.8

    @property
    def share(self) -> Decimal:
        """The part of an automatic limit this earns: all of it from 0.8, nothing below 0.2, even in between."""
        share = (self.score - NONE_AT) / (FULL_AT - NONE_AT)
        return min(max(share, Decimal(0)), Decimal(1))


Provider = Callable[[int, str | None], Trust | None]
_providers: list[Provider] = []


def register(provider: Provider) -> Provider:
    """Make a source of measured trust known; the last one registered counts."""
    _providers.append(provider)
    return provider


def trust(client_id: int, platform: str | None = None) -> Trust | None:
    """Measured trust for a client, or None while too little was measured."""
    return _providers[-1](client_id, platform) if _providers else None
