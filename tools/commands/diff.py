"""`tandem diff`: what changed between two results."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.commands.compare import need_gnuplot
from tools.commands.front import Front, need_directory, need_rich
from tools.errors import STATUS_INCOHERENT, STATUS_OK
from tools.report import changes, report, saved


def run(front: Front, args: argparse.Namespace) -> int:
    """`tandem diff A.json B.json`: 0 if they are equal, 1 if they differ."""
    need_rich()
    before, after = (saved.load(Path(name)) for name in (args.a, args.b))
    if args.out:
        need_gnuplot()
        need_directory(args.out)
    found = changes.changes(before, after, (args.a, args.b))
    if args.out:
        for path in report.write(after, Path(args.out),
                                 changes.section(found)):
            front.say(f"wrote {path}")
    front.show("table", after, lambda _, console:
               changes.print_changes(found, console))
    return STATUS_INCOHERENT if found else STATUS_OK
