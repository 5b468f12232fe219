"""The sandbox behind its dialects: world, clock, faults and journal, and the one way a write lands."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from campaigns.sandbox.clock import Clock
from campaigns.sandbox.faults import Call, Faults, Rule
from campaigns.sandbox.journal import Journal, Write
from campaigns.sandbox.market import Budget
from campaigns.sandbox.scenario import META
from campaigns.sandbox.store import Store
from campaigns.sandbox.tokens import Tokens
from campaigns.sandbox.world import BUDGET, CAP, World


class LostAnswer(Exception):
    """The client must not get an answer: the line breaks."""


class Sandbox:
    """Everything one running sandbox knows."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 7,
        rate: float | None = None,
        real: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.store = Store(folder / "sandbox.sqlite3")
        self.clock = Clock(self.store, rate, real)
        self.world = World(self.store, self.clock, seed)
        self.faults = Faults(self.store, self.world.market.seed)
        self.journal = Journal(self.store, self.clock)
        self.tokens = Tokens(self.store, real)
        self.sleep = sleep
        self.boot = int(self.store.get("boots") or 0) + 1
        self.store.put("boots", self.boot)
        self._requests = itertools.count(1)

    @property
    def seed(self) -> int:
        """The seed of the present world."""
        return self.world.market.seed

    def next_request_id(self) -> str:
        """Request ids in sequence; the start of the process is part of them."""
        return f"sandbox-{self.boot}-{next(self._requests):06d}"

    def reset(self, seed: int | None = None, now: float | None = None, rate: float | None = None) -> None:
        """A first world again, at real time unless told: no faults, an empty journal, every login valid."""
        with self.world.lock:
            self.clock.reset()
            if rate is not None:
                self.clock.run_at(rate)
            if now is not None:
                self.clock.move_to(now)
            self.world.begin(self.seed if seed is None else seed)
            self.faults.seed = self.seed
            self.faults.load()
            self._requests = itertools.count(1)

    def arrive(self, call: Call) -> dict[str, Rule]:
        """A call comes in: overdue writes land first, then the faults that hit it are found and slowness felt."""
        self.settle()
        hit = self.faults.take(call)
        if "slow" in hit:
            self.sleep(hit["slow"].number("seconds", hit["slow"].number("s", 1.0)))
        return hit

    @contextmanager
    def view(self, hit: dict[str, Rule]) -> Iterator[float]:
        """The instant a read shows: earlier for a stale one, with restated days where a fault asks for it."""
        stale, restate = hit.get("stale_read"), hit.get("restate")
        back = stale.number("seconds", stale.number("s", 60.0)) * (self.clock.rate or 1.0) if stale else 0.0
        days, factor = (restate.number("days", 3), restate.number("factor", 1.05)) if restate else (0.0, 1.0)
        with self.world.lock, self.world.seen_as(back, days, factor):
            yield self.clock.now() - back

    def land(self, write: Write, hit: dict[str, Rule]) -> None:
        """Carry one write out, unless a fault drops, delays or ignores it. Raises ``LostAnswer``."""
        with self.world.lock:
            if edit := hit.get("external_edit"):
                self._somebody_else(edit, write)
            before = self.world.current(write.entity, write.field)
            for effect in ("accept_but_ignore", "drop_before_commit", "late_apply"):
                if effect in hit:
                    seq = self.journal.add(write, before, effective=False, note=effect)
                    if effect == "late_apply":
                        self._later(write, seq, hit[effect])
                    if effect != "accept_but_ignore":
                        raise LostAnswer
                    return
            self.world.set(write.entity, write.field, write.value, actor=write.actor, client=write.client)
            dropped = "drop_after_commit" in hit
            self.journal.add(write, before, effective=True, note="drop_after_commit" if dropped else "")
        if dropped:
            raise LostAnswer

    def settle(self) -> None:
        """Let delayed writes land whose time has come."""
        due = self.store.rows(
            "SELECT id, work FROM pending WHERE due_real <= ? ORDER BY due_real, id", self.clock.real()
        )
        for number, _ in due:
            with self.world.lock:
                rows = self.store.rows("SELECT work, due_real FROM pending WHERE id = ?", number)
                if not rows:
                    continue
                work = json.loads(rows[0][0])
                before = self.world.current(work["entity"], work["field"])
                self.store.run("DELETE FROM pending WHERE id = ?", number)
                self.world.set(
                    work["entity"], work["field"], work["value"], actor=work["actor"], client=work["client"],
                    at=min(self.clock.at(rows[0][1]), self.clock.now()),
                )  # fmt: skip
                self.journal.landed(work["seq"], before)

    def _later(self, write: Write, seq: int, rule: Rule) -> None:
        wait = rule.number("seconds", rule.number("s", 5.0))
        work = {
            "entity": write.entity, "field": write.field, "value": write.value,
            "actor": write.actor, "client": write.client, "seq": seq,
        }  # fmt: skip
        self.store.run(
            "INSERT INTO pending (due_real, work) VALUES (?, ?)", self.clock.real() + wait, json.dumps(work)
        )

    def _somebody_else(self, rule: Rule, write: Write) -> None:
        """A person edits the same entity just before the write arrives."""
        params = rule.params
        entity = str(params.get("entity_id") or write.entity)
        actor = str(params.get("actor") or "someone.else@tallow.example")
        self.edit(entity, micros=params.get("daily_budget_micros"), status=params.get("status"), actor=actor)

    def edit(
        self,
        entity_id: str,
        *,
        micros: Any = None,
        status: Any = None,
        spend_cap: Any = None,
        actor: str = "someone.else@tallow.example",
    ) -> None:
        """A change made outside Lane. Without a value a budget is raised by a tenth; a cap of 0 is none."""
        market = self.world.market
        if spend_cap is not None:
            campaign = market.campaigns.get(entity_id)
            if campaign is None or campaign.account.platform != META:
                raise ValueError(f"{entity_id} can have no spend cap.")
            self.world.set(entity_id, CAP, int(spend_cap) or None, actor=actor, client="web")
            return
        if status is not None:
            known = entity_id in market.campaigns or entity_id in market.groups
            if not known:
                raise ValueError(f"{entity_id} has no status to set.")
            on = str(status).upper() in {"ENABLED", "ACTIVE", "ON"}
            self.world.set(entity_id, "status", "active" if on else "paused", actor=actor, client="web")
            if micros is None:
                return
        budget = market.budgets.get(entity_id)
        if budget is None:
            raise ValueError(f"{entity_id} is no budget.")
        amount = int(micros) if micros is not None else self._a_tenth_more(budget)
        self.world.set(entity_id, BUDGET, amount, actor=actor, client="web")

    def _a_tenth_more(self, budget: Budget) -> int:
        unit = budget.account.unit
        return self.world.amount(budget) * 11 // 10 // unit * unit
