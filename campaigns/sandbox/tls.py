"""Certificates of the sandbox: the Google SDK only speaks TLS, even to this machine.

A certificate authority that may vouch for no host name but localhost, and a 30-day leaf that renews
itself. The bundle holds gRPC's own roots as well, so that a process that trusts it still trusts everybody else.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LEAF_DAYS, RENEW_BEFORE_DAYS, CA_DAYS = 30, 10, 3650
_LOOPBACK = ipaddress.ip_address("127.0.0.1")


class Certificates:
    """CA, leaf and bundle in one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.bundle = folder / "roots-and-sandbox.pem"
        self._ca_key, self._ca = self._authority()
        roots = importlib.util.find_spec("grpc")
        own = Path(str(roots.origin if roots else "")).parent / "_cython" / "_credentials" / "roots.pem"
        _write(self.bundle, own.read_bytes() + b"\n" + self._ca.public_bytes(serialization.Encoding.PEM))

    def server_credentials(self) -> Any:
        """Credentials that fetch a new leaf when the old one nears its end, without a restart."""
        leaf = self._leaf()
        return grpc.dynamic_ssl_server_credentials(leaf, self._fetcher(leaf))

    def _fetcher(self, current: Any) -> Callable[[], Any]:
        made_at = time.monotonic()

        def fetch() -> Any:
            nonlocal made_at
            if time.monotonic() - made_at < 86400:
                return None
            made_at = time.monotonic()
            return self._leaf()

        return fetch

    def _authority(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key_file, file = self.folder / "ca.key", self.folder / "ca.pem"
        if key_file.exists() and file.exists():
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
            if isinstance(key, ec.EllipticCurvePrivateKey) and _days_left(certificate) > LEAF_DAYS:
                return key, certificate
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lane ad-platform sandbox CA")])
        # Names only: gRPC's TLS library refuses a chain with a constraint on addresses.
        here = [x509.DNSName("localhost")]
        certificate = (
            _builder(name, name, key, CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.NameConstraints(here, None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(key_file, _private(key))
        _write(file, certificate.public_bytes(serialization.Encoding.PEM))
        return key, certificate

    def _leaf(self) -> Any:
        """The leaf on disk, renewed when it has less than ten days or another authority."""
        key_file, file = self.folder / "leaf.key", self.folder / "leaf.pem"
        if not (key_file.exists() and file.exists() and self._still_good(file)):
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
            names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(_LOOPBACK)])
            certificate = (
                _builder(name, self._ca.subject, key, LEAF_DAYS)
                .add_extension(names, critical=False)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
                .add_extension(_usage(signs=False), critical=True)
                .sign(self._ca_key, hashes.SHA256())
            )
            _write(key_file, _private(key))
            _write(file, certificate.public_bytes(serialization.Encoding.PEM))
        chain = file.read_bytes() + self._ca.public_bytes(serialization.Encoding.PEM)
        return grpc.ssl_server_certificate_configuration([(key_file.read_bytes(), chain)])

    def _still_good(self, file: Path) -> bool:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        try:
            certificate.verify_directly_issued_by(self._ca)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is made
            return False
        return _days_left(certificate) > RENEW_BEFORE_DAYS


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _days_left(certificate: x509.Certificate) -> float:
    return (certificate.not_valid_after_utc - datetime.now(UTC)).total_seconds() / 86400


def _write(file: Path, content: bytes) -> None:
    """Replace a file at once; private by default."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
    fresh.replace(file)
