"""Views of a list that a person keeps: filters, sort, grouping and columns under a name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from lane.accounts.models.organization import OrganizationOwned
from lane.core.models import PubliclyNamed, TimeStamped


class SavedView(PubliclyNamed, TimeStamped, OrganizationOwned):
    """One named address of a list page. Its owner alone changes it; a shared one is seen by the whole team."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40, help_text="The list it belongs to, such as pacing.")
    name = models.CharField(max_length=60)
    query = models.CharField(
        max_length=1000, blank=True, help_text="Query string without place: filters, sort, columns."
    )
    is_shared = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False, help_text="Opened when its owner opens the page.")

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "page", "name"], name="accounts_saved_view_name_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "user", "page"],
                condition=Q(is_default=True),
                name="accounts_saved_view_one_default",
            ),
        ]
        indexes = [models.Index(fields=["organization", "page"], name="accounts_saved_view_page")]

    def __str__(self) -> str:
        return self.name
