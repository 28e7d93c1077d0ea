"""`tandem litmus`: every litmus test under every policy; with --mutants who
catches which mutant."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Callable

from tools import files, image
from tools.commands import arguments
from tools.commands.front import Front, need_directory, need_rich
from tools.backends.backend import Backend, Boot, memory_for
from tools.console import parse
from tools.errors import STATUS_DIED, STATUS_NO_BACKEND, STATUS_USAGE, Stop
from tools.image import Names
from tools.report.kills import (LitmusResults, kill_matrix, litmus_status,
                                unique)
from tools.report.litmus_tables import print_litmus
from tools.patience import Exhausted, Patience, communicate
from tools.progress import Line
from tools.runner import Outcome, run_parts
from tools.trials import ENDED, Trial

KIND = "litmus: "           # how `list tests` marks a litmus test
EXPLORER_PATIENCE = Patience(cpu=7200.0)
EXPLORED = ("forbidden-seen", "violation")      # its verdicts that catch
# The oracle's part of the kill matrix: workloads of this size, on machines so
# small that a host with two processors runs all their CPUs at once.
WORKLOADS = ("cow-host", "takeover", "merge-host", "discard", "migrate")
PAGES = 16
VCPUS = 1
CPUS = 2


def tests_of(known: Names) -> list[str]:
    """The litmus tests among the tests that the kernel has."""
    return [name for name, text in known.get("tests", [])
            if text.startswith(KIND)]


def replayed(name: str) -> dict[str, str]:
    """The kernel's words for a trace of the explorer: its head says which test
    under what, and who takes how many steps in turn."""
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(STATUS_USAGE, f"--replay '{name}' is not accepted: "
                   f"{getattr(error, 'strerror', None) or error}") from None
    head = re.match(r"# explore (.*)", text)
    fields = dict(re.findall(r"(\w+)=(\S+)", head[1])) if head else {}
    if not {"test", "policy", "mutant", "schedule"} <= fields.keys():
        raise Stop(STATUS_USAGE, f"--replay '{name}' is not accepted: it "
                   "must begin with '# explore test=.. policy=.. mutant=.. "
                   "schedule=..', as the explorer writes it")
    mutant = fields["mutant"]
    return {"litmus": fields["test"], "mutants": mutant,
            "policy": fields["policy"] if mutant == "none" else "none",
            "schedule": fields["schedule"]}


def words(args: argparse.Namespace,
          own: list[files.OwnFile]) -> dict[str, str]:
    """The kernel's words for these arguments. A test of the user's own is
    played under all policies before a mutant may be caught by it."""
    found = {"litmus": ",".join(args.test), "seed": str(args.seed)}
    found["policy"] = ",".join(args.policy) if args.policy else \
        "none" if args.mutants and not own else "all"
    if args.mutants:
        found["mutants"] = "all"
    if args.check == "off":
        found["check"] = "off"
    if args.replay:
        found.update(replayed(args.replay))
    if args.rounds:
        found["rounds"] = str(args.rounds)
    return found


def run(front: Front, args: argparse.Namespace) -> int:
    """The command; returns the exit status."""
    front.quiet = args.quiet
    if args.format == "table":
        need_rich()
    if args.out:
        need_directory(args.out)
    backend = front.choose(args.backend)
    kernel = front.build()
    backend.prepare(kernel.parent, front.say)
    known = image.names_of(kernel, backend)
    args.test, own = files.take(args.test, ".litmus",
                                kernel.parent / files.READER,
                                known.setdefault("tests", []))
    check_mutants(own, known)
    wanted = words(args, own)
    arguments.check_names("--test", wanted["litmus"].split(","),
                          [*tests_of(known), *(file.name for file in own)],
                          ("all", "FILE.litmus"))
    arguments.check_policies(wanted["policy"].split(","), known,
                             ("all", "none"))
    arguments.check_names("--mutants",
                          wanted.get("mutants", "none").split(","),
                          [name for name, _ in known.get("mutants", [])],
                          ("all", "none"))
    boot = Boot(kernel, wanted, args.cpus, memory_for(PAGES, VCPUS),
                modules=tuple(file.path for file in own))
    limits = front.limits.for_work(PAGES, backend.patience, boot.cpus)

    def observed(boot: Boot) -> Outcome:
        with Line(args.quiet) as line:
            return run_parts(backend, [boot], limits, line.observe)

    outcome = observed(boot)
    outcomes = [outcome]
    runs, mutants = [], []
    if args.mutants and not outcome.error:
        # Of some tests only those mutants can be asked that they show.
        shown = {trial.mutant for trial in outcome.reading.runs}
        mutants = [(name, text.split()[0])
                   for name, text in known.get("mutants", [])
                   if args.test == ["all"] or name in shown]
        outcomes.append(observed(replace(boot, words=oracle_words(args),
                                         cpus=CPUS, modules=())))
        runs = outcomes[-1].reading.runs
        try:
            if not outcomes[-1].error:
                explore(front.build_explorer(), outcome.reading.runs, own,
                        front.say)
        except (KeyboardInterrupt, Stop, OSError) as error:
            outcomes[-1].error = error
        if outcomes[-1].error:
            mutants = []        # not all were asked who could catch them
    reading = outcome.reading
    results = LitmusResults(
        backend.name, backend.machine, backend.tick_unit, reading.version,
        reading.machine.get("secondary", "unknown"),
        reading.number("cpus"), runs, backend.machine_text,
        sum(map(front.faults, outcomes), []), reading.policies,
        trials=reading.runs,
        kills=kill_matrix(mutants, reading.runs, runs))
    if reading.runs:
        front.present(args, results, print_litmus,
                      partial(write, say=front.say))
    for outcome in outcomes:
        if outcome.error:
            raise outcome.error
    return judge(front, backend, outcomes, results,
                 {file.name for file in own})


def check_mutants(own: list[files.OwnFile], known: Names) -> None:
    """Stop unless the mutants that the files name are there."""
    accepted = [name for name, _ in known.get("mutants", [])]
    for file in own:
        for name in filter(None, file.fields["mutants"].split(",")):
            if name not in accepted:
                raise Stop(STATUS_USAGE, f"{file.path}:"
                           f"{file.fields['line']}: mutant '{name}' is "
                           "unknown: accepted are " + " ".join(accepted))


def oracle_words(args: argparse.Namespace) -> dict[str, str]:
    """Workloads under the mutants, with a guest that reads all the time."""
    return {"policy": "none", "mutants": "all",
            "workload": ",".join(WORKLOADS), "guest": "running",
            "pages": str(PAGES), "vcpus": str(VCPUS), "seed": str(args.seed)}


def explore(program: Path, trials: list[Trial], own: list[files.OwnFile],
            say: Callable[[str], None]) -> None:
    """Ask the explorer which tests find which mutants on the host alone. What
    it says of the built-in ones is kept."""
    text = run_explorer(program, "--test", ",".join(
        str(file.path) for file in own)) if own else ""
    if {trial.test for trial in trials} - {file.name for file in own}:
        text += explored_before(program, say)
    found = {(record.fields["test"], record.fields["mutant"])
             for record in map(parse, text.splitlines())
             if record and record.kind == "explore"
             and record.fields["verdict"] in EXPLORED}
    for trial in trials:
        trial.explored = (trial.test, trial.mutant) in found


def explored_before(program: Path, say: Callable[[str], None]) -> str:
    """What it prints of the built-in tests, once for each build."""
    cache = program.with_name("mutants.txt")
    if not cache.exists() or \
            cache.stat().st_mtime_ns < program.stat().st_mtime_ns:
        say("exploring interleavings on the host, a minute or two")
        done = run_explorer(program)
        new = cache.with_suffix(f".{os.getpid()}")
        new.write_text(done)
        new.rename(cache)
    return cache.read_text()


def end_group(leader: int) -> None:
    """End what is left of the process group that @leader began."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_explorer(program: Path, *more: str) -> str:
    """What it prints of all mutants. Its status says that one was missed by
    some test, which is for the kill matrix to judge."""
    argv = [str(program), "--mutants", "--policy", "none",
            "--jobs", str(os.cpu_count()), *more]
    with subprocess.Popen(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL,
                          start_new_session=True) as process:
        try:
            out, err = communicate(process, EXPLORER_PATIENCE)
        except Exhausted as exhausted:
            raise Stop(STATUS_NO_BACKEND,
                       f"{program}: {exhausted}") from None
        finally:
            end_group(process.pid)      # it has a process for each trial
    if process.returncode not in (0, 1):
        raise Stop(STATUS_NO_BACKEND, f"{program}: status "
                   f"{process.returncode}: {err.strip()}")
    return out


def write(results: LitmusResults, directory: Path,
          say: Callable[[str], None]) -> None:
    """Leave results.json and results.csv in @directory."""
    for name, text in (("results.json", results.as_json()),
                       ("results.csv", results.as_csv())):
        (directory / name).write_text(text, encoding="utf-8")
        say(f"wrote {directory / name}")


def judge(front: Front, backend: Backend, outcomes: list[Outcome],
          results: LitmusResults, own: set[str]) -> int:
    """Say what went wrong, and how the front end ends."""
    for outcome in outcomes:
        reading = outcome.reading
        if reading.errors and outcome.status in (STATUS_USAGE,
                                                 STATUS_NO_BACKEND):
            raise Stop(outcome.status, reading.errors[0])
        if not reading.runs:
            return front.judge(backend, outcome)
    for item in [*results.trials, *results.runs]:
        bad = item.verdict in ENDED or isinstance(item, Trial) and \
            not item.mutant and item.judgement not in ("ok", "skipped")
        if bad:
            front.complain(item.title, item.verdict,
                         item.last_output or item.notes)
    for kill in results.kills:
        if not kill.caught:
            front.complain(f"mutant {kill.mutant}", "not caught", [])
    for test in unique(t.test for t in results.trials if t.mutant):
        tried = [t for t in results.trials if t.test == test and t.mutant]
        if results.kills and test in own and not any(
                {"outcome", "explorer"} & {*t.caught_by} for t in tried):
            front.say(f"{test} showed its outcome under none of its mutants: "
                      + " ".join(unique(t.mutant for t in tried if t.mutant)))
    status = litmus_status(results)
    for outcome in outcomes:
        status = front.account_for(outcome, status)
    return STATUS_DIED if any(o.status == STATUS_DIED for o in outcomes) \
        else status
