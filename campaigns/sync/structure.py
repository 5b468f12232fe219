"""The platform's tree as Lane mirrors it: budgets, campaigns, groups, ads, and who spends from which budget.

Reading and writing are apart: ``read`` calls the platform, ``store`` writes in one transaction. Entities that
are gone are marked, never deleted, because their spend stays true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db import connection as database
from django.db import transaction
from django.db.models import Q

from campaigns.models import Ad, AdAccount, AdCampaign, AdGroup, Budget, BudgetSpender, Change
from campaigns.models.ad_campaign import MirroredEntity
from campaigns.platforms.records import (
    EntityRecord,
    EntityStatus,
    Level,
)
from campaigns.sync.mirrored import (
    assign,
    bidding,
    budget_values,
    entity_values,
    lifetime_values,
    noted,
    owner,
)
from campaigns.sync.tree import Tree, read
from lane.core import clock

__all__ = [
    "AmountMoved",
    "CapMoved",
    "Stored",
    "Tree",
    "amounts_differ",
    "note_values",
    "noted",
    "read",
    "store",
]

E = TypeVar("E", bound=MirroredEntity)
_MIRRORED = ("name", "status", "raw_status", "limited_reasons", "hindrances", "removed_at")
_AIMS = ("bid_strategy", "bid_kind", "bid_micros", "bid_millis")
_LIFETIME = ("lifetime_spend_micros", "lifetime_spend_at")
_WRITTEN = ("status", "raw_status", "hindrances", "spend_cap_micros", *_AIMS)


@dataclass(frozen=True, slots=True)
class AmountMoved:
    """A budget whose amount is not the mirrored one; Lane's own writes are not among them."""

    budget_id: int
    was_micros: int | None
    now_micros: int | None


@dataclass(frozen=True, slots=True)
class CapMoved:
    """A campaign whose spend cap is not the mirrored one; None is no cap."""

    campaign_id: int
    was_micros: int | None
    now_micros: int | None


@dataclass(slots=True)
class Stored:
    """What a store did: keys to write facts under, and amounts that others moved."""

    ids: dict[Level, dict[str, int]] = field(default_factory=dict)
    moved: list[AmountMoved] = field(default_factory=list)
    moved_caps: list[CapMoved] = field(default_factory=list)
    busy_budgets: set[int] = field(default_factory=set)
    busy_campaigns: set[int] = field(default_factory=set)


def amounts_differ(account: AdAccount, tree: Tree) -> bool:
    """Whether any listed amount is another than mirrored: then it is worth asking who did it."""
    caps = dict(account.ad_campaigns.values_list("external_id", "spend_cap_micros"))
    if any(
        found.ref.external_id in caps
        and caps[found.ref.external_id] != (found.spend_cap.micros if found.spend_cap else None)
        for found in tree.of(Level.CAMPAIGN)
    ):
        return True
    mirrored = dict(account.budgets.values_list("external_id", "amount_micros"))
    return any(
        found.ref.external_id in mirrored
        and mirrored[found.ref.external_id] != (found.budget.micros if found.budget else None)
        for found in tree.of(Level.BUDGET)
    )


@transaction.atomic
def store(account: AdAccount, tree: Tree, today: date) -> Stored:
    """Mirror a tree. ``today`` is the account-local day whose budget values are noted."""
    now = clock.now()
    # The locks come first: a write the ledger finishes from now on still counts as under way below.
    known_budgets = {row.external_id: row for row in account.budgets.select_for_update().order_by("pk")}
    known_campaigns = {
        row.external_id: row for row in account.ad_campaigns.select_for_update().order_by("pk")
    }
    busy_budgets, busy_campaigns, busy_groups = _being_written(account, tree.read_at)
    stored = Stored(busy_budgets=busy_budgets, busy_campaigns=busy_campaigns)
    budgets = _store_budgets(account, tree, now, known_budgets, stored)
    campaigns = _store_campaigns(account, tree, now, known_campaigns, budgets, stored)
    groups = _store_groups(account, tree, now, campaigns, budgets, busy_groups)
    ads = _store_ads(account, tree, now, groups)
    stored.ids = {
        Level.CAMPAIGN: {key: row.pk for key, row in campaigns.items()},
        Level.GROUP: {key: row.pk for key, row in groups.items()},
        Level.AD: {key: row.pk for key, row in ads.items()},
    }
    _store_spenders(account, tree, campaigns, groups)
    note_values(account, today, now)
    return stored


def _being_written(account: AdAccount, read_at: datetime) -> tuple[set[int], set[int], set[int]]:
    """Budgets, campaigns and groups the ledger wrote while the platform was read: the listing may be the older truth."""
    recent = Change.objects.filter(ad_account=account).filter(
        Q(state=Change.State.SENT) | Q(updated_at__gte=read_at - timedelta(seconds=5), sent_at__isnull=False)
    )
    rows = list(recent.values_list("budget_id", "ad_campaign_id", "ad_group_id"))
    budgets, campaigns, groups = ({row[k] for row in rows if row[k] is not None} for k in range(3))
    return budgets, campaigns, groups


def _store_budgets(
    account: AdAccount, tree: Tree, now: datetime, known: dict[str, Budget], stored: Stored
) -> dict[str, Budget]:
    listed: set[str] = set()
    new, changed = [], []
    for found in tree.of(Level.BUDGET):
        key = found.ref.external_id
        listed.add(key)
        row = known.get(key)
        values = budget_values(account, found, row, now)
        if row is None:
            row = Budget(ad_account=account, external_id=key, seen_at=now, **owner(account), **values)
            new.append(row)
            known[key] = row
            continue
        if row.pk in stored.busy_budgets:
            values.pop("amount_micros")
        elif row.amount_micros != values["amount_micros"] and values["removed_at"] is None:
            stored.moved.append(AmountMoved(row.pk, row.amount_micros, values["amount_micros"]))
        if assign(row, values):
            changed.append(row)
    changed += _mark_gone(known, listed, now) if Level.BUDGET in tree.levels else []
    Budget.objects.bulk_create(new)
    _save(changed, ["name", "kind", "carrier", "amount_micros", "shared", "raw_status", "removed_at"])
    account.budgets.filter(external_id__in=listed).update(seen_at=now)
    return known


def _store_campaigns(
    account: AdAccount,
    tree: Tree,
    now: datetime,
    known: dict[str, AdCampaign],
    budgets: Mapping[str, Budget],
    stored: Stored,
) -> dict[str, AdCampaign]:
    def extra(found: EntityRecord, row: AdCampaign | None) -> dict[str, Any]:
        budget = budgets.get(found.budget_ref.external_id) if found.budget_ref else None
        values: dict[str, Any] = {
            "budget_id": budget.pk if budget else None,
            "channel": found.channel[:40],
            "starts_on": found.starts_on,
            "ends_on": found.ends_on,
            "spend_cap_micros": found.spend_cap.micros if found.spend_cap else None,
            **bidding(found),
            **lifetime_values(tree, found, now),
        }
        if row is not None and row.pk in stored.busy_campaigns:
            values |= {name: getattr(row, name) for name in _WRITTEN}
            return values
        if row is not None and row.spend_cap_micros != values["spend_cap_micros"]:
            stored.moved_caps.append(CapMoved(row.pk, row.spend_cap_micros, values["spend_cap_micros"]))
        if row is not None and found.status in (EntityStatus.ACTIVE, EntityStatus.LIMITED):
            values["paused_by_lane_at"] = None  # somebody switched it on: it is no longer Lane's to resume
        return values

    fields = [
        *_MIRRORED, *_AIMS, *_LIFETIME, "spend_cap_micros", "budget_id", "channel", "starts_on", "ends_on",
        "paused_by_lane_at",
    ]  # fmt: skip
    return _store_level(AdCampaign, account, tree, Level.CAMPAIGN, now, known, extra, fields)


def _store_groups(
    account: AdAccount,
    tree: Tree,
    now: datetime,
    campaigns: Mapping[str, AdCampaign],
    budgets: Mapping[str, Budget],
    busy: set[int],
) -> dict[str, AdGroup]:
    known = {row.external_id: row for row in account.ad_groups.all()}

    def extra(found: EntityRecord, row: AdGroup | None) -> dict[str, Any] | None:
        parent = campaigns.get(found.parent_ref.external_id) if found.parent_ref else None
        if parent is None:
            return None
        budget = budgets.get(found.budget_ref.external_id) if found.budget_ref else None
        own = budget is not None and budget.carrier == Budget.Carrier.GROUP
        values = {
            "ad_campaign_id": parent.pk,
            "budget_id": budget.pk if own and budget else None,
            **bidding(found),
            **lifetime_values(tree, found, now),
        }
        if row is not None and row.pk in busy:
            values |= {name: getattr(row, name) for name in _AIMS}
        return values

    fields = [*_MIRRORED, *_AIMS, *_LIFETIME, "ad_campaign_id", "budget_id"]
    return _store_level(AdGroup, account, tree, Level.GROUP, now, known, extra, fields)


def _store_ads(account: AdAccount, tree: Tree, now: datetime, groups: Mapping[str, AdGroup]) -> dict[str, Ad]:
    if Level.AD not in tree.levels:
        return {}
    known = {row.external_id: row for row in account.ads.all()}

    def extra(found: EntityRecord, row: Ad | None) -> dict[str, Any] | None:
        parent = groups.get(found.parent_ref.external_id) if found.parent_ref else None
        return {"ad_group_id": parent.pk} if parent else None

    return _store_level(Ad, account, tree, Level.AD, now, known, extra, [*_MIRRORED, "ad_group_id"])


def _store_level(
    model: type[E],
    account: AdAccount,
    tree: Tree,
    level: Level,
    now: datetime,
    known: dict[str, E],
    extra: Any,
    fields: Sequence[str],
) -> dict[str, E]:
    """Create, update and mark one level. ``extra`` adds a level's own columns, None leaves a record out."""
    if level not in tree.levels:
        return known
    listed: set[str] = set()
    new, changed = [], []
    for found in tree.of(level):
        key = found.ref.external_id
        row = known.get(key)
        more = extra(found, row)
        if more is None:
            continue
        listed.add(key)
        values = entity_values(found, row, now) | more
        if row is None:
            known[key] = model(ad_account=account, external_id=key, seen_at=now, **owner(account), **values)
            new.append(known[key])
        elif assign(row, values):
            changed.append(row)
    changed += _mark_gone(known, listed, now)
    model._default_manager.bulk_create(new)
    _save(changed, [name.removesuffix("_id") for name in fields])
    ours = [row.pk for key, row in known.items() if key in listed]
    model._default_manager.filter(pk__in=ours).update(seen_at=now)
    return known


def _mark_gone(known: Mapping[str, Any], listed: set[str], now: datetime) -> list[Any]:
    """Entities the platform no longer lists: kept, with the moment they were missed."""
    gone = [row for key, row in known.items() if key not in listed and row.removed_at is None]
    for row in gone:
        row.removed_at = now
        if isinstance(row, MirroredEntity):
            row.status = EntityStatus.REMOVED.value
    return gone


def _store_spenders(
    account: AdAccount, tree: Tree, campaigns: Mapping[str, AdCampaign], groups: Mapping[str, AdGroup]
) -> None:
    """Keep the map from fact keys to budgets: campaigns that spend from one, and ad sets with their own."""
    wanted = {
        (int(BudgetSpender.Level.CAMPAIGN), row.pk): row.budget_id
        for row in campaigns.values()
        if row.budget_id is not None
    } | {
        (int(BudgetSpender.Level.GROUP), row.pk): row.budget_id
        for row in groups.values()
        if row.budget_id is not None
    }
    known = {
        (spender.level, spender.entity_id): spender
        for spender in BudgetSpender.objects.filter(
            Q(level=BudgetSpender.Level.CAMPAIGN, entity_id__in=[row.pk for row in campaigns.values()])
            | Q(level=BudgetSpender.Level.GROUP, entity_id__in=[row.pk for row in groups.values()])
        )
    }
    moved = []
    for key, spender in known.items():
        budget_id = wanted.get(key)
        if budget_id is not None and budget_id != spender.budget_id:
            spender.budget_id = budget_id
            moved.append(spender)
    BudgetSpender.objects.bulk_update(moved, ["budget"])
    BudgetSpender.objects.bulk_create(
        BudgetSpender(level=level, entity_id=entity_id, budget_id=budget_id)
        for (level, entity_id), budget_id in wanted.items()
        if (level, entity_id) not in known
    )


def note_values(account: AdAccount, today: date, now: datetime) -> None:
    """Note what each budget is worth today: the last amount seen, and the highest (platforms cap by that)."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_budgetvalue AS v "
            '(budget_id, "on", last_micros, highest_micros, seen_at) '
            "SELECT id, %s, amount_micros, amount_micros, %s FROM campaigns_budget "
            "WHERE ad_account_id = %s AND amount_micros IS NOT NULL AND removed_at IS NULL ORDER BY id "
            'ON CONFLICT (budget_id, "on") DO UPDATE SET last_micros = excluded.last_micros, '
            "highest_micros = greatest(v.highest_micros, excluded.highest_micros), seen_at = excluded.seen_at",
            [today, now, account.pk],
        )


def _save(rows: Sequence[Any], fields: Sequence[str]) -> None:
    if not rows:
        return
    for row in rows:
        row.updated_at = clock.machine_now()
    type(rows[0])._default_manager.bulk_update(rows, [*fields, "updated_at"], batch_size=500)
