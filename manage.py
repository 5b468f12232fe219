#!/usr/bin/env python
"""Run Lane's management commands."""

import os
import sys

# Commands that change the schema connect as the role that owns it; everything else as the plain role.
OWNER_COMMANDS = {"migrate", "flush", "sqlmigrate", "dbshell"}
# Commands that need nothing of the site, no settings, database or secrets, and so start at once.
FILTER_COMMANDS = {
    "pace": "pacing.management.commands.pace",
    "allocate": "pacing.management.commands.allocate",
}


def main() -> None:
    """Choose settings and database role, then hand over to Django."""
    if len(sys.argv) > 1 and sys.argv[1] in FILTER_COMMANDS:
        run_filter(FILTER_COMMANDS[sys.argv[1]])
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lane.settings.dev")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["LANE_DB_ROLE"] = "owner"
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


def run_filter(module: str) -> None:
    """Run a command without loading the site."""
    from importlib import import_module  # noqa: PLC0415

    from django.conf import settings  # noqa: PLC0415

    settings.configure()
    import_module(module).Command().run_from_argv(sys.argv)


if __name__ == "__main__":
    main()
