"""The protocol between T1 and T3: read, compare, send once, read back. No transaction is open here."""

from __future__ import annotations

from typing import Any

from campaigns.models import Change, WriteCall
from campaigns.platforms import registry
from campaigns.platforms.base import AdPlatform
from campaigns.platforms.errors import (
    Ambiguous,
    AuthError,
    Conflict,
    Invalid,
    NotFound,
    PlatformError,
    RateLimited,
    Transient,
)
from campaigns.services import guards
from campaigns.services.ledger import crash, outcomes
from campaigns.services.ledger.claims import Claim
from campaigns.services.ledger.limits import (
    MAX_ROUNDS,
    ODD_LOOKS,
    RECENT_WRITE,
    backoff,
    limits,
)
from campaigns.services.ledger.remote import Look, Seen, look, request_for
from campaigns.words import value_words
from lane.core import clock

_NAMES: tuple[tuple[type[PlatformError], str], ...] = (
    (RateLimited, "rate_limited"),
    (AuthError, "auth"),
    (Transient, "transient"),
    (Conflict, "concurrent"),
)


def carry_on(claim: Claim, platform: AdPlatform) -> str:
    """Bring a claimed change one step further and return its state."""
    seen = look(platform, claim.change)
    if claim.change.state == Change.State.SENT:
        return _after_sending(claim, platform, seen)
    return _before_sending(claim, platform, seen)


def _before_sending(claim: Claim, platform: AdPlatform, seen: Look) -> str:
    change = claim.change
    if seen.seen is Seen.GONE:
        return outcomes.finish(
            claim, Change.State.REFUSED, "It no longer exists at the platform.", observed=seen.record
        )
    if seen.seen is Seen.BASE:
        pause = guards.platform_pause(change, platform.capabilities)
        if pause is not None:
            # Business time may run ahead of the machine in the demo, so look again soon.
            wait = min(max(pause.total_seconds(), 1), 60)
            return outcomes.later(
                claim, "Waiting: the platform limits edits of one budget per hour.", seconds=wait
            )
        return _send(claim, platform, seen)
    if seen.seen is Seen.TARGET and not _may_be_stale(change):
        return outcomes.finish(
            claim, Change.State.NOOP, "The platform already has this value.", observed=seen.record
        )
    return _odd(claim, seen)


def _after_sending(claim: Claim, platform: AdPlatform, seen: Look) -> str:
    """A call went out earlier and is not proven: settle it by what the platform holds now."""
    change = claim.change
    if seen.seen is Seen.TARGET:
        return outcomes.finish(claim, Change.State.VERIFIED, _proof(change), observed=seen.record)
    if not claim.is_quiet_over:
        return outcomes.later(
            claim,
            "Sent; waiting until the platform shows it.",
            seconds=_next_look(change),
            observed=seen.record,
        )
    if seen.seen is Seen.GONE:
        return outcomes.finish(
            claim, Change.State.REFUSED, "It no longer exists at the platform.", observed=seen.record
        )
    if seen.seen is Seen.OTHER:
        return _odd(claim, seen)
    stopped = guards.stopped(change)
    if stopped:
        return outcomes.finish(claim, Change.State.BLOCKED, stopped, observed=seen.record)
    if change.rounds >= MAX_ROUNDS:
        words = f"Sent {change.attempts} times, but the platform still shows the old value. Check it there."
        return outcomes.finish(claim, Change.State.STUCK, words, observed=seen.record)
    return _send(claim, platform, seen)


def _send(claim: Claim, platform: AdPlatform, seen: Look) -> str:
    """T2, the call, and the first look at what it did."""
    change, bounds = claim.change, limits()
    quiet = bounds.quiet_for(platform.capabilities)
    request, account = request_for(change), registry.account_record(change.ad_account)
    crash.point("before_t2")
    try:
        call = outcomes.mark_sent(claim, quiet_seconds=quiet)
    except outcomes.WritesAreStopped as stop:
        return outcomes.finish(claim, Change.State.BLOCKED, str(stop), observed=seen.record)
    crash.point("after_t2")
    if claim.remaining() < bounds.call:
        # Frozen between T2 and here: others may take over before an answer could come.
        outcomes.answered(call, "not_sent", message="The worker was held up; nothing was sent.")
        return outcomes.later(claim, "Held up before sending; looking again.", seconds=_next_look(change))
    registry.require_no_transaction()
    try:
        receipt = platform.apply(account, request)
    except (Invalid, NotFound) as error:
        outcomes.answered(call, "refused", message=error.message, request_id=error.request_id)
        return outcomes.finish(claim, Change.State.REFUSED, error.message, observed=seen.record)
    except (RateLimited, AuthError, Transient, Conflict) as error:
        return _nothing_landed(claim, call, error)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the write may have landed
        return _unanswered(claim, call, error, quiet)
    crash.point("after_call")
    outcomes.answered(call, "accepted", request_id=receipt.request_id)
    return _read_back(claim, platform)


def _nothing_landed(claim: Claim, call: WriteCall, error: PlatformError) -> str:
    """A clear "not now": try again later. An earlier call without an answer keeps the change sent."""
    change = claim.change
    answer = next(name for kind, name in _NAMES if isinstance(error, kind))
    outcomes.answered(call, answer, message=error.message, request_id=error.request_id)
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return outcomes.later(
        claim,
        error.message,
        seconds=scaled(backoff(change.attempts, asked), asked),
        state="" if change.rounds else Change.State.APPROVED,
        gives_back_round=True,
        quiet_seconds=0,
    )


def _unanswered(claim: Claim, call: WriteCall, error: Exception, quiet: float) -> str:
    """The answer was lost. Only reading back can tell, and only after the quiet period for certain."""
    message = error.message if isinstance(error, PlatformError) else f"{type(error).__name__} while sending."
    request_id = error.request_id if isinstance(error, Ambiguous) else ""
    outcomes.answered(call, "ambiguous", message=message, request_id=request_id)
    return outcomes.later(
        claim, f"No clear answer: {message}", seconds=_next_look(claim.change), quiet_seconds=quiet
    )


def _read_back(claim: Claim, platform: AdPlatform) -> str:
    """The platform said yes; only what it shows now proves it."""
    try:
        seen = look(platform, claim.change)
    except Exception as error:  # noqa: BLE001 - the write is out; whatever failed, look again later
        message = error.message if isinstance(error, PlatformError) else type(error).__name__
        return outcomes.later(
            claim, f"Accepted; not read back yet: {message}", seconds=_next_look(claim.change)
        )
    if seen.seen is Seen.TARGET:
        return outcomes.finish(claim, Change.State.VERIFIED, _proof(claim.change), observed=seen.record)
    return outcomes.later(
        claim,
        f"Accepted, but the platform does not show it yet: {seen.words}.",
        seconds=_next_look(claim.change),
        observed=seen.record,
    )


def _odd(claim: Claim, seen: Look) -> str:
    """Neither before nor after: look again in case the reading was stale, then leave it to people."""
    change = claim.change
    looks = int((change.observed or {}).get("looks", 0)) + 1
    record: dict[str, Any] = {**seen.record, "looks": looks}
    if looks < ODD_LOOKS:
        again = limits().look_again
        return outcomes.later(
            claim,
            f"Not as expected: {seen.words}. Looking again.",
            seconds=again[min(looks, len(again)) - 1],
            observed=record,
        )
    if seen.seen is Seen.TARGET:
        return outcomes.finish(
            claim, Change.State.NOOP, "The platform already has this value.", observed=record
        )
    if change.state == Change.State.SENT:
        words = f"Sent, but now {seen.words}: somebody else changed it. Nothing was overwritten."
    else:
        words = f"Somebody else changed it: {seen.words}, not {_before(change)}. Nothing was overwritten."
    return outcomes.finish(claim, Change.State.CONFLICT, words, observed=record)


def _may_be_stale(change: Change) -> bool:
    """Whether Lane wrote this entity so recently that a reading may show the time before."""
    return (
        Change.objects.filter(entity_key=change.entity_key, sent_at__gt=clock.machine_now() - RECENT_WRITE)
        .exclude(pk=change.pk)
        .exists()
    )


def _next_look(change: Change) -> float:
    """Seconds until the next look at what was sent: soon first, then at a slower pace."""
    again = limits().look_again
    if change.sent_at is None:
        return again[0]
    waited = (clock.machine_now() - change.sent_at).total_seconds()
    return next((wait for wait in again if wait > waited), again[-1])


def scaled(seconds: float, asked: float | None) -> float:
    """A shortened installation (tests) also backs off shorter, but never below what the platform asked."""
    bounds = limits()
    if bounds.quiet is None:
        return seconds
    return max(min(seconds, bounds.quiet), asked or 0)


def _before(change: Change) -> str:
    return value_words(change, "base")


def _proof(change: Change) -> str:
    times = "" if change.attempts <= 1 else f" after {change.attempts} calls"
    return f"Applied and read back{times}."
