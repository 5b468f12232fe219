"""Facts into PostgreSQL against raw COPY of the same rows into the same schema, measured in turns.

Each case is timed right after a raw COPY, so that the noise of the machine hits both. A case does all of a sync's
work on facts: staging, upsert, a revision per changed number, and the account days by delta. Encoding rows as
text is outside both times. The goals are floors for the median of the ratios, set below what was measured.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection

from campaigns.models import AdAccount
from campaigns.sync import partitions, reconcile, upsert
from campaigns.sync.upsert import Fact, Outcome
from lane.accounts.models import Client, Organization

TITLE = "Ingest into facts, as a ratio to raw COPY"
ROWS = 100_000
FIRST_DAY = date(2026, 4, 1)
AT = datetime(2026, 5, 1, tzinfo=UTC)
GOALS = {"new": 0.10, "half": 0.10, "unchanged": 0.40, "tenth": 0.25, "all": 0.08}
LABELS = {
    "new": "all rows new",
    "half": "half of the rows there, those changed",
    "unchanged": "all rows there, unchanged",
    "tenth": "all rows there, 10 % changed",
    "all": "all rows there, all changed",
}
_COLUMNS = (
    'organization_id, client_id, ad_account_id, level, entity_id, "on", spend_micros, impressions, clicks, '
    "conversions_milli, conversion_value_micros, fetched_at, is_final"
)


def run(options: dict[str, Any]) -> dict[str, Any]:
    """All cases, in several interleaved rounds."""
    rounds = options["rounds"] or (7 if options["full"] else 5)
    dice = random.Random(options["seed"])
    facts = _facts(dice)
    partitions.ensure(FIRST_DAY, FIRST_DAY + timedelta(days=29))
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        _make_raw_table(owner)
        cases = _cases(facts, dice)
        ratios: dict[str, list[float]] = {name: [] for name in cases}
        speeds: dict[str, list[float]] = {name: [] for name in ("raw", *cases)}
        outcomes: dict[str, Outcome] = {}
        raw_block = _encode_raw(facts)
        drift = 0
        for _ in range(rounds):
            for name, (prepare, block) in cases.items():
                owner.execute("TRUNCATE bench_raw")
                raw = _timed(lambda: _copy_raw(raw_block))
                prepare(owner)
                taken = _timed(lambda name=name, block=block: outcomes.update({name: upsert.daily(block)}))  # type: ignore[misc]
                drift += reconcile.account_day_drift()
                ratios[name].append(raw / taken)
                speeds["raw"].append(ROWS / raw)
                speeds[name].append(ROWS / taken)
    return _result(rounds, ratios, speeds, outcomes, drift)


def _result(
    rounds: int,
    ratios: dict[str, list[float]],
    speeds: dict[str, list[float]],
    outcomes: dict[str, Outcome],
    drift: int,
) -> dict[str, Any]:
    figures: list[dict[str, Any]] = [
        {"what": "raw COPY of the same rows", "value": statistics.median(speeds["raw"]), "unit": "rows/s"}
    ]
    cases = {}
    for name, found in ratios.items():
        middle, speed = statistics.median(found), statistics.median(speeds[name])
        done = outcomes[name]
        cases[name] = {
            "ratio": round(middle, 3),
            "ratios": [round(each, 3) for each in found],
            "rows_per_s": round(speed),
            "new": done.new,
            "changed": done.changed,
            "revisions": done.revisions,
            "account_days": done.days_rolled,
        }
        figures.append(
            {"what": f"{LABELS[name]} ({done.revisions:,} revisions, {done.days_rolled:,} account days)",
             "value": round(middle, 3), "unit": "x raw", "goal": f">= {GOALS[name]}", "ok": middle >= GOALS[name]}
        )  # fmt: skip
        figures.append({"what": f"  {LABELS[name]}", "value": speed, "unit": "rows/s"})
    figures.append(
        {
            "what": "account days that differ from a recount",
            "value": drift,
            "unit": "",
            "goal": "0",
            "ok": drift == 0,
        }
    )
    return {
        "ok": all(figure.get("ok", True) for figure in figures),
        "figures": figures,
        "rows": ROWS,
        "rounds": rounds,
        "raw_rows_per_s": round(statistics.median(speeds["raw"])),
        "cases": cases,
    }


def _facts(dice: random.Random) -> list[Fact]:
    """Thirty days of many campaigns in twenty accounts, as one night's re-read brings them."""
    organization = Organization.objects.create(name="Bench")
    client = Client.objects.create(organization=organization, name="Bench")
    accounts = [
        AdAccount.objects.create(
            organization=organization, client=client, platform="google_ads", source="csv",
            external_id=f"bench-{number}", name=f"Account {number}", currency="EUR", timezone="Europe/Berlin",
        ).pk
        for number in range(20)
    ]  # fmt: skip
    return [
        Fact(
            organization_id=organization.pk,
            client_id=client.pk,
            ad_account_id=accounts[entity % len(accounts)],
            level=1,
            entity_id=1_000_000 + entity,
            on=FIRST_DAY + timedelta(days=number % 30),
            spend_micros=dice.randrange(200_000_000),
            impressions=dice.randrange(50_000),
            clicks=dice.randrange(2_000),
            conversions_milli=dice.randrange(40_000),
            conversion_value_micros=dice.randrange(900_000_000),
            fetched_at=AT,
            is_final=False,
        )
        for number, entity in ((number, number // 30) for number in range(ROWS))
    ]


def _cases(
    facts: list[Fact], dice: random.Random
) -> dict[str, tuple[Callable[[psycopg.Connection[Any]], None], bytes]]:
    """What is there before each case, and the block that is then upserted."""
    first = upsert.encode(facts)
    half = upsert.encode(facts[::2])
    later = AT + timedelta(days=1)

    def restated(share: float) -> bytes:
        return upsert.encode(
            replace(fact, spend_micros=fact.spend_micros + 1_000, fetched_at=later)
            if dice.random() < share
            else fact
            for fact in facts
        )

    def holding(*blocks: bytes) -> Callable[[psycopg.Connection[Any]], None]:
        def prepare(owner: psycopg.Connection[Any]) -> None:
            owner.execute(
                "TRUNCATE campaigns_daily_performance, campaigns_performance_revision, campaigns_accountday"
            )
            for block in blocks:
                upsert.daily(block)

        return prepare

    return {
        "new": (holding(), first),
        "half": (holding(half), restated(1.0)),
        "unchanged": (holding(first), first),
        "tenth": (holding(first), restated(0.1)),
        "all": (holding(first), restated(1.0)),
    }


def _make_raw_table(owner: psycopg.Connection[Any]) -> None:
    """A table of the facts' own shape: columns, key, indexes, monthly partitions, fill factor."""
    owner.execute("DROP TABLE IF EXISTS bench_raw")
    owner.execute(
        'CREATE TABLE bench_raw (LIKE campaigns_daily_performance INCLUDING ALL) PARTITION BY RANGE ("on")'
    )
    owner.execute(
        "CREATE TABLE bench_raw_month PARTITION OF bench_raw FOR VALUES FROM ('2026-04-01') TO ('2026-05-01') "
        "WITH (fillfactor = 90)"
    )
    owner.execute("GRANT ALL ON bench_raw TO PUBLIC")


def _encode_raw(facts: list[Fact]) -> bytes:
    lines = (line.split("\t") for line in upsert.encode(facts).decode().splitlines())
    return "".join("\t".join([*cells[:6], *cells[7:]]) + "\n" for cells in lines).encode()


def _copy_raw(block: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY bench_raw ({_COLUMNS}) FROM STDIN") as copy:
        copy.write(block)


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
