"""A pacing pass over 10,000 plans: from reading facts to written runs and snapshots.

Every round looks at all plans for a new two-hour slot, in the chunks and through the functions the product uses.
Reading is compared with the server's own time for the same join and sum, which no way of reading can beat.
Proposals are not part of the pass measured here: they are made one plan at a time for the few that need one.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from benchmarks import _pacing_world as world
from campaigns.selectors import facts
from lane.core import clock
from pacing.controllers import decide
from pacing.models import BudgetPlan, PacingRun, PlanSnapshot
from pacing.services import observation, run_store
from pacing.services.run_store import Look
from pacing.services.runs import CHUNK

TITLE = "Pacing pass"
PLANS = 10_000
PASS_GOAL_S, READ_GOAL = 3.0, 3.0
_FLOOR = (
    "WITH asked AS (SELECT * FROM unnest(%(keys)s::int4[], %(budgets)s::int8[], %(firsts)s::date[], %(lasts)s::date[]) "
    "AS t(key, budget_id, first, last)) SELECT count(*), sum(f.spend_micros) FROM asked a "
    "JOIN campaigns_budgetspender s ON s.budget_id = a.budget_id "
    "JOIN campaigns_daily_performance f ON f.level = s.level AND f.entity_id = s.entity_id "
    'AND f."on" BETWEEN a.first AND a.last AND f."on" BETWEEN %(first)s AND %(last)s'
)
Asked = list[tuple[int, int, date, date]]


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Several passes, each for a slot of its own."""
    rounds = options["rounds"] or (7 if options["full"] else 5)
    made = world.build(PLANS, world.DAY_TODAY, options["seed"])
    world.analyze()
    plan_ids = list(BudgetPlan.objects.order_by("pk").values_list("pk", flat=True))
    asked = _asked()
    at = clock.now()
    stages: dict[str, list[float]] = {"observe": [], "decide": [], "store": []}
    passes, floors, reads = [], [], []
    joined = 0
    for number in range(rounds + 1):  # the first round only warms up
        slot = observation.current_slot(at) + timedelta(hours=2 * number)
        floor, joined = _floor(asked)
        read = _timed(lambda: facts.budget_day_spend(asked))
        taken = _pass(plan_ids, at, slot)
        if number:
            floors.append(floor)
            reads.append(read)
            passes.append(sum(taken.values()))
            for name, seconds in taken.items():
                stages[name].append(seconds)
    stored = PacingRun.objects.count()
    complete = stored == (rounds + 1) * PLANS and PlanSnapshot.objects.count() == PLANS
    seconds, ratio = (
        statistics.median(passes),
        statistics.median(read / floor for read, floor in zip(reads, floors, strict=True)),
    )
    figures: list[dict[str, Any]] = [
        {"what": f"pass over {PLANS:,} plans, {joined:,} facts", "value": round(seconds, 2), "unit": "s",
         "goal": f"<= {PASS_GOAL_S}", "ok": seconds <= PASS_GOAL_S},
        {"what": "  observe: facts, budgets, accounts into arrays", "value": _middle(stages["observe"]), "unit": "s"},
        {"what": "  decide", "value": _middle(stages["decide"]), "unit": "s"},
        {"what": "  store runs, snapshots and memory", "value": _middle(stages["store"]), "unit": "s"},
        {"what": "reading spend, against the server's own join and sum", "value": round(ratio, 2), "unit": "x",
         "goal": f"<= {READ_GOAL}", "ok": ratio <= READ_GOAL},
        {"what": "  the server's floor", "value": _middle(floors), "unit": "s"},
        {"what": "plans without a stored run or snapshot", "value": 0 if complete else 1, "unit": "", "goal": "0",
         "ok": complete},
    ]  # fmt: skip
    return {
        "ok": all(figure.get("ok", True) for figure in figures),
        "figures": figures,
        "plans": PLANS,
        "facts": made.facts,
        "rounds": rounds,
        "pass_s": [round(each, 3) for each in passes],
        "read_ratio": round(ratio, 3),
    }


def _pass(plan_ids: list[int], at: datetime, slot: datetime) -> dict[str, float]:
    """One pass in the product's chunks; seconds per stage."""
    taken = {"observe": 0.0, "decide": 0.0, "store": 0.0}
    for start in range(0, len(plan_ids), CHUNK):
        begun = time.perf_counter()
        seen = observation.observe(plan_ids[start : start + CHUNK], at)
        read = time.perf_counter()
        decision, state = decide(seen.terms, seen.observation, seen.state)
        decided = time.perf_counter()
        with transaction.atomic():
            run_store.save(Look(seen, decision, state, slot, on_demand=False))
        taken["observe"] += read - begun
        taken["decide"] += decided - read
        taken["store"] += time.perf_counter() - decided
    return taken


def _asked() -> Asked:
    rows = BudgetPlan.objects.order_by("pk").values_list("plan_budgets__budget_id", "starts_on", "ends_on")
    return [(key, budget_id, first, last) for key, (budget_id, first, last) in enumerate(rows)]


def _floor(asked: Asked) -> tuple[float, int]:
    """The server's time to join and sum the same facts, in the same chunks; and how many there are."""
    seconds, found = 0.0, 0
    with connection.cursor() as cursor:
        for start in range(0, len(asked), facts.CHUNK):
            chunk = asked[start : start + facts.CHUNK]
            arguments: dict[str, Any] = {
                "keys": [row[0] for row in chunk],
                "budgets": [row[1] for row in chunk],
                "firsts": [row[2] for row in chunk],
                "lasts": [row[3] for row in chunk],
                "first": min(row[2] for row in chunk),
                "last": max(row[3] for row in chunk),
            }
            begun = time.perf_counter()
            cursor.execute(_FLOOR, arguments)
            found += int(cursor.fetchone()[0])
            seconds += time.perf_counter() - begun
    return seconds, found


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _middle(values: list[float]) -> float:
    return round(statistics.median(values), 3)
