"""What every command of ./tandem needs: somebody to talk to, a backend, and a
way to say how it went."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Callable, TextIO

from tools import image
from tools.backends.backend import Backend
from tools.backends.choice import all_backends, choose
from tools.errors import (STATUS_DIED, STATUS_INCOHERENT, STATUS_NO_BACKEND,
                          STATUS_OK, STATUS_USAGE, Stop)
from tools.report.results import Results, Run, missed_mutants, status_of
from tools.runner import Limits, Outcome

if TYPE_CHECKING:
    from rich.console import Console


class Front:
    """Whom the commands talk to; tests give it other backends and limits."""

    def __init__(self, backends: list[Backend] | None = None,
                 build: Callable[[], Path] = image.build,
                 build_explorer: Callable[[], Path] = image.build_explorer,
                 limits: Limits = Limits(), out: TextIO | None = None,
                 err: TextIO | None = None) -> None:
        self.backends = all_backends() if backends is None else backends
        self.build = build
        self.build_explorer = build_explorer
        self.limits = limits
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        # What they cannot show is replaced: it is in the files of --out.
        for stream in (self.out, self.err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        self.quiet = False

    def say(self, text: str) -> None:
        """A line for the person at the terminal, not part of the answer."""
        if not self.quiet:
            print(text, file=self.err)

    def choose(self, name: str, for_gdb: bool = False,
               among: list[Backend] | None = None) -> Backend:
        """The backend to use, or Stop with status 3."""
        able = [backend for backend in among or self.backends
                if backend.gdb_address or not for_gdb or name != "auto"]
        backend, reason = choose(able, name)
        if not backend:
            raise Stop(STATUS_NO_BACKEND, f"no backend: {reason}")
        self.say(reason)
        return backend

    @staticmethod
    def faults(outcome: Outcome) -> list[str]:
        """What whoever reads the results should know of them."""
        reading = outcome.reading
        early = f"ended early, with {len(reading.runs)} runs"
        return [*reading.faults, *([early] if outcome.error else [])]

    def present(self, args: argparse.Namespace, results: Results,
                print_tables: Callable[[Results, Console], None],
                write: Callable[[Results, Path], None]) -> None:
        """Write @results to --out, then print them. Whichever of the two
        fails, the other is done."""
        failed = None
        if args.out:
            try:
                write(results, Path(args.out))
            except (OSError, Stop) as error:
                failed = error
        self.show(args.format, results, print_tables)
        if failed:
            raise failed

    def show(self, form: str, results: Results,
             print_tables: Callable[[Results, Console], None]) -> None:
        """Print @results in one of arguments.FORMATS. Whoever reads them may
        stop before their end: the status still says what was found."""
        try:
            self._print(form, results, print_tables)
        except BrokenPipeError:
            self.drop_output()

    def _print(self, form: str, results: Results,
               print_tables: Callable[[Results, Console], None]) -> None:
        if form == "json":
            self.out.write(results.as_json())
        elif form == "csv":
            self.out.write(results.as_csv())
        else:
            from rich.console import Console
            console = Console(file=self.out, highlight=False, markup=False)
            if not console.is_terminal:
                console.width = 120
            with console.capture() as printed:
                print_tables(results, console)
            for line in printed.get().splitlines():
                print(line.rstrip(), file=self.out)
        self.out.flush()

    def drop_output(self) -> None:
        """Nobody can take what is still to be printed: Python shall not try
        again when it ends."""
        if self.out is sys.stdout:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())

    def complain(self, title: str, verdict: str, lines: list[str]) -> None:
        """Say what is wrong with @title, and what it said itself."""
        print(f"tandem: {title}: {verdict}", file=self.err)
        for text in lines:
            print(f"    {text}", file=self.err)

    def complain_of(self, runs: list[Run]) -> None:
        """Say which of @runs went wrong."""
        for run in runs:
            if run.verdict == "coherent" or run.mutant and \
                    run.verdict not in ("hang", "died"):
                continue
            self.complain(run.title, run.verdict,
                          run.last_output or run.notes)

    def account_for(self, outcome: Outcome, status: int) -> int:
        """Say what is wrong with the records themselves, and what becomes of
        the @status that they would deserve."""
        faults = outcome.reading.faults
        for fault in faults:
            print(f"tandem: {fault}", file=self.err)
        return STATUS_DIED if faults else status

    def judge(self, backend: Backend, outcome: Outcome) -> int:
        """Say what went wrong, and how the front end ends."""
        runs = outcome.reading.runs
        status = status_of(runs)
        self.complain_of(runs)
        for name in missed_mutants(runs):
            print(f"tandem: mutant {name} was not caught", file=self.err)
        status = self.account_for(outcome, status)
        if outcome.status in (STATUS_NO_BACKEND, STATUS_USAGE):
            status = outcome.status
        elif outcome.status == STATUS_DIED or not runs:
            status = STATUS_DIED
        # It may have come to its end with a fault in its records.
        ended = runs and outcome.reading.exit_status in (STATUS_OK,
                                                         STATUS_INCOHERENT)
        if status > STATUS_INCOHERENT and not ended and \
                not any(run.last_output for run in runs):
            when = "early" if outcome.reading.version \
                else "before the kernel's first line"
            how = f" ({outcome.why})" if outcome.why else ""
            print(f"tandem: {backend.called} stopped {when}{how}; its last "
                  "output:", file=self.err)
            for text in [*outcome.reading.last, *outcome.emulator_log]:
                if text and not backend.is_chatter(text):
                    print(f"    {text}", file=self.err)
        return status


def need_rich() -> None:
    """Stop with the package's name if tables cannot be printed."""
    try:
        import rich  # noqa: F401
    except ImportError:
        raise Stop(STATUS_NO_BACKEND, "python3-rich is missing: apt-get "
                   "install python3-rich, or use --format csv|json") from None


def need_directory(name: str) -> None:
    """Make the directory called @name, or Stop if no file can be put there:
    before the machine boots, not after hours."""
    try:
        os.makedirs(name, exist_ok=True)
        with tempfile.TemporaryFile(dir=name):
            pass
    except OSError as error:
        raise Stop(STATUS_USAGE, f"--out '{name}' is not accepted: no file "
                   f"can be written there ({error.strerror})") from None


def need_file(option: str, name: str) -> None:
    """Stop if the file called @name cannot be written. It is left alone."""
    try:
        if os.path.exists(name):
            with open(name, "ab"):
                pass
        else:
            with tempfile.TemporaryFile(dir=os.path.dirname(name) or "."):
                pass
    except OSError as error:
        raise Stop(STATUS_USAGE, f"{option} '{name}' is not accepted: it "
                   f"cannot be written ({error.strerror})") from None
