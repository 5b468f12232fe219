"""Rows pasted from a spreadsheet: looked at first, then carried out row by row."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from lane.core.errors import InvalidInput, OutOfDate
from pacing.services import sheet


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_paste(request: HttpRequest) -> HttpResponse:
    """Paste, see what each row would do, then carry it out. What was pasted is never lost."""
    actor = request.actor  # type: ignore[attr-defined]
    text = request.POST.get("rows", "")
    if request.method != "POST":
        return render(request, "pacing/sheet/paste.html", {"text": "", "columns": sheet.COLUMNS})
    context: dict[str, Any] = {"text": text, "columns": sheet.COLUMNS}
    try:
        if "carry_out" in request.POST:
            done = sheet.carry_out(text, digest=request.POST.get("digest", ""), actor=actor)
            messages.info(request, done.words)
            return render(request, "pacing/sheet/paste.html", context | {"done": done})
        return render(request, "pacing/sheet/paste.html", context | {"preview": sheet.preview(text, actor)})
    except InvalidInput as error:
        problem = error.fields.get("rows", error.message)
        return render(request, "pacing/sheet/paste.html", context | {"problem": problem}, status=422)
    except OutOfDate as error:
        shown = sheet.preview(text, actor)
        context |= {"preview": shown, "problem": error.message}
        return render(request, "pacing/sheet/paste.html", context, status=409)
