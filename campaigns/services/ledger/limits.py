"""How long each step of a write may take, in the one order that is safe.

call < lease, and the task's own time limits in between: a task that outlives its lease would be a second
writer. The quiet period is how long an unanswered write may still land at the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper, Func, Value

from campaigns.platforms.records import Capabilities

MAX_ROUNDS = 5
MAX_BACKOFF_SECONDS = 900
ODD_LOOKS = 3
RECENT_WRITE = timedelta(minutes=2)


class MachineNow(Func):
    """The database's own clock: the only one that rules leases, because all workers share it."""

    function = "clock_timestamp"
    output_field = DateTimeField()  # type: ignore[assignment]


def from_now(seconds: float) -> ExpressionWrapper:
    """An instant by the database's clock."""
    return ExpressionWrapper(MachineNow() + Value(timedelta(seconds=seconds)), output_field=DateTimeField())


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of each step; tests and the fault run shorten them together, keeping their order."""

    lease: float
    call: float
    margin: float
    quiet: float | None
    look_again: tuple[float, ...]

    def quiet_for(self, capabilities: Capabilities) -> float:
        """How long an unanswered write to this platform may still land."""
        return capabilities.in_flight_seconds if self.quiet is None else self.quiet


def limits() -> Limits:
    """The installation's limits."""
    quiet = getattr(settings, "LANE_LEDGER_QUIET_SECONDS", None)
    return Limits(
        lease=float(getattr(settings, "LANE_LEDGER_LEASE_SECONDS", 120)),
        call=float(getattr(settings, "LANE_LEDGER_CALL_SECONDS", 30)),
        margin=float(getattr(settings, "LANE_LEDGER_MARGIN_SECONDS", 10)),
        quiet=None if quiet is None else float(quiet),
        look_again=tuple(getattr(settings, "LANE_LEDGER_LOOK_AGAIN_SECONDS", (5.0, 30.0))),
    )


def backoff(attempts: int, asked: float | None = None) -> float:
    """Seconds until the next try after a clear refusal; never sooner than the platform asked for."""
    grown = min(MAX_BACKOFF_SECONDS, 5 * 2 ** min(attempts, 8))
    return float(max(grown, asked or 0))
