"""Every fault by every kind of operation, again: outcomes and tries are those of `docs/reliability.md`."""

from __future__ import annotations

import unittest

import reliability

from support.engine import api_version
from support.faults import run
from support.second_engine import SecondEngine


class Faults(unittest.TestCase):
    def test_nothing_is_lost_doubled_or_hangs_and_the_document_is_true(self) -> None:
        with SecondEngine() as engine:
            rows = run(engine)
        self.assertEqual([], reliability.broken(rows))
        # The document is of Docker 20.10; another may have said more, or less, before it was killed.
        if api_version() == "1.41":
            self.assertEqual([], reliability.differences(rows))


if __name__ == "__main__":
    unittest.main()
