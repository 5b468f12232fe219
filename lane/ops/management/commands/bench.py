"""``manage.py bench [name ...]``: measure what Lane promises about speed, on services of its own.

``manage.py bench NAME`` with a question (``benchmarks/pacing.py`` and the like) takes that question's own flags,
needs no database, and with ``--json`` prints its answer as one line and nothing else.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lane.devservices.private import PrivateServices, private_services
from lane.ops import benchmarks

_CHILD = "LANE_BENCH_CHILD"


class Command(BaseCommand):
    """Runs one, several or all benchmarks; exits non-zero when one misses its goal."""

    help = "Measure: prints a table and writes benchmarks/results/*.json."
    requires_system_checks: list[str] = []
    question = ""  # the benchmark named on the command line, when it takes flags of its own

    def run_from_argv(self, argv: list[str]) -> None:
        """Find out which benchmark is named before the flags are read: each question has its own."""
        self.question = next((word for word in argv[2:] if word in benchmarks.questions()), "")
        super().run_from_argv(argv)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Names, size and output; a question adds its own."""
        names = f"Which benchmarks; all that measure speed when none is named. Known: {', '.join(_known())}."
        parser.add_argument("names", nargs="*", help=names)
        parser.add_argument("--full", action="store_true", help="The large sizes; takes many minutes.")
        parser.add_argument("--rounds", type=int, help="How often each case is measured.")
        parser.add_argument(
            "--seed", type=int, help="What is drawn; a question draws a fresh one unless given."
        )
        parser.add_argument("--json", action="store_true", help="One JSON object as the last line.")
        if self.question:
            parser.conflict_handler = "resolve"
            benchmarks.add_arguments(self.question, parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure, print and keep."""
        if self.question:
            self._answer(options)
            return
        wanted = options["names"] or benchmarks.names()
        if unknown := sorted(set(wanted) - set(_known())):
            raise CommandError(f"There is no benchmark “{unknown[0]}”. Known: {', '.join(_known())}.")
        if asking := sorted(set(wanted) & set(benchmarks.questions())):
            raise CommandError(f"“{asking[0]}” takes flags of its own: run it by itself.")
        asked = {"full": options["full"], "rounds": options["rounds"], "seed": options["seed"] or 1}
        if os.environ.get(_CHILD):
            self.stdout.write(json.dumps(benchmarks.measure(wanted[0], asked)))
            return
        results = {}
        with _services(wanted) as services:
            for name in wanted:
                results[name] = result = self._apart(name, asked, services)
                benchmarks.keep(name, result)
                if not options["json"] or len(wanted) > 1:
                    self.stderr.write(benchmarks.as_table(result))
        done = (
            results[wanted[0]]
            if len(wanted) == 1
            else {"ok": all(r["ok"] for r in results.values())} | results
        )
        if options["json"]:
            self.stdout.write(json.dumps(done))
        if not done["ok"]:
            sys.exit(1)

    def _answer(self, options: dict[str, Any]) -> None:
        """Answer one question and print it, as one line of JSON or as a table."""
        if options["names"] != [self.question]:
            raise CommandError(f"“{self.question}” takes flags of its own: run it by itself.")
        try:
            answer = benchmarks.answer(self.question, options)
        except (
            ValueError
        ) as error:  # a flag or a file the question cannot work with, said by the question itself
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(answer) if options["json"] else benchmarks.table(self.question, answer))

    def _apart(self, name: str, asked: dict[str, Any], services: PrivateServices | None) -> dict[str, Any]:
        """One benchmark in a process and on a database of its own."""
        environment = {**os.environ, _CHILD: "1"}
        if services is not None and benchmarks.needs_database(name):
            database = f"bench_{name}"
            services.postgres.clone_database(database, template="lane_bench")
            environment |= services.environment(database)
        words = [sys.executable, "manage.py", "bench", name, "--seed", str(asked["seed"])]
        words += ["--full"] if asked["full"] else []
        words += ["--rounds", str(asked["rounds"])] if asked["rounds"] else []
        done = subprocess.run(
            words, env=environment, stdout=subprocess.PIPE, text=True, check=False, cwd=benchmarks.ROOT
        )
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            return {
                "name": name,
                "title": name,
                "ok": False,
                "error": f"It ended with {done.returncode}.",
                "figures": [],
            }
        return dict(json.loads(lines[-1]))


def _known() -> list[str]:
    return sorted([*benchmarks.names(), *benchmarks.questions()])


@contextmanager
def _services(names: list[str]) -> Iterator[PrivateServices | None]:
    """A private PostgreSQL and Valkey with one migrated database to copy, if any benchmark needs them."""
    if not any(
        importlib.import_module(f"benchmarks.{name}") and benchmarks.needs_database(name) for name in names
    ):
        yield None
        return
    with private_services(profile="safe") as services:
        services.postgres.create_database("lane_bench")
        migrated = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"],
            env={**os.environ, **services.environment("lane_bench"), "LANE_DB_ROLE": "owner"},
            capture_output=True,
            text=True,
            check=False,
            cwd=benchmarks.ROOT,
        )
        if migrated.returncode:
            raise CommandError(f"The migrations failed:\n{migrated.stderr[-3000:]}")
        yield services
