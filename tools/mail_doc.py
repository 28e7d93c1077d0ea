#!/usr/bin/python3
"""Prints docs/mail.md: what a person wrote there, and anew, between the marks,
what it is about. `make mail` puts it in place; test/boot/mail.t keeps it so.

	<!-- counts WORKLOAD PHASE POLICY,.. COUNTER,.. -->	from compare
	<!-- trace TEST MUTANT -->	an interleaving that the explorer found
	<!-- end -->
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import image  # noqa: E402

DOCUMENT = ROOT / "docs" / "mail.md"
COMPARE = "./tandem compare --backend bochs-vmx --guest idle --pages 64 " \
    "--quiet --format json"
COUNTS = re.compile(r"<!-- counts (\S+) (\S+) (\S+) (\S+) -->\n")
TRACE = re.compile(r"<!-- trace (\S+) (\S+) -->\n")
BLOCK = re.compile(r"(<!-- (?:counts|trace) .*? -->\n)(.*?)(<!-- end -->\n)",
                   re.DOTALL)
# Of a trace, what both MMUs and the reader see: steps, entries, content.
SHOWN = re.compile(r"[A-Z]+\d?$|=>|\(preempted\)|(write|store|is seen:) "
                   r"?(P\d|S\d|word|flag)|read (word|flag)")
COLUMN, NARROW = 40, 26

Runs = dict[tuple[str, str], dict[str, dict[str, int]]]


def compared(document: str) -> Runs:
    """The counters of each phase by (workload, policy), of one matrix."""
    marks = COUNTS.findall(document)
    workloads = dict.fromkeys(mark[0] for mark in marks)
    policies = dict.fromkeys(p for mark in marks for p in mark[2].split(","))
    done = subprocess.run(
        [*COMPARE.split(), "--workload", ",".join(workloads), "--policy",
         ",".join(policies)], cwd=ROOT, capture_output=True, text=True,
        check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return {(run["workload"], run["policy"]):
            {phase["name"]: phase["counters"] for phase in run["phases"]}
            for run in json.loads(done.stdout)["runs"]}


def counts(runs: Runs, workload: str, phases: str, policies: str,
           counters: str) -> str:
    """A table: a row for each policy, a column for each counter; of several
    phases the sum."""
    names = counters.split(",")
    listed = " and ".join(f"`{phase}`" for phase in phases.split(","))
    lines = [f"Workload `{workload}`, phases {listed} together:", "",
             "| policy | " + " | ".join(f"`{name}`" for name in names) + " |",
             "|---" * (len(names) + 1) + "|"]
    for policy in policies.split(","):
        found = runs[workload, policy]
        values = [str(sum(found[phase].get(name, 0)
                          for phase in phases.split(",")))
                  for name in names]
        lines.append(f"| {policy} | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def narrow(line: str) -> str:
    """The line's text under its actor's head, which stand closer here."""
    text = line.strip()
    column = (len(line) - len(line.lstrip())) // COLUMN
    return (" " * NARROW * column + text).rstrip()


def trace(explorer: Path, test: str, mutant: str) -> str:
    """An interleaving that @mutant allows and the contract does not."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([explorer, "--test", test, "--mutants", "--trace",
                        name], capture_output=True, check=False)
        lines = (Path(name) / f"{test}-{mutant}.trace").read_text() \
            .splitlines()
    head, *steps = [line for line in lines if not line.startswith("#")]
    heads = [f"{head[at:at + COLUMN].strip():{NARROW}}"
             for at in range(0, len(head), COLUMN)]
    said = f"Mutant `{mutant}` under {test} (`build/explore/explore --test " \
        f"{test} --mutants`):\n\n"
    shown = ["".join(heads).rstrip()]
    shown += [narrow(line) for line in steps if SHOWN.match(line.strip())]
    return said + "".join(f"    {line}".rstrip() + "\n" for line in shown)


def main() -> int:
    """Print it all."""
    document = DOCUMENT.read_text()
    runs, explorer = compared(document), image.build_explorer()

    def anew(block: re.Match) -> str:
        mark = block[1]
        wanted = COUNTS.match(mark)
        made = counts(runs, *wanted.groups()) if wanted else \
            trace(explorer, *TRACE.match(mark).groups())
        return f"{mark}\n{made}\n{block[3]}"

    print(BLOCK.sub(anew, document), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
