"""The embedded Valkey."""

from __future__ import annotations

import redis

from lane.devservices.processes import free_port
from lane.devservices.valkey import ValkeyServer


def test_a_durable_server_keeps_its_keys_over_a_restart_and_a_busy_port_moves_on(tmp_path):
    first = ValkeyServer(tmp_path / "first")
    first.start(port=free_port())
    second = ValkeyServer(tmp_path / "second", durable=False)
    second.start(port=first.port)
    assert second.port > first.port
    with redis.Redis.from_url(first.url) as client:
        client.set("kept", "1")
    first.stop()
    first.start()
    with redis.Redis.from_url(first.url) as client:
        assert client.get("kept") == b"1"
    first.stop()
    second.stop()


def test_a_crash_of_a_passing_server_leaves_it_empty(tmp_path):
    server = ValkeyServer(tmp_path, durable=False)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.set("lost", "1")
    server.kill()
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("lost") is None
    server.stop()
