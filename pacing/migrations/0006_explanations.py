"""Explanations: stored once with the decision they explain; a trigger refuses any later change."""

from __future__ import annotations

import uuid

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

GUARD = """
CREATE FUNCTION pacing_explanation_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an explanation never changes: it says what was known then';
END $$;
CREATE TRIGGER pacing_explanation_guard BEFORE UPDATE ON pacing_explanation
    FOR EACH ROW EXECUTE FUNCTION pacing_explanation_guard();
"""
DROP = """
DROP TRIGGER pacing_explanation_guard ON pacing_explanation;
DROP FUNCTION pacing_explanation_guard();
"""


class Migration(migrations.Migration):
    """Explanations."""

    dependencies = [("accounts", "0001_initial"), ("pacing", "0005_scores")]

    operations = [
        migrations.CreateModel(
            name="Explanation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("recommendation", "Recommendation"),
                            ("pause", "Pause"),
                            ("resume", "Resume"),
                            ("allocation", "Allocation"),
                            ("rollback", "Roll-back"),
                            ("offer", "Offer taken"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "subject_id",
                    models.CharField(
                        help_text="Public id of what was decided: a recommendation, change set or move.",
                        max_length=64,
                    ),
                ),
                ("at", models.DateTimeField(help_text="When it was decided, business time, UTC.")),
                ("title", models.CharField(max_length=200)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("platforms", models.JSONField(blank=True, default=list)),
                (
                    "numbers",
                    models.JSONField(help_text="Every figure by a name whose ending says its unit."),
                ),
                (
                    "sentences",
                    models.JSONField(help_text="In reading order: code, the numbers it was made of, text."),
                ),
                ("actor_label", models.CharField(max_length=200)),
                ("search_text", models.TextField(blank=True)),
                (
                    "words",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            "search_text", config="simple"
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="explanations",
                        to="pacing.budgetplan",
                    ),
                ),
                (
                    "portfolio",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="explanations",
                        to="pacing.portfolio",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["organization", "-id"], name="pacing_explanation_log"),
                    models.Index(fields=["plan", "-id"], name="pacing_explanation_plan"),
                    models.Index(fields=["subject_id"], name="pacing_explanation_subject"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["words"], name="pacing_explanation_words"
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD, DROP),
    ]
