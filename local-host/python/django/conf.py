"""FortiSOAR's settings, as far as a connector reads them."""

from __future__ import annotations

import os


class Settings:
    """The settings of the local host in whose folder this file lies."""

    def __init__(self, root: str) -> None:
        self.TMP_FILE_ROOT = os.path.join(root, "tmp")


settings = Settings(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
