"""Staff see in the admin what they see in the product, and nothing of others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.urls import reverse

from campaigns.models import AdAccount, Budget
from lane.accounts.models import Client, Membership, Role, User
from lane.audit.models import AuditEntry
from tests.admin.test_every_page import MODELS, OURS, address
from tests.admin.world import World, sign_in

# What belongs to nobody's tenant is for superusers; a person always sees themselves.
TENANT = [m for m in MODELS if m._meta.app_label in OURS and admin.site._registry[m].for_staff]
INSTALLATION = [m for m in MODELS if m not in TENANT]


def _told(answer: Any) -> str:
    """A page without what differs from request to request."""
    return re.sub(
        r"(csrf\w*|nonce|token)[^<>]*|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "", answer.content.decode()
    )


def test_staff_of_another_organization_find_nothing(world: World, client: Browser) -> None:
    theirs = {
        *Membership.objects.filter(organization=world.them),
        *User.objects.filter(pk=world.stranger.pk),
        world.them,
        *AuditEntry.objects.filter(organization_id=world.them.pk),
    }
    sign_in(client, world.stranger)
    for model in TENANT:
        listed = client.get(address(model, "changelist"))
        assert listed.status_code == 200, model
        shown = set(listed.context["cl"].queryset)
        assert all(row in theirs or getattr(row, "organization", None) == world.them for row in shown), model
        ours = model._default_manager.order_by("pk").first()
        if ours in shown or ours is None:
            continue
        assert client.get(address(model, "change", ours.pk)).status_code == 404, model
        assert "Pinewick" not in listed.content.decode(), model


def test_a_foreign_row_answers_as_one_that_does_not_exist(world: World, client: Browser) -> None:
    sign_in(client, world.stranger)
    for page in ("change", "history"):
        foreign = client.get(address(AdAccount, page, world.account.pk))
        missing = client.get(address(AdAccount, page, 987654321))
        assert (foreign.status_code, missing.status_code) == (404, 404)
        assert _told(foreign) == _told(missing)


def test_staff_without_superuser_rights_do_not_reach_the_installation(world: World, client: Browser) -> None:
    sign_in(client, world.admin)
    for model in INSTALLATION:
        assert client.get(address(model, "changelist")).status_code == 403, model


def test_a_viewer_of_one_client_sees_that_client_only(world: World, client: Browser) -> None:
    guest = User.objects.create_user("guest@fernhill.example", "a long password", is_staff=True)
    other = Client.objects.create(organization=world.us, name="Aldermoor Homes")
    Membership.objects.create(organization=world.us, user=guest, client=other, role=Role.VIEWER)
    sign_in(client, guest)
    listed = client.get(reverse("admin:accounts_client_changelist"))
    assert list(listed.context["cl"].queryset) == [other]
    assert not client.get(reverse("admin:campaigns_budget_changelist")).context["cl"].queryset.exists()
    assert client.get(address(AdAccount, "change", world.account.pk)).status_code == 404


def test_an_admin_changes_the_few_editable_columns_with_a_reason(world: World, client: Browser) -> None:
    sign_in(client, world.admin)
    page = address(AdAccount, "change", world.account.pk)
    form = {
        "recommend_only_reason": "Client asked for it",
        "sync_runs-TOTAL_FORMS": "0",
        "sync_runs-INITIAL_FORMS": "0",
    }
    refused = client.post(page, form)
    assert refused.status_code == 200
    assert "reason" in refused.context["adminform"].form.errors
    assert client.post(page, form | {"reason": "Mail of today", "name": "Renamed"}).status_code == 302
    world.account.refresh_from_db()
    assert (world.account.recommend_only_reason, world.account.sync_enabled, world.account.name) == (
        "Client asked for it",
        False,
        "Pinewick Search",
    )
    entry = AuditEntry.objects.filter(action="campaigns.adaccount.changed").get()
    assert (entry.reason, entry.actor_id, entry.via) == ("Mail of today", world.admin.pk, "admin")
    assert entry.after == {"sync_enabled": False, "recommend_only_reason": "Client asked for it"}


def test_a_viewer_changes_nothing(world: World, client: Browser) -> None:
    sign_in(client, world.viewer)
    page = address(AdAccount, "change", world.account.pk)
    assert client.get(page).status_code == 200
    assert client.post(page, {"recommend_only_reason": "x", "reason": "Because"}).status_code == 403
    budget = Budget.objects.get()
    assert client.post(address(Budget, "change", budget.pk), {"reason": "Because"}).status_code == 403


@pytest.mark.parametrize("who", ["root", "admin"])
def test_nobody_adds_changes_or_deletes_the_audit_trail(who: str, world: World, client: Browser) -> None:
    sign_in(client, getattr(world, who))
    entry = AuditEntry.objects.filter(organization_id=world.us.pk).first()
    assert entry is not None
    assert client.get(address(AuditEntry, "change", entry.pk)).status_code == 200
    assert client.post(address(AuditEntry, "change", entry.pk), {"reason": "other"}).status_code == 403
    assert client.post(address(AuditEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403
    assert client.get(address(AuditEntry, "add")).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    client.post(address(AuditEntry, "changelist"), bulk)
    assert AuditEntry.objects.filter(pk=entry.pk, reason="Because").exists()


def test_signing_in_happens_on_the_products_own_page(world: World, client: Browser) -> None:
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 302
    login = client.get(answer["Location"])
    assert login.status_code == 302
    assert login["Location"].startswith(reverse("account_login"))
    person = User.objects.create_user("plain@fernhill.example", "a long password")
    sign_in(client, person)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403
