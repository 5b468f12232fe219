"""Servers of one run's own, to be killed at will."""

from __future__ import annotations

import psycopg
import redis

from lane.devservices.private import private_services


def test_private_services_keep_what_was_committed_when_killed_and_leave_nothing_behind():
    with private_services() as services:
        url = services.environment()["DATABASE_OWNER_URL"]
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE intents AS SELECT generate_series(1, 300) AS id")
        services.postgres.stop("immediate")
        services.postgres.start(port=services.postgres.port)
        assert services.environment()["DATABASE_OWNER_URL"] == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM intents").fetchone() == (300,)
        with redis.Redis.from_url(services.valkey.url) as client:
            assert client.ping()
        folder = services.folder
    assert not folder.exists()
