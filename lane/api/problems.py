"""What each kind of refusal means and what a caller does about it: the page behind a problem's ``type``."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from lane.api import errors

PROBLEMS = {
    "already_decided": "Somebody settled this request before. Read it again; there is nothing left to decide.",
    "authentication_failed": "The key is unknown, expired or revoked. Make a new one under Settings, API keys.",
    "clock_moved": "The sandbox clock was moved here, so real accounts cannot be connected to this database.",
    "error": "The call could not be carried out; the title says why.",
    "expired": "The time to answer has passed and nothing was changed. Propose it again if it still matters.",
    "gone": "This can no longer be used.",
    "idempotency_key_reused": "The Idempotency-Key was sent before with another body. Use a new key.",
    "idempotency_key_too_long": "An Idempotency-Key has at most 200 characters.",
    "invalid": "The input cannot be used. Each entry of errors points at a field and says how to mend it.",
    "last_owner": "An organization keeps at least one owner. Make somebody else an owner first.",
    "link_expired": "The link is too old. Sign in, or ask for a new one.",
    "link_revoked": "The link no longer holds: the proposal or somebody's rights changed. Sign in instead.",
    "link_used": "A one-time link decides once. Sign in, or ask for a new link.",
    "method_not_allowed": "This address does not know the method. See the API description.",
    "no_accounts": "The login reaches no ad account.",
    "not_acceptable": "The API answers in JSON only.",
    "not_allowed": "You see this but may not do it; the title says which role, flag or scope is missing.",
    "not_asked": "The policy of this request names other approvers.",
    "not_authenticated": "Send an API key as “Authorization: Bearer lane_key_…”.",
    "not_configured": "The platform's own credentials are missing in the settings of this installation.",
    "not_found": "Nothing you can see is here. What belongs to others looks exactly like what does not exist.",
    "other_login": "This is a different login than the one to be connected again.",
    "out_of_date": "Somebody changed this first. Read it again and decide again.",
    "own_proposal": "Nobody decides what they proposed or edited. Somebody else must.",
    "parse_error": "The body is not JSON.",
    "permission_denied": "The key lacks the scope, or the session lacks the forgery token, for this.",
    "platform": "The ad platform refused or could not be reached; the title has its words.",
    "refused": "The consent was not given at the platform.",
    "request_running": "The first call with this Idempotency-Key still runs. Send it again in a moment.",
    "sign_in_needed": "This is a large change. Sign in again on the page, or decide with a key.",
    "throttled": "Too many calls. Wait as long as Retry-After says.",
    "unsupported_media_type": "Send JSON, with Content-Type application/json.",
}


@require_safe
def problem_meaning(request: HttpRequest, code: str) -> JsonResponse:
    """What one code means."""
    if code not in PROBLEMS:
        return errors.not_found(request)
    return JsonResponse({"code": code, "meaning": PROBLEMS[code]})
