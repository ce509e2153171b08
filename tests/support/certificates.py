"""Servers that speak TLS with any certificate, and the pins of certificates."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path

from support.configurations import CERTIFICATES
from support.scripted_server import Answer, ScriptedServer

KEYS = Path(__file__).resolve().parents[1] / "data" / "keys"

_SCRIPT = {"GET /version": Answer(200, {"Version": "1", "ApiVersion": "1.41"})}


def server(
    name: str = "server",
    folder: Path = CERTIFICATES,
    clients: Path | None = None,
    version: ssl.TLSVersion | None = None,
) -> ScriptedServer:
    """An engine's stand-in with the pair of this name. With `clients`, it wants a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}-key.pem")
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return ScriptedServer(_SCRIPT, tls=context)


def certificate_pin(name: str, folder: Path = CERTIFICATES) -> str:
    """The SHA-256 of a certificate, as `openssl x509 -fingerprint` writes it."""
    digest = hashlib.sha256(_der(name, folder)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def key_pin(name: str, folder: Path = CERTIFICATES) -> str:
    """The pin of a certificate's key, as in RFC 7469."""
    (whole,) = _elements(_der(name, folder))
    (to_be_signed, *_) = _elements(_inside(whole))
    fields = [field for field in _elements(_inside(to_be_signed)) if field[0] != 0xA0]  # [0] is the version
    _serial, _algorithm, _issuer, _validity, _subject, key = fields[:6]
    return "sha256/" + base64.b64encode(hashlib.sha256(key).digest()).decode()


def _der(name: str, folder: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text())


def _elements(der: bytes) -> Iterator[bytes]:
    """The elements of a DER sequence's contents, each with its tag and length."""
    while der:
        end = len(der) - len(_inside(der)) + _length(der)
        yield der[:end]
        der = der[end:]


def _length(der: bytes) -> int:
    return der[1] if der[1] < 0x80 else int.from_bytes(der[2 : 2 + der[1] - 0x80], "big")


def _inside(der: bytes) -> bytes:
    """What follows an element's tag and length."""
    return der[2 + max(0, der[1] - 0x80) :]
