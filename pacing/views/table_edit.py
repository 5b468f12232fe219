"""One row of the pacing table: shown, edited in place, and as it is afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from lane.accounts import policies
from lane.core.errors import InvalidInput, OutOfDate
from pacing.filters import table_query
from pacing.row_form import RowForm
from pacing.selectors.ledger import waiting_amendment
from pacing.selectors.table import PlanRow, one_row
from pacing.services import plans


@login_required
@require_GET
def plan_row(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The row as it is now: what Cancel leads back to."""
    return _row(request, _found(request, public_id))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_row_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change amount, last day, strategy or mode without leaving the table."""
    actor = request.actor  # type: ignore[attr-defined]
    row = _found(request, public_id)
    policies.require(actor, "change", row.plan)
    if not request.headers.get("HX-Request"):
        return redirect("plan-edit", public_id)
    if request.method != "POST":
        return _form(request, row, RowForm(plan=row.plan))
    form = RowForm(request.POST, plan=row.plan)
    if form.is_valid():
        try:
            plans.edit(
                public_id,
                actor=actor,
                expected_version=form.cleaned_data["version"],
                reason=form.cleaned_data["reason"],
                **form.changes(),
            )
        except InvalidInput as error:
            form.refuse(error)
        except OutOfDate as error:
            form.add_error(None, error.message)
        else:
            return _row(request, _found(request, public_id))
    return _form(request, row, form, status=422)


def _found(request: HttpRequest, public_id: UUID) -> PlanRow:
    row = one_row(request.actor, public_id)  # type: ignore[attr-defined]
    if row is None:
        raise Http404
    return row


def _row(request: HttpRequest, row: PlanRow) -> HttpResponse:
    context = _context(request, row) | {"waiting": waiting_amendment(row.plan)}
    return render(request, "pacing/plans/_row.html", context)


def _form(request: HttpRequest, row: PlanRow, form: RowForm, *, status: int = 200) -> HttpResponse:
    context = _context(request, row) | {"form": form}
    return render(request, "pacing/plans/_row_edit.html", context, status=status)


def _context(request: HttpRequest, row: PlanRow) -> dict[str, Any]:
    return {"row": row, "query": table_query(request.GET.dict())}
