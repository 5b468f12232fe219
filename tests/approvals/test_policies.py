"""Approval policies: who may set them, and what they may say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from approvals.models import ApprovalPolicy
from approvals.selectors import policy_of
from approvals.services import policies
from lane.accounts.models import Membership, Role
from lane.audit.models import AuditEntry
from lane.core.errors import InvalidInput, NotAllowed
from tests.approvals.world import World

PASSWORD = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def admin(world: World) -> Any:
    """The viewer became an admin."""
    Membership.objects.filter(user=world.viewer).update(role=Role.ADMIN)
    return world.actor(world.viewer)


def test_a_policy_gets_a_new_version_with_each_edit_and_an_audit_entry(world: World, admin: Any) -> None:
    first = policies.save(actor=admin, name="House", sla_hours=24)
    second = policies.save(actor=admin, name="House", sla_hours=12, approver_ids=[world.approver.pk])
    assert (first.pk, second.version) == (second.pk, 2)
    entry = AuditEntry.objects.get(action="approvals.policy.changed")
    assert (entry.before["sla_hours"], entry.after["sla_hours"]) == (24, 12)
    assert entry.after["approvers"] == ["ines@tallow.example"]
    assert policy_of(world.client) == second


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": " "}, "name"),
        ({"sla_hours": 0}, "sla_hours"),
        ({"sla_hours": 1000}, "sla_hours"),
        ({"auto_decrease_ratio": Decimal("1.5")}, "auto_decrease_ratio"),
        ({"auto_increase_ratio": Decimal("0.1")}, "auto_increase_micros"),
        ({"auto_increase_micros": 5}, "auto_increase_ratio"),
        ({"link_cap_micros": -1}, "link_cap_micros"),
        ({"approver_ids": [999_999]}, "approver_ids"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_name(admin: Any, terms: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        policies.save(**({"actor": admin, "name": "House"} | terms))
    assert field in refused.value.fields
    assert not ApprovalPolicy.objects.exists()


def test_a_policy_whose_approvers_cannot_sign_in_is_refused(world: World, admin: Any) -> None:
    world.approver.set_unusable_password()
    world.approver.save()
    with pytest.raises(InvalidInput, match="sign in"):
        policies.save(actor=admin, name="House", approver_ids=[world.approver.pk])


def test_an_editor_cannot_set_a_policy(world: World) -> None:
    with pytest.raises(NotAllowed):
        policies.save(actor=world.actor(world.requester), name="Mine")
    assert not ApprovalPolicy.objects.exists()


def test_the_form_keeps_what_was_typed_and_saves_percent_as_shares(world: World, admin: Any) -> None:
    tab = Browser()
    tab.force_login(world.viewer, PASSWORD)
    address = f"/approvals/policies/clients/{world.client.public_id}/"
    assert tab.get(address).status_code == 200
    terms = {
        "name": "Pinewick",
        "sla_hours": "8",
        "auto_decrease": "15",
        "auto_increase": "5",
        "auto_increase_amount": "0",
        "link_cap": "25",
        "link_cap_amount": "2,500.00",
    }
    answer = tab.post(address, terms)
    assert answer.status_code == 422
    assert 'value="2,500.00"' in answer.content.decode()
    assert tab.post(address, terms | {"auto_increase_amount": "40"}).status_code == 302
    saved = ApprovalPolicy.objects.get()
    assert (saved.client, saved.auto_decrease_ratio, saved.link_cap_micros) == (
        world.client, Decimal("0.15"), 2_500_000_000,
    )  # fmt: skip
    assert "Pinewick" in tab.get("/approvals/policies/").content.decode()
    tab.post(f"/approvals/policies/{saved.public_id}/remove/")
    assert policy_of(world.client).pk is None
