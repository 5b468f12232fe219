"""Every registered model is listed and opened, and no page shows a secret."""

from __future__ import annotations

from base64 import b64encode

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse

from campaigns import models as campaigns_models
from tests.admin.world import CANARY, World, sign_in

# Partitioned fact tables have no single key, which the admin needs.
WITHOUT_ADMIN = {"DailyPerformance", "HourlyPerformance", "PerformanceRevision"}
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)
OURS = ("core", "audit", "accounts", "campaigns", "approvals", "pacing", "notifications")


def address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_of_lane_is_registered() -> None:
    from django.apps import apps

    known = {model for label in OURS for model in apps.get_app_config(label).get_models()}
    missing = {model.__name__ for model in known - set(admin.site._registry)}
    assert missing == WITHOUT_ADMIN
    assert set(WITHOUT_ADMIN) <= set(dir(campaigns_models))


def test_a_superuser_lists_and_opens_every_model_and_sees_no_secret(world: World, client: Browser) -> None:
    sign_in(client, world.root)
    sealed = b64encode(bytes(world.connection.access_token_sealed)).decode()
    hashes = [world.root.password, world.admin.password, str(bytes(world.connection.access_token_sealed))]
    for model in MODELS:
        listed = client.get(address(model, "changelist"))
        assert listed.status_code == 200, model
        first = model._default_manager.order_by("pk").first()
        assert first is not None, f"the world lacks {model._meta.label}"
        opened = client.get(address(model, "change", first.pk))
        assert opened.status_code == 200, model
        for answer in (listed, opened):
            text = answer.content.decode()
            assert CANARY not in text, model
            assert not any(secret in text for secret in [sealed, *hashes]), model


@pytest.mark.parametrize(
    "model", [model for model in MODELS if model._meta.app_label in OURS], ids=lambda m: m._meta.label_lower
)
def test_tenant_rows_are_neither_added_nor_deleted_here(model: type, rf: RequestFactory) -> None:
    from lane.accounts.models import User

    request = rf.get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    page = admin.site._registry[model]
    assert not page.has_add_permission(request)
    assert not page.has_delete_permission(request)
    assert "delete_selected" not in page.get_actions(request)


def test_secrets_cannot_be_probed_by_filters(world: World, client: Browser) -> None:
    sign_in(client, world.root)
    for page, lookup in (
        ("accounts_user", "password__startswith"),
        ("accounts_apikey", "digest__startswith"),
        ("approvals_approvallink", "digest__startswith"),
        ("approvals_approvallink", "user__password__startswith"),
    ):
        assert client.get(reverse(f"admin:{page}_changelist"), {lookup: "c"}).status_code == 400


def test_every_search_box_finds_its_columns(world: World, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = world.root
    for page in admin.site._registry.values():
        if page.search_fields:
            found, _ = page.get_search_results(request, page.get_queryset(request), "cold brew 1")
            assert len(found) >= 0


def test_money_reads_as_money(world: World, client: Browser) -> None:
    sign_in(client, world.root)
    text = client.get(reverse("admin:campaigns_budget_changelist")).content.decode()
    assert "€100.00" in text
    assert "100000000" not in text
