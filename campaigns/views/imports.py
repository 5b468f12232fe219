"""CSV files: upload, preview with every problem named, columns by hand, and the import itself."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import selectors
from campaigns.forms.imports import ColumnsForm, UploadForm
from campaigns.models import CsvImport
from campaigns.services import imports
from lane.accounts import policies
from lane.accounts.models import Client
from lane.core.errors import InvalidInput

ROWS_SHOWN = 10


@login_required
@require_GET
def import_list(request: HttpRequest) -> HttpResponse:
    """Every uploaded file and what became of it."""
    actor = request.actor  # type: ignore[attr-defined]
    page = Paginator(selectors.imports_for(actor), 50).get_page(request.GET.get("page"))
    return render(
        request,
        "campaigns/imports/list.html",
        {"page": page, "may_import": bool(_clients(request))},
    )


@login_required
@require_http_methods(["GET", "POST"])
def import_create(request: HttpRequest) -> HttpResponse:
    """Upload a file; nothing is imported before its preview was seen."""
    actor = request.actor  # type: ignore[attr-defined]
    form = UploadForm(request.POST or None, request.FILES or None, clients=_clients(request))
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = imports.upload(
                client=form.client,
                account_name=form.cleaned_data["account_name"],
                platform=form.cleaned_data["platform"],
                currency=form.cleaned_data["currency"],
                timezone=form.cleaned_data["timezone"],
                file_name=file.name,
                data=file.read(),
                actor=actor,
            )
        except InvalidInput as refused:
            _explain(form, refused)
        else:
            if made.state == CsvImport.State.DONE:
                messages.info(request, "This is the file imported last: nothing of it is new.")
            return redirect("import-detail", made.public_id)
    return render(
        request,
        "campaigns/imports/form.html",
        {"form": form, "clients": _clients(request)},
        status=422 if request.method == "POST" else 200,
    )


@login_required
@require_GET
def import_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What the file would do, row by row where something is wrong; or what it did."""
    return _detail(request, _find(request, public_id))


@login_required
@require_POST
def import_columns(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say by hand which column is which."""
    actor = request.actor  # type: ignore[attr-defined]
    found = _find(request, public_id)
    form = ColumnsForm(request.POST, header=imports.preview(found).header, mapping=found.mapping)
    if form.is_valid():
        try:
            imports.map_columns(public_id, columns=form.columns(), actor=actor)
            return redirect("import-detail", public_id)
        except InvalidInput as refused:
            _explain(form, refused)
    return _detail(request, found, form, status=422)


@login_required
@require_POST
def import_carry_out(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Import the rows, or only check them again."""
    actor = request.actor  # type: ignore[attr-defined]
    dry_run = "dry_run" in request.POST
    try:
        done = imports.carry_out(
            public_id, actor=actor, leave_out_bad_rows="leave_out" in request.POST, dry_run=dry_run
        )
    except InvalidInput as refused:
        messages.error(request, refused.message)
        return redirect("import-detail", public_id)
    if dry_run:
        messages.info(request, "Checked again. Nothing was imported.")
        return redirect("import-detail", public_id)
    messages.success(
        request, f"Imported “{done.file_name}”: {done.rows_new} new rows, {done.rows_changed} changed."
    )
    assert done.ad_account is not None  # carry_out made it
    return redirect("account-detail", done.ad_account.public_id)


def _detail(
    request: HttpRequest, found: CsvImport, form: ColumnsForm | None = None, status: int = 200
) -> HttpResponse:
    is_open = found.state != CsvImport.State.DONE
    made = imports.preview(found) if is_open else None
    return render(
        request,
        "campaigns/imports/detail.html",
        {
            "csv_import": found,
            "preview": made,
            "rows": made.parsed.rows[:ROWS_SHOWN] if made else [],
            "problems": made.parsed.problems[:100] if made else [],
            "form": form or (ColumnsForm(header=made.header, mapping=found.mapping) if made else None),
            "may_change": policies.may(
                request.actor,  # type: ignore[attr-defined]
                "change",
                client_id=found.client_id,
            ),
        },
        status=status,
    )


def _find(request: HttpRequest, public_id: UUID) -> CsvImport:
    actor = request.actor  # type: ignore[attr-defined]
    return get_object_or_404(
        CsvImport.objects.visible_to(actor).select_related("client"), public_id=public_id
    )


def _clients(request: HttpRequest) -> list[Client]:
    actor = request.actor  # type: ignore[attr-defined]
    mine = Client.objects.visible_to(actor).current()
    return [client for client in mine if policies.may(actor, "change", client_id=client.pk)]


def _explain(form: Form, refused: InvalidInput) -> None:
    """Put a refusal next to the fields it names."""
    named = {field: text for field, text in refused.fields.items() if field in form.fields}
    for field, text in named.items():
        form.add_error(field, text)
    if not named:
        form.add_error(None, refused.message)
