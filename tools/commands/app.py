"""The commands of ./tandem."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, TextIO

from tools import files, image
from tools.commands import arguments, litmus
from tools.report import tables, trace
from tools.backends.backend import Backend, Boot, memory_for
from tools.backends.choice import all_backends, choose
from tools.errors import (STATUS_DIED, STATUS_INCOHERENT, STATUS_INTERRUPTED,
                          STATUS_NO_BACKEND, STATUS_OK, STATUS_USAGE, Answer,
                          Stop)
from tools.progress import Line
from tools.report.results import Results, Run, missed_mutants, status_of
from tools.runner import PATIENT, Limits, Outcome, run_parts

if TYPE_CHECKING:
    from rich.console import Console


class App:
    """One call of ./tandem; the tests give it other backends and limits."""

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
            # Whoever read our output has enough: not an error of ours.
            self._drop_output()
            return STATUS_OK
        except OSError as error:
            self._drop_output()
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
        commands = {"list": self.list, "litmus": self.litmus}
        return commands.get(args.command, self.compare)(args)

    def _drop_output(self) -> None:
        """Nobody can take what is still to be printed: Python shall not try
        again when it ends."""
        if self.out is sys.stdout:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())

    def choose(self, name: str, for_gdb: bool = False) -> Backend:
        """The backend to use, or Stop with status 3."""
        able = [backend for backend in self.backends if backend.gdb_address
                or not for_gdb or name != "auto"]
        backend, reason = choose(able, name)
        if not backend:
            raise Stop(STATUS_NO_BACKEND, f"no backend: {reason}")
        self.say(reason)
        return backend

    def list(self, args: argparse.Namespace) -> int:
        """`tandem list`: a line for each thing that has a name."""
        what = args.what
        if what != "backends":
            self.quiet = True
            backend = self.choose("auto")
            known = image.names_of(self.build(), backend)
            for kind in [what] if what else known:
                width = max((len(name) for name, _ in known.get(kind, [])),
                            default=0)
                for name, text in known.get(kind, []):
                    self._line(kind, f"{name:<{width}}", text, what)
        if what in (None, "backends"):
            for backend in self.backends:
                missing = backend.missing()
                text = f"no: {missing.why}; needs: {missing.remedy}" \
                    if missing else "yes"
                self._line("backends", backend.name,
                           f"{backend.text}; runs here: {text}", what)
        return STATUS_OK

    def _line(self, kind: str, name: str, text: str,
              what: str | None) -> None:
        column = "" if what else f"{kind:<10} "
        print(f"{column}{name:<20} {text}".rstrip(), file=self.out)

    def litmus(self, args: argparse.Namespace) -> int:
        """`tandem litmus`."""
        self.quiet = args.quiet
        if args.format == "table":
            need_rich()
        if args.out:
            need_directory(args.out)
        return litmus.run(self, args)

    def compare(self, args: argparse.Namespace) -> int:
        """`tandem compare`, and `run`, which is one cell of it."""
        self.quiet = args.quiet
        one = args.command == "run"
        policies = args.policy
        chosen = [args.workload] if one else args.workload
        if args.format == "table":
            need_rich()
        if args.out:
            need_gnuplot()
            need_directory(args.out)
        gdb = one and args.gdb
        backend = self.choose(args.backend, for_gdb=gdb)
        if gdb and not backend.gdb_address:
            raise Stop(STATUS_USAGE, f"--gdb is not accepted on "
                       f"{backend.name}: it comes with the QEMU backends, "
                       + " ".join(b.name for b in self.backends
                                  if b.gdb_address))
        if gdb:
            need_port(backend.gdb_address)
        kernel = self.build()
        backend.prepare(kernel.parent, self.say)
        known = image.names_of(kernel, backend)
        chosen, own = files.take(chosen, ".scn", kernel.parent / files.READER,
                                 known.setdefault("workloads", []))
        check_own(args, chosen, own)
        extra = () if one else ("all",)
        mutants = [name for name, _ in known.get("mutants", [])]
        for option, given in (("--policy", policies),
                              ("--workload", chosen)):
            for name in mutants:
                if name in given:
                    raise Stop(STATUS_USAGE, f"{option} '{name}' is a mutant: "
                               f"--mutants {name} runs it")
        arguments.check_policies(policies, known, extra)
        called = arguments.policy_names(policies, known.get("axes", []))
        if one and len(called) != 1:
            raise Stop(STATUS_USAGE, f"--policy '{','.join(policies)}' is not "
                       "accepted: run takes one policy; compare takes several")
        arguments.check_names("--workload", chosen, [
            name for name, _ in known.get("workloads", [])], extra)
        arguments.check_names("--mutants", args.mutants or [], mutants)
        boot = Boot(kernel, self._words(args, policies, chosen),
                    args.cpus or args.vcpus + 1,
                    memory_for(args.pages, args.vcpus), gdb,
                    modules=tuple(file.path for file in own))
        limits = self.limits.for_work(args.pages, backend.patience,
                                      boot.cpus)
        boots = [boot]
        if backend.quick:
            boots = in_parts(boot, chosen, [
                name for name, _ in known["workloads"]], bool(args.cpus))
        if gdb:
            limits = PATIENT
            command = shlex.join([
                "gdb", str(kernel.with_suffix(".elf")),
                "-ex", f"target remote {backend.gdb_address}",
                "-x", str(image.ROOT / "tools" / "tandem.gdb")])
            self.say(f"waiting for: {command}")
        with Line(args.quiet, len(boots)) as line:
            outcome = run_parts(backend, boots, limits, line.observe,
                                args.jobs)
        return self._report(args, backend, outcome)

    @staticmethod
    def _words(args: argparse.Namespace, policies: list[str],
               chosen: list[str]) -> dict[str, str]:
        words = {"policy": ",".join(policies), "workload": ",".join(chosen),
                 "guest": args.guest, "pages": str(args.pages),
                 "vcpus": str(args.vcpus), "seed": str(args.seed)}
        if args.cpus:
            words["cpus"] = str(args.cpus)
        if args.operations:
            words["operations"] = str(args.operations)
        if args.mutants:
            words["mutants"] = ",".join(args.mutants)
        if args.check == "off":
            words["check"] = "off"
        if getattr(args, "trace", False):
            words["trace"] = "on"
        return words

    def _report(self, args: argparse.Namespace, backend: Backend,
                outcome: Outcome) -> int:
        reading = outcome.reading
        if reading.errors and outcome.status in (STATUS_USAGE,
                                                 STATUS_NO_BACKEND):
            raise Stop(outcome.status, reading.errors[0])
        if reading.runs:
            results = Results(
                backend.name, backend.machine, backend.tick_unit,
                reading.version, reading.machine.get("secondary", "unknown"),
                reading.number("cpus"), reading.runs, backend.machine_text,
                self.faults(outcome), reading.policies)
            self.present(args, results, tables.print_tables, self._write)
            if getattr(args, "trace", False):
                self._write_trace(args, outcome)
        if outcome.error:
            self.complain_of(reading.runs)
            raise outcome.error
        return self.judge(backend, outcome)

    @staticmethod
    def faults(outcome: Outcome) -> list[str]:
        """What whoever reads the results should know of them."""
        reading = outcome.reading
        early = f"ended early, with {len(reading.runs)} runs"
        return [*reading.faults, *([early] if outcome.error else [])]

    def _write(self, results: Results, directory: Path) -> None:
        from tools.report import report
        for path in report.write(results, directory):
            self.say(f"wrote {path}")

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
        """Print @results in one of arguments.FORMATS."""
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

    def _write_trace(self, args: argparse.Namespace,
                     outcome: Outcome) -> None:
        directory = Path(args.out) if args.out else image.build_directory()
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "trace.json"
        path.write_text(trace.chrome(outcome.reading.trace,
                                     outcome.reading.number("ticks_per_ms")))
        self.say(f"wrote {path}: open it in ui.perfetto.dev")
        for run in outcome.reading.runs:
            for note in run.notes:
                kind, _, text = note.partition(" ")
                if kind == "message" and text.startswith("trace: "):
                    print(f"tandem: {text}", file=self.err)

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
        if status > STATUS_INCOHERENT and not any(r.last_output for r in runs):
            when = "early" if outcome.reading.version \
                else "before the kernel's first line"
            print(f"tandem: {backend.name} stopped {when}; its last output:",
                  file=self.err)
            for text in [*outcome.reading.last, *outcome.emulator_log]:
                if text and not backend.is_chatter(text):
                    print(f"    {text}", file=self.err)
        return status


def in_parts(boot: Boot, chosen: list[str], workloads: list[str],
             cpus_given: bool) -> list[Boot]:
    """The matrix of @boot in boots of one workload and one kind of guest, in
    the order of the kernel, which has @workloads. The host and one idle guest
    take turns anyway, so that they need one CPU only."""
    guests = ("idle", "running") if boot.words["guest"] == "both" \
        else (boot.words["guest"],)
    one_cpu = boot.words["vcpus"] == "1" and not cpus_given
    return [replace(boot, cpus=1 if one_cpu and guest == "idle"
                    else boot.cpus, title=f"{name}, guest {guest}",
                    words={**boot.words, "workload": name, "guest": guest})
            for name in workloads if name in chosen or "all" in chosen
            for guest in guests]


def need_rich() -> None:
    """Stop with the package's name if tables cannot be printed."""
    try:
        import rich  # noqa: F401
    except ImportError:
        raise Stop(STATUS_NO_BACKEND, "python3-rich is missing: apt-get "
                   "install python3-rich, or use --format csv|json") from None


def need_gnuplot() -> None:
    """Stop with the package's name if plots cannot be drawn."""
    if not shutil.which("gnuplot"):
        raise Stop(STATUS_NO_BACKEND, "gnuplot is missing for --out: apt-get "
                   "install gnuplot-nox")


def need_port(address: str) -> None:
    """Stop unless gdb's port is free: QEMU would, later and less clearly."""
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise Stop(STATUS_NO_BACKEND, f"--gdb needs {address}, and cannot "
                       f"have it: {error.strerror}. Another --gdb may be "
                       "running") from None


def check_own(args: argparse.Namespace, chosen: list[str],
              own: list[files.OwnFile]) -> None:
    """Stop unless the files in @own can be run with @args."""
    for file in own:
        for option in ("vcpus", "pages"):
            if file.number(option) > getattr(args, option):
                raise Stop(STATUS_USAGE, f"{file.path} is not accepted with "
                           f"--{option} {getattr(args, option)}: it names "
                           f"so many that it needs --{option} "
                           f"{file.number(option)}")
    mixed = {"churn", "all"} & {*chosen} or \
        any(file.number("mixes") for file in own)
    if args.operations and not mixed:
        raise Stop(STATUS_USAGE, "--operations is not accepted without a "
                   "scenario with a mix, as churn is, whose operations it "
                   "counts")


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
