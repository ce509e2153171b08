"""Secrets that can be found again, whatever became of them on the way."""

from __future__ import annotations

import base64
import binascii
import secrets
from urllib.parse import quote


class Marked:
    """Makes secrets, and looks for them in anything."""

    def __init__(self) -> None:
        self._forms: dict[bytes, str] = {}

    def secret(self, name: str) -> str:
        """A new one, with characters that encodings change."""
        text = f"pl/nted+{name}&{secrets.token_hex(8)}="
        self.add(name, text)
        return text

    def add(self, name: str, text: str) -> None:
        """One that was made elsewhere."""
        raw = text.encode()
        for form in (raw, quote(text, safe="").encode(), "".join(f"%{byte:02x}" for byte in raw).encode()):
            self._forms[form] = name
        self._forms[binascii.hexlify(raw)] = name
        for before in range(3):
            # Wherever it begins within what is encoded, all but its edges looks the same.
            encoded = base64.b64encode(b"\0" * before + raw)[4:-4]
            for form in (encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")):
                self._forms[form] = f"{name} in base64"

    def found_in(self, what: bytes | str) -> list[str]:
        """The names of those that are there, in any form."""
        where = what.encode("utf-8", "surrogateescape") if isinstance(what, str) else what
        lower = where.lower()
        return sorted({name for form, name in self._forms.items() if form in where or form.lower() in lower})
