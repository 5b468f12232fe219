"""Groups of the pacing table."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Groups of the pacing table."""

    dependencies = [("pacing", "0007_offers")]

    operations: list[migrations.operations.base.Operation] = []
