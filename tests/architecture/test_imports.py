"""What may be imported where, and what must not be imported at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("google.ads", "facebook_business", "prophet", "pandas", "matplotlib", "playwright", "cmdstanpy")
PURE = (
    "campaigns/platforms",
    "campaigns/sandbox",
    "pacing/controllers",
    "pacing/filtering",
    "pacing/lab",
    "pacing/allocation",
    "pacing/simulation",
    "approvals/machine.py",
)
NOT_PURE = {"campaigns.platforms.registry"}
PACKAGES = ("lane", "campaigns", "approvals", "pacing", "notifications")


def modules(path: Path) -> list[str]:
    """Dotted names of a package's modules, or of one module."""
    files = [path] if path.suffix else sorted(path.rglob("*.py"))
    names = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_no_heavy_package_is_loaded_by_manage_py_check():
    code = f"""
import sys
sys.argv = ["manage.py", "check"]
import manage
manage.main()
print("loaded:", sorted(name for name in {HEAVY!r} if name in sys.modules))
"""
    assert in_a_fresh_process(code).endswith("loaded: []")


@pytest.mark.parametrize("package", [package for package in PURE if (ROOT / package).exists()])
def test_a_pure_package_loads_no_django(package):
    names = [name for name in modules(ROOT / package) if name not in NOT_PURE]
    code = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
print(sorted(name for name in ("django", "celery", "psycopg") if name in sys.modules))
"""
    assert in_a_fresh_process(code).endswith("[]")


def test_lists_never_ask_guardian_object_by_object():
    """``get_objects_for_user`` takes seconds on a million rows; ``visible_to`` is the way."""
    asking = [
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if "get_objects_for_user(" in file.read_text()
    ]
    assert asking == []


def test_no_unfinished_work_is_left_in_the_source():
    words = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error")
    left = [
        f"{file.relative_to(ROOT)}: {word}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for word in words
        if word in file.read_text()
    ]
    assert left == []
