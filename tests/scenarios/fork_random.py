"""A worker that forks after it has begun to speak SSH: each child begins as well. The server is none, and hangs up.

Its argument is the configuration, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress

from support.session import ConnectorError, execute

CHILDREN = 3


def main() -> None:
    config = json.loads(sys.argv[1])
    with suppress(ConnectorError):
        execute(config, "ping")
    for _ in range(CHILDREN):
        child = os.fork()
        if child == 0:
            with suppress(ConnectorError):
                execute(config, "ping")
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
