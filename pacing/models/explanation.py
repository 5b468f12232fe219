"""Why something was decided, as it was known then. Written once, never changed."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed
from pacing.models.plan import BudgetPlan

_SYMBOLS = re.compile(r"[^\w\s.,'-]|_")


def searchable(text: str) -> str:
    """A text without the signs nobody types: “€12.50” is found by 12.50. Queries go through the same."""
    return _SYMBOLS.sub(" ", text).replace("\0", "")


class Explanation(PubliclyNamed, ClientOwned):
    """One decision's stored numbers and the sentences made of them. The database refuses any later change."""

    class Kind(models.TextChoices):
        RECOMMENDATION = "recommendation", "Recommendation"
        PAUSE = "pause", "Pause"
        RESUME = "resume", "Resume"
        ALLOCATION = "allocation", "Allocation"
        ROLLBACK = "rollback", "Roll-back"
        OFFER = "offer", "Offer taken"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    plan = models.ForeignKey(
        BudgetPlan, on_delete=models.CASCADE, null=True, blank=True, related_name="explanations"
    )
    portfolio = models.ForeignKey(
        "pacing.Portfolio", on_delete=models.CASCADE, null=True, blank=True, related_name="explanations"
    )
    subject_id = models.CharField(
        max_length=64, help_text="Public id of what was decided: a recommendation, change set or move."
    )
    at = models.DateTimeField(help_text="When it was decided, business time, UTC.")
    title = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, blank=True)
    platforms = models.JSONField(default=list, blank=True)
    numbers = models.JSONField(help_text="Every figure by a name whose ending says its unit.")
    sentences = models.JSONField(help_text="In reading order: code, the numbers it was made of, text.")
    actor_label = models.CharField(max_length=200)
    search_text = models.TextField(blank=True)
    words = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="pacing_explanation_log"),
            models.Index(fields=["plan", "-id"], name="pacing_explanation_plan"),
            models.Index(fields=["subject_id"], name="pacing_explanation_subject"),
            GinIndex(fields=["words"], name="pacing_explanation_words"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def texts(self) -> list[str]:
        """The sentences alone."""
        return [str(sentence["text"]) for sentence in self.sentences]

    def sentence(self, code: str) -> dict[str, Any] | None:
        """The sentence of one code, if it was said."""
        return next((each for each in self.sentences if each["code"] == code), None)
