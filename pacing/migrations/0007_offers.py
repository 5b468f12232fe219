"""Shortfalls and guard settings."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Shortfalls and guard settings."""

    dependencies = [("pacing", "0006_explanations")]

    operations: list[migrations.operations.base.Operation] = []
