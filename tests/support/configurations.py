"""Configurations of the connector for the private engine, with the bookkeeping keys that FortiSOAR adds."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from support.session import given

Config = dict[str, Any]

CERTIFICATES = Path(given("ENGINE_CERTS"))


def over_unix(socket: str = "") -> Config:
    """Over a unix socket, the engine's own unless another is named."""
    return {
        "config_id": "5f0e3d5c-3f6c-4a8e-8f0e-1d2f3a4b5c6d",
        "name": "tests",
        "default": True,
        "protocol": "UNIX",
        "server_address": socket or given("ENGINE_SOCKET"),
        "authentication_type": "None",
        # The tests call more often than a playbook would; the limit has tests of its own.
        "rate_limit": 0,
    }


def over_http(address: str = "") -> Config:
    """Over plain HTTP, to the engine unless another `host:port` is named."""
    host, _, port = (address or given("ENGINE_TCP")).rpartition(":")
    return {**over_unix(), "protocol": "HTTP", "server_address": host, "port": port}


def over_tls(address: str = "", cert: str = "cert.pem", key: str = "key.pem", ca: str = "ca.pem") -> Config:
    """Over mutual TLS, with the certificates as a configuration holds them: as files that FortiSOAR keeps."""
    host, _, port = (address or given("ENGINE_TLS")).rpartition(":")
    return {
        **over_unix(),
        "protocol": "HTTPS",
        "server_address": host,
        "port": port,
        "authentication_type": "Certificate",
        "cert_path": stored(cert),
        "key_path": stored(key),
        "ca_cert_path": stored(ca),
        "verify_ssl": True,
    }


def stored(certificate: str) -> dict[str, Any]:
    """A file of the certificates' folder, uploaded to the local host."""
    records = importlib.import_module("integrations.records")
    file: dict[str, Any] = records.create_file(str(CERTIFICATES / certificate), certificate)
    return {"@id": file["@id"], "filename": certificate}
