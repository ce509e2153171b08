"""What could take the test runner down runs in a process of its own: a program of `scenarios/`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]


def scenario(name: str, *arguments: str) -> subprocess.Popen[str]:
    """Starts a program of `scenarios/`."""
    return subprocess.Popen(
        [sys.executable, _TESTS / "scenarios" / f"{name}.py", *arguments],
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
