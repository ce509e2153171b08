"""What the end-to-end tests share. The local host's programs are found in `host/`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "host"))
