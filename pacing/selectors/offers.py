"""Why a plan cannot spend its amount, and what is offered, narrowed to what an actor sees."""

from __future__ import annotations

from django.db.models import Prefetch

from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core.actors import Actor
from pacing.models import BudgetPlan, Offer, Shortfall


def shortfalls_for(actor: Actor) -> ClientOwnedQuerySet[Shortfall]:
    """Shortfalls of the clients this actor sees, newest first, with their offers."""
    offers = Offer.objects.select_related("to_plan", "change_set").order_by("id")
    return (
        Shortfall.objects.visible_to(actor)
        .select_related("plan", "client")
        .prefetch_related(Prefetch("offers", offers))
        .order_by("-id")
    )


def offers_for(actor: Actor) -> ClientOwnedQuerySet[Offer]:
    """Offers of the clients this actor sees, with what they are about."""
    return Offer.objects.visible_to(actor).select_related(
        "plan", "client", "to_plan", "change_set", "shortfall"
    )


def open_shortfall(plan: BudgetPlan) -> Shortfall | None:
    """What keeps a plan from its amount now, with the offers of the latest look and those already taken."""
    shown = Offer.objects.filter(state__in=[Offer.State.OPEN, Offer.State.TAKEN])
    found = Shortfall.objects.filter(plan=plan, resolved_at=None)
    return found.prefetch_related(
        Prefetch("offers", shown.select_related("to_plan", "change_set").order_by("id"))
    ).first()
