"""Querysets every model builds on."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model, covariant=True)


class LaneQuerySet(models.QuerySet[M]):
    """Adds the one lock order, so that two lockers of one model cannot deadlock."""

    def locked(self) -> Self:
        """Lock the rows in primary-key order until the transaction ends."""
        return self.order_by("pk").select_for_update(of=("self",))

    def for_organization(self, organization_id: int) -> Self:
        """Rows of one organization, whoever asks."""
        return self.filter(organization_id=organization_id)
