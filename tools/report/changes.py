"""What changed between two results: rows that came, went, or differ, figure by
figure. Times are not compared: no two runs of a real machine have the same."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from tools.report.page import table
from tools.report.results import Results
from tools.report.rows import INVEPT, Row, Spread, count, rows_of
from tools.report.tables import COLUMNS, new_table, several
from tools.report.wins import listed

if TYPE_CHECKING:
    from rich.console import Console

HEAD = ("version", "backend", "machine", "processor", "secondary", "cpus",
        "policies", "faults")
SIZES = ("pages", "vcpus")
# Counters that the columns show.
SHOWN = ("remote_tlb_flush_requests", "primary_flush_requests", "kicks",
         *INVEPT, "pf_taken", "pf_refault", "pf_spurious")
COLUMNS_OF_CHANGES = ("workload", "policy", "guest", "figure", "before",
                      "after", "change")


class Change(NamedTuple):
    """A figure of a row that is not what it was."""

    workload: str
    policy: str
    guest: str
    figure: str
    before: str
    after: str
    change: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        return self[:3]


class Found(NamedTuple):
    """All that changed between two results."""

    rows: int               # of both together
    changes: list[Change]   # of the head, and of rows that both have
    lone: list[list[Row]]   # the rows that only the first has, and the second
    whole: list[list[Row]]  # all rows of each
    names: tuple[str, str]  # what the two are called

    def __bool__(self) -> bool:
        return bool(self.changes or any(self.lone))


Figures = dict[str, Spread | str]


def figures(row: Row) -> Figures:
    """All that is compared of a row but its phases, by name."""
    found: Figures = {name: " ".join(dict.fromkeys(
        str(getattr(run, name)) for run in row.runs)) for name in SIZES}
    for column in COLUMNS:
        found[column.heading] = column.spread(row) or "unknown"
    found["verdict"] = row.verdict
    names = sorted({name for run in row.runs for name in run.counters
                    if name not in SHOWN and not name.endswith("_ticks")})
    for name in names:
        found[name] = row.spread(lambda run: count(run.counters, name))
    return found


def by_phase(row: Row) -> Figures:
    """The same of each phase."""
    found: Figures = {}
    for number, phase in enumerate(row.first.phases, 1):
        for name, n in phase.counters.items():
            if not name.endswith("_ticks"):
                found[f"{name} of phase {number}, {phase.name}"] = \
                    Spread.of([n])
    return found


def _text(value: Spread | str | None) -> str:
    if value is None:
        return "0"
    return value.whole if isinstance(value, Spread) else value


def _differences(before: Figures, after: Figures) -> list[list[str]]:
    """Figure, before, after, change."""
    found = []
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old == new or {_text(old), _text(new)} == {"0"}:
            continue
        medians = [value.median if isinstance(value, Spread) else 0
                   for value in (old, new)]
        numbers = not isinstance(old, str) and not isinstance(new, str)
        found.append([name, _text(old), _text(new),
                      f"{medians[1] - medians[0]:+d}" if numbers else ""])
    return found


def _seeds(row: Row) -> str:
    seeds = sorted({run.seed for run in row.runs})
    return f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])


def _of_row(before: Row, after: Row) -> list[Change]:
    """What changed in one row. Seeds may explain it, and are no change by
    themselves."""
    found = _differences(figures(before), figures(after)) or \
        _differences(by_phase(before), by_phase(after))
    if found:
        found = _differences({"seed": _seeds(before)},
                             {"seed": _seeds(after)}) + found
    return [Change(*_key(before), *texts) for texts in found]


def _key(row: Row) -> tuple[str, str, str]:
    return row.first.workload, row.label, row.first.guest


def changes(before: Results, after: Results,
            names: tuple[str, str] = ("A", "B")) -> Found:
    """All of them: first of the head, then row by row. @names: what the two
    are called."""
    heads = before.head(), after.head()
    found = [Change("", "", "", name, *(str(head.get(name, "-"))
                                        for head in heads))
             for name in HEAD if heads[0].get(name) != heads[1].get(name)]
    old, new = ({_key(row): row for row in rows_of(results.runs)}
                for results in (before, after))
    for name, row in old.items():
        if name in new:
            found += _of_row(row, new[name])
    lone = [[row for name, row in here.items() if name not in there]
            for here, there in ((old, new), (new, old))]
    whole = [[*old.values()], [*new.values()]]
    return Found(len({**old, **new}), found, lone, whole, names)


def _only(rows: list[Row], whole: list[Row], name: str) -> str:
    """The rows that only @name has, whose rows are @whole, in one line."""
    def some(number: int) -> list[str]:
        """The names in them, empty if it has no others."""
        found = dict.fromkeys(_key(row)[number] for row in rows)
        return [*found] if found.keys() != {
            _key(row)[number] for row in whole} else []

    text = f"only in {name}: {several(len(rows), 'row')}: " + \
        ", ".join(dict.fromkeys(row.first.workload for row in rows))
    if some(1):
        text += " under " + ", ".join(some(1))
    return text + "".join(f", guest {guest}" for guest in some(2))


def summary(found: Found) -> list[str]:
    """The rows that one side alone has, a line for each side; then how many
    rows differ, and what of the head."""
    if not found:
        return [f"Nothing changed: {several(found.rows, 'row')} "
                f"{'is' if found.rows == 1 else 'are'} equal."]
    lines = [_only(rows, whole, name) for rows, whole, name
             in zip(found.lone, found.whole, found.names) if rows]
    differ = len({change.row for change in found.changes if change.workload}) \
        + sum(map(len, found.lone))
    head = [change.figure for change in found.changes if not change.workload]
    return [*lines, f"{differ} of {several(found.rows, 'row')} differ" + (
        f". In the head of the files, {listed(head)} "
        f"{'differs' if len(head) == 1 else 'differ'}." if head else ".")]


def print_changes(found: Found, console: Console) -> None:
    """A line for each figure that changed, and how many rows differ."""
    if found.changes:
        lines = new_table()
        for name in COLUMNS_OF_CHANGES:
            lines.add_column(name, justify="right" if name in (
                "before", "after", "change") else "left")
        for change in found.changes:
            lines.add_row(*change)
        console.print(lines, "")
    for line in summary(found):
        console.print(line, soft_wrap=True)


def section(found: Found) -> str:
    """The same for the page."""
    return "<h2>What changed</h2>" + "".join(
        f"<p>{escape(line)}</p>" for line in summary(found)) + (
        table("", COLUMNS_OF_CHANGES, [("", change)
                                       for change in found.changes])
        if found.changes else "")
