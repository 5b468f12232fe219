"""CSV files a person sees."""

from __future__ import annotations

from campaigns.models import CsvImport
from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core.actors import Actor


def imports_for(actor: Actor) -> ClientOwnedQuerySet[CsvImport]:
    """Uploaded files of the clients this actor sees, latest first, without their content."""
    return (
        CsvImport.objects.visible_to(actor)
        .select_related("client", "ad_account", "uploaded_by")
        .defer("content")
        .order_by("-id")
    )
