"""``manage.py pace --jsonl``: the pacing controllers as a filter, for scripts and simulators of one's own."""

from __future__ import annotations

import fcntl
import json
import os
import select
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lane.core.money import unit_micros
from pacing.filtering import ANSWER, ERROR, OBSERVATION, MoneyWords, plain_amount, pump
from pacing.words import money_in

_CHUNK = 1 << 20
_MOST_AT_ONCE = 16 << 20
_LARGEST_PIPE = 1 << 20


class Command(BaseCommand):
    """Answers observations with decisions. Needs no database, no services and no settings."""

    help = (
        "Decide budgets outside Lane: reads one observation a line on standard input (plan terms, clock, reported "
        "spend, budget) and writes one decision a line. The same code as the product; docs/reference/pace-filter.md "
        "describes both records."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--jsonl", action="store_true", help="Answer JSON lines until the input ends.")
        what.add_argument("--schema", action="store_true", help="Print the JSON Schema of both records.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer lines; exit code 1 when any line could not be used."""
        if options["schema"]:
            schemas = {"observation": OBSERVATION, "decision": ANSWER, "error": ERROR}
            self.stdout.write(json.dumps(schemas, indent=2))
            return
        _widen(sys.stdin.fileno())
        try:
            failed = pump(_available, _written, MoneyWords(_money, unit_micros))
        except BrokenPipeError:
            # Nobody reads any more; what Python still holds for standard output has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except KeyboardInterrupt:
            sys.exit(130)
        if failed:
            raise CommandError(f"{failed} line{'' if failed == 1 else 's'} could not be used.", returncode=1)


def _available() -> bytes:
    """Wait for input, then take all that is there at once; empty at the end."""
    source = sys.stdin.fileno()
    taken = [os.read(source, _CHUNK)]
    size = len(taken[0])
    while taken[-1] and size < _MOST_AT_ONCE and select.select([source], [], [], 0)[0]:
        taken.append(os.read(source, _CHUNK))
        size += len(taken[-1])
    return b"".join(taken)


def _widen(source: int) -> None:
    """Let a pipe hold more than its usual 64 KiB, so that bulk input is decided in large groups."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            if fcntl.fcntl(source, fcntl.F_GETPIPE_SZ) < _LARGEST_PIPE:
                fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, _LARGEST_PIPE)
        except OSError:
            return  # a file or a terminal


def _written(answers: bytes) -> None:
    sys.stdout.buffer.write(answers)
    sys.stdout.buffer.flush()


def _money(currency: str, micros: int) -> str:
    """As the product writes amounts in sentences; a plain number where no currency was named."""
    return money_in(currency, micros) if currency else plain_amount(currency, micros)
