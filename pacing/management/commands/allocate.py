"""``manage.py allocate --csv FILE --budget B``: the allocator as a filter. No database, no clock."""

from __future__ import annotations

import json
import math
import sys
from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lane.core.money import CURRENCIES, unit_micros
from pacing.allocation import Allocation, Decision, Maturation, Posterior, State, Terms, learn, look
from pacing.allocation.asked import Asked, arms_of
from pacing.allocation.history_file import HistoryError, read_history
from pacing.allocation.printed import as_record, as_table
from pacing.allocation.records import Arm

NO_CURRENCY_UNIT = 10_000


class Command(BaseCommand):
    """Prints curves, the split and marginal values; exits 1 when the wishes cannot be kept."""

    help = (
        "Split a daily budget over arms by their history: a CSV with the columns date, arm, spend, value. "
        "docs/reference/allocate.md tells everything about it."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """History, budget and wishes."""
        parser.add_argument("--csv", required=True, metavar="FILE", help="History; - reads standard input.")
        parser.add_argument("--budget", required=True, help="What all arms get together a day, like 1250.00.")
        parser.add_argument("--currency", help="ISO 4217 code: sets the smallest amount. Without it 0.01.")
        parser.add_argument("--today", help="Decide as of this date (default: the day after the last row).")
        parser.add_argument(
            "--late-days", type=int, default=2, help="Days until a day's value is complete (2)."
        )
        wishes = parser.add_argument_group("wishes")
        wishes.add_argument(
            "--floor", action="append", default=[], metavar="ARM=AMOUNT", help="At least this."
        )
        wishes.add_argument("--cap", action="append", default=[], metavar="ARM=AMOUNT", help="At most this.")
        wishes.add_argument(
            "--lock",
            action="append",
            default=[],
            metavar="ARM[=AMOUNT]",
            help="Exactly this, or what it has now.",
        )
        wishes.add_argument(
            "--floor-share", type=float, default=0.1, help="Of an equal share, for every arm (0.1)."
        )
        wishes.add_argument(
            "--group",
            action="append",
            default=[],
            metavar="COLUMN=NAME:MIN:MAX",
            help="Share of the budget for the rows with NAME in COLUMN, like platform=meta:0.2:0.6.",
        )
        wishes.add_argument("--roas-floor", type=float, help="Least value per unit of the whole budget.")
        wishes.add_argument(
            "--roas-confidence", type=float, default=0.8, help="... with this probability (0.8)."
        )
        how = parser.add_argument_group("how")
        how.add_argument(
            "--pool",
            metavar="COLUMN",
            help="Arms alike in this column tell about each other (default: platform, if there).",
        )
        how.add_argument(
            "--step", type=float, help="Largest relative change of an arm, like 0.2; without it any."
        )
        how.add_argument(
            "--blend",
            type=float,
            default=1.0,
            help="Weight of the curves; the rest goes to average returns (1.0).",
        )
        how.add_argument("--seed", type=int, default=1, help="Of the draws behind percentiles (1).")
        how.add_argument("--json", action="store_true", help="One JSON object instead of a table.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, learn, split, print."""
        unit = _unit(options["currency"])
        try:
            history = read_history(_lines(options["csv"]))
            asked = Asked.parse(
                floors=options["floor"], caps=options["cap"], locks=options["lock"],
                groups=options["group"], pool=options["pool"], unit=unit,
            )  # fmt: skip
            arms = arms_of(history, asked)
            terms = _terms(options, unit, asked)
            today = _today(options["today"], arms)
            posterior = learn(terms, arms, today, maturation=Maturation.after(_late(options["late_days"])))
            allocation = look(terms, arms, posterior, State(), today, options["seed"])
        except HistoryError as error:
            raise CommandError(f"{options['csv']}:\n{error}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self._print(allocation, posterior, options, unit)
        if allocation.decision is Decision.INFEASIBLE:
            sys.exit(1)

    def _print(
        self, allocation: Allocation, posterior: Posterior, options: dict[str, Any], unit: int
    ) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(as_record(allocation, posterior, unit, options["currency"])))
            return
        self.stdout.write(as_table(allocation, unit))


def _lines(name: str) -> list[str]:
    if name == "-":
        return sys.stdin.read().splitlines(keepends=True)
    try:
        return Path(name).read_text(encoding="utf-8").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8 text: save it as CSV UTF-8.") from error
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error


def _unit(currency: str | None) -> int:
    if currency is None:
        return NO_CURRENCY_UNIT
    if currency not in CURRENCIES:
        raise CommandError(f"--currency: “{currency}” is not an ISO 4217 code like EUR.")
    return unit_micros(currency)


def _terms(options: dict[str, Any], unit: int, asked: Asked) -> Terms:
    """The product's terms, without the pauses and thresholds that belong to repeated looks."""
    step = options["step"]
    return Terms(
        budget_micros=asked.amount(options["budget"], "--budget"),
        unit_micros=unit,
        step=math.inf if step is None else step,
        move_days=0,
        floor_share=options["floor_share"],
        smallest_move=0.0,
        least_probability=0.0,
        blend=options["blend"],
        horizon_days=1,
        roas_floor=options["roas_floor"],
        roas_confidence=options["roas_confidence"],
        groups=asked.groups,
    )


def _today(text: str | None, arms: list[Arm]) -> date:
    last = max(day.day for arm in arms for day in arm.history)
    if text is None:
        return last + timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--today: “{text}” is not a date. Write it like 2026-05-31.") from error


def _late(days: int) -> int:
    if not 0 <= days <= 90:
        raise CommandError("--late-days: write 0 to 90.")
    return days
