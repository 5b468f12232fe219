"""Finding, running and keeping benchmarks (``benchmarks/<name>.py``)."""

from __future__ import annotations

import importlib
import json
import os
import platform
import secrets
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

ROOT = settings.BASE_DIR
FOLDER = ROOT / "benchmarks"


def names() -> list[str]:
    """Every benchmark there is: a module with ``run``; others hold what several of them share."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if "\ndef run(" in path.read_text())


def questions() -> list[str]:
    """Benchmarks that answer a question with flags of their own and no database: modules with ``answer``."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if "\ndef answer(" in path.read_text())


def add_arguments(name: str, parser: ArgumentParser) -> None:
    """Add a question's own flags, if it has any."""
    module = importlib.import_module(f"benchmarks.{name}")
    if hasattr(module, "arguments"):
        module.arguments(parser)


def answer(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Ask a question, with a fresh seed unless one is given."""
    if options.get("seed") is None:
        options = {**options, "seed": secrets.randbits(32)}
    return dict(importlib.import_module(f"benchmarks.{name}").answer(options))


def table(name: str, found: dict[str, Any]) -> str:
    """An answer as people read it."""
    module = importlib.import_module(f"benchmarks.{name}")
    return str(module.table(found)) if hasattr(module, "table") else json.dumps(found, indent=2)


def needs_database(name: str) -> bool:
    """Whether a benchmark wants a migrated database of its own."""
    return bool(getattr(importlib.import_module(f"benchmarks.{name}"), "NEEDS_DATABASE", True))


def measure(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Run one benchmark here and now."""
    module = importlib.import_module(f"benchmarks.{name}")
    started = datetime.now(UTC)
    result = dict(module.run(options))
    return {
        "name": name,
        "title": getattr(module, "TITLE", name),
        "ok": bool(result.pop("ok", True)),
        "figures": result.pop("figures", []),
        **result,
        "options": options,
        "measured_at": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 1),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
    }


def keep(name: str, result: dict[str, Any]) -> None:
    """Write a result where the next run can be compared with it."""
    folder = FOLDER / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


def as_table(result: dict[str, Any]) -> str:
    """A result as people read it."""
    lines = [f"\n{result['title']}: {'ok' if result['ok'] else 'MISSED'}"]
    if result.get("error"):
        lines.append(f"  {result['error']}")
    for figure in result["figures"]:
        mark = {True: "ok", False: "MISSED"}.get(figure.get("ok"), "")  # type: ignore[arg-type]
        value = figure["value"]
        shown = f"{value:,.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value:,.0f}"
        goal = f"goal {figure['goal']}" if figure.get("goal") else ""
        lines.append(
            f"  {figure['what']:<58} {shown:>12} {figure.get('unit', ''):<10} {goal:<18} {mark}".rstrip()
        )
    return "\n".join(lines)
