"""`tandem bench`: what each operation costs, in instructions."""

from __future__ import annotations

import argparse
import re
from functools import partial
from pathlib import Path

from tools import image, profile
from tools.backends.backend import Boot, memory_for
from tools.backends.qemu import Qemu
from tools.commands import arguments
from tools.commands.front import Front, need_directory, need_rich
from tools.errors import STATUS_NO_BACKEND, STATUS_OK, STATUS_USAGE, Stop
from tools.progress import Line
from tools.report.costs import Costs, costs_of, print_costs
from tools.runner import run_parts


def run(front: Front, args: argparse.Namespace) -> int:
    """`tandem bench`: one CPU, nobody watches, freed frames stay as they are:
    nothing is counted but the operation."""
    front.quiet = args.quiet
    if args.profile:
        return _profile(front, args)
    if args.format == "table":
        need_rich()
    if args.out:
        need_directory(args.out)
    exact = [backend for backend in front.backends if backend.counts]
    pages = args.pages or arguments.BENCH_PAGES
    if args.backend not in ("auto", *(b.name for b in exact)):
        raise Stop(STATUS_USAGE, f"--backend {args.backend} is not accepted: "
                   "instructions are counted on "
                   + " ".join(b.name for b in exact))
    backend = front.choose(args.backend, among=exact)
    kernel = front.build()
    backend.prepare(kernel.parent, front.say)
    known = image.names_of(kernel, backend)
    operations = [name for name, _ in known["operations"]]
    arguments.check_names("--op", args.op, operations)
    arguments.check_policies(args.policy, known, ("all",))
    cpus = 1 if args.hosts == 1 else args.hosts + 1     # the vCPU's
    if cpus > 1 and isinstance(backend, Qemu):
        raise Stop(STATUS_USAGE, f"--hosts {args.hosts} is not accepted on "
                   f"{backend.name}: more than 1 needs bochs-vmx or bochs-svm")
    boots = [Boot(kernel, {
        "bench": name, "policy": ",".join(args.policy), "check": "off",
        "poison": "off", "pages": str(pages), "seed": "1"}, cpus,
        memory_for(pages, cpus), title=name, exact=True)
        for name in _asked(front, args, operations)]
    limits = front.limits.for_work(pages, backend.patience, cpus)
    with Line(args.quiet, len(boots)) as line:
        outcome = run_parts(backend, boots, limits, line.observe, args.jobs)
    reading = outcome.reading
    if reading.errors and outcome.status in (STATUS_USAGE, STATUS_NO_BACKEND):
        raise Stop(outcome.status, reading.errors[0])
    if reading.runs:
        results = Costs(
            backend.name, backend.machine, "instruction", reading.version,
            reading.machine.get("secondary", "unknown"), cpus, reading.runs,
            backend.machine_text, front.faults(outcome), reading.policies,
            costs=costs_of(reading.runs, args.hosts), hosts=args.hosts,
            pages=pages)
        front.present(args, results, print_costs, partial(_write, front))
    if outcome.error:
        front.complain_of(reading.runs)
        raise outcome.error
    return front.judge(backend, outcome)


def _asked(front: Front, args: argparse.Namespace,
           operations: list[str]) -> list[str]:
    """Those of @operations that --op names. Several hosts share only what
    the host performs page by page: of all, these are taken."""
    asked = [name for name in operations
             if name in args.op or "all" in args.op]
    if args.hosts == 1:
        return asked
    shared = [name for name in operations if _is_shared(name)]
    alone = [name for name in asked if name not in shared]
    if alone and "all" not in args.op:
        raise Stop(STATUS_USAGE, f"--hosts {args.hosts} is not accepted with "
                   f"--op {','.join(alone)}: hosts share " + " ".join(shared))
    if alone:
        front.say(f"with --hosts {args.hosts} all are those that hosts share: "
                  + " ".join(shared))
    return [name for name in asked if name in shared]


def _is_shared(operation: str) -> bool:
    """Is what it times a statement of the host, page by page?"""
    file = image.ROOT / "lab" / "bench" / f"{operation}.scn"
    return bool(re.search(rf"\bhost \w+[^;\n]* timed {operation}\s*$",
                          file.read_text(), re.MULTILINE))


def _profile(front: Front, args: argparse.Namespace) -> int:
    """Where the instructions of one operation go, on QEMU, which logs them."""
    if len(args.op) != 1 or len(args.policy) != 1 or \
            "all" in (*args.op, *args.policy):
        raise Stop(STATUS_USAGE, "--profile takes one operation and one "
                   "policy: --op host_cow_break --policy change-pte")
    pages = args.pages or arguments.PROFILE_PAGES
    for option, value, good, accepted in (
            ("--pages", pages, pages <= arguments.PROFILE_PAGES,
             f"a number from 1 to {arguments.PROFILE_PAGES}"),
            ("--hosts", args.hosts, args.hosts == 1, "one host thread"),
            ("--format", args.format, args.format == "table",
             "table, it is printed as text"),
            ("--out", args.out, not args.out, "it is printed, not written")):
        if not good:
            raise Stop(STATUS_USAGE, f"{option} {value} is not accepted with "
                       f"--profile: {accepted}")
    able = [b for b in front.backends if b.name == "qemu-svm"]
    if args.backend not in ("auto", "qemu-svm"):
        raise Stop(STATUS_USAGE, f"--backend {args.backend} is not accepted "
                   "with --profile: qemu-svm, which logs what it executes")
    backend = front.choose("qemu-svm", among=able)
    kernel = front.build()
    known = image.names_of(kernel, backend)
    arguments.check_names("--op", args.op,
                          [name for name, _ in known["operations"]], ())
    arguments.check_names("--policy", args.policy,
                          [name for name, _ in known["policies"]], ())
    found = profile.profile(backend, kernel, args.op[0], args.policy[0], pages)
    print(*profile.lines(found, pages), sep="\n", file=front.out)
    return STATUS_OK


def _write(front: Front, results: Costs, directory: Path) -> None:
    for name, text in (("results.json", results.as_json()),
                       ("results.csv", results.as_csv())):
        (directory / name).write_text(text)
        front.say(f"wrote {directory / name}")
