#!/usr/bin/env python
"""Run Lane's management commands."""

import os
import sys

# Commands that change the schema connect as the role that owns it; everything else as the plain role.
OWNER_COMMANDS = {"migrate", "flush", "sqlmigrate", "dbshell"}


def main() -> None:
    """Choose settings and database role, then hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lane.settings.dev")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["LANE_DB_ROLE"] = "owner"
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
