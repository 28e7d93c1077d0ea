"""When to give up on a process: by what it has done, not by the clock on the
wall, which runs on while a busy host gives it no CPU.

Two limits: so many seconds of CPU time, its children's included; or so many
looks, a second apart, at which nothing of it ran, waited for a CPU, or had
run since the look before.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Patience:
    """The two limits."""

    cpu: float = 600.0          # seconds
    idle: int = 120             # looks


@dataclass
class Sight:
    """What a look at a process and its descendants shows."""

    ticks: int = 0              # of CPU time, that of ended children included
    busy: bool = False          # one runs, waits for a CPU, or for a disk

    @property
    def seconds(self) -> float:
        """CPU time."""
        return self.ticks / os.sysconf("SC_CLK_TCK")


class Exhausted(Exception):
    """A process was given up on: its text says why."""


def look(pid: int) -> Sight:
    """A look at process @pid and all that it started."""
    table: dict[int, list[str]] = {}
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            fields = stat_of(entry.name)
            if fields:
                table[int(entry.name)] = fields
                children.setdefault(int(fields[1]), []).append(
                    int(entry.name))
    sight, wanted = Sight(), [pid]
    while wanted:
        one = wanted.pop()
        wanted += children.get(one, [])
        if one in table:
            fields = table[one]
            sight.ticks += sum(int(field) for field in fields[11:15])
            sight.busy = sight.busy or fields[0] in "RD"
    return sight


def stat_of(pid: str) -> list[str] | None:
    """The fields of /proc/PID/stat behind the command, whose parentheses may
    hold spaces; None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii",
                  errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return None


class Watch:
    """Judges one process, look by look."""

    def __init__(self, pid: int, patience: Patience,
                 sight: Callable[[int], Sight] = look) -> None:
        self._pid = pid
        self._patience = patience
        self._sight = sight
        self._ticks = 0
        self._idle = 0

    def exhausted(self) -> str:
        """Look, and say why nobody should wait on; empty if one should."""
        sight = self._sight(self._pid)
        self._idle += 1
        if sight.busy or sight.ticks != self._ticks:
            self._idle = 0
        self._ticks = sight.ticks
        if sight.seconds > self._patience.cpu:
            return f"no end after {self._patience.cpu:g} s of CPU time"
        if self._idle >= self._patience.idle:
            return f"it has done nothing for {self._idle} s"
        return ""


def communicate(process: subprocess.Popen,
                patience: Patience = Patience(),
                given: str | bytes | None = None) -> tuple:
    """process.communicate() until it ends; Exhausted, and nothing of it left,
    if it has had what @patience allows."""
    watch = Watch(process.pid, patience)
    while True:
        try:
            return process.communicate(given, timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            given = None
            why = watch.exhausted()
        if why:
            kill(process)
            raise Exhausted(why)


def kill(process: subprocess.Popen) -> None:
    """End a process and what it started, the youngest last."""
    for pid in descendants(process.pid):
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
    process.kill()
    process.wait()


def descendants(pid: int) -> list[int]:
    """The processes that @pid and its children have started and that run."""
    found, wanted = [], [pid]
    while wanted:
        one = wanted.pop()
        try:
            with open(f"/proc/{one}/task/{one}/children",
                      encoding="ascii") as children:
                new = [int(child) for child in children.read().split()]
        except OSError:
            continue
        found += new
        wanted += new
    return found


def until(condition: Callable[[], object], pid: int,
          patience: Patience = Patience(cpu=60.0, idle=30)) -> bool:
    """Wait until @condition holds; False if process @pid was given up on."""
    watch, since = Watch(pid, patience), time.monotonic()
    while not condition():
        time.sleep(0.02)
        if time.monotonic() - since > LOOK_SECONDS:
            since = time.monotonic()
            if watch.exhausted():
                return bool(condition())
    return True
