"""One agency with one client, its people, and a subject whose content tests can change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from approvals.models import ApprovalRequest
from approvals.services import submit
from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.core import subjects
from lane.core.actors import Actor, ActorKind
from lane.core.subjects import Diff, DiffRow

EURO = 1_000_000


@dataclass
class Thing:
    """A subject that remembers what was done to it."""

    subject_type: str = "tests.thing"
    rows: list[DiffRow] = field(default_factory=list)
    content: str = "a" * 64
    untrue: str = ""
    done: list[dict[str, Any]] = field(default_factory=list)

    def diff(self, subject_id: str) -> Diff:
        return Diff(title="Raise Cold brew by €90.00 a day", summary="Meta", rows=self.rows, currency="EUR")

    def content_hash(self, subject_id: str) -> str:
        return self.content

    def still_true(self, subject_id: str) -> str:
        return self.untrue

    def carry_out(self, subject_id: str, **given: Any) -> None:
        self.done.append({"did": "carry_out", **given})

    def turn_down(self, subject_id: str, **given: Any) -> None:
        self.done.append({"did": "turn_down", **given})


@dataclass
class World:
    """Who there is, and shortcuts to act as them."""

    client: Client
    requester: User
    approver: User
    other_approver: User
    viewer: User
    thing: Thing

    def actor(self, user: User, kind: ActorKind = ActorKind.PERSON, via: str = "web") -> Actor:
        return Actor(kind, self.client.organization_id, user_id=user.pk, label=str(user), via=via)

    def open(self, **changes: Any) -> ApprovalRequest:
        given: dict[str, Any] = {
            "client": self.client,
            "actor_label": str(self.requester),
            "requested_by_id": self.requester.pk,
            "barred_user_ids": [self.requester.pk],
        }
        return submit.open_request("tests.thing", "thing-1", **(given | changes))


def amount(key: str, now: float, new: float, *, currency: str = "EUR", entity_key: str = "") -> DiffRow:
    """A budget row in whole units."""
    return DiffRow(
        key, key.title(), "budget", f"€{now:.2f}", f"€{new:.2f}", round(now * EURO), round(new * EURO),
        currency, entity_key=entity_key,
    )  # fmt: skip


def pause(key: str = "campaign") -> DiffRow:
    """A row that pauses a campaign."""
    return DiffRow(key, "Cold brew", "status", "Active", "Paused")


def build() -> World:
    """The agency in the database, its subject registered."""
    organization = Organization.objects.create(name="Tallow Street Agency")
    client = Client.objects.create(organization=organization, name="Pinewick Coffee", currency="EUR")

    def person(name: str, role: Role, is_approver: bool = False) -> User:
        email = f"{name.split()[0].lower()}@tallow.example"
        user = User.objects.create_user(email, "a-long-password", name=name)
        Membership.objects.create(organization=organization, user=user, role=role, is_approver=is_approver)
        return user

    thing = Thing(
        rows=[amount("prospecting", 250, 270), amount("retargeting", 120, 130), amount("stories", 85, 90)]
    )
    subjects.register(thing)
    return World(
        client=client,
        requester=person("Lena Brandt", Role.EDITOR, is_approver=True),
        approver=person("Ines Moreau", Role.VIEWER, is_approver=True),
        other_approver=person("Jonas Weber", Role.EDITOR, is_approver=True),
        viewer=person("Vera Sand", Role.VIEWER),
        thing=thing,
    )
