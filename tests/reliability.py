"""Writes `docs/reliability.md`: what comes of each fault, as a run on a real engine just found it.

`cargo xtask faults` runs it.

With `--check` nothing is written: outcomes and tries must be those that the file has. A promise that is broken is an
error either way.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from support.fault_kinds import KINDS
from support.faults import Row, run
from support.second_engine import SecondEngine

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
_NAMES = [kind.name for kind in KINDS]


def main(*options: str) -> int:
    with SecondEngine() as engine:
        rows = run(engine)
    faults = broken(rows)
    if options == ("--check",):
        faults += differences(rows)
    elif not faults:
        DOCUMENT.write_text(_document(rows))
        print(f"Wrote {DOCUMENT.name}: {len(rows)} faults")
    print(*faults, sep="\n", file=sys.stderr)
    return 1 if faults else 0


def broken(rows: list[Row]) -> list[str]:
    """Promises that were broken."""
    return [f"{name}, {kind}: {one}" for name, row in rows for kind, cell in row.items() for one in cell.broken]


def differences(rows: list[Row]) -> list[str]:
    """Where the document says otherwise. Times do not count."""
    written = _written()
    found = {name: [row[kind].told if kind in row else "" for kind in _NAMES] for name, row in rows}
    faults = [f"{name}: only in the document, or only found" for name in written.keys() ^ found.keys()]
    for name in written.keys() & found.keys():
        for kind, says, comes in zip(_NAMES, written[name], found[name]):
            if says != comes:
                faults.append(f"{name}, {kind}: the document says {says!r}, and it is {comes!r}")
    return faults


def _written() -> dict[str, list[str]]:
    """The document's table, without times."""
    _, _, text = DOCUMENT.read_text().partition("| fault |")
    lines = [line for line in text.splitlines()[2:] if line.startswith("| ")]
    table = {}
    for line in lines:
        name, *cells = (re.sub(r"`|, (at once|\d+ s)$", "", cell.strip()) for cell in line.strip("|").split("|"))
        table[name] = cells
    return table


def _document(rows: list[Row]) -> str:
    lines = [f"| fault | {' | '.join(_NAMES)} |", f"| --- |{' --- |' * len(_NAMES)}"]
    for name, row in rows:
        cells = [f"{row[kind].told}, {row[kind].time}" if kind in row else "" for kind in _NAMES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return _TEXT.replace("TABLE", "\n".join(lines))


_TEXT = """# What happens when things go wrong

`cargo xtask faults` wrote this table: each fault, by each kind of operation, made on purpose between the connector and
a real Docker Engine (20.10), through the package as FortiSOAR loads it. A test makes it all again and compares. Each
cell: the outcome (an [error's code](errors.md), or done), how often the request went out, and how long the answer took.

The configuration had `timeout` 5, `retry_attempts` 2 and `retry_delay` 0; command, file and upload 5 seconds of their
own.

| kind | operation | what was looked at afterwards |
| --- | --- | --- |
| read | Inspect Container | the answer is the container's |
| write | Create Container | how many containers there are now |
| command | Execute Command | how often it ran; its output and exit code |
| stream | Get Container Logs | the output is what the container wrote |
| file | Copy from Container | the attachment, byte by byte; nothing is left in the temporary folder |
| upload | Copy to Container | the file in the container, byte by byte |

TABLE

In every cell it was also found:

- **Nothing lost.** What is said to be done is there, once, and whole. An answer that may lack its end says so.
- **Nothing doubled.** No container was made twice, no command ran twice, whatever the fault. What changes something and
  was sent is not sent again: its outcome is `unknown_outcome` where the answer was lost.
- **Nothing hung.** Each call ended at its bound, and the next call of the same configuration went well as soon as the
  fault was over.

A connection that was kept from an earlier call and turns out to be gone says nothing of the engine, so the try on it
does not count: what may be repeated then goes out once more. The request that a fault is for is the one that does the
work; a command, logs and an upload look at the container first, and where that look fails nothing was done.

By SSH, the connections had signed in before the fault, and a real sshd forwarded the engine's socket. The faults of the
engine itself are those above: what goes through the tunnel is the same.
"""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
