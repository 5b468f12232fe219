"""Fact tables, partitioned by month, with the function that makes a month's partitions."""

from django.db import migrations

DAILY = """
CREATE TABLE campaigns_daily_performance (
    organization_id bigint NOT NULL,
    client_id bigint NOT NULL,
    ad_account_id bigint NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
    entity_id bigint NOT NULL,
    "on" date NOT NULL,
    spend_micros bigint NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions_milli bigint,
    conversion_value_micros bigint,
    fetched_at timestamptz NOT NULL,
    is_final boolean NOT NULL,
    PRIMARY KEY (ad_account_id, level, entity_id, "on")
) PARTITION BY RANGE ("on");
CREATE INDEX campaigns_daily_client ON campaigns_daily_performance (client_id, "on");
CREATE INDEX campaigns_daily_entity ON campaigns_daily_performance (level, entity_id, "on");
"""
HOURLY = """
CREATE TABLE campaigns_hourly_performance (
    organization_id bigint NOT NULL,
    client_id bigint NOT NULL,
    ad_account_id bigint NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
    entity_id bigint NOT NULL,
    "on" date NOT NULL,
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    spend_micros bigint NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions_milli bigint,
    conversion_value_micros bigint,
    fetched_at timestamptz NOT NULL,
    is_final boolean NOT NULL,
    PRIMARY KEY (ad_account_id, level, entity_id, "on", hour)
) PARTITION BY RANGE ("on");
"""
REVISION = """
CREATE TABLE campaigns_performance_revision (
    organization_id bigint NOT NULL,
    ad_account_id bigint NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
    entity_id bigint NOT NULL,
    "on" date NOT NULL,
    known_from timestamptz NOT NULL,
    spend_micros bigint NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions_milli bigint,
    conversion_value_micros bigint,
    PRIMARY KEY (ad_account_id, level, entity_id, "on", known_from)
) PARTITION BY RANGE ("on");
"""
# SECURITY DEFINER: the plain application role may make partitions through this and in no other way.
ENSURE = """
CREATE FUNCTION campaigns_ensure_month(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', day)::date;
    last date := (date_trunc('month', day) + interval '1 month')::date;
    suffix text := to_char(first, 'YYYYMM');
    parent text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('campaigns_ensure_month'));
    FOREACH parent IN ARRAY ARRAY[
        'campaigns_daily_performance', 'campaigns_hourly_performance', 'campaigns_performance_revision'
    ] LOOP
        IF to_regclass(parent || '_' || suffix) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 90)',
                parent || '_' || suffix, parent, first, last
            );
        END IF;
    END LOOP;
END $$;
"""
DROP = """
DROP FUNCTION campaigns_ensure_month(date);
DROP TABLE campaigns_performance_revision;
DROP TABLE campaigns_hourly_performance;
DROP TABLE campaigns_daily_performance;
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [migrations.RunSQL(DAILY + HOURLY + REVISION + ENSURE, DROP)]
