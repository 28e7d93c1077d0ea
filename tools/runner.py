"""Runs a matrix to its end: boots, follows the console, judges hangs, and
after a hang or a death boots again behind the run that caused it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from tools.backend import Backend, Boot
from tools.console import Record
from tools.errors import STATUS_DIED
from tools.process import Emulator
from tools.results import Reading, Run

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Limits:
    """When silence is a hang.

    An emulator that neither prints nor computes for `idle` seconds will not
    wake up. One that computes may be at work on a long phase: it is given
    `busy` seconds of its own CPU time for each record, so that a slow or
    loaded host does not make a hang out of patience.
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
    cpu_since: float = 0.0                      # CPU time at that moment
    cpu_at_record: float = 0.0                  # CPU time at the last record

    def __post_init__(self) -> None:
        self.since = self.now()

    def hung(self, console: int, records: int, cpu: float) -> bool:
        """True if the machine that has printed so much by now is hung."""
        now = self.now()
        if records != self.records:
            self.records, self.cpu_at_record = records, cpu
        worked = cpu - self.cpu_since >= self.limits.idle_cpu
        if console != self.console or worked:
            self.console, self.since, self.cpu_since = console, now, cpu
        return now - self.since > self.limits.idle or \
            cpu - self.cpu_at_record > self.limits.busy


@dataclass
class Outcome:
    """What came out of all boots together."""

    reading: Reading
    status: int = 0                     # the kernel's own, or ours if it died
    last_output: list[str] = field(default_factory=list)
    emulator_log: list[str] = field(default_factory=list)


Observer = Callable[[Reading, Record], None]


def run_matrix(backend: Backend, boot: Boot, limits: Limits,
               observe: Observer = lambda reading, record: None) -> Outcome:
    """Boot until each run of the matrix has a verdict, or none can be had."""
    outcome = Outcome(Reading())
    first = 1
    while True:
        words = dict(boot.words)
        if first > 1:
            words["first"] = str(first)
        verdict = _boot_once(backend, replace(boot, words=words), limits,
                             outcome, observe)
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
    return outcome


def _boot_once(backend: Backend, boot: Boot, limits: Limits,
               outcome: Outcome, observe: Observer) -> str:
    """One boot. Returns "hang" or "died", or "" if the kernel ended it."""
    reading = outcome.reading
    reading.new_boot()
    with tempfile.TemporaryDirectory(prefix="tandem-") as name:
        directory = Path(name)
        launch = backend.launch(boot, directory)
        with Emulator(launch, directory) as emulator:
            verdict = _follow(emulator, reading, limits, observe)
            if verdict and reading.exit_status is None:
                reading.last.append(emulator.unfinished_line())
                outcome.emulator_log = emulator.log_tail()
    if not verdict:
        outcome.status = max(outcome.status, reading.exit_status or 0)
    return verdict


def _follow(emulator: Emulator, reading: Reading, limits: Limits,
            observe: Observer) -> str:
    progress = Progress(limits)
    checked = 0.0
    while True:
        alive = emulator.running()      # before reading: nothing comes after
        for line in emulator.lines():
            record = reading.feed(line)
            if record:
                observe(reading, record)
            if reading.exit_status is not None:
                return "died" if reading.current else ""
        if not alive:
            return "died"
        if time.monotonic() - checked > 1 or limits.idle < 1:
            checked = time.monotonic()
            if progress.hung(emulator.bytes_seen, reading.records,
                             emulator.cpu_seconds()):
                return "hang"
        time.sleep(POLL_SECONDS)
