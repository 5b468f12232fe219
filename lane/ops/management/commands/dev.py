"""`manage.py dev`: the whole product on one machine, from nothing to a page, and away again."""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

import httpx2
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from environs import Env

from lane.devservices.processes import ServiceError, free_port
from lane.ops.dev import demo
from lane.ops.dev.services import RUN_MARK, Services, end_leftovers, only_one, wipe
from lane.ops.dev.supervisor import Child, Supervisor
from lane.settings import env as source

_WEB_SECONDS = 120
# Together under 3 s: what holds no data first, then what does.
_STOP_PROCESSES_SECONDS, _STOP_SERVICES_SECONDS = 1.4, 1.0


class Command(BaseCommand):
    """Start services, migrate, start web, worker and beat, make the demo once, and stop all on Ctrl-C."""

    help = "Run Lane on this machine: services, web, worker, beat and, the first time, the demo."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and what to leave out."""
        parser.add_argument("--host", default="127.0.0.1", help="Address the web server listens on.")
        parser.add_argument("--port", type=int, default=8000, help="Wished port; the next free one is taken.")
        parser.add_argument("--reload", action="store_true", help="Restart the web server when code changes.")
        parser.add_argument("--no-demo", action="store_true", help="Do not make the demo agency.")
        parser.add_argument("--reset", action="store_true", help="Forget the demo and its data, then end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Hold the state folder, then run or reset."""
        state = source.STATE_DIR.absolute()
        try:
            with only_one(state):
                if end_leftovers(state):
                    self.stdout.write("Ended what a killed run had left behind.")
                if options["reset"]:
                    wipe(state)
                    self.stdout.write("The demo is gone. `make run` makes a new one.")
                    return
                self._run(options)
        except ServiceError as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        began = time.monotonic()
        state = source.STATE_DIR.absolute()
        port = free_port(options["port"])
        self.url = os.environ.get("LANE_BASE_URL") or f"http://127.0.0.1:{port}"
        supervisor = Supervisor(
            cwd=source.BASE_DIR,
            env={
                **os.environ,
                "LANE_STATE": str(state),
                "LANE_BASE_URL": self.url,
                "LANE_DB_ROLE": "app",
                RUN_MARK: str(state),
                "PYTHONUNBUFFERED": "1",
                # In a container everything is root; the worker's advice against it helps nobody there.
                "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
            },
        )
        os.environ[RUN_MARK] = str(state)
        services = Services(state)
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sent, _interrupt)
        try:
            services.start()
            supervisor.say("PostgreSQL and Valkey are up; bringing the schema up to date.")
            _migrate()
            if services.sandbox:
                services.sandbox.wait()
            web = self._start(supervisor, options, port)
            self._wait_for_web(supervisor, web, port)
            self._make_demo_once(supervisor, options)
            self._introduce(supervisor, time.monotonic() - began)
            supervisor.watch()
        except KeyboardInterrupt:
            supervisor.say("Stopping.")
        finally:
            for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sent, signal.SIG_IGN)
            supervisor.stop(seconds=_STOP_PROCESSES_SECONDS)
            services.stop(seconds=_STOP_SERVICES_SECONDS)

    def _start(self, supervisor: Supervisor, options: dict[str, Any], port: int) -> Child:
        python = sys.executable
        web = supervisor.start(
            "web", python, "-m", "uvicorn", "lane.asgi:application",
            f"--host={options['host']}", f"--port={port}", "--log-level=warning",
            "--timeout-graceful-shutdown=1", *(["--reload"] if options["reload"] else []),
        )  # fmt: skip
        concurrency = min(4, max(2, os.cpu_count() or 2))
        supervisor.start(
            "worker", python, "-m", "celery", "--quiet", "-A", "lane.celery", "worker",
            f"--concurrency={concurrency}", "--loglevel=WARNING", "--without-gossip", "--without-mingle",
        )  # fmt: skip
        supervisor.start(
            "beat", python, "-m", "celery", "--quiet", "-A", "lane.celery", "beat", "--loglevel=WARNING", "--pidfile=",
        )  # fmt: skip
        return web

    def _wait_for_web(self, supervisor: Supervisor, web: Child, port: int) -> None:
        deadline = time.monotonic() + _WEB_SECONDS
        while True:
            supervisor.require_alive(web)
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            if time.monotonic() > deadline:
                raise ServiceError(f"The web server did not answer within {_WEB_SECONDS} s.")
            time.sleep(0.1)

    def _make_demo_once(self, supervisor: Supervisor, options: dict[str, Any]) -> None:
        if options["no_demo"] or "demo_seed" not in get_commands() or demo.is_seeded(source.STATE_DIR):
            return
        supervisor.say(f"Lane answers at {self.url}; making the demo agency, once.")
        if supervisor.run("seed", sys.executable, "manage.py", "demo_seed") == 0:
            demo.mark_seeded(source.STATE_DIR)
        else:
            supervisor.say("The demo could not be made; its error is above. `make demo-reset` starts over.")

    def _introduce(self, supervisor: Supervisor, seconds: float) -> None:
        lines = [
            "",
            f"Lane is ready after {seconds:.0f} s.",
            f"  Lane         {self.url}/",
            f"  Mail page    {self.url}/dev/mail/",
            f"  API docs     {self.url}/api/docs/",
            f"  Admin        {self.url}/admin/",
        ]
        people = demo.logins(source.STATE_DIR)
        lines += ["  Sign in as"] if people else []
        lines += [f"    {who['email']:<32} {who['password']:<20} {who.get('role', '')}" for who in people]
        for line in [*lines, "  Stop with Ctrl-C.", ""]:
            supervisor.say(line)


def _migrate() -> None:
    """Migrate in this process, as the owner role: its settings were read before the services were up."""
    fresh = Env().dj_db_url("LANE_NO_SUCH_VARIABLE", default=source.database_url("owner"))
    mine = connections.settings["default"]
    mine.update({name: fresh[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})
    mine["OPTIONS"] = {
        name: value for name, value in settings.DATABASES["default"]["OPTIONS"].items() if name != "pool"
    }
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    connections.close_all()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
