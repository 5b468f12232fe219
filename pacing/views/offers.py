"""Taking a way out of a shortfall."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from lane.core.errors import InvalidInput, OutOfDate
from pacing.models import Offer
from pacing.selectors.offers import offers_for
from pacing.services import taken_offers
from pacing.views.plans import detail_page

_TAKEN = {
    Offer.Kind.MOVE: "Asked for: both plans change once their amendments are approved.",
    Offer.Kind.EXTEND: "Asked for: the plan runs longer once the amendment is approved.",
    Offer.Kind.BIDS: "Proposed: it is written once it is approved.",
    Offer.Kind.ACCEPT: "Accepted: Lane says no more about it unless it gets clearly worse.",
}


@login_required
@require_POST
def offer_take(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Choose this way out; amounts, dates and bids still ask for approval as they always do."""
    actor = request.actor  # type: ignore[attr-defined]
    offer = get_object_or_404(offers_for(actor), public_id=public_id)
    reason = request.POST.get("reason", "")
    try:
        taken_offers.take(public_id, actor=actor, reason=reason, expected_text=request.POST.get("text", ""))
    except OutOfDate as error:
        messages.error(request, error.message)
        return redirect("plan-detail", offer.plan.public_id)
    except InvalidInput as error:
        refused = {"offer": str(public_id), "offer_error": error.message, "offer_reason": reason}
        return detail_page(request, offer.plan.public_id, status=422, refused=refused)
    messages.success(request, _TAKEN[Offer.Kind(offer.kind)])
    return redirect("plan-detail", offer.plan.public_id)
