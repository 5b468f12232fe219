"""The tenant, its clients, and what every tenant row carries."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from lane.accounts.visibility import ClientOwnedQuerySet, ClientQuerySet, OrganizationOwnedQuerySet
from lane.core.models import PubliclyNamed, TimeStamped


class Organization(PubliclyNamed, TimeStamped):
    """A tenant: an agency or an in-house team."""

    name = models.CharField(max_length=120)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class OrganizationOwned(models.Model):
    """A row that belongs to one organization."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")

    objects = OrganizationOwnedQuerySet.as_manager()

    class Meta:
        abstract = True


class Client(PubliclyNamed, TimeStamped):
    """A brand or business unit inside an organization; the unit people are granted rights on."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="clients")
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, default="EUR")
    timezone = models.CharField(max_length=64, default="Europe/Berlin")
    budget_limit_micros = models.BigIntegerField(
        null=True, blank=True, help_text="Most that all plans of one month may add up to, in micros."
    )
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ClientQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="accounts_client_name_once"),
            models.CheckConstraint(
                condition=Q(budget_limit_micros__isnull=True) | Q(budget_limit_micros__gt=0),
                name="accounts_client_limit_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClientOwned(models.Model):
    """A row that belongs to one client of one organization."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        abstract = True


class ClientUserObjectPermission(UserObjectPermissionBase):
    """An exception: one person may do one thing to one client without a membership."""

    content_object = models.ForeignKey(Client, on_delete=models.CASCADE)


class ClientGroupObjectPermission(GroupObjectPermissionBase):
    """An exception for a group of people."""

    content_object = models.ForeignKey(Client, on_delete=models.CASCADE)
