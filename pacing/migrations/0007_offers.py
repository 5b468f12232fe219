"""Plans that cannot spend, the ways out offered, and the status of an accepted shortfall."""

from __future__ import annotations

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Shortfalls and offers."""

    dependencies = [
        ("accounts", "0001_initial"),
        ("campaigns", "0004_ledger"),
        ("pacing", "0006_explanations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="pacingrun",
            name="health",
            field=models.CharField(
                choices=[
                    ("on_track", "On track"),
                    ("ahead", "Ahead"),
                    ("behind", "Behind"),
                    ("cannot_spend", "Cannot spend"),
                    ("unknown", "Unknown"),
                    ("paused", "Paused"),
                    ("stale", "Stale"),
                    ("scheduled", "Scheduled"),
                    ("ended", "Ended"),
                    ("accepted", "Shortfall accepted"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="plansnapshot",
            name="health",
            field=models.CharField(
                choices=[
                    ("on_track", "On track"),
                    ("ahead", "Ahead"),
                    ("behind", "Behind"),
                    ("cannot_spend", "Cannot spend"),
                    ("unknown", "Unknown"),
                    ("paused", "Paused"),
                    ("stale", "Stale"),
                    ("scheduled", "Scheduled"),
                    ("ended", "Ended"),
                    ("accepted", "Shortfall accepted"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="Shortfall",
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
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("demand", "Demand ends there"),
                            ("limited", "Limited by the platform"),
                            ("disapproved", "Ads cannot run"),
                            ("paused", "Paused"),
                            ("outage", "Outage"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "evidence",
                    models.JSONField(
                        default=list, help_text="What the platforms and the looks said, as stored there."
                    ),
                ),
                ("numbers", models.JSONField(default=dict)),
                ("sentences", models.JSONField(default=list)),
                ("currency", models.CharField(max_length=3)),
                ("amount_micros", models.BigIntegerField()),
                ("achievable_micros", models.BigIntegerField(help_text="The most the plan can reach.")),
                ("opened_at", models.DateTimeField(help_text="Business time, UTC.")),
                (
                    "seen_at",
                    models.DateTimeField(help_text="The last look that found it, business time, UTC."),
                ),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "resolution",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("recovered", "It can spend its amount again"),
                            ("amended", "The plan was changed"),
                            ("ended", "The flight is over"),
                        ],
                        max_length=12,
                    ),
                ),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("accepted_label", models.CharField(blank=True, max_length=200)),
                (
                    "accepted_end_micros",
                    models.BigIntegerField(
                        blank=True,
                        help_text="The end that was accepted; a clearly worse one is told again.",
                        null=True,
                    ),
                ),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                        related_name="shortfalls",
                        to="pacing.budgetplan",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Offer",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("move", "Move money to another plan"),
                            ("extend", "Extend the flight"),
                            ("bids", "Raise what it bids"),
                            ("accept", "Accept the shortfall"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "key",
                    models.CharField(blank=True, help_text="Tells offers of one kind apart.", max_length=80),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("taken", "Taken"), ("withdrawn", "No longer offered")],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "terms",
                    models.JSONField(default=dict, help_text="What taking it asks for: amounts, dates, bid."),
                ),
                ("numbers", models.JSONField(default=dict)),
                ("text", models.TextField()),
                (
                    "expected_end_micros",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Where this plan ends at the median when it is taken; empty if not known.",
                        null=True,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "offered_at",
                    models.DateTimeField(help_text="The look its figures come from, business time, UTC."),
                ),
                ("taken_at", models.DateTimeField(blank=True, null=True)),
                ("taken_label", models.CharField(blank=True, max_length=200)),
                (
                    "change_set",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="campaigns.changeset",
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
                        related_name="offers",
                        to="pacing.budgetplan",
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "to_plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pacing.budgetplan",
                    ),
                ),
                (
                    "shortfall",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="offers",
                        to="pacing.shortfall",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddIndex(
            model_name="shortfall",
            index=models.Index(
                fields=["organization", "resolved_at", "client"], name="pacing_shortfall_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="shortfall",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at", None)), fields=("plan",), name="pacing_one_open_shortfall"
            ),
        ),
        migrations.AddConstraint(
            model_name="shortfall",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("achievable_micros__gte", 0), ("achievable_micros__lt", models.F("amount_micros"))
                ),
                name="pacing_shortfall_is_short",
            ),
        ),
        migrations.AddConstraint(
            model_name="shortfall",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("accepted_at", None), ("accepted_end_micros", None)),
                    models.Q(("accepted_at__isnull", False), ("accepted_end_micros__isnull", False)),
                    _connector="OR",
                ),
                name="pacing_shortfall_accepted_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("shortfall", "kind", "key"),
                name="pacing_offer_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "move"), ("to_plan__isnull", False)),
                    models.Q(("kind", "move"), _negated=True),
                    _connector="OR",
                ),
                name="pacing_offer_move_has_a_goal",
            ),
        ),
    ]
