"""./tandem: which command it is, and how it ends."""

from __future__ import annotations

import os
import signal
import sys

from tools.commands import (arguments, bench, captured, compare, diff,
                            listing, litmus)
from tools.commands.front import Front
from tools.errors import (STATUS_INTERRUPTED, STATUS_NO_BACKEND, STATUS_OK,
                          Answer, Stop)

COMMANDS = {"compare": compare.run, "run": compare.run, "litmus": litmus.run,
            "bench": bench.run, "diff": diff.run, "report": captured.run,
            "list": listing.run}


class App(Front):
    """One call of ./tandem; the tests give it other backends and limits."""

    def main(self, argv: list[str]) -> int:
        """Run the command; returns the exit status."""
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGHUP, _interrupt)
        try:
            status = self._run(argv)
            self.out.flush()
            return status
        except Stop as stop:
            print(f"tandem: {stop.text}", file=self.err)
            return stop.status
        except KeyboardInterrupt:
            print("tandem: interrupted", file=self.err)
            return STATUS_INTERRUPTED
        except BrokenPipeError:
            # Whoever read our answer has enough: not an error of ours. Of
            # results see show().
            self.drop_output()
            return STATUS_OK
        except OSError as error:
            self.drop_output()
            where = f"{error.filename}: " if error.filename else ""
            print(f"tandem: {where}{error.strerror}", file=self.err)
            return STATUS_NO_BACKEND

    def _run(self, argv: list[str]) -> int:
        names = tuple(backend.name for backend in self.backends)
        try:
            args = arguments.parse(argv, names)
        except Answer as answer:
            print(answer.text, end="", file=self.out)
            return STATUS_OK
        return COMMANDS[args.command](self, args)


def need_streams() -> None:
    """Where standard output was closed, writing fails instead of landing in
    a file that happens to get its number; of standard error nobody reads."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)       # the lowest number that is free
    sys.stdout = sys.stdout or open(1, "w", closefd=False)
    sys.stderr = sys.stderr or open(2, "w", closefd=False)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Entry point of ./tandem."""
    need_streams()
    return App().main(sys.argv[1:])
