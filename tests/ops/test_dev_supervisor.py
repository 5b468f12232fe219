"""Processes that are watched, shown, restarted and stopped together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lane.devservices.processes import ServiceError, command_line, spawn, wait_until
from lane.ops.dev.services import RUN_MARK, end_leftovers, only_one
from lane.ops.dev.supervisor import Supervisor

STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', os.getpid(), 'ears', flush=True); time.sleep(60)"
)
PARENT_OF_STUBBORN = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STUBBORN!r}])"


def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(env=os.environ, cwd=tmp_path)


def test_lines_are_shown_with_the_name_of_who_said_them(tmp_path, capfd):
    assert supervisor(tmp_path).run("seed", sys.executable, "-c", "print('three clients')") == 0
    wait_until(lambda: "   seed | three clients" in capfd.readouterr().out, seconds=5, what="The line")


def test_stopping_kills_whoever_does_not_listen_and_its_children(tmp_path, capfd):
    running = supervisor(tmp_path)
    child = running.start("worker", sys.executable, "-c", PARENT_OF_STUBBORN)
    shown: list[str] = []

    def deaf() -> bool:
        shown.append(capfd.readouterr().out)
        return "ears" in "".join(shown)

    wait_until(deaf, seconds=20, what="The grandchild")
    grandchild = int("".join(shown).split("deaf ")[1].split()[0])
    running.stop(seconds=0.5)
    assert child.process.returncode is not None
    wait_until(lambda: not command_line(grandchild), seconds=5, what="The end of the grandchild")


def test_waiting_for_a_child_that_ended_says_so(tmp_path):
    running = supervisor(tmp_path)
    child = running.start("web", sys.executable, "-c", "raise SystemExit(3)")
    child.process.wait()
    with pytest.raises(ServiceError, match="web ended with 3"):
        running.require_alive(child)


def test_only_one_run_holds_a_state_folder_and_its_end_lets_go(tmp_path):
    with only_one(tmp_path), pytest.raises(ServiceError, match=f"already runs.*process {os.getpid()}"):
        only_one(tmp_path)
    only_one(tmp_path).close()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds leftovers through /proc")
def test_what_a_killed_run_left_behind_is_ended_and_nothing_else(tmp_path):
    ours, other = tmp_path / "ours", tmp_path / "other"
    processes = [
        spawn([sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, RUN_MARK: str(state)})
        for state in (ours, other)
    ]
    wait_until(lambda: all("sleep" in command_line(each.pid) for each in processes), seconds=5, what="Both")
    assert end_leftovers(ours) == 1
    processes[0].wait(5)
    assert processes[1].poll() is None
    processes[1].kill()
    processes[1].wait()


def test_the_child_of_a_killed_parent_is_killed_by_the_kernel(tmp_path):
    script = (
        "import sys, time; from lane.devservices.processes import spawn;"
        "print(spawn([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)"
    )
    root = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    wait_until(lambda: not command_line(child), seconds=10, what="The end of the child")
