"""One person decides one request once, for exactly the content they saw."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from approvals import machine
from approvals.amounts import (
    CannotLower,
    lowered,
    lowest_total,
    period_of,
    read_amount,
    rows_of,
    totals,
    word_to_type,
)
from approvals.events import RequestDecided
from approvals.models import ApprovalLink, ApprovalRequest, Decision
from approvals.services import limits, links
from lane.accounts import policies
from lane.audit import services as audit
from lane.core import clock, outbox, realtime, subjects
from lane.core.actors import Actor, ActorKind
from lane.core.errors import Gone, InvalidInput, NotAllowed, NotVisible, OutOfDate
from lane.core.money import NotMoney, format_money
from lane.core.subjects import DiffRow

LEAST_REASON = 3
FRESH_SECONDS = 900
SIGN_IN_NEEDED = "sign_in_needed"
_KINDS = frozenset(Decision.Kind.values)


def decide(
    request_id: UUID | str,
    *,
    kind: str,
    actor: Actor,
    content_hash: str,
    typed: str = "",
    amount_micros: int | None = None,
    comment: str = "",
    link: ApprovalLink | None = None,
    mfa_age_seconds: int | None = None,
    sign_in_age_seconds: int | None = None,
) -> ApprovalRequest:
    """Decide a request; every refusal leaves everything as it was.

    ``typed`` is what the person typed: the new total per day, or the named word where no amount changes;
    ``amount_micros`` is the same total from a program. Declining and asking for changes need a comment.
    """
    if kind not in _KINDS:
        raise InvalidInput(fields={"kind": f"Choose one of: {', '.join(sorted(_KINDS))}."})
    try:
        with transaction.atomic():
            return _decide(
                request_id, kind=kind, actor=actor, content_hash=content_hash, typed=typed,
                amount_micros=amount_micros, comment=comment.strip(), link=link,
                mfa_age_seconds=mfa_age_seconds, sign_in_age_seconds=sign_in_age_seconds,
            )  # fmt: skip
    except IntegrityError as error:
        if "approvals_one_decision" not in str(error):
            raise
        raise Gone("Somebody decided this a moment ago.", code="already_decided") from error


def _decide(
    request_id: UUID | str,
    *,
    kind: str,
    actor: Actor,
    content_hash: str,
    typed: str,
    amount_micros: int | None,
    comment: str,
    link: ApprovalLink | None,
    mfa_age_seconds: int | None,
    sign_in_age_seconds: int | None,
) -> ApprovalRequest:
    request = _locked(request_id, actor)
    _require_open(request)
    _require_right(request, actor, link)
    _require_same_content(request, content_hash)
    rows = rows_of(request.diff)
    target: dict[str, int] = {}
    if machine.needs_reason(kind):
        _require_reason(comment)
    else:
        target = _require_typed(rows, kind, typed, amount_micros, period_of(request.diff))
        _require_still_true(request)
        limits.hold(rows)
        _require_reach(request, rows, actor, sign_in_age_seconds)
    if link is not None and not links.consume(link, content_hash=request.content_hash):
        raise Gone("This link can no longer decide. Sign in, or ask for a new one.", code="link_used")

    decision = Decision.objects.create(
        request=request,
        user_id=actor.user_id,
        user_label=actor.label[:200],
        kind=kind,
        comment=comment,
        approved_target=target,
        content_hash=request.content_hash,
        via=actor.via or str(actor.kind),
        link=link,
        ip=actor.ip[:45],
        user_agent=actor.user_agent[:300],
        mfa_age_seconds=mfa_age_seconds,
        at=clock.now(),
    )
    _settle(request, decision, actor)
    _tell(request, decision, actor)
    return request


def _locked(request_id: UUID | str, actor: Actor) -> ApprovalRequest:
    request = (
        ApprovalRequest.objects.visible_to(actor)
        .select_related("client")
        .filter(public_id=request_id)
        .locked()
        .first()
    )
    if request is None:
        raise NotVisible
    return request


def _require_open(request: ApprovalRequest) -> None:
    if request.state == ApprovalRequest.State.SUPERSEDED:
        raise OutOfDate("This proposal was edited. Open the newer version and decide that one.")
    if request.state != ApprovalRequest.State.OPEN:
        made = request.decisions.first()
        by = f" by {made.user_label}" if made else ""
        raise Gone(
            f"This was already settled: {request.get_state_display().lower()}{by}.", code="already_decided"
        )
    if request.due_at <= clock.now():
        raise Gone("The time to answer has passed; nothing was changed.", code="expired")


def _require_right(request: ApprovalRequest, actor: Actor, link: ApprovalLink | None) -> None:
    """The approver was asked, may approve, and had no hand in the proposal."""
    if link is not None:
        if link.request_id != request.pk or link.user_id != actor.user_id:
            raise NotVisible
        links.require_alive(link)
    elif actor.kind is ActorKind.LINK:
        raise NotVisible
    if actor.kind not in (ActorKind.PERSON, ActorKind.LINK, ActorKind.API_KEY) or actor.user_id is None:
        raise NotAllowed("Only a person can decide. Automation never approves its own work.")
    if actor.user_id in request.barred_user_ids:
        raise NotAllowed("You proposed or edited this, so somebody else must decide it.", code="own_proposal")
    policies.require(actor, "approve", request)
    named = request.policy_snapshot.get("approver_ids") or []
    asked = request.approvers.filter(user_id=actor.user_id).exists()
    if not asked and named and actor.user_id not in named:
        raise NotAllowed("The policy of this request names other approvers.", code="not_asked")


def _require_same_content(request: ApprovalRequest, content_hash: str) -> None:
    current = subjects.get(request.subject_type).content_hash(request.subject_id)
    if not content_hash or content_hash != request.content_hash or current != request.content_hash:
        raise OutOfDate("The proposal changed since you opened it. Read the new version and decide again.")


def _require_still_true(request: ApprovalRequest) -> None:
    why_not = subjects.get(request.subject_type).still_true(request.subject_id)
    if why_not:
        raise OutOfDate(f"This can no longer be approved: {why_not}")


def _require_reason(comment: str) -> None:
    if len(comment) < LEAST_REASON:
        raise InvalidInput(fields={"comment": "Say why in a few words, so the proposal can get better."})


def _require_typed(
    rows: list[DiffRow], kind: str, typed: str, amount_micros: int | None, period: str
) -> dict[str, int]:
    """Compare what was typed with the proposal; gives the lowered amounts by row key."""
    together = totals(rows)
    lower = kind == Decision.Kind.APPROVE_LOWER
    if together is None:
        word = word_to_type(rows)
        if lower:
            raise InvalidInput(fields={"kind": "No single amount changes here, so it cannot be lowered."})
        if typed.strip().upper() != word:
            raise InvalidInput(fields={"typed": f"Type {word} to approve."})
        return {}
    amount = amount_micros if amount_micros is not None else _read(typed, together.currency)
    proposed = format_money(together.new_micros, together.currency)
    if not lower:
        if amount != together.new_micros:
            said = format_money(amount, together.currency)
            hint = "" if lowest_total(rows) is None else " To approve less, use “Approve a lower amount”."
            raise InvalidInput(
                fields={"typed": f"You typed {said}, the proposal is {proposed}{period}.{hint}"}
            )
        return {}
    try:
        return lowered(rows, amount)
    except CannotLower as error:
        floor = lowest_total(rows)
        between = (
            f" Type an amount above {format_money(floor, together.currency)} and below {proposed}."
            if floor is not None
            else ""
        )
        raise InvalidInput(fields={"typed": f"{error}{between}"}) from None


def _read(typed: str, currency: str) -> int:
    try:
        return read_amount(typed, currency)
    except NotMoney as error:
        raise InvalidInput(fields={"typed": str(error)}) from None


def _require_reach(
    request: ApprovalRequest, rows: list[DiffRow], actor: Actor, sign_in_age_seconds: int | None
) -> None:
    """Above the link cap a link is not enough: the approver signs in, and did so a moment ago."""
    above = request.needs_sign_in or limits.above_link_cap(
        rows, request.policy_snapshot, client_currency=request.client.currency
    )
    if not above or actor.kind is ActorKind.API_KEY:
        return
    if actor.kind is ActorKind.LINK:
        raise NotAllowed("This is more than a link may approve. Sign in to approve it.", code=SIGN_IN_NEEDED)
    if sign_in_age_seconds is None or sign_in_age_seconds > FRESH_SECONDS:
        raise NotAllowed("This is a large change. Confirm that it is you, then approve.", code=SIGN_IN_NEEDED)


def _settle(request: ApprovalRequest, decision: Decision, actor: Actor) -> None:
    """Write the outcome and hand it down to the subject, in the same transaction."""
    was = request.state
    request.state = machine.state_after(was, decision.kind)
    request.decided_at, request.outcome_reason = decision.at, decision.comment[:500]
    moved = ApprovalRequest.objects.filter(pk=request.pk, state=was).update(
        state=request.state,
        decided_at=request.decided_at,
        outcome_reason=request.outcome_reason,
        updated_at=clock.machine_now(),
    )
    if moved != 1:
        raise Gone("Somebody decided this a moment ago.", code="already_decided")
    links.revoke_all(request, f"{decision.user_label} decided this request.")
    subject = subjects.get(request.subject_type)
    if machine.says_yes(decision.kind):
        subject.carry_out(
            request.subject_id,
            approval_id=str(request.public_id),
            approved_hash=request.content_hash,
            actor=actor,
            lowered=decision.approved_target or None,
        )
    elif decision.kind == Decision.Kind.DECLINE:
        subject.turn_down(
            request.subject_id,
            approval_id=str(request.public_id),
            actor=actor,
            reason=decision.comment,
            outcome="declined",
        )


def _tell(request: ApprovalRequest, decision: Decision, actor: Actor) -> None:
    audit.record(
        f"approvals.request.{request.state}",
        actor=actor,
        obj=request,
        before={"state": ApprovalRequest.State.OPEN},
        after={
            "state": request.state,
            "kind": decision.kind,
            "approved_target": decision.approved_target,
            "content_hash": decision.content_hash,
            "mfa_age_seconds": decision.mfa_age_seconds,
        },
        reason=decision.comment,
        links={
            "subject": request.subject_id,
            "link": str(decision.link.public_id) if decision.link else "",
        },
    )
    outbox.publish(
        RequestDecided(
            organization_id=request.organization_id,
            request_id=str(request.public_id),
            client_id=str(request.client.public_id),
            kind=decision.kind,
        )
    )
    realtime.changed(request.organization_id, "request", str(request.public_id), client_id=request.client_id)
