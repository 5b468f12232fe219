"""One fault run of the write ledger, from empty folders to a verdict. Imports no Django.

Everything is private to the run: PostgreSQL, Valkey, the sandbox, two Celery workers. While intents are
written, API answers break inside the sandbox and processes are killed, frozen and restarted outside; then the
sandbox's own journal is held against what was approved.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaigns.chaos.checker import Intent, Verdict, check, check_steps
from campaigns.chaos.nemesis import Nemesis
from campaigns.chaos.sandbox_control import SandboxControl
from campaigns.chaos.workers import ROOT, Worker
from lane.devservices.private import PrivateServices, private_services
from lane.devservices.processes import ServiceError, last_lines, open_log, spawn, stop
from lane.devservices.sandbox import SandboxServer

# All steps shortened together, in the order that keeps them safe: late write < quiet, freeze < lease.
LIMITS = {
    "LANE_LEDGER_LEASE_SECONDS": "5",
    "LANE_LEDGER_CALL_SECONDS": "3",
    "LANE_LEDGER_MARGIN_SECONDS": "0.5",
    "LANE_LEDGER_QUIET_SECONDS": "3",
    "LANE_LEDGER_LOOK_AGAIN_SECONDS": "0.5,1.5",
}
FAULTS_END_AT = 0.85
START_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found."""

    verdict: Verdict
    seed: int
    intents: int
    recovery_s: float | None
    seconds: float
    faults: dict[str, int]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled, out of order or left open."""
        return self.verdict.is_clean and self.recovery_s is not None

    def as_json(self) -> dict[str, Any]:
        """The keys that scripts rely on, and a few more for people."""
        return {
            "lost": self.verdict.lost,
            "duplicated": self.verdict.duplicated,
            "surplus": self.verdict.surplus,
            "recovery_s": self.recovery_s,
            "seed": self.seed,
            "intents": self.intents,
            "out_of_order": self.verdict.out_of_order,
            "wrong_final": self.verdict.wrong_final,
            "unaudited": self.verdict.unaudited,
            "faults": self.faults,
            "seconds": round(self.seconds, 1),
            "details": self.verdict.details[:20],
        }


def run(
    *,
    intents: int,
    seed: int,
    variant: str = "ledger",
    strike_every: tuple[int, int] = (4, 14),
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Break everything breakable while ``intents`` changes are written, then count the damage."""
    began = time.monotonic()
    limit = 60.0 + intents * 1.0
    with ExitStack() as stack:
        services = stack.enter_context(private_services())
        folder = services.folder
        sandbox = SandboxServer(folder / "sandbox", seed=seed)
        sandbox.launch()
        stack.callback(sandbox.stop, seconds=1)
        _prepare_database(services)
        sandbox.wait()
        environment = _environment(services, sandbox)
        workers = [Worker(f"worker{n}", environment, folder, children=2) for n in (1, 2)]
        for worker in workers:
            worker.start()
            stack.callback(worker.end)
        driver = _driver(environment, folder, intents, seed, variant, limit)
        stack.callback(stop, driver, seconds=1)
        say(f"services up after {time.monotonic() - began:.0f} s; seeding")
        _wait(lambda: "ready" in _progress(folder), driver, folder, START_SECONDS)
        control = SandboxControl(sandbox.describe())
        stack.callback(control.close)
        control.break_api()
        nemesis = Nemesis(seed, services, workers, every=strike_every)
        (folder / "go").touch()
        say(f"faults on after {time.monotonic() - began:.0f} s")
        ends = time.monotonic() + limit
        while time.monotonic() < ends and driver.poll() is None:
            done = int(_progress(folder).get("over", 0))
            if done >= intents * FAULTS_END_AT:
                break
            nemesis.tick(done)
            time.sleep(0.05)
        felt = control.heal()
        nemesis.rest()
        healed = time.monotonic()
        say(f"faults off after {healed - began:.0f} s: {felt} API, {dict(nemesis.felt)}")
        while time.monotonic() < ends + 60 and driver.poll() is None:
            nemesis.rest()
            time.sleep(0.05)
        recovery = time.monotonic() - healed if driver.poll() == 0 else None
        if driver.poll() not in (0, None):
            raise ServiceError(f"The driver ended:\n{last_lines(folder / 'driver.log', 40)}")
        for worker in workers:
            worker.end()
        verdict, duplicates = _judge(folder, control, variant)
    faults = {"api": felt, "duplicate_messages": duplicates, **dict(nemesis.felt)}
    return Report(
        verdict,
        seed,
        intents,
        None if recovery is None else round(recovery, 1),
        time.monotonic() - began,
        faults,
    )


def _judge(folder: Path, control: SandboxControl, variant: str) -> tuple[Verdict, int]:
    found = json.loads((folder / "intents.json").read_text())
    intents = [Intent(**row) for row in found["intents"]]
    judge = check if variant == "ledger" else check_steps
    verdict = judge(intents, control.journal(), control.budgets())
    verdict.unaudited = found["unaudited"]
    return verdict, int(found["duplicates"])


def _prepare_database(services: PrivateServices) -> None:
    """Migrate, with commits that survive a crash of the server: only then a crash is a fair test."""
    services.postgres.create_database("lane")
    with services.postgres.connect() as admin:
        admin.execute("ALTER DATABASE lane SET synchronous_commit = on")
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"],
        cwd=ROOT,
        env={**os.environ, **services.environment(), "DJANGO_SETTINGS_MODULE": "lane.settings.test"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != 0:
        raise ServiceError(f"The migrations failed:\n{done.stderr[-4000:]}")


def _environment(services: PrivateServices, sandbox: SandboxServer) -> dict[str, str]:
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("GOOGLE_ADS_", "META_"))
    }
    inherited.pop("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", None)
    inherited.pop("LANE_CRASH_AT", None)
    return {
        **inherited,
        **services.environment(),
        **LIMITS,
        "DJANGO_SETTINGS_MODULE": "lane.settings.test",
        "CELERY_SKIP_CHECKS": "true",
        "LANE_DB_ROLE": "app",
        "LANE_SANDBOX": "1",
        "LANE_SANDBOX_FILE": str(sandbox.file),
        "LANE_STATE": str(services.folder),
        # Whoever listens to changes (notices, pacing) is not under test here; the ledger's own hints are.
        "LANE_OUTBOX_HINTS": "0",
        "LANE_LOG_LEVEL": "WARNING",
        "LANE_CHAOS_DONE": str(services.folder / "done.txt"),
        "PYTHONPATH": str(ROOT),
    }


def _driver(
    environment: Mapping[str, str], folder: Path, intents: int, seed: int, variant: str, limit: float
) -> subprocess.Popen[bytes]:
    with open_log(folder / "driver.log") as log:
        return spawn(
            [
                sys.executable,
                "-m",
                "campaigns.chaos.driver",
                f"--folder={folder}",
                f"--intents={intents}",
                f"--seed={seed}",
                f"--variant={variant}",
                f"--seconds={limit + 50}",
            ],
            env=environment,
            cwd=ROOT,
            output=log,
        )


def _progress(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "progress.json").read_text()))
    except (OSError, ValueError):
        return {}


def _wait(ready: Callable[[], bool], driver: subprocess.Popen[bytes], folder: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if driver.poll() is not None or time.monotonic() > deadline:
            raise ServiceError(f"The fault run did not start:\n{last_lines(folder / 'driver.log', 40)}")
        time.sleep(0.05)


__all__ = ["Report", "run"]
