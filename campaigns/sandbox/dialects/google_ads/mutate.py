"""Changes of budgets and campaigns: checked as Google checks them, all or, with partial failure, each alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from campaigns.sandbox.dialects.google_ads import resources, schema
from campaigns.sandbox.dialects.google_ads.errors import Refusal, failure
from campaigns.sandbox.engine import LostAnswer, Sandbox
from campaigns.sandbox.faults import Rule
from campaigns.sandbox.journal import Write
from campaigns.sandbox.market import MICROS, Account
from campaigns.sandbox.world import BID, BUDGET, STATUS

MOST_OPERATIONS = 10_000
LARGEST_BUDGET = 10**13
ACTOR = "lane@tallow.example"
_MUTABLE_RESOURCE = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One mutable resource: its collection in names, its row prefix and the part of a result that carries it."""

    collection: str
    prefix: str
    entity: Callable[[Sandbox, str], Any]
    values: Callable[[Sandbox, Any], dict[str, Any]]
    field: Callable[[Any, list[str], Any, Account], tuple[str, Any]]


def mutate(
    sandbox: Sandbox,
    account: Account,
    kind: Kind,
    request: Any,
    answer: Any,
    request_id: str,
    hit: dict[str, Rule],
) -> Any:
    """Carry out a mutate request and fill the answer; the first refusal ends it unless failures are partial."""
    if not request.operations:
        raise Refusal("request_error", "OPERATION_REQUIRED", "At least one operation is required.")
    if len(request.operations) > MOST_OPERATIONS:
        raise Refusal("request_error", "TOO_MANY_MUTATE_OPERATIONS", "At most 10000 operations are allowed.")
    refusals: list[Refusal] = []
    writes: list[Write | None] = []
    fails = (
        int(hit["partial_failure"].number("index", hit["partial_failure"].number("i", 0)))
        if "partial_failure" in hit
        else -1
    )
    for index, operation in enumerate(request.operations):
        try:
            if index == fails:
                raise Refusal(
                    "database_error",
                    "CONCURRENT_MODIFICATION",
                    "Multiple requests were attempting to modify the same resource at once.",
                )
            writes.append(_checked(sandbox, account, kind, operation, request_id))
        except Refusal as refusal:
            refusal.index = index
            if not request.partial_failure:
                raise
            refusals.append(refusal)
            writes.append(None)
    lost = False
    for write in writes:
        if write is None or request.validate_only:
            continue
        try:
            sandbox.land(write, hit)
        except LostAnswer:
            lost = True
    if lost:
        raise LostAnswer
    if request.validate_only:
        for write in filter(None, writes):
            before = sandbox.world.current(write.entity, write.field)
            sandbox.journal.add(write, before, effective=False, note="validate_only", dry_run=True)
    else:
        _results(sandbox, account, kind, writes, request, answer)
    if refusals:
        status = answer.partial_failure_error
        status.code, status.message = (
            3,
            "Multiple errors in ‘details’." if len(refusals) > 1 else refusals[0].message,
        )
        status.details.add().Pack(failure(refusals, request_id), type_url_prefix="type.googleapis.com/")
    return answer


def _checked(sandbox: Sandbox, account: Account, kind: Kind, operation: Any, request_id: str) -> Write:
    if operation.WhichOneof("operation") != "update":
        raise Refusal(
            "operation_access_denied_error", "ACTION_NOT_PERMITTED", "The sandbox only updates what exists."
        )
    paths = [path for path in operation.update_mask.paths if path != "resource_name"]
    if not paths:
        raise Refusal(
            "field_mask_error", "FIELD_MASK_MISSING", "The field mask is missing.", path="update_mask"
        )
    name = operation.update.resource_name
    start, _, entity_id = name.rpartition("/")
    if start != f"customers/{account.id}/{kind.collection}" or not entity_id.isdigit():
        raise Refusal(
            "request_error",
            "RESOURCE_NAME_MALFORMED",
            f"Resource name {name!r} is malformed.",
            path="update.resource_name",
        )
    entity = kind.entity(sandbox, entity_id)
    if entity is None or entity.account is not account:
        raise Refusal(
            "mutate_error", "RESOURCE_NOT_FOUND", "Resource was not found.", path="update.resource_name"
        )
    field, value = kind.field(operation.update, paths, entity, account)
    return Write("google_ads", account.id, entity_id, field, value, request_id, ACTOR, "api")


def _results(
    sandbox: Sandbox, account: Account, kind: Kind, writes: list[Write | None], request: Any, answer: Any
) -> None:
    for write in writes:
        result = answer.results.add()
        if write is None:
            continue
        result.resource_name = f"customers/{account.id}/{kind.collection}/{write.entity}"
        if request.response_content_type == _MUTABLE_RESOURCE:
            values = kind.values(sandbox, kind.entity(sandbox, write.entity))
            select = tuple(name for name in values if name.startswith(f"{kind.prefix}."))
            getattr(result, kind.prefix).CopyFrom(getattr(schema.row(values, select), kind.prefix))


def _budget_field(update: Any, paths: list[str], budget: Any, account: Account) -> tuple[str, Any]:
    if budget.lifetime and "amount_micros" in paths:
        raise Refusal(
            "campaign_budget_error", "BUDGET_AMOUNT_MUST_BE_UNSET_FOR_CUSTOM_BUDGET_PERIOD",
            "The daily amount must be unset for a custom period.", path="update.amount_micros",
        )  # fmt: skip
    if "total_amount_micros" in paths and not budget.lifetime:
        raise Refusal(
            "campaign_budget_error", "TOTAL_BUDGET_AMOUNT_MUST_BE_UNSET_FOR_BUDGET_PERIOD_DAILY",
            "The total amount must be unset for a daily budget.", path="update.total_amount_micros",
        )  # fmt: skip
    amount = "total_amount_micros" if budget.lifetime else "amount_micros"
    if paths != [amount]:
        wrong = next(path for path in paths if path != amount)
        if wrong in {"period", "type", "id"}:
            raise Refusal(
                "field_error", "IMMUTABLE_FIELD", f"{wrong} cannot be changed.", path=f"update.{wrong}"
            )
        raise Refusal(
            "field_mask_error",
            "FIELD_NOT_FOUND",
            f"The sandbox cannot change {wrong}.",
            path=f"update.{wrong}",
        )
    micros, at = getattr(update, amount), f"update.{amount}"
    minimum = 100 * MICROS if account.unit == MICROS else MICROS
    family = "campaign_budget_error"
    if micros < 0:
        raise Refusal(family, "NEGATIVE_MONEY_AMOUNT", "A money amount was negative.", path=at)
    if micros % account.unit:
        raise Refusal(
            family,
            "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT",
            "A money amount was not a multiple of a minimum unit.",
            path=at,
        )
    if micros < minimum:
        raise Refusal(
            family,
            "BUDGET_BELOW_PER_DAY_MINIMUM",
            "The budget is below the per-day minimum.",
            path=at,
            minimum=(account.currency, minimum),
        )
    if micros > LARGEST_BUDGET:
        raise Refusal(
            family, "MONEY_AMOUNT_TOO_LARGE", "A money amount was greater than the maximum allowed.", path=at
        )
    return BUDGET, micros


def _campaign_field(update: Any, paths: list[str], campaign: Any, account: Account) -> tuple[str, Any]:
    if len(paths) == 1 and paths[0] in resources.BIDDING.values():
        return _bid_field(update, paths[0], campaign, account)
    if paths != ["status"]:
        wrong = next(path for path in paths if path != "status")
        raise Refusal(
            "field_mask_error",
            "FIELD_NOT_FOUND",
            f"The sandbox cannot change {wrong}.",
            path=f"update.{wrong}",
        )
    if update.status not in (2, 3):
        raise Refusal(
            "request_error",
            "INVALID_ENUM_VALUE",
            "A campaign can be enabled or paused.",
            path="update.status",
        )
    return STATUS, "active" if update.status == 2 else "paused"


def _bid_field(update: Any, path: str, campaign: Any, account: Account) -> tuple[str, Any]:
    """The target of the strategy a campaign has; another strategy's target would change the strategy."""
    at = f"update.{path}"
    if resources.BIDDING.get(campaign.spec.strategy) != path or not campaign.bid:
        raise Refusal(
            "bidding_error", "BIDDING_STRATEGY_TRANSITION_NOT_ALLOWED",
            "The sandbox does not change bidding strategies.", path=at,
        )  # fmt: skip
    holder, _, field = path.partition(".")
    value = getattr(getattr(update, holder), field)
    if campaign.is_roas:
        if not 0.01 <= value <= 1000:
            code = "TOO_LOW" if value < 0.01 else "TOO_HIGH"
            raise Refusal("range_error", code, "The target ROAS must be between 0.01 and 1000.", path=at)
        return BID, round(value * 1000)
    if value % account.unit:
        raise Refusal(
            "bidding_error", "BID_TOO_MANY_FRACTIONAL_DIGITS", "The bid is no whole billable unit.", path=at
        )
    if value < account.unit:
        raise Refusal("bidding_error", "BID_TOO_SMALL", "The bid is too small.", path=at)
    return BID, value


BUDGETS = Kind(
    "campaignBudgets", "campaign_budget",
    lambda sandbox, entity_id: sandbox.world.market.budgets.get(entity_id),
    lambda sandbox, budget: resources.budget(sandbox.world, budget),
    _budget_field,
)  # fmt: skip
CAMPAIGNS = Kind(
    "campaigns", "campaign",
    lambda sandbox, entity_id: sandbox.world.market.campaigns.get(entity_id),
    lambda sandbox, campaign: resources.campaign(sandbox.world, campaign),
    _campaign_field,
)  # fmt: skip
