"""Change sets: what was asked for, who said yes, and what became of every row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.forms.changes import EditForm, ReasonForm
from campaigns.models import PLATFORM_CHOICES, Change, ChangeSet, WriteCall
from campaigns.selectors import changes as selectors
from campaigns.services import changes
from lane.accounts import policies
from lane.accounts.models import Client
from lane.core.errors import InvalidInput, LaneError, OutOfDate

PER_PAGE = 50
_PLATFORM_NAMES = {str(key): name for key, name in PLATFORM_CHOICES}


@login_required
@require_GET
def change_set_list(request: HttpRequest) -> HttpResponse:
    """Every change set of the clients a person sees, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    rows, filters = _filtered(request, selectors.change_sets_for(actor))
    current = Prefetch(
        "changes",
        Change.objects.select_related("budget", "ad_campaign", "ad_group", "ad_account").order_by("id"),
        to_attr="every_change",
    )
    page = Paginator(
        rows.annotate(size=Count("changes", distinct=True)).prefetch_related(current), PER_PAGE
    ).get_page(request.GET.get("page"))
    clients = list(Client.objects.visible_to(actor).current().values_list("public_id", "name"))
    return render(
        request,
        "campaigns/changes/list.html",
        {
            "page": page,
            "rows": [(change_set, _current(change_set)) for change_set in page.object_list],
            "filters": filters,
            "clients": clients,
            "client_name": {str(key): name for key, name in clients}.get(filters["client"], ""),
            "platforms": PLATFORM_CHOICES,
            "platform_name": _PLATFORM_NAMES.get(filters["platform"], ""),
            "states": ChangeSet.State.choices,
            "state_name": dict(ChangeSet.State.choices).get(filters["state"], ""),
            "is_filtered": any(filters.values()),
        },
    )


@login_required
@require_GET
def change_set_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One change set with every step of every row."""
    return _detail(request, public_id)


@login_required
@require_http_methods(["GET", "POST"])
def change_set_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for other amounts; earlier decisions and links stop holding."""
    actor = request.actor  # type: ignore[attr-defined]
    change_set = get_object_or_404(selectors.change_sets_for(actor), public_id=public_id)
    policies.require(actor, "propose", change_set)
    rows = list(selectors.current_changes(change_set))
    if request.method == "POST" and request.POST.get("version") != str(change_set.version):
        raise OutOfDate("Somebody edited this change set first. Look at the new version, then edit again.")
    initial = {"version": change_set.version, "reason": change_set.reason}
    form = EditForm(request.POST or None, rows=rows, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changes.edit(
                public_id,
                targets=form.targets(),
                reason=form.cleaned_data["reason"],
                actor=actor,
                expected_version=form.cleaned_data["version"],
            )
        except InvalidInput as refused:
            _show(form, rows, refused)
        else:
            messages.success(request, "Edited. It needs approval anew; earlier links no longer work.")
            return redirect("change-set-detail", public_id)
    context = {"change_set": change_set, "form": form}
    return render(request, "campaigns/changes/edit.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def change_set_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take it back before anything was sent."""
    actor = request.actor  # type: ignore[attr-defined]
    changes.withdraw(public_id, actor=actor, reason=request.POST.get("reason", "").strip()[:300])
    messages.success(request, "Withdrawn. Nothing is written.")
    return redirect("change-set-detail", public_id)


@login_required
@require_POST
def change_set_undo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for the values from before; that needs approval like any change."""
    actor = request.actor  # type: ignore[attr-defined]
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _detail(request, public_id, undo_form=form)
    try:
        back = changes.undo(public_id, actor=actor, reason=form.cleaned_data["reason"])
    except LaneError as refused:
        if refused.status in (403, 404):
            raise
        messages.error(request, refused.message)
        return redirect("change-set-detail", public_id)
    messages.success(request, "Proposed the values from before. They need approval.")
    return redirect("change-set-detail", back.public_id)


def _detail(request: HttpRequest, public_id: UUID, *, undo_form: ReasonForm | None = None) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    change_set = get_object_or_404(selectors.change_sets_for(actor), public_id=public_id)
    calls = Prefetch("calls", WriteCall.objects.order_by("id"))
    rows = list(selectors.current_changes(change_set).prefetch_related(calls))
    may_propose = policies.may(actor, "propose", client_id=change_set.client_id)
    waiting = change_set.state == ChangeSet.State.PROPOSED
    unsent = change_set.state == ChangeSet.State.APPROVED and not any(row.attempts for row in rows)
    return render(
        request,
        "campaigns/changes/detail.html",
        {
            "change_set": change_set,
            "rows": rows,
            "stages": _stages(change_set, rows),
            "undoable": selectors.undoable(change_set) if may_propose else [],
            "undo_form": undo_form or ReasonForm(),
            "may_propose": may_propose,
            "may_edit": may_propose and waiting,
            "may_withdraw": may_propose and (waiting or unsent),
            "may_retry": policies.may(actor, "apply", client_id=change_set.client_id),
            "undone_by": selectors.change_sets_for(actor).filter(undoes=change_set),
            "earlier": change_set.changes.filter(version__lt=change_set.version).count(),
            "is_plan_guard": change_set.approval_id.startswith("plan:"),
        },
        status=422 if undo_form is not None else 200,
    )


def _stages(change_set: ChangeSet, rows: list[Change]) -> list[dict[str, Any]]:
    """The way of a change set: asked, approved, written, read back."""
    state, done = ChangeSet.State, change_set.authorised_at is not None
    dead = change_set.state in (state.DECLINED, state.EXPIRED, state.WITHDRAWN)
    over = change_set.state in (state.APPLIED, state.FAILED)
    verified = sum(row.state in (Change.State.VERIFIED, Change.State.NOOP) for row in rows)
    decision = "done" if done else ("declined" if dead else "current")
    if over:
        applied = "done" if change_set.state == state.APPLIED else "declined"
    else:
        applied = "current" if done and not dead else "later"
    return [
        {"name": "Asked", "state": "done", "person": change_set.proposed_by_label, "time": _at(change_set.created_at)},
        {
            "name": "Decision" if not dead or done else change_set.get_state_display(),
            "state": decision,
            "time": _at(change_set.authorised_at),
            "rule": "" if done or dead else f"until {_at(change_set.expires_at)}",
        },
        {"name": "Written and read back", "state": applied, "rule": f"{verified} of {len(rows)}" if done else ""},
    ]  # fmt: skip


def _at(moment: Any) -> str:
    return f"{moment:%-d %b %Y, %H:%M} UTC" if moment else ""


def _current(change_set: Any) -> list[Change]:
    return [row for row in change_set.every_change if row.version == change_set.version]


def _filtered(request: HttpRequest, rows: QuerySet[ChangeSet]) -> tuple[QuerySet[ChangeSet], dict[str, str]]:
    """The rows asked for by the address; a filter nobody knows is ignored."""
    filters = {name: request.GET.get(name, "").strip() for name in ("q", "state", "platform", "client")}
    if filters["q"]:
        words = filters["q"]
        rows = rows.filter(
            Q(title__icontains=words)
            | Q(pk__in=Change.objects.filter(budget__name__icontains=words).values("change_set_id"))
            | Q(pk__in=Change.objects.filter(ad_campaign__name__icontains=words).values("change_set_id"))
        )
    if filters["state"] in ChangeSet.State.values:
        rows = rows.filter(state=filters["state"])
    if filters["platform"] in _PLATFORM_NAMES:
        there = Change.objects.filter(ad_account__platform=filters["platform"])
        rows = rows.filter(pk__in=there.values("change_set_id"))
    if filters["client"]:
        try:
            rows = rows.filter(client__public_id=UUID(filters["client"]))
        except ValueError:
            filters["client"] = ""
    return rows.order_by("-id"), filters


def _show(form: EditForm, rows: list[Change], refused: InvalidInput) -> None:
    """Put each refusal at the field it is about."""
    for key, message in refused.fields.items():
        number = key.removeprefix("targets.")
        row = rows[int(number)] if number.isdigit() and int(number) < len(rows) else None
        name = EditForm.name_of(row) if row is not None else key
        form.add_error(name if name in form.fields else None, message)
