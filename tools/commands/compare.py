"""`tandem compare`, and `run`, which is one cell of it."""

from __future__ import annotations

import argparse
import shlex
import shutil
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path

from tools import files, image
from tools.backends.backend import Backend, Boot, memory_for
from tools.commands import arguments
from tools.commands.front import Front, need_directory, need_rich
from tools.errors import STATUS_NO_BACKEND, STATUS_USAGE, Stop
from tools.progress import Line
from tools.report import tables, trace
from tools.report.results import Results, Run
from tools.runner import PATIENT, Outcome, run_parts


def run(front: Front, args: argparse.Namespace) -> int:
    """`tandem compare`, and `run`, which is one cell of it."""
    front.quiet = args.quiet
    one = args.command == "run"
    if args.format == "table":
        need_rich()
    extra = ""
    if args.out:
        need_gnuplot()
        need_directory(args.out)
        extra = _costs(args)
    gdb = one and args.gdb
    backend = front.choose(args.backend, for_gdb=gdb)
    if gdb and not backend.gdb_address:
        raise Stop(STATUS_USAGE, f"--gdb is not accepted on "
                   f"{backend.name}: it comes with the QEMU backends, "
                   + " ".join(b.name for b in front.backends
                              if b.gdb_address))
    if gdb:
        need_port(backend.gdb_address)
    kernel = front.build()
    backend.prepare(kernel.parent, front.say)
    known = image.names_of(kernel, backend)
    policies, chosen, own = _checked(args, kernel.parent / files.READER,
                                     known)
    boot = Boot(kernel, _words(args, policies, chosen),
                args.cpus or args.vcpus + 1,
                memory_for(args.pages, args.vcpus), gdb,
                modules=tuple(file.path for file in own))
    limits = front.limits.for_work(args.pages, backend.patience,
                                  boot.cpus)
    boots = [boot]
    if backend.quick:
        boots = in_parts(boot, chosen, [
            name for name, _ in known["workloads"]], bool(args.cpus))
    boots = [with_seed(part, args.seed + number) for part in boots
             for number in range(1 if one else args.repeat)]
    if gdb:
        limits = PATIENT
        command = shlex.join([
            "gdb", str(kernel.with_suffix(".elf")),
            "-ex", f"target remote {backend.gdb_address}",
            "-x", str(image.ROOT / "tools" / "tandem.gdb")])
        front.say(f"waiting for: {command}")
    with Line(args.quiet, len(boots)) as line:
        outcome = run_parts(backend, boots, limits, line.observe,
                            args.jobs)
    return report(front, args, backend, outcome, known, extra)


def _checked(args: argparse.Namespace, reader: Path, known: image.Names
             ) -> tuple[list[str], list[str], list[files.OwnFile]]:
    """The policies, the workloads and the user's own files that @args name, or
    Stop. Adds to @known what those files have."""
    one = args.command == "run"
    policies = args.policy
    chosen = [args.workload] if one else args.workload
    chosen, own = files.take(chosen, ".scn", reader,
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
        name for name, _ in known.get("workloads", [])],
        (*extra, "FILE.scn"))
    arguments.check_names("--mutants", args.mutants or [], mutants)
    return policies, chosen, own


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
    if getattr(args, "trace", None) is not None:
        words["trace"] = "on"
        if args.trace:
            words["phases"] = ",".join(args.trace)
    return words


def report(front: Front, args: argparse.Namespace, backend: Backend,
           outcome: Outcome, known: image.Names, extra: str = "") -> int:
    """Write and print what came out of a matrix, and how it ended. @known:
    what its names mean; @extra: a part of the page, in HTML."""
    reading = outcome.reading
    if reading.errors and outcome.status in (STATUS_USAGE,
                                             STATUS_NO_BACKEND):
        raise Stop(outcome.status, reading.errors[0])
    if reading.runs:
        results = Results(
            backend.name, backend.machine, backend.tick_unit,
            reading.version, reading.machine.get("secondary", "unknown"),
            reading.number("cpus"), reading.runs, backend.machine_text,
            front.faults(outcome), reading.policies,
            names_in(reading.runs, known), reading.processor)
        front.present(args, results, tables.print_tables,
                      partial(_write, front, extra))
        if getattr(args, "trace", None) is not None:
            _write_trace(front, args, outcome)
    if outcome.error:
        front.complain_of(reading.runs)
        raise outcome.error
    return front.judge(backend, outcome)


def names_in(runs: list[Run], known: image.Names) -> dict[str, str]:
    """What the kernel says of each name in @runs."""
    used = {name for run in runs
            for name in (run.workload, run.policy, run.mutant)}
    return {name: text for what in ("policies", "workloads", "mutants")
            for name, text in known.get(what, []) if name in used}


def _costs(args: argparse.Namespace) -> str:
    """The part of the report about what --costs names."""
    from tools.report import cost_table
    name = getattr(args, "costs", None)
    return cost_table.section(cost_table.load(Path(name))) if name else ""


def _write(front: Front, extra: str, results: Results, directory: Path) -> None:
    from tools.report import report as page
    for path in page.write(results, directory, extra):
        front.say(f"wrote {path}")


def _write_trace(front: Front, args: argparse.Namespace,
                 outcome: Outcome) -> None:
    directory = Path(args.out) if args.out else image.build_directory()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "trace.json"
    reading = outcome.reading
    text, left_out = trace.chrome(reading.runs,
                                  reading.number("ticks_per_ms"),
                                  reading.version)
    path.write_text(text)
    front.say(f"wrote {path}: open it in ui.perfetto.dev")
    for line in left_out:
        print(f"tandem: the trace leaves out, of {line}", file=front.err)


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


def with_seed(boot: Boot, seed: int) -> Boot:
    """The same with another seed; its own needs no mention."""
    words = {**boot.words, "seed": str(seed)}
    if words == boot.words:
        return boot
    title = f"{boot.title}, seed {seed}" if boot.title else f"seed {seed}"
    return replace(boot, words=words, title=title)


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
