"""Two organizations, so that everything foreign can be tried, and people in every role."""

from __future__ import annotations

from dataclasses import dataclass, field

from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.core.actors import Actor, ActorKind

PASSWORD = "a long enough password"


@dataclass
class World:
    """``us`` with two clients and one person a role; ``them`` with an owner and a client."""

    us: Organization
    them: Organization
    pinewick: Client
    aldermoor: Client
    foreign_client: Client
    people: dict[str, User] = field(default_factory=dict)

    def actor(self, who: str, **narrowed: object) -> Actor:
        """The person as an actor, fresh, as at the start of a request."""
        user = self.people[who]
        organization = self.them if who == "stranger" else self.us
        kind = ActorKind.API_KEY if narrowed else ActorKind.PERSON
        return Actor(kind, organization.pk, user.pk, label=str(user), via="test", **narrowed)  # type: ignore[arg-type]

    def membership(self, who: str) -> Membership:
        return self.people[who].memberships.get()

    def add(self, who: str, role: str, *, client: Client | None = None, approver: bool = False) -> User:
        user = User.objects.create_user(f"{who}@tallow.example", PASSWORD, name=who.title())
        Membership.objects.create(
            organization=self.them if who == "stranger" else self.us,
            user=user,
            client=client,
            role=role,
            is_approver=approver,
        )
        self.people[who] = user
        return user


def build() -> World:
    us = Organization.objects.create(name="Tallow Street Agency")
    them = Organization.objects.create(name="Quokka Partners")
    world = World(
        us=us,
        them=them,
        pinewick=Client.objects.create(organization=us, name="Pinewick Coffee"),
        aldermoor=Client.objects.create(organization=us, name="Aldermoor Homes"),
        foreign_client=Client.objects.create(organization=them, name="Quokka Kitchens"),
    )
    for role in Role:
        world.add(role.value, role)
    world.add("approver", Role.VIEWER, approver=True)
    world.add("contact", Role.VIEWER, client=world.pinewick)
    world.add("lead", Role.ADMIN, client=world.pinewick)
    world.add("stranger", Role.OWNER)
    return world
