"""Portfolios."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Portfolios."""

    dependencies = [("pacing", "0003_learned")]

    operations: list[migrations.operations.base.Operation] = []
