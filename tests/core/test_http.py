"""Calls to typed addresses: nothing but the public internet, and never more than asked for."""

from __future__ import annotations

import ipaddress

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lane.core.http import AddressRefused, AnswerTooLarge, OutsideCaller, Unreachable, is_public

NOT_PUBLIC = [
    "0.0.0.0",
    "127.0.0.1",
    "127.8.9.10",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2001::1",
    "2001:db8::1",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_inside_is_never_public(address: str):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0/",
        "https://[fe80::1%25lo]/",
        "https://127.0.0.1./",
        "https://１２７.0.0.1/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//example.com/",
        "example.com",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com:22/",
        "https://example.com:8443/",
        "https:///path",
        "https://example.com:99999/",
        "https://exa\\mple.com/",
    ],
)
def test_what_must_not_be_called_is_refused_before_anything_is_sent(url: str):
    with pytest.raises(AddressRefused):
        OutsideCaller(resolver=_machine_resolver_without_the_internet).check(url)


def _machine_resolver_without_the_internet(host: str, port: int) -> list[str]:
    """Numbers and local names are resolved for real; every other name is taken for a public one."""
    from lane.core.http import resolve

    return ["93.184.216.34"] if host.endswith("example.com") else resolve(host, port)


def test_one_private_address_among_public_ones_refuses_the_host():
    caller = OutsideCaller(resolver=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(AddressRefused, match="not on the public internet"):
        caller.check("https://example.com/")


def test_a_name_that_changes_its_address_is_resolved_only_once(httpserver: HTTPServer):
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    httpserver.expect_request("/hook").respond_with_handler(lambda r: Response(r.headers["Host"]))
    answer = _caller(resolver=rebinding).request(
        "POST", f"http://hooks.example:{httpserver.port}/hook", json={}
    )
    assert answer.body.decode() == f"hooks.example:{httpserver.port}"
    assert asked == ["hooks.example"]


def _caller(**changes: object) -> OutsideCaller:
    """A caller that may reach the test's own server."""
    given = {"schemes": {"http": 80}, "any_port": True, "permits": lambda address: True, **changes}
    return OutsideCaller(**given)  # type: ignore[arg-type]


def test_a_redirect_is_an_answer_and_is_not_followed(httpserver: HTTPServer):
    httpserver.expect_request("/a").respond_with_data("", 302, {"Location": httpserver.url_for("/b")})
    reached: list[Request] = []
    httpserver.expect_request("/b").respond_with_handler(lambda r: reached.append(r) or Response("b"))
    assert _caller().request("GET", httpserver.url_for("/a")).status == 302
    assert reached == []


def test_a_large_answer_is_cut_off(httpserver: HTTPServer):
    httpserver.expect_request("/").respond_with_data(b"x" * 5000)
    assert len(_caller(max_bytes=5000).request("GET", httpserver.url_for("/")).body) == 5000
    with pytest.raises(AnswerTooLarge):
        _caller(max_bytes=4999).request("GET", httpserver.url_for("/"))


def test_a_host_that_does_not_answer_is_unreachable():
    with pytest.raises(Unreachable, match=r"nobody\.example did not answer"):
        _caller(resolver=lambda host, port: ["127.0.0.1"]).request("GET", "http://nobody.example:9/")
