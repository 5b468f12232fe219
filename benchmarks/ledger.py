"""Ledger throughput: approved changes written over gRPC into the sandbox and read back, by a few threads.

Each change is two reads and one write at the platform and four short transactions here. The sandbox answers in
a few milliseconds, so this measures Lane's own work; a real platform adds its own latency per call.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from campaigns.chaos import world
from campaigns.models import Change
from campaigns.services import ledger
from lane.devservices.sandbox import SandboxServer

TITLE = "Write ledger: approved, sent, read back"
THREADS = 4
UNIT = 1_000_000
GOAL_PER_SECOND = 5
GOAL_SECONDS = 60.0


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Write one change per budget and round; the first round warms the SDK up and is not counted."""
    rounds = options["rounds"] or (30 if options["full"] else 8)
    with tempfile.TemporaryDirectory(prefix="lane-") as folder:
        sandbox = SandboxServer(Path(folder) / "sandbox", seed=options["seed"])
        sandbox.start()
        try:
            _use(sandbox.describe())
            place = world.connect()
            _write(place, 1)
            speeds, waits = [], []
            for number in range(2, rounds + 2):
                took, waited = _write(place, number)
                speeds.append(len(place.budgets) / took)
                waits += waited
        finally:
            sandbox.stop(seconds=1)
    verified = Change.objects.filter(state=Change.State.VERIFIED).count()
    asked = Change.objects.count()
    speed, slowest = statistics.median(speeds), sorted(waits)[int(len(waits) * 0.95)]
    figures = [
        {"what": f"changes applied and read back, {THREADS} threads", "value": speed, "unit": "changes/s",
         "goal": f">= {GOAL_PER_SECOND}", "ok": speed >= GOAL_PER_SECOND},
        {"what": "approved to verified, p95", "value": slowest, "unit": "s", "goal": f"<= {GOAL_SECONDS:.0f}",
         "ok": slowest <= GOAL_SECONDS},
        {"what": "changes not verified", "value": asked - verified, "unit": "", "goal": "0", "ok": asked == verified},
    ]  # fmt: skip
    return {
        "ok": all(figure["ok"] for figure in figures),
        "changes": asked,
        "per_second": round(speed, 2),
        "p95_seconds": round(slowest, 3),
        "figures": figures,
    }


def _write(place: world.World, number: int) -> tuple[float, list[float]]:
    """One change per budget; seconds for all of them, and from approval to proof for each."""
    with transaction.atomic():
        rows = [
            place.approve(number, budget, (budget.amount_micros or 0) + number * UNIT)
            for budget in place.budgets
        ]
    began, waits, left = time.perf_counter(), [], iter([row.pk for row in rows])
    lock = threading.Lock()

    def work() -> None:
        try:
            while True:
                with lock:
                    pk = next(left, None)
                if pk is None:
                    return
                ledger.apply(pk)
                waits.append(time.perf_counter() - began)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, waits


def _use(sandbox: dict[str, Any]) -> None:
    """Point this process at the sandbox, as the settings of a fresh process would."""
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(sandbox["ca_bundle"])
    settings.SANDBOX = sandbox
    oauth = sandbox["google_oauth"]
    settings.GOOGLE_ADS = {**settings.GOOGLE_ADS, **oauth, "endpoint": sandbox["google_endpoint"]}
