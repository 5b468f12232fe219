"""The dev mail page: what the dev mailbox caught. It exists only with DEBUG, because mails carry usable links."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from notifications.channels.dev_mailbox import allowed
from notifications.models import DevMail

SHOWN = 100
# The mail's own page: its inlined styles and nothing else; links open in the whole tab.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-top-navigation-by-user-activation allow-popups"
)


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """All caught mails, latest first, with the latest opened."""
    return _page(request, DevMail.objects.first())


@require_safe
def mail_detail(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail with both of its parts."""
    return _page(request, get_object_or_404(DevMail, pk=mail_id))


@require_safe
@xframe_options_sameorigin
def mail_html(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML part as a mail program shows it: no scripts, nothing from elsewhere."""
    _require_development()
    mail = get_object_or_404(DevMail, pk=mail_id)
    html = mail.html.replace("<head>", '<head><base target="_top">', 1)
    response = HttpResponse(html or "<p>This mail has no HTML part.</p>")
    response["Content-Security-Policy"] = _MAIL_POLICY
    response["Referrer-Policy"] = "no-referrer"
    return response


def _require_development() -> None:
    if not allowed():
        raise Http404


def _page(request: HttpRequest, mail: DevMail | None) -> HttpResponse:
    _require_development()
    context = {"mails": DevMail.objects.all()[:SHOWN], "mail": mail}
    return render(request, "dev_mail/list.html", context)
