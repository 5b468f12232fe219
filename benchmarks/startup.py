"""How long `make run` takes until the product answers, the first time and the second."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from lane.settings.env import BASE_DIR

TITLE = "Start-up and first page after `make run`"
NEEDS_DATABASE = False
_OURS = ("DATABASE_", "REDIS_URL", "LANE_", "DJANGO_SETTINGS_MODULE", "GRPC_")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Start from an empty state folder with the demo, stop, and start again on the kept data."""
    folder = Path(tempfile.mkdtemp(prefix="lane-startup-"))
    try:
        first = _start_and_stop(folder)
        second = _start_and_stop(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures = [
        {"what": "first start: the web server answers", "value": first["answers"], "unit": "s"},
        {"what": "first start: demo made, everything printed", "value": first["ready"], "unit": "s"},
        {"what": "first start: first page", "value": first["page"], "unit": "s"},
        _goal("second start: everything printed", second["ready"], 15.0, "about 10 s"),
        {"what": "second start: first page", "value": second["page"], "unit": "s"},
        _goal("Ctrl-C ends every process", max(first["stop"], second["stop"]), 3.0, "<= 3 s"),
    ]
    return {"ok": all(figure.get("ok", True) for figure in figures), "figures": figures}


def _goal(what: str, value: float, limit: float, words: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": "s", "goal": words, "ok": value <= limit}


def _start_and_stop(state: Path) -> dict[str, float]:
    """Seconds until the web answers, until all is printed, for the first page, and to stop."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "dev", "--port", "8700"],
        cwd=BASE_DIR,
        env={**clean, "LANE_STATE": str(state), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    answers, address, said = 0.0, "", []
    try:
        for line in process.stdout:
            said.append(line)
            found = _ADDRESS.search(line)
            if found and not address:
                address, answers = found.group(0), time.monotonic() - began
            if "Stop with Ctrl-C" in line:
                break
        else:
            raise RuntimeError("`manage.py dev` ended early:\n" + "".join(said[-30:]))
        ready = time.monotonic() - began
        asked = time.monotonic()
        httpx2.get(f"{address}/accounts/login/", timeout=60).raise_for_status()
        page = time.monotonic() - asked
    finally:
        stopping = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate()
    times = {"answers": answers, "ready": ready, "page": page, "stop": time.monotonic() - stopping}
    return {name: round(seconds, 2) for name, seconds in times.items()}
