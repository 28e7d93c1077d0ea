"""What a matrix of runs found, gathered from the records of one or more boots.

Nothing here depends on the time of day or on how fast the host was, so that
two runs of a deterministic machine give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Iterable

from tools.account import Account
from tools.console import Record, parse
from tools.trials import Trial, new_trial

SCHEMA = 1

Rows = dict[str, dict[str, str]]     # policy -> axis -> choice
CAUGHT = ("stale", "violation")     # verdicts that count as catching a mutant
ENDED = ("hang", "died")            # verdicts of a machine that gave no result
PAST = {"hang": "went silent", "died": "died"}
NOTES = 8                           # records kept per run for the reader
PROCESSOR = ("cpu", "family", "model", "stepping", "microcode")
LAST_LINES = 40                     # a panic's dump has a line for each CPU


@dataclass
class Phase:
    """One phase of a run: what was counted, and the least possible."""

    name: str
    counters: dict[str, int] = field(default_factory=dict)
    ideal: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict:
        return {"name": self.name, "counters": in_order(self.counters),
                "ideal": in_order(self.ideal)}


@dataclass
class Run:
    """One workload under one policy."""

    number: int
    workload: str
    policy: str
    mutant: str | None
    guest: str
    pages: int
    vcpus: int
    cpus: int
    seed: int
    verdict: str = ""
    stale_reads: int = 0
    violations: Counter = field(default_factory=Counter)
    phases: list[Phase] = field(default_factory=list)
    predicted: dict[str, int] = field(default_factory=dict)
    ticks: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    last_output: list[str] = field(default_factory=list)
    trace: list[Record] = field(default_factory=list)

    @property
    def counters(self) -> dict[str, int]:
        """Of the whole run: the sum of its phases."""
        return total(phase.counters for phase in self.phases)

    @property
    def ideal(self) -> dict[str, int]:
        """Least possible for the whole run, where each phase knows it."""
        known = total(phase.ideal for phase in self.phases)
        return {name: n for name, n in known.items()
                if all(name in phase.ideal for phase in self.phases)}

    @property
    def title(self) -> str:
        """Names the run in one line."""
        mutant = f" mutant {self.mutant}" if self.mutant else ""
        return f"{self.workload} under {self.policy}{mutant}, " \
               f"guest {self.guest}"

    def close(self, record: Record) -> None:
        """Take over what a `result` record says."""
        self.verdict = record.fields["verdict"]
        self.stale_reads = record.int("stale_reads")

    def as_json(self) -> dict:
        out = {"workload": self.workload, "policy": self.policy,
               "mutant": self.mutant, "guest": self.guest,
               "pages": self.pages, "vcpus": self.vcpus, "cpus": self.cpus,
               "seed": self.seed,
               "verdict": self.verdict, "stale_reads": self.stale_reads,
               "violations": in_order(self.violations),
               "counters": in_order(self.counters),
               "ideal": in_order(self.ideal),
               "predicted": in_order(self.predicted),
               "phases": [p.as_json() for p in self.phases],
               "ticks": self.ticks, "notes": self.notes}
        if self.verdict in ENDED:
            out["last_output"] = self.last_output
        return out


def total(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Sum by name; a name whose sum is 0 stays."""
    found: dict[str, int] = {}
    for part in parts:
        for name, n in part.items():
            found[name] = found.get(name, 0) + n
    return found


def in_order(numbers: dict[str, int]) -> dict[str, int]:
    """The same, sorted by name."""
    return dict(sorted(numbers.items()))


def new_run(record: Record, cpus: int) -> Run:
    """The run that a `run` record announces, on a machine with @cpus."""
    mutant = record.fields.get("mutant", "none")
    return Run(number=record.number, workload=record.fields["workload"],
               policy=record.fields["policy"],
               mutant=None if mutant == "none" else mutant,
               guest=record.fields.get("guest", "idle"),
               pages=record.int("pages"), vcpus=record.int("vcpus"),
               cpus=cpus, seed=record.int("seed"))


class Reading:
    """Follows the console over one or more boots of the same matrix."""

    def __init__(self, title: str = "") -> None:
        self.title = title              # of a part of a matrix
        self.version = ""
        self.machine: dict[str, str] = {}
        self.runs: list[Run | Trial] = []
        self.names: list[tuple[str, str, str]] = []     # what, name, text
        self.policies: Rows = {}        # the user's own
        self.tap: list[str] = []
        self.errors: list[str] = []
        self.account = Account()
        self.new_boot()

    def new_boot(self) -> None:
        """The machine starts (again): forget what belongs to one boot."""
        self.account.new_boot()
        self.current: Run | Trial | None = None
        self.phase: str = ""                # of the last progress record
        self._open: Phase | None = None
        self.exit_status: int | None = None
        self.records = 0
        self.last: deque[str] = deque(maxlen=LAST_LINES)

    def feed(self, line: str) -> Record | None:
        """Take one whole line; returns its record, None for chatter."""
        record = parse(line)
        if not record or record.kind != "trace":
            self.last.append(line.rstrip("\r\n"))
        if not record:
            self.account.chatter(self.last[-1])
            return None
        self.records += 1
        handler = getattr(self, "_on_" + record.kind, None)
        if self.account.takes(record) and handler:
            handler(record)
        return record

    def abandon(self, verdict: str) -> Run | Trial | None:
        """The machine went silent or ended: close the run that it was in."""
        run = self.current
        if run:
            run.verdict = verdict
            run.last_output = list(self.last)
            self._close(run)
        elif self.runs:
            self.account.fault(f"the machine {PAST[verdict]} between two runs, "
                               f"after {self.runs[-1].number}/{self.total}")
        self.account.abandon()
        return run

    def number(self, name: str) -> int:
        """A number of the machine record, 0 if it is none."""
        return Record("machine", "", fields=self.machine).int(name)

    @property
    def processor(self) -> dict[str, str]:
        """Those words of the machine record that say which one it is."""
        return {name: self.machine[name] for name in PROCESSOR
                if name in self.machine}

    @property
    def total(self) -> int:
        """How many runs there are to be."""
        return self.account.total

    @property
    def faults(self) -> list[str]:
        """What is wrong with the records themselves, a line each."""
        part = f"{self.title}: " if self.title else ""
        return [part + text for text in self.account.faults]

    @classmethod
    def of(cls, parts: list[Reading]) -> Reading:
        """@parts as one, in their order."""
        if len(parts) == 1:
            return parts[0]
        whole = cls()
        for part in parts:
            whole.version = whole.version or part.version
            if not whole.machine or \
                    part.number("cpus") > whole.number("cpus"):
                whole.machine = part.machine
            whole.account.total += part.total
            whole.account.faults += part.faults
            for name in ("runs", "names", "tap", "errors"):
                getattr(whole, name).extend(getattr(part, name))
            whole.policies.update(part.policies)
        ends = [part.exit_status for part in parts]
        if None not in ends:
            whole.exit_status = max(ends)
        return whole

    def close(self) -> None:
        """The matrix is over: whatever has no verdict now is missing."""
        # Who lists names or tests itself has no plan; who dies says so.
        if self.runs or self.account.total or \
                self.exit_status == 0 and not (self.names or self.tap):
            self.account.close()

    def _begin(self, run: Run | Trial) -> None:
        if self.current:        # its result was lost
            self.current.verdict = "died"
            self.current.last_output = list(self.last)[:-1]
            self._close(self.current)
        self.current = run
        self.phase = ""

    def _close(self, run: Run | Trial) -> None:
        self.runs.append(run)
        self.current = None

    # One handler for each kind of record that is kept.

    def _on_tandem(self, record: Record) -> None:
        self.version = self.version or record.text
        # What came before is the emulator's or the firmware's.
        self.last = deque([record.line], maxlen=LAST_LINES)

    def _on_policy(self, record: Record) -> None:
        self.policies[record.name] = record.fields

    def _on_machine(self, record: Record) -> None:
        self.machine = self.machine or record.fields

    def _on_run(self, record: Record) -> None:
        self._begin(new_trial(record) if "test" in record.fields
                    else new_run(record, self.number("cpus")))
        self._open = None

    def _on_progress(self, record: Record) -> None:
        self.phase = record.fields["phase"]
        self._open = None

    def _phase(self, name: str) -> Phase:
        if not self._open or self._open.name != name:
            self._open = Phase(name)
            self.current.phases.append(self._open)
        return self._open

    def _on_phase(self, record: Record) -> None:
        if not self.current:
            return
        counters = record.numbers()
        phase = self._phase(record.name)
        if phase.counters.keys() & counters.keys():
            self._open = None       # the same name twice: the next phase
            phase = self._phase(record.name)
        phase.counters.update(counters)

    def _on_ideal(self, record: Record) -> None:
        if not self.current:
            return
        phase = self._open
        if not phase or phase.name != record.name:
            named = [p for p in self.current.phases if p.name == record.name]
            phase = next((p for p in named if not p.ideal), None) \
                or (named[-1] if named else self._phase(record.name))
        phase.ideal.update(record.numbers())

    def _on_predicted(self, record: Record) -> None:
        if self.current:
            self.current.predicted.update(record.numbers())

    def _on_ticks(self, record: Record) -> None:
        if self.current:
            self.current.ticks[record.name] = record.numbers()

    def _note(self, record: Record) -> None:
        if self.current and len(self.current.notes) < NOTES:
            self.current.notes.append(record.line)

    _on_stale = _on_leak = _on_message = _on_panic = _note

    def _on_violation(self, record: Record) -> None:
        self._note(record)
        if self.current:
            count = record.int("count", 1)
            self.current.violations[record.fields["rule"]] += count

    def _on_trace(self, record: Record) -> None:
        if isinstance(self.current, Run):
            self.current.trace.append(record)

    def _on_result(self, record: Record) -> None:
        if self.current:
            self.current.close(record)
            if self.current.verdict in ENDED:
                self.current.last_output = list(self.last)
            self._close(self.current)

    def _on_list(self, record: Record) -> None:
        self.names.append((record.fields["what"], record.name, record.text))

    def _on_tap(self, record: Record) -> None:
        self.tap.append(record.line)

    def _on_error(self, record: Record) -> None:
        self.errors.append(record.text)

    def _on_exit(self, record: Record) -> None:
        self.exit_status = record.int("status")


def status_of(runs: list[Run]) -> int:
    """The exit status that @runs deserve: 0, 1 or 4.

    A mutant is caught when at least one of its runs shows it: it need not
    show in a workload that never takes the step which it breaks.
    """
    if any(run.verdict in ENDED for run in runs):
        return 4
    bad = any(run.verdict != "coherent" for run in runs if not run.mutant)
    return 1 if bad or missed_mutants(runs) else 0


def missed_mutants(runs: list[Run]) -> list[str]:
    """Mutants that ran and that no run caught."""
    ran = sorted({run.mutant for run in runs if run.mutant})
    caught = {run.mutant for run in runs if run.verdict in CAUGHT}
    return [name for name in ran if name not in caught]


def summary(runs: list[Run]) -> str:
    """The verdict of the whole matrix, in a sentence or two."""
    plain = [run for run in runs if not run.mutant]
    bad = [f"{run.title}: {run.verdict}" for run in plain
           if run.verdict != "coherent"]
    mutants = list(dict.fromkeys(run.mutant for run in runs if run.mutant))
    which = " without a mutant" if mutants else ""
    fine = f"All {len(plain)} runs{which} were" if len(plain) != 1 \
        else f"The run{which} was"
    text = "No run has ended." if not plain else \
        f"{len(bad)} of {len(plain)} runs not coherent: {'; '.join(bad)}." \
        if bad else fine + " coherent: no guest ever saw a wrong byte."
    missed = missed_mutants(runs)
    if mutants:
        caught = [name for name in mutants if name not in missed]
        text += f" Mutants caught: {', '.join(caught) or 'none'}; " \
            f"missed: {', '.join(missed) or 'none'}."
    return text


def policy_lines(policies: Rows) -> list[str]:
    """The rows of the user's own policies, a line each."""
    return [f"policy {name}: " + ", ".join(f"{axis}={choice}"
                                           for axis, choice in row.items())
            for name, row in policies.items()]


@dataclass
class Results:
    """A finished matrix, with the head that every output carries."""

    backend: str
    machine: str            # real, nested or emulated
    tick_unit: str
    version: str
    secondary: str
    cpus: int
    runs: list[Run]
    machine_text: str = ""  # the same for people; empty: nothing to add
    faults: list[str] = field(default_factory=list)     # of the records
    policies: Rows = field(default_factory=dict)        # the user's own
    # What each policy, workload and mutant is, a line each.
    names: dict[str, str] = field(default_factory=dict)
    processor: dict[str, str] = field(default_factory=dict)

    def head(self) -> dict:
        head = {"schema": SCHEMA, "version": self.version,
                "backend": self.backend, "secondary": self.secondary,
                "machine": self.machine, "cpus": self.cpus,
                "tick_unit": self.tick_unit}
        if self.policies:
            head["policies"] = self.policies
        if self.processor:
            head["processor"] = self.processor
        if self.faults:
            head["faults"] = self.faults
        if self.names:
            head["names"] = self.names
        return head

    def as_json(self) -> str:
        """results.json: the same bytes for the same results."""
        out = {**self.head(), "runs": [run.as_json() for run in self.runs]}
        return json.dumps(out, indent=1) + "\n"

    def as_csv(self) -> str:
        """results.csv: a row for each phase of each run."""
        phases = [p for run in self.runs for p in run.phases]
        counters = sorted({name for p in phases for name in p.counters})
        ideals = sorted({name for p in phases for name in p.ideal})
        head = ["backend", "machine", "secondary", "workload", "policy",
                "mutant", "guest", "pages", "vcpus", "seed", "verdict",
                "stale_reads", "phase_number", "phase"]
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(head + counters + ["ideal:" + name for name in ideals])
        for run in self.runs:
            fixed = [self.backend, self.machine, self.secondary, run.workload,
                     run.policy, run.mutant or "", run.guest, run.pages,
                     run.vcpus, run.seed, run.verdict, run.stale_reads]
            for number, phase in enumerate(run.phases or [Phase("")], 1):
                out.writerow(fixed + [number, phase.name]
                             + [phase.counters.get(n, 0) for n in counters]
                             + [phase.ideal.get(n, "") for n in ideals])
        return text.getvalue()
