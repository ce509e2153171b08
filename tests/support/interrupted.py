"""A proxy before the engine that passes on only so many requests, as if the caller were killed after them."""

from __future__ import annotations

import threading

from support.recording_proxy import RecordingProxy, Request


class Interrupted(RecordingProxy):
    """Passes on this many requests, and those that ask for the version. After the last, all connections end."""

    def __init__(self, engine: str, most: int) -> None:
        self.is_over = False
        self._most = most
        self._lock = threading.Lock()
        super().__init__(engine)

    def passes(self, request: Request) -> bool:
        """Whether a request goes through."""
        with self._lock:
            self.is_over = self.is_over or len(self.calls) > self._most
            return not self.is_over
