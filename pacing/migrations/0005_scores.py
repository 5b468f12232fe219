"""Scores of projections."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Scores of projections."""

    dependencies = [("accounts", "0001_initial"), ("pacing", "0004_portfolios")]

    operations = [
        migrations.CreateModel(
            name="ProjectionScore",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "platform",
                    models.CharField(
                        blank=True, help_text="Empty where a plan spans several.", max_length=20
                    ),
                ),
                ("made_on", models.DateField(help_text="The plan's own day the projection was made on.")),
                ("made_at", models.DateTimeField(help_text="Business time, UTC.")),
                ("ended_on", models.DateField(help_text="Last day of the flight.")),
                ("days_left", models.PositiveIntegerField()),
                (
                    "horizon",
                    models.CharField(
                        choices=[
                            ("1-3", "1–3 days left"),
                            ("4-7", "4–7 days left"),
                            ("8-14", "8–14 days left"),
                            ("15+", "15 days left or more"),
                        ],
                        max_length=4,
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        choices=[("with", "With the change of that day"), ("without", "As things stood")],
                        max_length=8,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "amount_micros",
                    models.BigIntegerField(help_text="The plan's amount when the projection was made."),
                ),
                ("p10_micros", models.BigIntegerField()),
                ("p50_micros", models.BigIntegerField()),
                ("p90_micros", models.BigIntegerField()),
                ("actual_micros", models.BigIntegerField()),
                (
                    "error_ratio",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="Projected minus actual end, as a share of the amount.",
                        max_digits=14,
                    ),
                ),
                ("covered", models.BooleanField(help_text="The actual end lay between P10 and P90.")),
                ("measured", models.BooleanField(default=True)),
                (
                    "why_not",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Measured"),
                            ("terms_changed", "The plan's terms changed afterwards"),
                            ("applied_late", "The change it asked for was applied more than a day later"),
                        ],
                        max_length=16,
                    ),
                ),
                ("scored_at", models.DateTimeField(help_text="Business time, UTC.")),
                (
                    "corrected_at",
                    models.DateTimeField(
                        blank=True, help_text="When restated spend changed the actual end.", null=True
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
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scores",
                        to="pacing.budgetplan",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="pacing.pacingrun",
                    ),
                ),
            ],
            options={
                "ordering": ["-made_at", "-id"],
            },
        ),
        migrations.AddIndex(
            model_name="projectionscore",
            index=models.Index(
                fields=["organization", "client", "platform", "-made_at"], name="pacing_score_recent"
            ),
        ),
        migrations.AddConstraint(
            model_name="projectionscore",
            constraint=models.UniqueConstraint(fields=("plan", "made_on"), name="pacing_score_once_a_day"),
        ),
        migrations.AddConstraint(
            model_name="projectionscore",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("measured", True), ("why_not", "")),
                    models.Q(("measured", False), models.Q(("why_not", ""), _negated=True)),
                    _connector="OR",
                ),
                name="pacing_score_says_why_not",
            ),
        ),
        migrations.AddConstraint(
            model_name="projectionscore",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("p10_micros__lte", models.F("p50_micros")), ("p50_micros__lte", models.F("p90_micros"))
                ),
                name="pacing_score_quantiles_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="projectionscore",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_micros__gt", 0)), name="pacing_score_amount_positive"
            ),
        ),
    ]
