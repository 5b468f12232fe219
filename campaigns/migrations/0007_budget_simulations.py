"""What platforms estimate campaigns would have got with other budgets."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Budget simulations."""

    dependencies = [
        ("accounts", "0002_saved_views"),
        ("campaigns", "0006_more_kinds_of_write"),
    ]

    operations = [
        migrations.CreateModel(
            name="BudgetSimulation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                (
                    "points",
                    models.JSONField(
                        help_text="budget_micros a day; cost_micros, conversions_milli and conversion_value_micros over all days; null where the platform does not tell."
                    ),
                ),
                (
                    "fetched_at",
                    models.DateTimeField(help_text="When the platform told it (business time, UTC)."),
                ),
                (
                    "ad_campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="budget_simulations",
                        to="campaigns.adcampaign",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "ordering": ["-ends_on", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("ad_campaign", "starts_on", "ends_on"), name="campaigns_simulation_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                        name="campaigns_simulation_in_order",
                    ),
                ],
            },
        ),
    ]
