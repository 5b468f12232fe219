"""Learned inputs and planned events."""

import uuid
from decimal import Decimal

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Learned inputs and planned events."""

    dependencies = [("accounts", "0001_initial"), ("pacing", "0002_ledger")]

    operations = [
        migrations.CreateModel(
            name="LearnedShape",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("budget", "Budget"),
                            ("account", "Account"),
                            ("client", "Client on a platform"),
                            ("platform", "Platform"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "scope_id",
                    models.BigIntegerField(
                        help_text="Key of the budget, account or client; of the organization for a platform."
                    ),
                ),
                ("platform", models.CharField(max_length=20)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("weekday", "Weekdays"),
                            ("intraday", "Hours of the day"),
                            ("delivery", "Delivery against the budget"),
                            ("lag", "Delay of reports"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "numbers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(),
                        help_text="In the order of NUMBERS, one order for each kind.",
                        size=None,
                    ),
                ),
                ("n_days", models.PositiveIntegerField(help_text="Days the figure was learned from.")),
                ("as_of", models.DateTimeField(help_text="Business time, UTC.")),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.client",
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
                "ordering": ["scope", "scope_id", "platform", "kind"],
            },
        ),
        migrations.AddIndex(
            model_name="learnedshape",
            index=models.Index(fields=["scope", "scope_id"], name="pacing_learned_scope"),
        ),
        migrations.AddConstraint(
            model_name="learnedshape",
            constraint=models.UniqueConstraint(
                fields=("organization", "scope", "scope_id", "platform", "kind"), name="pacing_learned_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="learnedshape",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("client__isnull", True), ("scope", "platform")),
                    models.Q(("client__isnull", False), models.Q(("scope", "platform"), _negated=True)),
                    _connector="OR",
                ),
                name="pacing_learned_client_unless_pooled",
            ),
        ),
        migrations.CreateModel(
            name="PlannedEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("promo", "Promotion"),
                            ("holiday", "Holiday"),
                            ("blackout", "Blackout"),
                            ("other", "Other"),
                        ],
                        max_length=8,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                (
                    "factor",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="1.5 plans half as much again; 0 on a blackout.",
                        max_digits=4,
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        blank=True, choices=[("google_ads", "Google Ads"), ("meta", "Meta")], max_length=20
                    ),
                ),
                ("recurs_yearly", models.BooleanField(default=False)),
                ("note", models.CharField(blank=True, max_length=300)),
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="planned_events",
                        to="pacing.budgetplan",
                    ),
                ),
            ],
            options={
                "ordering": ["starts_on", "name"],
            },
        ),
        migrations.AddIndex(
            model_name="plannedevent",
            index=models.Index(fields=["client", "starts_on"], name="pacing_event_client"),
        ),
        migrations.AddConstraint(
            model_name="plannedevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="pacing_event_days_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="plannedevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("factor", 0), ("kind", "blackout")),
                    models.Q(
                        models.Q(("kind", "blackout"), _negated=True),
                        ("factor__gt", 0),
                        ("factor__lte", Decimal("10")),
                    ),
                    _connector="OR",
                ),
                name="pacing_event_factor_fits_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="plannedevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("platform", ""), ("plan__isnull", True), _connector="OR"),
                name="pacing_event_one_narrower_scope",
            ),
        ),
    ]
