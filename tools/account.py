"""Holds the records of a matrix against each other. A machine that judges
others is not believed blindly: what is missing, doubled or damaged on its
console is named here, in a line each."""

from __future__ import annotations

from tools.console import SUBJECTS, Record, is_damaged, is_int

GUESTS = ("idle", "running")
RUN_VERDICTS = ("coherent", "stale", "violation", "leak", "died")
TRIAL_VERDICTS = ("allowed", "forbidden-not-seen", "forbidden-seen",
                  "violation", "leak", "died", "skipped")
STATUSES = ("0", "1", "2", "3", "4")
NUMBER = None                       # any number will do

# The words that a record must have, what it has of a run of that subject, and
# what they may be; () is any text.
WORDS: dict[str, dict[str, tuple[str, ...] | None]] = {
    "run": {"policy": (), "mutant": (), "seed": NUMBER},
    "run workload": {"guest": GUESTS, "pages": NUMBER, "vcpus": NUMBER},
    "result": {"violations": NUMBER},
    "result workload": {"verdict": RUN_VERDICTS, "stale_reads": NUMBER},
    "result test": {"verdict": TRIAL_VERDICTS, "rounds": NUMBER,
                    "seen": NUMBER, "forbidden": ("yes", "no")},
    "machine": {"secondary": ("ept", "npt"), "cpus": NUMBER,
                "ticks_per_ms": NUMBER},
    "exit": {"status": STATUSES},
}
ONCE = ("tandem", "machine", "plan")            # in each boot
SAME = ("pages", "vcpus", "seed")               # in all runs of a matrix
GOOD = ("coherent", "allowed", "forbidden-not-seen", "skipped")


def subject_of(run: Record) -> str:
    """Of which of SUBJECTS a run is."""
    return next(name for name in SUBJECTS if name in run.fields)


def wrong_word(record: Record, subject: str) -> str:
    """What is wrong with the words of @record; empty: nothing."""
    words = {**WORDS.get(record.kind, {}),
             **WORDS.get(f"{record.kind} {subject}", {})}
    for name, accepted in words.items():
        if name not in record.fields:
            return f"{name}= is missing"
        value = record.fields[name]
        if accepted is NUMBER and not is_int(value) or \
                accepted and value not in accepted:
            return f"'{name}={value}' cannot be"
    return ""


class _Open:
    """A run that has begun and has no result yet."""

    def __init__(self, record: Record) -> None:
        self.begin = record
        self.subject = subject_of(record)
        self.phases: list[str] = []
        self.phase: dict[str, set[str]] = {}    # the last one's: kind, names
        self.seen: set[str] = set()             # predicted, ticks NAME
        self.violations = 0

    @property
    def name(self) -> str:
        return f"run {self.begin.number}/{self.begin.total}"

    @property
    def lost(self) -> list[str]:
        """The kinds of record that the last phase lacks."""
        return [kind for kind in ("phase", "ideal")
                if self.phases and kind not in self.phase]


class Account:
    """Follows the console over one or more boots of the same matrix. Its
    faults are lines for the person who reads the results."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.total = 0
        self.done: set[int] = set()     # runs that ended, one way or another
        self._named: set[int] = set()   # came twice, and that was said
        self._phases: dict[str, tuple[str, list[str]]] = {}
        self._same: dict[str, str] = {}
        self.new_boot()

    def new_boot(self) -> None:
        """The machine starts (again)."""
        self.open: _Open | None = None
        self._once: set[str] = set()
        self._bad = False               # a policy was
        self._tried: set[str] = set()   # mutants
        self._caught: set[str] = set()

    def fault(self, text: str) -> None:
        """Note one, once."""
        if text not in self.faults:
            self.faults.append(text)

    def chatter(self, line: str) -> None:
        """A line that is no record: what is left of one?"""
        if self._once and is_damaged(line):
            self.fault(f"a damaged record: '{line}'")

    def takes(self, record: Record) -> bool:
        """Look at @record; false if nothing may be made of it."""
        subject = subject_of(record) if record.kind == "run" else \
            self.open.subject if self.open else ""
        wrong = wrong_word(record, subject)
        if wrong:
            self.fault(f"a damaged record: '{record.line}': {wrong}")
        if record.kind in ONCE:
            return self._take_once(record)
        handler = getattr(self, "_take_" + record.kind, None)
        return handler(record) if handler else True

    def _take_once(self, record: Record) -> bool:
        if record.kind in self._once:
            self.fault(f"the {record.kind} record came twice in one boot")
        self._once.add(record.kind)
        if record.kind == "plan":
            total = record.int("runs")
            if self.total and self.total != total:
                self.fault(f"one boot plans {self.total} runs, another "
                           f"{total}")
            self.total = self.total or total
        return True

    def _take_run(self, record: Record) -> bool:
        name = f"run {record.number}/{record.total}"
        for kind in ONCE:
            if kind not in self._once:
                self.fault(f"the {kind} record is missing")
        self.total = self.total or record.total
        if record.total != self.total or \
                not 1 <= record.number <= self.total:
            self.fault(f"{name} is not of the plan, which has {self.total}")
        if record.number in self.done or self.open and \
                self.open.begin.number == record.number:
            self.fault(f"{name} came twice")
            self._named.add(record.number)
            return False
        if self.open:
            self.fault(f"{self.open.name} has no result")
            self.done.add(self.open.begin.number)
        for word in SAME:
            value = record.fields.get(word, "")
            if self._same.setdefault(word, value) != value:
                self.fault(f"{name} has {word}={value}, others have "
                           f"{word}={self._same[word]}")
        self.open = _Open(record)
        return True

    def _belongs(self, record: Record) -> bool:
        """True if @record is of the run that is open. One whose beginning was
        lost is missed in the end."""
        if self.open and self.open.begin.number == record.number:
            return True
        if self.open or record.number in self.done - self._named:
            name = f"{record.kind} {record.number}/{record.total}"
            self.fault(f"{name} came twice" if record.number in self.done
                       else f"{name} came in {self.open.name}")
        return False

    def _take_progress(self, record: Record) -> bool:
        if not self._belongs(record):
            return False
        # A second one of a phase without counters is a sign of life.
        name = record.fields["phase"]
        if not self.open.phase and self.open.phases[-1:] == [name]:
            return True
        self._end_phase()
        self.open.phases.append(name)
        self.open.phase = {}
        return True

    def _end_phase(self) -> None:
        for kind in self.open.lost:
            self.fault(f"{self.open.name}, phase {self.open.phases[-1]}: the "
                       f"{kind} record is missing")

    def _take_phase(self, record: Record) -> bool:
        if not self.open:
            return False        # its run is missed already
        if self.open.phases[-1:] != [record.name]:
            self.fault(f"{self.open.name}, phase {record.name}: the progress "
                       "record is missing")
            self._end_phase()
            self.open.phases.append(record.name)
            self.open.phase = {}
        names = self.open.phase.setdefault(record.kind, set())
        if names & record.fields.keys():
            self.fault(f"{self.open.name}, phase {record.name}: the "
                       f"{record.kind} record came twice")
        names.update(record.fields)
        return True

    _take_ideal = _take_phase

    def _take_once_a_run(self, record: Record) -> bool:
        if not self.open:
            return False
        name = f"{record.kind} {record.name}".strip()
        if name in self.open.seen:
            self.fault(f"{self.open.name}: the {name} record came twice")
            return False
        self.open.seen.add(name)
        return True

    _take_predicted = _take_ticks = _take_once_a_run

    def _take_violation(self, record: Record) -> bool:
        if self.open:
            self.open.violations += record.int("count", 1)
        return bool(self.open)

    def _take_result(self, record: Record) -> bool:
        if not self._belongs(record):
            return False
        run, verdict = self.open, record.fields["verdict"]
        self._end_phase()
        if run.subject == "workload" and verdict != "died":
            self._whole(run)
        stale, violations = map(record.int, ("stale_reads", "violations"))
        if violations != run.violations:
            self.fault(f"{run.name} is said to have {violations} violations, "
                       f"its records have {run.violations}")
        if verdict == "coherent" and (stale or run.violations) or \
                verdict == "violation" and not run.violations or \
                verdict == "stale" and not stale:
            self.fault(f"{run.name} is said to be {verdict}, with {stale} "
                       f"stale reads and {run.violations} violations")
        self._end(verdict, verdict in ("stale", "forbidden-seen")
                  or run.violations > 0)
        return True

    def _whole(self, run: _Open) -> None:
        """A run that came to its end has all its parts."""
        if "predicted" not in run.seen:
            self.fault(f"{run.name}: the predicted record is missing")
        workload = run.begin.fields["workload"]
        name, phases = self._phases.setdefault(workload,
                                               (run.name, run.phases))
        if phases != run.phases or not phases:
            self.fault(f"{run.name} has the phases "
                       f"'{' '.join(run.phases)}', {name} has "
                       f"'{' '.join(phases)}'")

    def _end(self, verdict: str, caught: bool) -> None:
        mutant = self.open.begin.fields.get("mutant", "none")
        if mutant == "none":
            self._bad |= verdict not in GOOD
        else:
            self._tried.add(mutant)
            if caught:
                self._caught.add(mutant)
        self.done.add(self.open.begin.number)
        self.open = None

    def _take_exit(self, record: Record) -> bool:
        fine = not self._bad and self._tried == self._caught
        if record.int("status") == 1 and fine:
            self.fault("the kernel ended with status 1, and no record of it "
                       "says why")
        return True

    def abandon(self) -> None:
        """The machine went silent or ended: so did the run it was in."""
        if self.open:
            self.done.add(self.open.begin.number)
            self.open = None

    def close(self) -> None:
        """The matrix is over: is all there?"""
        if not self.total and "plan" not in self._once:
            self.fault("the plan record is missing")
        missing = [n for n in range(1, self.total + 1) if n not in self.done]
        while missing:
            first = last = missing.pop(0)
            while missing and missing[0] == last + 1:
                last = missing.pop(0)
            self.fault(f"run {first}/{self.total} is missing"
                       if first == last else
                       f"runs {first} to {last} of {self.total} are missing")
