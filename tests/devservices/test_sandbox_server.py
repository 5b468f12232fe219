"""The ad-platform sandbox as a service of the tests and of `make run`."""

from __future__ import annotations

import pytest
from django.conf import settings

from lane.devservices.processes import free_port
from lane.devservices.sandbox import SandboxServer


def test_the_sandbox_describes_itself_and_settings_point_at_it(sandbox):
    assert settings.GOOGLE_ADS["endpoint"] == sandbox["google_endpoint"]
    assert settings.GOOGLE_ADS["client_id"] == sandbox["google_oauth"]["client_id"]
    assert settings.META_ADS["graph_url"] == sandbox["meta_graph"]


def test_a_sandbox_started_again_is_the_same_one(tmp_path):
    server = SandboxServer(tmp_path)
    server.start()
    first = server.describe()
    server.stop()
    server.start()
    again = server.describe()
    server.stop()
    assert again["google_oauth"]["client_id"] == first["google_oauth"]["client_id"]
    assert again["control_token"] == first["control_token"]


@pytest.mark.usefixtures("sandbox_reset")
def test_the_sandbox_can_be_reset_between_tests(sandbox):
    assert sandbox["control_token"]


def test_two_sandboxes_side_by_side_take_different_ports(tmp_path):
    first, second = SandboxServer(tmp_path / "one"), SandboxServer(tmp_path / "two")
    wished = free_port()
    for server in (first, second):
        server.launch(port_base=wished)
        server.wait()
    ports = [server.describe()["google_endpoint"] for server in (first, second)]
    for server in (first, second):
        server.stop()
    assert ports[0] != ports[1]
