"""Certificates, keys and pins: the right ones pass, and each wrong one has an error of its own that names it.

What else a TLS port can be wrong about is in `test_trouble.py`. The pairs are made for each engine by xtask; keys of
every form, and certificates of X.509 v1, are in `data/keys/`, made by its `make.sh`.
"""

from __future__ import annotations

import base64
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path

from support.case import OperationTestCase
from support.certificates import KEYS, certificate_pin, key_pin, server
from support.configurations import CERTIFICATES, Config, over_tls, stored
from support.scripted_server import ScriptedServer
from support.session import CONNECTOR, ConnectorError, execute, given

PASSPHRASE = "opensesame"
NO_CLIENT: Config = {"authentication_type": "None", "retry_attempts": 0, "timeout": 10}


def over(engine: ScriptedServer | str, **fields: object) -> Config:
    """Over TLS, trusting the private engine's authority."""
    address = engine if isinstance(engine, str) else engine.address
    return {**over_tls(address), **NO_CLIENT, **fields}


class CertificateTestCase(OperationTestCase):
    def file(self, contents: bytes) -> str:
        """A file of the test's own."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "given.pem")
        path.write_bytes(contents)
        return str(path)

    def assert_trusted(self, config: Config) -> None:
        self.assertIn("ApiVersion", execute(config, "get_version"))
        self.assertIs(True, CONNECTOR.check_health(config))
        CONNECTOR.on_delete_config(config)

    def assert_refused(self, config: Config, *expected: str, kind: str = "tls") -> None:
        """By calls and health check, with what is wrong and what to do about it."""
        for operation in ("get_version", "check_health"):
            text = self.refusal_with(config, operation)
            self.assertRegex(text, rf"^\[({kind})\] {operation}: \S.+\. \S.+\.$")
            for words in expected:
                self.assertRegex(text, f"(?i){words}")
            self.assertNotIn(PASSPHRASE, text)
            self.assertNotIn("PRIVATE KEY", re.sub("BEGIN (ENCRYPTED )?PRIVATE KEY", "", text))
        CONNECTOR.on_delete_config(config)


class Servers(CertificateTestCase):
    """Whether the server is the one that is meant."""

    def test_both_versions_of_tls(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name), server(version=version) as engine:
                self.assert_trusted(over(engine))
                self.assertIn("GET /version", engine.seen)

    def test_each_fault_has_its_own_error(self) -> None:
        for name, expected in (
            ("expired", "expired"),
            ("not-yet-valid", "not valid yet"),
            ("other-name", r"another name.*tls_server_name"),
            ("self-signed", "not signed by a trusted CA.*ca_cert_path"),
        ):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(name, version=version.name), server(name, version=version) as engine:
                    self.assert_refused(over(engine), expected, re.escape(engine.address))
                    self.assertEqual([], engine.seen)

    def test_a_name_of_another_address(self) -> None:
        with server("other-name") as engine:
            self.assert_trusted(over(engine, tls_server_name="engine.example"))
            self.assert_refused(over(engine, tls_server_name="other.example"), "another name", "tls_server_name")
            text = self.refusal_with(over(engine, tls_server_name="no name"), "get_version")
            self.assertRegex(text, r"^\[invalid_[a-z]+\] get_version: .*(tls_server_name|server's name)")

    def test_the_systems_authorities_count_without_a_file(self) -> None:
        with server() as engine:
            self.assert_refused(over(engine, ca_cert_path=""), "not signed by a trusted CA", "ca_cert_path")

    def test_a_servers_own_certificate_is_trusted_as_exactly_that(self) -> None:
        for name in ("server", "self-signed", "expired", "other-name"):
            with self.subTest(name), server(name) as engine:
                self.assert_trusted(over(engine, ca_cert_path=stored(f"{name}.pem")))
        with server("self-signed") as engine:
            self.assert_refused(over(engine, ca_cert_path=stored("server.pem")), "not signed by a trusted CA")
        with server("server") as engine:
            self.assert_refused(over(engine, ca_cert_path=stored("self-signed.pem")), "not signed by a trusted CA")

    def test_an_authoritys_own_certificate(self) -> None:
        with server("authority", KEYS) as engine:
            self.assert_refused(over(engine), "a CA certificate", "ca_cert_path")
            self.assert_trusted(over(engine, ca_cert_path=(KEYS / "authority.pem").read_text()))
            self.assert_trusted(over(engine, ca_cert_path="", certificate_pin=key_pin("authority", KEYS)))

    def test_several_certificates_in_one_file(self) -> None:
        bundle = "".join((CERTIFICATES / name).read_text() for name in ("other-ca.pem", "self-signed.pem", "ca.pem"))
        for name in ("server", "self-signed"):
            with self.subTest(name), server(name) as engine:
                self.assert_trusted(over(engine, ca_cert_path=bundle))
                self.assert_trusted(over(engine, ca_cert_path=f"Some words before.\n{bundle}and after\n"))

    def test_the_old_form_works_or_is_refused_by_name(self) -> None:
        with server("v1", KEYS) as engine:
            config = over(engine, ca_cert_path=(KEYS / "v1.pem").read_text())
            text = self.refusal_with(config, "get_version")
            self.assertRegex(text, r"(?i)^\[tls\] get_version: .*(X\.509 v1|version 1|certificate version)")
        with server("of-v1", KEYS) as engine:
            self.assert_trusted(over(engine, ca_cert_path=(KEYS / "v1.pem").read_text()))

    def test_files_that_hold_no_certificate(self) -> None:
        with server() as engine:
            for pem, expected in (
                ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ca_cert_path"),
                ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "ca_cert_path.*damaged"),
                ("-----BEGIN CERTIFICATE-----\nAAAA\n", "ca_cert_path"),
                ((CERTIFICATES / "key.pem").read_text(), "ca_cert_path.*something else"),
            ):
                with self.subTest(pem):
                    self.assert_refused(over(engine, ca_cert_path=pem), expected, kind="tls|invalid_configuration")
            for contents, expected in (
                (b"", "is empty"),
                (b"\x30\x82\x01\x00", "is not PEM"),
                (b"words", "is not PEM"),
            ):
                with self.subTest(contents):
                    path = self.file(contents)
                    config = over(engine, ca_cert_path=path)
                    self.assert_refused(config, f"ca_cert_path.*{expected}", kind="tls|invalid_configuration")
            self.assertEqual([], engine.seen)

    def test_without_verification_nothing_is_asked_but_it_is_said(self) -> None:
        for name in ("expired", "not-yet-valid", "other-name", "self-signed"):
            with self.subTest(name), server(name) as engine, self.assertLogs("connectors", "WARNING") as log:
                self.assertIs(True, CONNECTOR.check_health(over(engine, verify_ssl=False)))
            self.assertIn("verify_ssl is off", "\n".join(log.output))


FORMS: dict[str, Callable[[str], str | bytes]] = {
    "a byte order mark": lambda pem: "\ufeff" + pem,
    "marks within": lambda pem: pem.replace("-----BEGIN", "\ufeff-----BEGIN"),
    "glued blocks": lambda pem: pem.replace("-----\n-----", "----------"),
    "Windows": lambda pem: pem.replace("\n", "\r\n"),
    "an old Mac": lambda pem: pem.replace("\n", "\r"),
    "indented": lambda pem: "".join(f"    {line}\n" for line in pem.splitlines()),
    "spaces at the ends": lambda pem: pem.replace("\n", "  \n"),
    "one line": lambda pem: pem.replace("\n", " "),
    "escaped": lambda pem: pem.replace("\n", "\\n"),
    "escaped as Windows": lambda pem: pem.replace("\n", "\\r\\n"),
    "HTML": lambda pem: pem.replace("\n", "&#10;").replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&#61;"),
    "text around": lambda pem: f"subject: é & so on\n{pem}\nafter\n",
    "UTF-16": lambda pem: pem.encode("utf-16"),
    "UTF-16, big": lambda pem: b"\xfe\xff" + pem.encode("utf-16-be"),
    "UTF-16 without a mark": lambda pem: pem.encode("utf-16-le"),
    "Latin-1 around": lambda pem: b"\xe9\n" + pem.encode(),
}


class Forms(CertificateTestCase):
    """F34: PEM as editors, templates and forms leave it; and what is not used is told."""

    def given(self, contents: str | bytes) -> Iterator[str]:
        """The ways to give a file: as one, and as text where it is text."""
        yield self.file(contents.encode() if isinstance(contents, str) else contents)
        if isinstance(contents, str):
            yield contents

    def told(self, config: Config) -> str:
        """What the health check says beside its success."""
        with self.assertLogs("connectors", "INFO") as log:
            self.assertIs(True, CONNECTOR.check_health(config))
        CONNECTOR.on_delete_config(config)
        return "\n".join(record.getMessage() for record in log.records)

    def test_an_authority_first_or_last_in_its_file(self) -> None:
        right, other = ((CERTIFICATES / name).read_text() for name in ("ca.pem", "other-ca.pem"))
        with server() as engine:
            for bundle in (right + other, other + right, right):
                for form, write in FORMS.items():
                    for given in self.given(write(bundle)):
                        with self.subTest(form, first=bundle.startswith(right)):
                            self.assert_trusted(over(engine, ca_cert_path=given))

    def test_the_clients_certificate_and_key(self) -> None:
        certificate, key = (KEYS / "ec.pem").read_text(), (KEYS / "ec-key.pem").read_text()
        locked = (KEYS / "ec-aes256-key.pem").read_text()
        with server(clients=KEYS / "ca.pem") as engine:
            for form, write in FORMS.items():
                for cert_path, key_path, locked_path in zip(
                    self.given(write(certificate)), self.given(write(key)), self.given(write(locked))
                ):
                    with self.subTest(form):
                        config = over(engine, authentication_type="Certificate", cert_path=cert_path, key_path=key_path)
                        self.assert_trusted(config)
                        self.assert_trusted({**config, "key_path": locked_path, "key_passphrase": PASSPHRASE})

    def test_without_pem_around_it(self) -> None:
        ca = ssl.PEM_cert_to_DER_cert((CERTIFICATES / "ca.pem").read_text())
        certificate = ssl.PEM_cert_to_DER_cert((KEYS / "ec.pem").read_text())
        with server(clients=KEYS / "ca.pem") as engine:
            for name, passphrase in (("ec", ""), ("ec-sec1", ""), ("rsa-pkcs1", ""), ("ec-aes256", PASSPHRASE)):
                with self.subTest(name):
                    lines = (KEYS / f"{name}-key.pem").read_text().split("-----BEGIN ")[-1].splitlines()[1:-1]
                    own = (KEYS / f"{name.partition('-')[0]}.pem").read_text()
                    config = over(
                        engine,
                        authentication_type="Certificate",
                        ca_cert_path=self.file(ca),
                        cert_path=self.file(certificate if name.startswith("ec") else ssl.PEM_cert_to_DER_cert(own)),
                        key_path=self.file(base64.b64decode("".join(lines))),
                        key_passphrase=passphrase,
                    )
                    self.assert_trusted(config)

    def test_openssls_trusted_form(self) -> None:
        pem = (CERTIFICATES / "ca.pem").read_text()
        trusted = subprocess.run(
            ["openssl", "x509", "-trustout", "-addtrust", "serverAuth"], input=pem, capture_output=True, text=True
        ).stdout
        self.assertIn("BEGIN TRUSTED CERTIFICATE", trusted)
        with server() as engine:
            self.assert_trusted(over(engine, ca_cert_path=trusted))
            self.assert_trusted(over(engine, ca_cert_path=pem.replace("CERTIFICATE", "X509 CERTIFICATE")))

    def test_what_is_not_used_is_told(self) -> None:
        ca, key = (CERTIFICATES / "ca.pem").read_text(), (CERTIFICATES / "key.pem").read_text()
        body = "\nMAMCAQE=\n"
        with server() as engine:
            for other, expected in (
                (key, "block 2 is not used: it is a private key"),
                (block("X509 CRL", body), r"block 2 \(X509 CRL\) is not used: it is a certificate revocation list"),
                (block("DH PARAMETERS", body), r"block 2 \(DH PARAMETERS\) is not used"),
                (block("PKCS7", body), "PKCS#7.*openssl pkcs7"),
                (block("CERTIFICATE REQUEST", body), "signing request"),
                (block("CERTIFICATE", body), r"block 2 \(CERTIFICATE\) is not used: it is damaged"),
                (block("CERTIFICATE", "\n!!\n"), "is damaged"),
                (ca[: len(ca) // 2], "is damaged"),
            ):
                with self.subTest(expected):
                    told = self.told(over(engine, ca_cert_path=ca + other))
                    self.assertRegex(told, f"ca_cert_path: {expected}" if expected.startswith("block") else expected)
                    self.assertNotIn(key.splitlines()[1], told)
                    if other != ca[: len(ca) // 2]:
                        text = self.refusal_with(over(engine, ca_cert_path=self.file(other.encode())), "get_version")
                        self.assertRegex(
                            text, r"ca_cert_path (holds no certificate, but something else|is damaged): block 1"
                        )
                        self.assertNotIn(key.splitlines()[1], text)
            self.assertNotIn("not used", self.told(over(engine)))

    def test_a_damaged_certificate_of_the_client_is_no_gap(self) -> None:
        pem = block("CERTIFICATE", "\nMAMCAQE=\n") + (KEYS / "ec.pem").read_text()
        with server(clients=KEYS / "ca.pem") as engine:
            config = over(
                engine,
                authentication_type="Certificate",
                cert_path=pem,
                key_path=(KEYS / "ec-key.pem").read_text(),
            )
            self.assert_refused(config, r"cert_path has a fault: block 1 \(CERTIFICATE\) is damaged")

    def test_pins_as_tools_print_them(self) -> None:
        with server() as engine:
            for pin in (
                "\ufeff" + key_pin("server"),
                key_pin("server").replace("sha256/", "sha256//", 1),
                f"sha256 Fingerprint={certificate_pin('server')}",
                f"SHA256 Fingerprint={certificate_pin('server')}\r\n",
            ):
                with self.subTest(pin):
                    self.assert_trusted(over(engine, certificate_pin=pin, ca_cert_path=""))


def block(label: str, body: str) -> str:
    """A block of PEM."""
    return f"-----BEGIN {label}-----{body}-----END {label}-----\n"


class Pins(CertificateTestCase):
    """Pins, with an authority and instead of one."""

    def test_the_right_one(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with server(version=version) as engine:
                for pin in (key_pin("server"), certificate_pin("server"), certificate_pin("server").replace(":", "")):
                    with self.subTest(pin, version=version.name):
                        self.assert_trusted(over(engine, certificate_pin=pin))
                        self.assert_trusted(over(engine, certificate_pin=pin, ca_cert_path=""))
                        self.assert_trusted(over(engine, certificate_pin=f"{key_pin('expired')}, {pin}"))

    def test_any_other(self) -> None:
        with server() as engine:
            for other in ("expired", "self-signed", "ca", "cert"):
                for pin in (key_pin(other), certificate_pin(other)):
                    for ca in (stored("ca.pem"), ""):
                        for verify in (True, False):
                            with self.subTest(pin, ca=bool(ca), verify=verify):
                                config = over(engine, certificate_pin=pin, ca_cert_path=ca, verify_ssl=verify)
                                self.assert_refused(config, "pinned", "certificate_pin")
            self.assertEqual([], engine.seen)

    def test_a_pin_alone_needs_no_authority_name_or_time(self) -> None:
        for name in ("self-signed", "expired", "not-yet-valid", "other-name"):
            with self.subTest(name), server(name) as engine:
                self.assert_trusted(over(engine, certificate_pin=key_pin(name), ca_cert_path=""))

    def test_beside_an_authority_both_must_hold(self) -> None:
        for name, expected in (
            ("self-signed", "not signed by a trusted CA"),
            ("expired", "expired"),
            ("other-name", "another name"),
        ):
            with self.subTest(name), server(name) as engine:
                self.assert_refused(over(engine, certificate_pin=key_pin(name)), expected)

    def test_a_pin_that_is_taken_back(self) -> None:
        """What was kept from the time when it was right does not outlive it."""
        with server() as engine:
            config = over(engine, certificate_pin=key_pin("server"), ca_cert_path="")
            self.assertIn("ApiVersion", execute(config, "get_version"))
            revoked = {**config, "certificate_pin": key_pin("expired")}
            CONNECTOR.on_update_config(config, revoked, True)
            self.assert_refused(revoked, "pinned")

    def test_the_real_engine(self) -> None:
        for pin in (key_pin("server"), certificate_pin("server")):
            for ca in (stored("ca.pem"), ""):
                self.assert_trusted({**over_tls(), "certificate_pin": pin, "ca_cert_path": ca})
        self.assert_refused({**over_tls(), "certificate_pin": key_pin("expired")}, "pinned")

    def test_what_is_no_pin(self) -> None:
        for pin in ("sha256/AAAA", "md5/AAAA", "AB:CD", "x" * 64, key_pin("server").replace("sha256/", "sha1/")):
            with self.subTest(pin):
                text = self.refusal_with(over(given("ENGINE_TLS"), certificate_pin=pin), "get_version")
                self.assertRegex(text, r"^\[invalid_configuration\] get_version: .*certificate_pin")


class Keys(CertificateTestCase):
    """The client's certificate and key."""

    def given(self, engine: ScriptedServer, key: str, passphrase: str = "") -> Config:
        """The key `key`, such as `ec-sec1`, with the certificate of its first word."""
        return over(
            engine,
            authentication_type="Certificate",
            cert_path=(KEYS / f"{key.partition('-')[0]}.pem").read_text(),
            key_path=(KEYS / f"{key}-key.pem").read_text(),
            key_passphrase=passphrase,
        )

    def test_every_form_that_can_be_read(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with server(clients=KEYS / "ca.pem", version=version) as engine:
                for key in ("rsa", "ec", "ed25519", "rsa-pkcs1", "ec-sec1"):
                    with self.subTest(key, version=version.name):
                        self.assert_trusted(self.given(engine, key))
                for key in ("rsa-aes256", "ec-aes256", "ec-des3", "ec-scrypt"):
                    with self.subTest(key, version=version.name):
                        self.assert_trusted(self.given(engine, key, PASSPHRASE))

    def test_every_way_to_give_them(self) -> None:
        with server(clients=KEYS / "ca.pem") as engine:
            config = self.given(engine, "ec")
            self.assert_trusted(config)
            self.assert_trusted({**config, "cert_path": str(KEYS / "ec.pem"), "key_path": str(KEYS / "ec-key.pem")})
            one_line = {field: config[field].replace("\n", "\\n") for field in ("cert_path", "key_path")}
            self.assert_trusted({**config, **one_line})
            surrounded = f"Bag Attributes\n    friendlyName: x\n{config['key_path']}"
            self.assert_trusted({**config, "key_path": self.file(surrounded.encode())})
            windows = config["key_path"].replace("\n", "\r\n").encode()
            self.assert_trusted({**config, "key_path": self.file(windows)})
            both = (KEYS / "ec.pem").read_text() + (KEYS / "ec-key.pem").read_text()
            self.assert_trusted({**config, "cert_path": both, "key_path": both})

    def test_text_in_a_field_is_never_repeated(self) -> None:
        """Not even where it is taken for the name of a file."""
        key = (KEYS / "ec-key.pem").read_text()
        secret = key.splitlines()[1]
        with server(clients=KEYS / "ca.pem") as engine:
            for text in (
                f"Bag Attributes\n{key}",
                f"\ufeff{key}",
                f"# {secret}",
                secret,
                key.replace("BEGIN", "begin"),
            ):
                with self.subTest(text):
                    config = {**self.given(engine, "ec"), "key_path": text}
                    for operation in ("get_version", "check_health"):
                        self.assertNotIn(secret[:20], self.outcome(config, operation))

    def outcome(self, config: Config, operation: str) -> str:
        """The text of the error, if there is one."""
        try:
            CONNECTOR.check_health(config) if operation == "check_health" else execute(config, operation)
        except ConnectorError as error:
            return str(error)
        return ""

    def test_a_passphrase_that_is_not_needed_does_no_harm(self) -> None:
        with server(clients=KEYS / "ca.pem") as engine:
            self.assert_trusted(self.given(engine, "ec", "whatever"))

    def test_passphrases(self) -> None:
        with server(clients=KEYS / "ca.pem") as engine:
            for key in ("rsa-aes256", "ec-aes256", "ec-des3", "ec-scrypt"):
                with self.subTest(key):
                    self.assert_refused(self.given(engine, key), "key_path.*is encrypted", "key_passphrase")
                    wrong = self.given(engine, key, PASSPHRASE + "x")
                    self.assert_refused(wrong, "key_path.*does not open", "key_passphrase")
            self.assertEqual([], engine.seen)

    def test_what_cannot_be_read_gets_the_command_that_mends_it(self) -> None:
        with server(clients=KEYS / "ca.pem") as engine:
            for key, expected in (
                ("rsa-dek-info", "key_path.*DEK-Info"),
                ("ec-pbes1", "key_path.*encrypted in an unsupported way"),
                ("p521", "key_path.*P-521"),
            ):
                for passphrase in ("", PASSPHRASE):
                    with self.subTest(key, passphrase=passphrase):
                        config = self.given(engine, key, passphrase)
                        if key == "ec-pbes1" and not passphrase:
                            self.assert_refused(config, "key_path.*is encrypted", "key_passphrase")
                        else:
                            self.assert_refused(config, expected, "`openssl [a-z0-9]+ .*`")
            self.assertEqual([], engine.seen)

    def test_the_command_mends_it(self) -> None:
        """The command of the error, carried out, makes a key that works."""
        openssl = shutil.which("openssl")
        if openssl is None:
            self.skipTest("there is no openssl here to carry the command out")
        with server(clients=KEYS / "ca.pem") as engine, tempfile.TemporaryDirectory() as folder:
            for key in ("rsa-dek-info", "ec-pbes1"):
                text = self.refusal_with(self.given(engine, key, PASSPHRASE), "get_version")
                found = re.search("`openssl (.+?)`", text)
                assert found is not None, text
                shutil.copy(KEYS / f"{key}-key.pem", Path(folder, "key.pem"))
                passwords = ["-passin", f"pass:{PASSPHRASE}", "-passout", f"pass:{PASSPHRASE}"]
                subprocess.run([openssl, *found[1].split(), *passwords], cwd=folder, check=True)
                mended = Path(folder, "new.pem").read_text()
                self.assert_trusted({**self.given(engine, key, PASSPHRASE), "key_path": mended})

    def test_keys_that_do_not_match(self) -> None:
        with server(clients=KEYS / "ca.pem") as engine:
            for key in ("rsa", "ed25519"):
                config = {**self.given(engine, "ec"), "key_path": (KEYS / f"{key}-key.pem").read_text()}
                self.assert_refused(config, r"key_path does not belong to the client certificate")
            other = {**self.given(engine, "ec"), "key_path": (CERTIFICATES / "key.pem").read_text()}
            self.assert_refused(other, r"key_path does not belong to the client certificate")
            self.assertEqual([], engine.seen)

    def test_files_that_hold_no_key(self) -> None:
        with server(clients=KEYS / "ca.pem") as engine:
            for contents, expected in (
                (b"", "is empty"),
                (b"\n\n", "is not PEM|is empty"),
                (b"\x30\x82\x01\x00", "is not PEM"),
                (b"words", "is not PEM"),
                ((KEYS / "ec.pem").read_bytes(), "does not hold a private key"),
                (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key"),
                (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "damaged"),
                (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "damaged"),
            ):
                with self.subTest(contents):
                    config = {**self.given(engine, "ec", PASSPHRASE), "key_path": self.file(contents)}
                    self.assert_refused(config, f"key_path.*{expected}", kind="tls|invalid_configuration")
            for contents, expected in ((b"", "is empty"), (b"words", "is not PEM")):
                with self.subTest(contents):
                    config = {**self.given(engine, "ec"), "cert_path": self.file(contents)}
                    self.assert_refused(config, f"cert_path.*{expected}", kind="tls|invalid_configuration")

    def test_a_certificate_that_the_server_does_not_know(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name), server(clients=CERTIFICATES / "ca.pem", version=version) as engine:
                for config in (self.given(engine, "ec"), over(engine)):
                    self.assert_refused(config, "client certificate", "cert_path")
                self.assertEqual([], engine.seen)

    def test_what_the_real_engine_says(self) -> None:
        self.assert_trusted(over_tls())
        self.assert_refused({**over_tls(cert="other-cert.pem", key="other-key.pem"), "retry_attempts": 0}, "cert_path")
        self.assert_refused(over(given("ENGINE_TLS")), "client certificate", "cert_path")


if __name__ == "__main__":
    unittest.main()
