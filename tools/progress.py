"""The line that shows what is running and how far it is; on a terminal only."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from tools.console import Record
from tools.report.results import Reading


SIGNS = ("run", "progress", "result")


class Line:
    """A progress line on standard error, or nothing at all."""

    def __init__(self, quiet: bool, parts: int = 1) -> None:
        self._bar = None
        self._parts = parts             # of the matrix
        self._readings: list[Reading] = []      # of those that have begun
        if quiet or not sys.stderr.isatty() or not find_spec("rich"):
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, \
            TextColumn, TimeElapsedColumn
        from rich.table import Column
        # No refresh thread: the emulator is forked from this process.
        rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._bar = Progress(BarColumn(12), MofNCompleteColumn(),
                             TimeElapsedColumn(),
                             TextColumn("{task.description}", markup=False,
                                        table_column=rest), expand=True,
                             console=Console(stderr=True), transient=True,
                             auto_refresh=False)
        self._task = self._bar.add_task("booting", total=None)

    def __enter__(self) -> Line:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def observe(self, reading: Reading, record: Record) -> None:
        """Called with each record."""
        if reading not in self._readings:
            self._readings.append(reading)
        if not self._bar or record.kind not in SIGNS:
            return
        run = reading.current
        text = run.title if run else ""
        if run and reading.phase:
            text += f": {reading.phase}"
        self._bar.update(self._task, total=self.total, description=text,
                         completed=self.completed)
        self._bar.refresh()

    @property
    def completed(self) -> int:
        """How many runs have ended."""
        return sum(len(part.runs) for part in self._readings)

    @property
    def total(self) -> int:
        """How many runs there are to be, if parts that have not begun are as
        large as the others."""
        known = [part.total for part in self._readings]
        return sum(known) + (self._parts - len(known)) * max(known)
