"""``manage.py chaos ledger``: break everything breakable while changes are written, then count the damage."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from campaigns.chaos import ledger_run


class Command(BaseCommand):
    """Needs no running product: it starts private services and ends them."""

    help = "A seeded fault run on private services. Exits non-zero when anything was lost or doubled."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand per thing to break."""
        which = parser.add_subparsers(dest="which", required=True)
        ledger = which.add_parser(
            "ledger", help="the write ledger against platform, process and server faults"
        )
        ledger.add_argument("--intents", type=int, default=300, help="approved changes to write")
        ledger.add_argument("--seed", type=int, default=7, help="decides the world and every fault")
        ledger.add_argument(
            "--broken", choices=["relative"], default=None, help="a variant without the ledger, to be caught"
        )
        ledger.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print, and fail the process when the platform's journal is not what was approved."""
        report = ledger_run.run(
            intents=options["intents"],
            seed=options["seed"],
            variant=options["broken"] or "ledger",
            say=lambda line: self.stderr.write(line),
        )
        found = report.as_json()
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            for key, value in found.items():
                self.stdout.write(f"{key:12} {value}")
        if not report.is_clean:
            sys.exit(1)
