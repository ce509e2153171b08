"""A long call on the main thread that is interrupted, as by Ctrl-C."""

from __future__ import annotations

import sys
import time

from support import configurations
from support.session import execute


def main(transport: str, container: str) -> None:
    config = configurations.over_unix() if transport == "unix" else configurations.over_tls()
    execute(config, "ping")
    print("calling", flush=True)
    try:
        execute(config, "exec_container", id=container, Cmd=["sleep", "30"])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    # The worker is as good as before.
    began = time.monotonic()
    execute(config, "get_version")
    print(f"again after {time.monotonic() - began:.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
