#!/usr/bin/python3
"""The explorer: itself, then every litmus test under every policy and with each
mutant that it names, in every interleaving within a bound on preemptions. The
host alone; no machine is emulated."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import command  # noqa: E402
from tools.patience import Patience  # noqa: E402
from tools.process import end_with_parent  # noqa: E402

BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAM = BUILD / "explore" / "explore"
PATIENCE = Patience(cpu=14400)
COMMAND = [PROGRAM, "--policy", "all", "--mutants"]
SMALL = ("COW-MP,GUEST-COW,ZERO-BREAK,ENTRY-BARRIER,EXIT-BARRIER,PIN-RACE,"
         "RESTORE-P,UPGRADE-SPURIOUS,NEST-INVAL,FREE-EARLY")


class Tap:
    """Numbers and counts what is tested."""

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0

    def ok(self, good: bool, name: str, *notes: str) -> None:
        """A test, and why if it failed."""
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for note in [] if good else notes:
            print(f"# {note}")
        sys.stdout.flush()


def run(words: list[str | Path]) -> subprocess.CompletedProcess[str]:
    """However busy the host is: the limit is of CPU time."""
    return command.call(words, ROOT, os.environ, PATIENCE)


def fields_of(line: str) -> dict[str, str]:
    """The key=value words of a line."""
    return dict(re.findall(r"(\w+)=(\S+)", line))


def again(fields: dict[str, str]) -> str:
    """The command for one trial."""
    mutant = fields["mutant"] != "none"
    which = "--mutants" if mutant else f"--policy {fields['policy']}"
    return f"{PROGRAM} --test {fields['test']} {which}"


def check_trial(tap: Tap, fields: dict[str, str],
                why: dict[str, list[str]]) -> None:
    """A policy is right in every interleaving; a mutant is seen in one."""
    key = f"{fields['test']} {fields['policy']} {fields['mutant']}"
    expected = "ok" if fields["mutant"] == "none" else "forbidden-seen"
    tap.ok(fields["verdict"] == expected and int(fields["states"]) > 10,
           f"{key}: {fields['verdict']} within {fields['preemptions']}, "
           f"{fields['states']} states",
           *why.get(key, [f"expected {expected}, found nothing"]),
           f"again: {again(fields)}")


def check_reduction(tap: Tap) -> None:
    """Small tests end in the same states if nothing is left out."""
    small = [PROGRAM, *f"--test {SMALL} --policy all --mutants "
               "--preemptions 2".split()]
    ways = [{(f["test"], f["policy"], f["mutant"]): f for f in
             map(fields_of, run(words).stdout.splitlines()) if "ends" in f}
            for words in (small, [*small, "--unreduced"])]
    left_out = sum(int(all_of["schedules"]) - int(ways[0][key]["schedules"])
                   for key, all_of in ways[1].items() if key in ways[0])
    tap.ok(left_out > 0, "the reduction leaves schedules out",
           f"{left_out} of them")
    for key, all_of in ways[1].items():
        got, wanted = ([f"{what}={way.get(what)}" for what in
                        ("ends", "verdict", "preemptions")]
                       for way in (ways[0].get(key, {}), all_of))
        tap.ok(got == wanted,
               f"{' '.join(key)}: the same without reduction",
               f"{got}, without reduction {wanted}",
               f"again: {' '.join(map(str, small))} [--unreduced]")


def check_replay(tap: Tap, traces: Path) -> None:
    """A trace, replayed, is the same trace."""
    for path in sorted(traces.glob("*.trace")):
        done = run([PROGRAM, "--replay", path])
        trace = "".join(line for line in
                        path.read_text().splitlines(keepends=True)
                        if not line.startswith("#"))
        tap.ok(done.returncode == 1 and done.stdout == trace and
               "=> forbidden" in trace, f"{path.stem}: runs again",
               f"status {done.returncode}", *done.stderr.splitlines())


def main() -> int:
    """All of it, as TAP."""
    end_with_parent()
    tap = Tap()
    with tempfile.TemporaryDirectory() as traces:
        done = run([*COMMAND, "--trace", traces])
        lines = done.stdout.splitlines()
        found = [fields_of(line) | {"line": line} for line in lines
                 if line.startswith("found ")]
        why = {f"{f['test']} {f['policy']} {f['mutant']}": [f["line"]]
               for f in found}
        trials = [fields_of(line) for line in lines
                  if line.startswith("explore ")]
        for fields in sorted(trials, key=lambda f: (f["test"], f["mutant"])):
            check_trial(tap, fields, why)
        check_replay(tap, Path(traces))
        check_reduction(tap)
        tap.ok(done.returncode == 0 and len(trials) > 200,
               "all were explored", f"status {done.returncode}, "
               f"{len(trials)} trials", *done.stderr.splitlines())
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
