"""Whoever imports `_engine` by its name gets the module that `native.py` loads.

Python finds this folder before `_engine.so`. Imported from there, the module would be mapped from the very file that an
installation writes to, and the process would crash.
"""

import sys

from .. import native

sys.modules[__name__] = native.engine
