"""The living world: what stands, what people changed, and what came of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from campaigns.sandbox.calendar import day_end, local_date
from campaigns.sandbox.clock import Clock
from campaigns.sandbox.delivery import Delivery, Timeline, value_at
from campaigns.sandbox.facts import Fact, Reports
from campaigns.sandbox.market import Ad, Budget, Campaign, Group, Market
from campaigns.sandbox.scenario import META
from campaigns.sandbox.store import Store

HISTORY_DAYS = 120
BUDGET, STATUS, CAP, BID = "budget_micros", "status", "spend_cap_micros", "bid"
# A bid is micros, or thousandths where it is a return on ad spend; a cap of None is none.


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one field by somebody: Lane through the API, or a person elsewhere."""

    seq: int
    at: float
    entity: str
    field: str
    before: Any
    after: Any
    actor: str
    client: str


class World:
    """All state behind both dialects. Take ``lock`` for whatever must be seen at once."""

    def __init__(self, store: Store, clock: Clock, seed: int) -> None:
        self.store, self.clock = store, clock
        self.lock = threading.RLock()
        self._seen = threading.local()
        kept = store.get("world")
        if kept is None:
            self.begin(seed)
        else:
            self._build(int(kept["seed"]), float(kept["anchor"]))

    def begin(self, seed: int) -> None:
        """A first world at the clock's present: its history follows from the seed and this instant alone."""
        with self.lock:
            self.store.forget_world()
            anchor = self.clock.now()
            self.store.put("world", {"seed": seed, "anchor": anchor})
            self._build(seed, anchor)

    def move_clock(self, instant: float) -> None:
        """Set the time. Going back is only possible to before no change; before its beginning the world is new."""
        with self.lock:
            last = self.store.rows("SELECT MAX(at) FROM edits")[0][0]
            if last is not None and last > instant:
                raise ValueError("Something was changed after that time; reset the sandbox first.")
            self.clock.move_to(instant)
            if instant < self._anchor:
                self.store.put("world", {"seed": self.market.seed, "anchor": instant})
                self._build(self.market.seed, instant)

    def begins(self, timezone: str) -> date:
        """The first local day of the world."""
        return local_date(self._anchor, timezone) - timedelta(days=HISTORY_DAYS)

    def amount(self, budget: Budget) -> int:
        """Micros a budget is set to now."""
        return int(self.current(budget.id, BUDGET))

    def is_on(self, entity_id: str) -> bool:
        """Whether a campaign or group is switched on now."""
        return bool(self.current(entity_id, STATUS) == "active")

    def current(self, entity_id: str, field: str) -> Any:
        """The value of an editable field, as the present reader sees it."""
        timeline = self._timelines[entity_id, field]
        back = getattr(self._seen, "back", 0.0)
        return value_at(timeline, self.clock.now() - back) if back else timeline[-1][1]

    @contextmanager
    def seen_as(self, back: float, days: float, factor: float) -> Iterator[None]:
        """Let this thread see values of ``back`` seconds ago and the last ``days`` multiplied by ``factor``."""
        self._seen.back, self._seen.days, self._seen.factor = back, days, factor
        try:
            yield
        finally:
            self._seen.back, self._seen.days, self._seen.factor = 0.0, 0.0, 1.0

    def set(
        self, entity_id: str, field: str, value: Any, *, actor: str, client: str, at: float | None = None
    ) -> Edit:
        """Change one field from ``at`` (now) on. Later days follow it; earlier ones stand."""
        with self.lock:
            before = self.current(entity_id, field)
            timeline = self._timelines[entity_id, field]
            instant = max(self.clock.now() if at is None else at, timeline[-1][0])
            seq = self.store.run(
                "INSERT INTO edits (at, entity, field, before, after, actor, client) VALUES (?,?,?,?,?,?,?)",
                instant, entity_id, field, json.dumps(before), json.dumps(value), actor, client,
            )  # fmt: skip
            edit = Edit(seq, instant, entity_id, field, before, value, actor, client)
            self._take(edit)
            return edit

    def last_edit(self, entity_id: str) -> float | None:
        """When an entity was last changed; None when nobody did."""
        found = self.store.rows("SELECT MAX(at) FROM edits WHERE entity = ?", entity_id)[0][0]
        return None if found is None else float(found)

    def edits(self, since: float, until: float) -> list[Edit]:
        """Changes between two instants, oldest first."""
        rows = self.store.rows(
            "SELECT seq, at, entity, field, before, after, actor, client FROM edits "
            "WHERE at >= ? AND at <= ? ORDER BY at, seq", since, until,
        )  # fmt: skip
        return [
            Edit(seq, at, entity, field, json.loads(before), json.loads(after), actor, client)
            for seq, at, entity, field, before, after, actor, client in rows
        ]

    def hours(self, group: Group, on: date, now: float, ad: Ad | None = None) -> dict[int, Fact]:
        """Reported facts of one group or ad by local hour."""
        with self.lock:
            return {
                hour: self._restated(fact, group, on, now)
                for hour, fact in self._reports.hours(group, on, now, ad).items()
            }

    def day(self, group: Group, on: date, now: float, ad: Ad | None = None) -> Fact:
        """Reported facts of one group or ad over one local day."""
        with self.lock:
            return self._restated(self._reports.day(group, on, now, ad), group, on, now)

    def bid(self, entity_id: str) -> int | None:
        """What a campaign or group aims at now; None where it aims at nothing of its own."""
        return int(self.current(entity_id, BID)) if (entity_id, BID) in self._timelines else None

    def spend_cap(self, campaign: Campaign) -> int | None:
        """The most a campaign may spend in its life; None without a cap."""
        cap = self.current(campaign.id, CAP)
        return None if cap is None else int(cap)

    def spent_ever(self, groups: Iterable[Group], now: float) -> int:
        """Reported spend of groups since the world began."""
        total = 0
        for group in groups:
            zone = group.campaign.account.timezone
            first, today = self.begins(zone), local_date(now, zone)
            total += sum(
                self.day(group, first + timedelta(days=k), now).spend_micros
                for k in range((today - first).days + 1)
            )
        return total

    def true_spend(self, budget: Budget, on: date) -> int:
        """Micros really spent by a budget on a local day, reported or not."""
        with self.lock:
            day = self.delivery.day(budget, on)
            return sum(int(spent.sum()) for spent in day.spent.values()) if day else 0

    def _restated(self, fact: Fact, group: Group, on: date, now: float) -> Fact:
        days, factor = getattr(self._seen, "days", 0.0), getattr(self._seen, "factor", 1.0)
        account = group.campaign.account
        if factor == 1.0 or (local_date(now, account.timezone) - on).days > days:
            return fact
        spend = int(fact.spend_micros * factor) // account.unit * account.unit
        return fact._replace(spend_micros=spend)

    def _build(self, seed: int, anchor: float) -> None:
        self.market, self._anchor = Market(seed), anchor
        self._timelines: dict[tuple[str, str], list[tuple[float, Any]]] = {}
        for budget in self.market.budgets.values():
            self._timelines[budget.id, BUDGET] = [(0.0, budget.micros)]
        for entity in (*self.market.campaigns, *self.market.groups, *self.market.ads):
            self._timelines[entity, STATUS] = [(0.0, "active")]
        for campaign in self.market.campaigns.values():
            if campaign.account.platform == META:
                self._timelines[campaign.id, CAP] = [(0.0, None)]
            if campaign.bid:
                for holder in campaign.bid_holders:
                    self._timelines[holder, BID] = [(0.0, campaign.bid)]
        self.delivery = Delivery(seed, self.begins, self._amounts, self._switches, self._caps, self._bids)
        self._reports = Reports(seed, self.delivery)
        for campaign in self.market.campaigns.values():
            self._history(campaign)
        for edit in self.edits(0, float("inf")):
            self._take(edit)

    def _history(self, campaign: Campaign) -> None:
        """What people had done before anybody looked: it follows from the scenario and is not stored."""
        timeline = self._timelines[campaign.id, STATUS]
        if campaign.spec.paused_days_ago:
            timeline.append((self._anchor - campaign.spec.paused_days_ago * 86400, "paused"))
        if campaign.budget is not None and campaign.budget.spec.role == "new":
            zone = campaign.account.timezone
            yesterday = local_date(self._anchor, zone) - timedelta(days=1)
            timeline[:] = [(0.0, "paused"), (day_end(yesterday, zone), "active")]

    def _take(self, edit: Edit) -> None:
        if (edit.entity, edit.field) not in self._timelines:
            return
        self._timelines[edit.entity, edit.field].append((edit.at, edit.after))
        for budget in self._touched(edit.entity):
            self.delivery.edited(budget, edit.at)

    def _touched(self, entity_id: str) -> list[Budget]:
        market = self.market
        if entity_id in market.campaigns:
            return list({g.budget.id: g.budget for g in market.campaigns[entity_id].groups}.values())
        if entity_id in market.groups:
            found = market.groups[entity_id]
            # Ad sets below one spend cap take from each other what is left of it.
            return self._touched(found.campaign.id) if self._caps(found.campaign) else [found.budget]
        return [market.budgets[entity_id]] if entity_id in market.budgets else []

    def _amounts(self, budget: Budget) -> Timeline:
        return self._timelines[budget.id, BUDGET]

    def _caps(self, campaign: Campaign) -> Timeline:
        """The spend caps a campaign had; empty while it never had one."""
        timeline = self._timelines.get((campaign.id, CAP), [])
        return timeline if len(timeline) > 1 else []

    def _bids(self, group: Group) -> Timeline:
        """What a group bid towards, over time; empty where nothing is aimed at."""
        own = self._timelines.get((group.id, BID))
        return own if own is not None else self._timelines.get((group.campaign.id, BID), [])

    def _switches(self, entity_id: str) -> Timeline:
        return self._timelines[entity_id, STATUS]
