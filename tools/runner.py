"""Runs a matrix to its end: boots, follows the consoles, judges hangs, and
after a hang or a death boots again behind the run that caused it. Parts of a
matrix may run at the same time."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Generator, Iterator

from tools.backends.backend import Backend, Boot
from tools.console import Record
from tools.errors import STATUS_DIED, STATUS_NO_BACKEND, Stop
from tools.patience import Sight
from tools.process import Emulator
from tools.report.results import Reading, Run

POLL_SECONDS = 0.02
PROBE_SIZE = 65536


@dataclass(frozen=True)
class Limits:
    """When silence is a hang.

    An emulator that neither prints nor computes for `idle` seconds, not
    counting those in which it waited for a CPU, will not wake up. One that
    computes may be at work on a long phase: it is given `busy` seconds of its
    own CPU time for each record, so that a slow or loaded host does not make
    a hang out of patience.
    """

    idle: float = 60.0
    idle_cpu: float = 0.5       # less CPU time than this is no work
    busy: float = 120.0

    def for_work(self, pages: int, patience: int = 1,
                 cpus: int = 2) -> Limits:
        """More pages make longer phases; some machines need patience; and
        CPUs that wait for each other use CPU time too."""
        return replace(self, busy=self.busy * patience * (1 + pages / 4096)
                       * max(1, cpus / 2))


# Nothing is a hang while somebody single-steps.
PATIENT = Limits(idle=float("inf"), busy=float("inf"))


@dataclass
class Progress:
    """Judges one boot: is it still moving?"""

    limits: Limits
    now: Callable[[], float] = time.monotonic
    console: int = 0
    records: int = 0
    since: float = field(default=0.0)           # last console output, or work
    looked: float = field(default=0.0)          # when it was judged last
    cpu_since: float = 0.0                      # CPU time at that moment
    cpu_at_record: float = 0.0                  # CPU time at the last record

    def __post_init__(self) -> None:
        self.since = self.looked = self.now()

    def hung(self, console: int, records: int, sight: Sight) -> str:
        """Why the machine that has printed so much by now is hung, empty if
        it is not."""
        now, cpu = self.now(), sight.seconds
        if records != self.records:
            self.records, self.cpu_at_record = records, cpu
        if sight.busy:
            self.since += now - self.looked
        self.looked = now
        worked = cpu - self.cpu_since >= self.limits.idle_cpu
        if console != self.console or worked:
            self.console, self.since, self.cpu_since = console, now, cpu
        if now - self.since > self.limits.idle:
            return f"nothing printed or computed for {self.limits.idle:g} s"
        if cpu - self.cpu_at_record > self.limits.busy:
            return f"no record in {self.limits.busy:g} s of CPU time"
        return ""


@dataclass
class Outcome:
    """What came out of all boots together."""

    reading: Reading
    status: int = 0                     # the kernel's own, or ours if it died
    last_output: list[str] = field(default_factory=list)
    emulator_log: list[str] = field(default_factory=list)
    why: str = ""                       # the last boot was given up, or ended
    error: BaseException | None = None  # why the rest did not run

    @classmethod
    def of(cls, parts: list[Outcome],
           error: BaseException | None) -> Outcome:
        """@parts, in the order of the matrix, as one."""
        worst = max(parts, key=lambda part: part.status)
        reading = Reading.of([part.reading for part in parts])
        reading.last = worst.reading.last
        return cls(reading, worst.status, worst.last_output,
                   worst.emulator_log, worst.why, error)


Observer = Callable[[Reading, Record], None]
# Where it yields, others may go on for a while.
Steps = Iterator[None]


def ignore(reading: Reading, record: Record) -> None:
    """Nobody observes."""


def run_matrix(backend: Backend, boot: Boot, limits: Limits,
               observe: Observer = ignore) -> Outcome:
    """Boot until each run of the matrix has a verdict, or none can be had."""
    outcome = run_parts(backend, [boot], limits, observe)
    if outcome.error:
        raise outcome.error
    return outcome


def run_parts(backend: Backend, boots: list[Boot], limits: Limits,
              observe: Observer = ignore, jobs: int = 1) -> Outcome:
    """The same for a matrix in parts, each with a boot of its own, as many at
    a time as @jobs says. What cannot go on, or is interrupted, keeps the runs
    that are finished; why is the outcome's error."""
    outcomes = [Outcome(Reading(boot.title)) for boot in boots]
    # With more CPUs there is more to emulate: what takes long begins first.
    order = sorted(zip(boots, outcomes), key=lambda part: -part[0].cpus)
    waiting = [_run_part(backend, boot, limits, outcome, observe)
               for boot, outcome in order]
    working: list[Steps] = []
    error: BaseException | None = None
    try:
        while waiting or working:
            while waiting and len(working) < jobs:
                working.append(waiting.pop(0))
            ended = [part for part in working if next(part, part) is part]
            working = [part for part in working if part not in ended]
            if not ended:
                time.sleep(POLL_SECONDS)
    except (KeyboardInterrupt, Stop, OSError) as stopped:
        error = stopped
    finally:
        for part in working:
            part.close()        # ends its emulator
    return Outcome.of(outcomes, error)


def _run_part(backend: Backend, boot: Boot, limits: Limits, outcome: Outcome,
              observe: Observer) -> Steps:
    """Boot, and after a hang or a death boot again behind that run."""
    first = 1
    while True:
        words = dict(boot.words)
        if first > 1:
            words["first"] = str(first)
        verdict = yield from _boot_once(
            backend, replace(boot, words=words), limits, outcome, observe)
        if not verdict:
            break
        run = outcome.reading.abandon(verdict)
        outcome.status = STATUS_DIED
        outcome.last_output = list(outcome.reading.last)
        # Between two runs nobody knows which run to leave out.
        if not run or run.number >= outcome.reading.total:
            break
        first = run.number + 1
    outcome.reading.close()


def _boot_once(backend: Backend, boot: Boot, limits: Limits,
               outcome: Outcome, observe: Observer
               ) -> Generator[None, None, str]:
    """One boot. Returns "hang" or "died", or "" if the kernel ended it."""
    reading = outcome.reading
    reading.new_boot()
    with tempfile.TemporaryDirectory(prefix="tandem-") as name:
        directory = Path(name)
        launch = backend.launch(boot, directory)
        with Emulator(launch, directory) as emulator:
            verdict, outcome.why = yield from _follow(emulator, reading,
                                                      limits, observe)
            if verdict and reading.exit_status is None:
                need_room(directory)
                reading.last.append(emulator.unfinished_line())
                outcome.emulator_log = emulator.log_tail()
    if not verdict:
        outcome.status = max(outcome.status, reading.exit_status or 0)
    return verdict


def need_room(directory: Path) -> None:
    """Stop if the machine ended because its files have no room."""
    try:
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(bytes(PROBE_SIZE))
    except OSError as error:
        raise Stop(STATUS_NO_BACKEND, f"{directory.parent}: {error.strerror};"
                   " the machine's files go there (TMPDIR says where)") \
            from None


def ended_how(status: int) -> str:
    """What an emulator's exit status says, as subprocess has it."""
    if status < 0:
        return f"the emulator was ended by signal {-status}"
    return f"the emulator ended with status {status}"


def _follow(emulator: Emulator, reading: Reading, limits: Limits,
            observe: Observer) -> Generator[None, None, tuple[str, str]]:
    """Returns the verdict as _boot_once() does, and why."""
    progress = Progress(limits)
    checked = 0.0
    while True:
        alive = emulator.running()      # before reading: nothing comes after
        for line in emulator.lines():
            record = reading.feed(line)
            if record:
                observe(reading, record)
            if reading.exit_status is not None:
                return "died" if reading.current else "", ""
        if not alive:
            return "died", ended_how(emulator.status)
        if time.monotonic() - checked > 1 or limits.idle < 1:
            checked = time.monotonic()
            why = progress.hung(emulator.bytes_seen, reading.records,
                                emulator.look())
            if why:
                return "hang", why
        yield
