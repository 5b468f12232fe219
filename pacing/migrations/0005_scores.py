"""Scores of projections."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Scores of projections."""

    dependencies = [("pacing", "0004_portfolios")]

    operations: list[migrations.operations.base.Operation] = []
