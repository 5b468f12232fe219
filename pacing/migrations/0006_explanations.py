"""Explanations."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Explanations."""

    dependencies = [("pacing", "0005_scores")]

    operations: list[migrations.operations.base.Operation] = []
