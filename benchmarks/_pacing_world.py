"""Thousands of plans over millions of facts, written by the server itself: what a large agency looks like.

Spend is drawn around each plan's target by a hash of its keys, so that the world is the same for one seed and
needs no row to leave the database.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection

from campaigns.models import AdAccount, Connection
from campaigns.sync import partitions
from lane.accounts.models import Client, Membership, Organization, User
from lane.core import clock, sealed_fields

CLIENTS, ACCOUNTS = 54, 270
DAYS, DAY_TODAY = 45, 30
SPENDERS = 3  # ad campaigns that spend from the budget of one plan
DAILY_MICROS = 100_000_000


@dataclass(frozen=True, slots=True)
class PacingWorld:
    """What was made: the tenant, somebody who sees all of it, and how much there is."""

    organization: Organization
    owner: User
    plans: int
    facts: int


def build(plans: int, facts_days: int, seed: int) -> PacingWorld:
    """Plans on their thirtieth day of forty-five, with ``facts_days`` days of spend for three ad campaigns each."""
    now = clock.now()
    today = clock.today("Europe/Berlin")
    first = today - timedelta(days=facts_days - 1)
    partitions.ensure(first, today)
    organization = Organization.objects.create(name="Bench")
    owner = User.objects.create_user("bench@example.com", "a long password")
    Membership.objects.create(organization=organization, user=owner, role="owner")
    clients = Client.objects.bulk_create(
        Client(organization=organization, name=f"Client {number:03}") for number in range(CLIENTS)
    )
    _accounts(organization, clients, now)
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, _arguments(organization, plans, first, today, now, seed))
        cursor.execute("SELECT count(*) FROM campaigns_daily_performance")
        facts = int(cursor.fetchone()[0])
    return PacingWorld(organization, owner, plans, facts)


def _accounts(organization: Organization, clients: list[Client], now: datetime) -> None:
    """Connected accounts of both platforms, all read just now."""
    connections = []
    for platform in ("google_ads", "meta"):
        login = Connection(organization=organization, platform=platform, label=platform)
        sealed_fields.put(login, "refresh_token_sealed", "made-up")
        login.save()
        connections.append(login)
    AdAccount.objects.bulk_create(
        AdAccount(
            organization=organization,
            client=clients[number % CLIENTS],
            platform=connections[number % 2].platform,
            connection=connections[number % 2],
            external_id=f"bench-{number}",
            name=f"Account {number}",
            currency="EUR",
            timezone="Europe/Berlin",
            facts_synced_at=now,
            final_through=now.date() - timedelta(days=3),
        )
        for number in range(ACCOUNTS)
    )


def analyze() -> None:
    """Give the planner its statistics, as autovacuum does within minutes; only the owner of a table may."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")


def _arguments(
    organization: Organization, plans: int, first: date, today: date, now: datetime, seed: int
) -> dict[str, Any]:
    return {
        "organization": organization.pk,
        "accounts": ACCOUNTS,
        "plans": plans,
        "spenders": SPENDERS,
        "first": first,
        "today": today,
        "now": now,
        "starts": today - timedelta(days=DAY_TODAY - 1),
        "ends": today + timedelta(days=DAYS - DAY_TODAY),
        "daily": DAILY_MICROS,
        "amount": DAILY_MICROS * DAYS,
        "seed": seed,
    }


_STATEMENTS = (
    (
        "INSERT INTO campaigns_budget (public_id, created_at, updated_at, organization_id, client_id, ad_account_id, "
        "external_id, name, kind, carrier, amount_micros, currency, shared, raw_status, seen_at) "
        "SELECT gen_random_uuid(), now(), now(), a.organization_id, a.client_id, a.id, 'b' || n, 'Budget ' || n, 'daily', "
        "'budget', %(daily)s, 'EUR', false, '', %(now)s FROM generate_series(0, %(plans)s - 1) AS n "
        "JOIN campaigns_adaccount a ON a.external_id = 'bench-' || n %% %(accounts)s"
    ),
    (
        "INSERT INTO campaigns_adcampaign (public_id, created_at, updated_at, organization_id, client_id, ad_account_id, "
        "external_id, name, status, raw_status, limited_reasons, seen_at, budget_id, channel) "
        "SELECT gen_random_uuid(), now(), now(), b.organization_id, b.client_id, b.ad_account_id, b.id || '-' || k, "
        "'Campaign ' || k, 'active', '', '[]', %(now)s, b.id, '' "
        "FROM campaigns_budget b CROSS JOIN generate_series(1, %(spenders)s) AS k"
    ),
    "INSERT INTO campaigns_budgetspender (budget_id, level, entity_id) SELECT budget_id, 1, id FROM campaigns_adcampaign",
    (
        "WITH made AS (INSERT INTO pacing_budgetplan (public_id, created_at, updated_at, organization_id, client_id, name, "
        "amount_micros, currency, timezone, starts_on, ends_on, strategy, landing, tolerance_ratio, mode, status, "
        "pause_at_target, version, controller_state, paused_reason) "
        "SELECT gen_random_uuid(), now(), now(), b.organization_id, b.client_id, 'Plan ' || b.id, %(amount)s, 'EUR', "
        "'Europe/Berlin', %(starts)s, %(ends)s, 'adaptive', 'precise', 0.05, 'recommend', 'active', true, 1, '{}', '' "
        "FROM campaigns_budget b ORDER BY b.id RETURNING id, organization_id, client_id) "
        "INSERT INTO pacing_ledgerentry (public_id, organization_id, client_id, plan_id, kind, amount_micros, currency, "
        "effective_on, starts_on, ends_on, reason, asked_label, approved_label, via, approval_id, link_id, is_provisional, at) "
        "SELECT gen_random_uuid(), organization_id, client_id, id, 'base', %(amount)s, 'EUR', %(starts)s, %(starts)s, %(ends)s, "
        "'', 'Bench', '', 'direct', '', '', false, %(now)s FROM made ORDER BY id"
    ),
    (
        "INSERT INTO pacing_planbudget (plan_id, budget_id, starts_on, ends_on, status) "
        "SELECT p.id, b.id, p.starts_on, p.ends_on, p.status FROM pacing_budgetplan p "
        "JOIN campaigns_budget b ON p.name = 'Plan ' || b.id"
    ),
    # Every budget has learned its own weeks, hours and delivery, every account its delay; every client has events.
    (
        "INSERT INTO pacing_learnedshape (organization_id, client_id, scope, scope_id, platform, kind, numbers, n_days, as_of) "
        "SELECT b.organization_id, b.client_id, 'budget', b.id, a.platform, k.kind, k.numbers || %(daily)s::float8, 84, %(now)s "
        "FROM campaigns_budget b JOIN campaigns_adaccount a ON a.id = b.ad_account_id CROSS JOIN (VALUES "
        "('weekday', '{1.12,1.1,1.1,1.08,1.0,0.8,0.8}'::float8[]), "
        "('intraday', '{0.02,0.02,0.03,0.05,0.1,0.15,0.14,0.13,0.12,0.1,0.08,0.06}'::float8[]), "
        "('delivery', '{1.02,0.12,0.87,1.19}'::float8[])) AS k (kind, numbers)"
    ),
    (
        "INSERT INTO pacing_learnedshape (organization_id, client_id, scope, scope_id, platform, kind, numbers, n_days, as_of) "
        "SELECT organization_id, client_id, 'account', id, platform, 'lag', '{2.6,3.4,2.2,0.2,300}', 28, %(now)s "
        "FROM campaigns_adaccount"
    ),
    (
        "INSERT INTO pacing_plannedevent (public_id, created_at, updated_at, organization_id, client_id, name, kind, starts_on, "
        "ends_on, factor, platform, recurs_yearly, note) SELECT gen_random_uuid(), now(), now(), organization_id, id, e.kind, "
        "e.kind, %(today)s::date + e.day, %(today)s::date + e.day + 1, e.factor, '', e.kind = 'holiday', '' "
        "FROM accounts_client CROSS JOIN (VALUES ('promo', 3, 1.5), ('holiday', 6, 0.7), ('blackout', 9, 0)) AS e (kind, day, factor) "
        "WHERE organization_id = %(organization)s"
    ),
    (
        'INSERT INTO campaigns_accountdayfreshness (ad_account_id, "on", fetched_at, is_final) '
        "SELECT a.id, d::date, %(now)s, d < %(today)s::date - 3 FROM campaigns_adaccount a "
        "CROSS JOIN generate_series(%(first)s::date, %(today)s::date, '1 day') AS d"
    ),
    # Most plans spend within a few percent of plan; one in ten far under, one in twenty far over.
    (
        'INSERT INTO campaigns_daily_performance (organization_id, client_id, ad_account_id, level, entity_id, "on", '
        "spend_micros, impressions, clicks, conversions_milli, conversion_value_micros, fetched_at, is_final) "
        "SELECT c.organization_id, c.client_id, c.ad_account_id, 1, c.id, d::date, "
        "((%(daily)s / %(spenders)s) * (CASE WHEN c.budget_id %% 10 = 0 THEN 0.6 WHEN c.budget_id %% 20 = 1 THEN 1.3 "
        "ELSE 1.0 END) * (0.9 + (abs(hashint8(c.id * 1000 + extract(day from d)::int + %(seed)s)) %% 2000) / 10000.0) "
        "* (CASE WHEN d = %(today)s THEN 0.4 ELSE 1 END))::bigint, 1000, 50, 2000, 4000000, %(now)s, "
        "d < %(today)s::date - 3 FROM generate_series(%(first)s::date, %(today)s::date, '1 day') AS d "
        "CROSS JOIN campaigns_adcampaign c"
    ),
)
