"""What an account's own history says about its days: shapes, delivery and the delay of its reports."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from lane.accounts.models import Client, Organization
from lane.accounts.visibility import ClientOwnedQuerySet, access_of
from lane.core.actors import Actor

# What each kind's numbers are, in order; the last one weighs a budget against its siblings, in micros a day.
NUMBERS: dict[str, tuple[str, ...]] = {
    "weekday": ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "mean_spend_micros"),
    "intraday": (*(f"from_{hour:02}" for hour in range(0, 24, 2)), "mean_spend_micros"),
    "delivery": ("ratio", "log_sd", "low", "high", "mean_spend_micros"),
    "lag": ("hours", "p90_hours", "enough_hours", "missing_ratio", "readings"),
}


class LearnedShapeQuerySet(ClientOwnedQuerySet[Any]):
    """Learned figures; those pooled over a platform belong to no single client."""

    def visible_to(self, actor: Actor) -> Self:
        """Figures of the clients this actor sees, and the organization's pooled ones."""
        access = access_of(actor)
        if not (access.every_client or access.client_roles):
            return self.none()
        pooled = self.filter(organization_id=actor.organization_id, client__isnull=True)
        return super().visible_to(actor) | pooled


class LearnedShape(models.Model):
    """One learned figure of one scope: a budget, an account, a client on a platform, or a platform.

    ``numbers`` are already drawn towards the wider scope by how little was seen; ``n_days`` says how much that is.
    """

    class Scope(models.TextChoices):
        BUDGET = "budget", "Budget"
        ACCOUNT = "account", "Account"
        CLIENT = "client", "Client on a platform"
        PLATFORM = "platform", "Platform"

    class Kind(models.TextChoices):
        WEEKDAY = "weekday", "Weekdays"
        INTRADAY = "intraday", "Hours of the day"
        DELIVERY = "delivery", "Delivery against the budget"
        LAG = "lag", "Delay of reports"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    scope = models.CharField(max_length=8, choices=Scope.choices)
    scope_id = models.BigIntegerField(
        help_text="Key of the budget, account or client; of the organization for a platform."
    )
    platform = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    numbers = ArrayField(models.FloatField(), help_text="In the order of NUMBERS, one order for each kind.")
    n_days = models.PositiveIntegerField(help_text="Days the figure was learned from.")
    as_of = models.DateTimeField(help_text="Business time, UTC.")

    objects = LearnedShapeQuerySet.as_manager()

    class Meta:
        ordering = ["scope", "scope_id", "platform", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "scope", "scope_id", "platform", "kind"], name="pacing_learned_once"
            ),
            models.CheckConstraint(
                condition=Q(client__isnull=True, scope="platform")
                | Q(client__isnull=False) & ~Q(scope="platform"),
                name="pacing_learned_client_unless_pooled",
            ),
        ]
        indexes = [models.Index(fields=["scope", "scope_id"], name="pacing_learned_scope")]

    @property
    def values(self) -> dict[str, float]:
        """The numbers by name."""
        return dict(zip(NUMBERS[self.kind], self.numbers, strict=True))

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_scope_display().lower()} {self.scope_id}"
