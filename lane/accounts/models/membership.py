"""Roles: what a person may do, on the whole organization or on one client."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from lane.accounts.models.organization import Client, OrganizationOwned
from lane.core.models import PubliclyNamed, TimeStamped


class Role(models.TextChoices):
    """Ordered: each role may do what the one before it may."""

    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"

    @property
    def rank(self) -> int:
        """Its place in the order, viewer first."""
        return list(Role).index(self)


class Membership(PubliclyNamed, TimeStamped, OrganizationOwned):
    """A person's role on an organization, or on one client of it when ``client`` is set."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    is_approver = models.BooleanField(
        default=False, help_text="May decide approval requests, whatever the role."
    )

    class Meta:
        ordering = ["user__email", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=Q(client__isnull=True),
                name="accounts_one_org_role",
            ),
            models.UniqueConstraint(
                fields=["client", "user"], condition=Q(client__isnull=False), name="accounts_one_client_role"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_known_role"),
        ]

    def __str__(self) -> str:
        scope = self.client.name if self.client else "everything"
        return f"{self.user}: {self.get_role_display()} on {scope}"


class Invitation(PubliclyNamed, TimeStamped, OrganizationOwned):
    """An e-mailed offer to join. Only a digest of its token is kept."""

    email = models.EmailField()
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    is_approver = models.BooleanField(default=False)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.email} as {self.get_role_display()}"
