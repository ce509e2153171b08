"""What the end-to-end tests share. The local host's programs are found in `local-host/python/`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "local-host" / "python"))
