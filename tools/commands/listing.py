"""`tandem list`."""

from __future__ import annotations

import argparse

from tools import image
from tools.commands.front import Front
from tools.errors import STATUS_OK


def run(front: Front, args: argparse.Namespace) -> int:
    """`tandem list`: a line for each thing that has a name."""
    what = args.what
    if what != "backends":
        front.quiet = True
        backend = front.choose("auto")
        known = image.names_of(front.build(), backend)
        for kind in [what] if what else known:
            width = max((len(name) for name, _ in known.get(kind, [])),
                        default=0)
            for name, text in known.get(kind, []):
                _line(front, kind, f"{name:<{width}}", text, what)
    if what in (None, "backends"):
        for backend in front.backends:
            missing = backend.missing()
            text = f"no: {missing.why}; needs: {missing.remedy}" \
                if missing else "yes"
            _line(front, "backends", backend.name,
                  f"{backend.text}; runs here: {text}", what)
    return STATUS_OK


def _line(front: Front, kind: str, name: str, text: str,
          what: str | None) -> None:
    column = "" if what else f"{kind:<10} "
    print(f"{column}{name:<20} {text}".rstrip(), file=front.out)
