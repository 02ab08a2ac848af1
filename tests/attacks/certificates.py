"""Authorities and server certificates for tests, made when asked for."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_NOT_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
_NOT_AFTER = _NOT_BEFORE + timedelta(days=365 * 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Paths of PEM files: the authority's certificate, the server's and its key."""

    ca: Path
    cert: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


def make_certificate(folder: Path, *names: str) -> Certificate:
    """For a server of these names or addresses, by an authority of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("an authority of the tests")
    authority = (
        _builder(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    server = (
        _builder(_name(names[0]), ca_name, key)
        .add_extension(x509.SubjectAlternativeName([*map(_alternative, names)]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    made = Certificate(ca=folder / "ca.pem", cert=folder / "cert.pem", key=folder / "key.pem")
    made.ca.write_bytes(authority.public_bytes(Encoding.PEM))
    made.cert.write_bytes(server.public_bytes(Encoding.PEM))
    plain = NoEncryption()
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain))
    return made


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
