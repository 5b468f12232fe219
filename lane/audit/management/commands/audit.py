"""``manage.py audit verify``: is the trail whole? ``seal`` chains it now, ``head`` prints what to keep."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from lane.audit.models import AuditEntry, AuditHead
from lane.audit.services import chain


class Command(BaseCommand):
    """Exits non-zero when any chain is broken."""

    help = "Seal the audit trail, print the heads of its chains, or verify every entry."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Three verbs, each for one organization or for all."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        for name, what in [
            ("seal", "number and chain the entries that wait"),
            ("head", "print the last number and hash of each chain, to be kept on another machine"),
            ("verify", "seal, then recompute every chain; exits 1 when one is broken"),
        ]:
            verb = verbs.add_parser(name, help=what)
            verb.add_argument("--organization", help="its public id or number; all when left out")
            if name == "verify":
                verb.add_argument("--against", help="file with an earlier output of `audit head`")
                verb.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        number = _organization(options["organization"])
        if options["verb"] == "seal":
            self.stdout.write(f"{chain.seal(number)} entries sealed.")
        elif options["verb"] == "head":
            for head in AuditHead.objects.filter(organization_id__in=_all(number)).order_by("pk"):
                self.stdout.write(
                    json.dumps({"organization": head.organization_id, "seq": head.seq, "hash": head.hash})
                )
        else:
            self._verify(number, options["against"], as_json=options["json"])

    def _verify(self, number: int | None, against: str | None, *, as_json: bool) -> None:
        chain.seal(number)
        kept = _kept(against)
        results = [chain.verify(each, head=kept.get(each)) for each in _all(number) | set(kept)]
        if as_json:
            self.stdout.write(
                json.dumps({"ok": all(r.ok for r in results), "chains": list(map(_told, results))})
            )
        else:
            for result in results:
                words = "whole" if result.ok else f"BROKEN, {result.problem_count} problems"
                self.stdout.write(
                    f"Organization {result.organization_id}: {result.entries} entries, {words}."
                )
                for problem in result.problems:
                    self.stdout.write(f"  {problem}")
        if not all(result.ok for result in results):
            raise CommandError("The audit trail was tampered with or is damaged.")


def _told(result: chain.Verification) -> dict[str, Any]:
    return {
        "organization": result.organization_id,
        "ok": result.ok,
        "entries": result.entries,
        "problems": result.problems,
    }


def _all(number: int | None) -> set[int]:
    """Every organization that has entries or a head, or only the one asked for."""
    if number is not None:
        return {number}
    written = AuditEntry.objects.order_by().values_list("organization_id", flat=True).distinct()
    return set(written) | set(AuditHead.objects.values_list("organization_id", flat=True))


def _organization(text: str | None) -> int | None:
    if not text or text.isdecimal():
        return int(text) if text else None
    try:
        wanted = UUID(text)
    except ValueError:
        raise CommandError(f"“{text}” is neither a public id nor a number.") from None
    found = apps.get_model("accounts", "Organization").objects.filter(public_id=wanted).first()
    if found is None:
        raise CommandError(f"There is no organization {text}.")
    return int(found.pk)


def _kept(path: str | None) -> dict[int, tuple[int, str]]:
    if path is None:
        return {}
    try:
        lines = [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]
        return {int(line["organization"]): (int(line["seq"]), str(line["hash"])) for line in lines}
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"{path} is not the output of `manage.py audit head`: {error}") from None
