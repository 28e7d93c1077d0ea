"""What changed between two results: rows that came, went, or differ, figure by
figure. Times are not compared: no two runs of a real machine have the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tools.report.page import table
from tools.report.results import Results
from tools.report.rows import INVEPT, Row, Spread, count, rows_of
from tools.report.tables import COLUMNS, new_table

if TYPE_CHECKING:
    from rich.console import Console

HEAD = ("version", "backend", "machine", "secondary", "cpus", "policies",
        "faults")
SIZES = ("pages", "vcpus", "seed")
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


def _of_row(before: Row | None, after: Row | None) -> list[Change]:
    """What changed in one row; either may be missing."""
    first = (before or after).first         # type: ignore[union-attr]
    name = first.workload, (before or after).label, \
        first.guest                         # type: ignore[union-attr]
    if not before or not after:
        there = ("-", "there") if after else ("there", "-")
        return [Change(*name, "row", *there)]
    found = _differences(figures(before), figures(after)) or \
        _differences(by_phase(before), by_phase(after))
    return [Change(*name, *texts) for texts in found]


def changes(before: Results, after: Results) -> list[Change]:
    """All of them: first of the head, then row by row."""
    heads = before.head(), after.head()
    found = [Change("", "", "", name, *(str(head.get(name, "-"))
                                        for head in heads))
             for name in HEAD if heads[0].get(name) != heads[1].get(name)]
    old, new = ({(row.first.workload, row.label, row.first.guest): row
                 for row in rows_of(results.runs)}
                for results in (before, after))
    for name in dict.fromkeys([*old, *new]):
        found += _of_row(old.get(name), new.get(name))
    return found


def summary(found: list[Change], results: Results) -> str:
    """How many rows differ, in one line."""
    rows = rows_of(results.runs)
    if not found:
        return f"Nothing changed: {len(rows)} rows are equal."
    differ = len({change.row for change in found if change.workload})
    return f"{differ} of {len(rows)} rows differ" + (
        ", and the head." if any(not c.workload for c in found) else ".")


def print_changes(found: list[Change], results: Results,
                  console: Console) -> None:
    """A line for each figure that changed, and how many rows differ."""
    if found:
        lines = new_table()
        for name in COLUMNS_OF_CHANGES:
            lines.add_column(name, justify="right" if name in (
                "before", "after", "change") else "left")
        for change in found:
            lines.add_row(*change)
        console.print(lines, "")
    console.print(summary(found, results))


def section(found: list[Change], results: Results) -> str:
    """The same for the page."""
    return "<h2>What changed</h2><p>" + summary(found, results) + "</p>" + (
        table("", COLUMNS_OF_CHANGES, [("", change) for change in found])
        if found else "")
