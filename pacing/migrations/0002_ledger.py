"""The approved-budget ledger."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """The approved-budget ledger."""

    dependencies = [("pacing", "0001_initial")]

    operations: list[migrations.operations.base.Operation] = []
