"""What takes connections, for the servers of the tests that are no HTTP servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class Listener:
    """Takes connections until it is closed, and serves each on a thread of its own.

    `refuses` is asked about each at once, before there is a thread for it.
    """

    def __init__(
        self,
        listening: socket.socket,
        serve: Callable[[socket.socket], None],
        refuses: Callable[[socket.socket], bool] = lambda _: False,
    ) -> None:
        self.accepted = 0
        self._socket, self._serve, self._refuses = listening, serve, refuses
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Of one on the loopback address: host and port."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Takes no further connection."""
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            if not self._refuses(client):
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()
