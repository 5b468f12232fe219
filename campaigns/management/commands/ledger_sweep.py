"""``manage.py ledger_sweep``: apply approved changes with PostgreSQL alone, for when the broker is down."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from campaigns.services import changes, ledger
from lane.core import clock, outbox


class Command(BaseCommand):
    """Claims and applies due changes in this process, once or every few seconds until stopped."""

    help = "Apply approved changes that are due, without Redis or workers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--every turns one pass into a loop."""
        parser.add_argument("--every", type=float, default=0, metavar="SECONDS", help="repeat until stopped")
        parser.add_argument("--limit", type=int, default=50, help="changes per pass")

    def handle(self, *args: Any, **options: Any) -> None:
        """One pass, or a loop that ends cleanly on SIGTERM and Ctrl-C."""
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        while True:
            close_old_connections()
            clock.refresh()
            outbox.sweep()
            changes.expire_due()
            looked_at = ledger.sweep(options["limit"])
            if looked_at:
                self.stdout.write(f"looked at {looked_at} change(s)")
            if not options["every"] or stopping.wait(options["every"]):
                return
