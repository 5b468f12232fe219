"""Learned inputs and planned events."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Learned inputs and planned events."""

    dependencies = [("pacing", "0002_ledger")]

    operations: list[migrations.operations.base.Operation] = []
