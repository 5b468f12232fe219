"""Pages for requests that cannot be served."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lane.api import errors as api_errors


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was opened too long ago or cookies are off; nothing was changed."""
    message = (
        "The form is too old or cookies are blocked, so nothing was changed. Go back, reload, try again."
    )
    return render(request, "403.html", {"message": message}, status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Not there, or not for this person: the two look the same."""
    if request.path.startswith("/api/"):
        return api_errors.not_found(request, exception)
    return render(request, "404.html", status=404)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Visible, but not for this person to do; the reason is shown."""
    return render(request, "403.html", {"message": str(exception)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke; the request id helps to find it."""
    return render(request, "500.html", {"request_id": getattr(request, "request_id", "")}, status=500)
