#!/usr/bin/python3
"""Prints docs/performance.md: what a person wrote there, and at the mark the
figures of test/boot/bench-gcc-12.csv beside Linux's. `make docs` puts it in
place; test/boot/bench.t keeps it so."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.report.costs import Cost, grouped, ratio, sums  # noqa: E402

DOCUMENT = ROOT / "docs" / "performance.md"
TABLE = ROOT / "test" / "boot" / "bench-gcc-12.csv"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def figures() -> str:
    """The table."""
    with open(TABLE, encoding="ascii", newline="") as file:
        costs = [Cost(row["operation"], row["policy"],
                      *(int(row[name]) for name in
                        ("count", "min", "median", "max", "linux", "goal")))
                 for row in csv.DictReader(file)]
    lines = ["| operation | policy | instructions | Linux | ratio | goal |",
             "|---|---|---|---|---|---|"]
    for policies, (cost, *_) in grouped(costs):
        goal = str(cost.goal) if cost.median <= cost.goal + 3 \
            else f"{cost.goal}, missed by {cost.median - cost.goal}"
        lines.append(f"| `{cost.operation}` | {policies} | {cost.median} | "
                     f"{cost.linux} | {ratio(cost.median, cost.linux)} | "
                     f"{goal} |")
    lines += ["", "All twelve together:", "",
              "| policy | instructions | of Linux's |", "|---|---|---|"]
    lines += [f"| {policy} | {ours} | {ratio(ours, linux)} |"
              for policy, ours, linux in sums(costs)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print it all."""
    text = DOCUMENT.read_text()
    if BEGIN not in text or END not in text:
        print(f"{DOCUMENT.name}: the marks are missing", file=sys.stderr)
        return 1
    print(re.sub(re.escape(BEGIN) + ".*" + re.escape(END),
                 lambda _: BEGIN + "\n" + figures() + "\n" + END, text,
                 flags=re.DOTALL), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
