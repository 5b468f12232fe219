"""``manage.py organization create "Name" --owner me@example.com`` prints where the first owner joins."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lane.accounts.services import organizations
from lane.core.errors import InvalidInput


class Command(BaseCommand):
    """Founds an organization on a fresh installation."""

    help = "Create an organization and print the one-time link with which its first owner joins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb."""
        create = parser.add_subparsers(dest="verb", required=True).add_parser("create")
        create.add_argument("name")
        create.add_argument("--owner", required=True, help="e-mail address of the first owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """Found it and say what to do next."""
        try:
            founded = organizations.found(name=options["name"], owner_email=options["owner"])
        except InvalidInput as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(f"{founded.organization.name} exists. Its owner joins here, once, within 7 days:")
        self.stdout.write(founded.join_url)
