"""Calls to addresses that people typed in: public hosts only, resolved once, bounded in time and size.

Every address the name resolves to must be public; the connection goes to one of exactly those addresses while
the certificate is checked against the name, so that a name cannot point elsewhere a moment later. Redirects
are not followed and proxies of the environment are not used.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 64 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
# Special-purpose ranges that Python counts as public in some versions (IANA special-purpose registries).
_NEVER = [
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "2001::/23", "100:0:0:1::/64", "5f00::/16")
]


class AddressRefused(Exception):
    """The address may not be called; the message says why and what to use."""


class Unreachable(Exception):
    """The host did not answer in time, or not in HTTP."""


class AnswerTooLarge(Exception):
    """The host sent more than may be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host said. A redirect is an answer like any other."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host name, as the machine's resolver gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: Address) -> bool:
    """Whether an address is reachable by everybody: not local, private, reserved, multicast or a tunnel to such."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id or address in _NAT64_LOCAL:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    if any(address.version == net.version and address in net for net in _NEVER):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


@dataclass(frozen=True, slots=True)
class OutsideCaller:
    """Calls the outside world under fixed limits. Tests give another resolver or permit their own server."""

    timeout_seconds: float = TIMEOUT_SECONDS
    max_bytes: int = MAX_BYTES
    schemes: Mapping[str, int] = field(default_factory=lambda: {"https": 443})
    any_port: bool = False
    resolver: Resolver = resolve
    permits: Callable[[Address], bool] = is_public

    def check(self, url: str) -> tuple[str, int, list[str]]:
        """Host, port and public addresses of a URL. Raises ``AddressRefused`` for any that may not be called."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise AddressRefused(f"“{url}” is not an address.") from None
        if parts.scheme not in self.schemes:
            raise AddressRefused(f"Use an address that begins with {' or '.join(self.schemes)}://.")
        if not host or any(character.isspace() or character == "\\" for character in url):
            raise AddressRefused(f"“{url}” is not an address.")
        if parts.username is not None or parts.password is not None:
            raise AddressRefused("Leave the user name and password out of the address.")
        usual = self.schemes[parts.scheme]
        if not self.any_port and port not in (None, usual):
            raise AddressRefused(f"Use port {usual}.")
        return host, port or usual, self._addresses(host, port or usual)

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = list(self.resolver(host, port))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise AddressRefused(f"The host {host} does not exist.")
        try:
            refused = [text for text in found if not self.permits(ipaddress.ip_address(text))]
        except ValueError:
            refused = found
        if refused:
            raise AddressRefused(f"The host {host} is not on the public internet, so it is not called.")
        return found

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Any = None,
    ) -> Answer:
        """Send one request and read a bounded answer.

        Raises ``AddressRefused``, ``Unreachable`` or ``AnswerTooLarge``. Call it outside any transaction.
        """
        host, port, addresses = self.check(url)
        parts = urlsplit(url)
        pinned = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        named = f"[{host}]" if ":" in host else host
        usual = self.schemes[parts.scheme]
        given = {name: value for name, value in (headers or {}).items() if name.lower() != "host"}
        deadline = time.monotonic() + self.timeout_seconds
        with httpx2.Client(
            timeout=self.timeout_seconds, follow_redirects=False, trust_env=False, http2=False
        ) as client:
            sent = client.build_request(
                method,
                urlunsplit((parts.scheme, f"{pinned}:{port}", parts.path or "/", parts.query, "")),
                headers={**given, "Host": named if port == usual else f"{named}:{port}"},
                content=content,
                json=json,
                extensions={"sni_hostname": host},
            )
            try:
                answer = client.send(sent, stream=True)
                try:
                    body = self._read(answer, deadline)
                finally:
                    answer.close()
            except httpx2.HTTPError as error:
                raise Unreachable(f"{host} did not answer: {type(error).__name__}.") from error
        return Answer(answer.status_code, dict(answer.headers), body)

    def _read(self, answer: Any, deadline: float) -> bytes:
        """The body as sent; a packed one is not unpacked, so that it cannot grow."""
        read = bytearray()
        for piece in answer.iter_raw():
            read += piece
            if len(read) > self.max_bytes:
                raise AnswerTooLarge(f"The answer is larger than {self.max_bytes:,} bytes.")
            if time.monotonic() > deadline:
                raise Unreachable(f"The answer took longer than {self.timeout_seconds:g} s.")
        return bytes(read)
