"""Who wins: a sentence for each workload, computed from its runs.

Two figures decide, each where it is seen best: the faults of an idle guest,
which are exact, and the flushes that CPUs executed while a guest ran: for an
idle one a single flush at its next entry serves all. Where only one kind of
guest ran, both are of that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from tools.report.results import CAUGHT, Results, Run
from tools.report.rows import (Row, faults, flushes, kicks, rows_of,
                               workloads)

NEAR = 50               # within one part in so many is as good
CHANCE = 2              # so many flushes more or less are a race's of kicks
ARTICLES = {"idle": "an idle", "running": "a running"}
AS_GOOD = f"; within {100 // NEAR} %, or {CHANCE} flushes, is as good:"


@dataclass(frozen=True)
class Standing:
    """A policy and its two figures, medians over the seeds."""

    name: str
    faults: int
    flushes: int
    kicks: int
    faults_least: bool      # fewer cannot be

    @classmethod
    def of(cls, idle: Row, running: Row) -> Standing:
        found = idle.spread(faults).median
        return cls(idle.label, found, running.spread(flushes).median,
                   running.spread(kicks).median,
                   found == idle.least("pf_taken"))


Figure = Callable[[Standing], int]
FAULTS: Figure = lambda standing: standing.faults
FLUSHES: Figure = lambda standing: standing.flushes
KICKS: Figure = lambda standing: standing.kicks


def best(field: list[Standing], figure: Figure) -> list[Standing]:
    """Those of @field with the least of @figure, or near it."""
    least = min(map(figure, field))
    chance = CHANCE if figure is FLUSHES else 0
    return [one for one in field
            if figure(one) - least <= max(least / NEAR, chance)]


def listed(names: list[str]) -> str:
    """a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _names(field: list[Standing]) -> str:
    return listed([one.name for one in field])


def _verb(field: list[Standing], one: str, several: str) -> str:
    return one if len(field) == 1 else several


def span(field: list[Standing], figure: Figure, one: str,
         several: str) -> str:
    """A figure of all in @field, with its unit."""
    numbers = sorted({figure(standing) for standing in field})
    text = str(numbers[0]) if len(numbers) == 1 \
        else f"{numbers[0]} to {numbers[-1]}"
    return f"{text} {one if numbers[-1] == 1 else several}"


def figures(field: list[Standing]) -> str:
    """What those in @field pay, who pay much the same."""
    faulted = span(field, FAULTS, "fault", "faults")
    if all(one.faults_least for one in field):
        faulted += ", the least possible,"
    flushed = span(field, FLUSHES, "flush", "flushes")
    if any(one.kicks for one in field):
        flushed += f" with {span(field, KICKS, 'kick', 'kicks')}"
    return f"{faulted} and {flushed}"


def _others(field: list[Standing], winners: list[Standing]) -> str:
    """What those pay who did not win."""
    parts = []
    for figure, what in ((FAULTS, "faults"), (FLUSHES, "flushes")):
        worst = max(field, key=figure)
        if worst not in best(field, figure):
            parts.append(f"{figure(worst)} {what} ({worst.name})")
    return f"others pay up to {' and '.join(parts)}"


def race(field: list[Standing]) -> str:
    """How those of @field compare."""
    few_faults, few_flushes = best(field, FAULTS), best(field, FLUSHES)
    winners = [one for one in few_faults if one in few_flushes]
    if len(field) == 1:
        return f"only {field[0].name}: {figures(field)}"
    if len(winners) == len(field):
        all_of = "both" if len(field) == 2 else f"all {len(field)}"
        return f"{all_of} policies pay the same: {figures(field)}"
    if winners:
        return f"{_names(winners)} {_verb(winners, 'wins', 'win')}: " \
            f"{figures(winners)}; {_others(field, winners)}"
    few_faults = best(few_faults, FLUSHES)
    few_flushes = best(few_flushes, FAULTS)
    return f"{_names(few_faults)} {_verb(few_faults, 'takes', 'take')} the " \
        f"fewest faults: {figures(few_faults)}; {_names(few_flushes)} " \
        f"{_verb(few_flushes, 'needs', 'need')} the fewest flushes: " \
        f"{figures(few_flushes)}"


def _verdicts(rows: list[Row]) -> str:
    """Who is out of the race, and which mutants were caught."""
    plain = [row for row in rows if not row.first.mutant]
    bad = [f"{row.label} ({row.first.guest}: {row.verdict})" for row in plain
           if not row.is_coherent]
    text = f"Not coherent: {', '.join(bad)}." if bad else \
        "All coherent." if plain else "No policy ran."
    mutants = {row.first.mutant for row in rows if row.first.mutant}
    if mutants:
        caught = {run.mutant for row in rows for run in row.runs
                  if run.verdict in CAUGHT}
        text += f" {len(caught & mutants)} of {len(mutants)} mutants caught."
    return text


def heading(results: Results) -> str:
    """What decides."""
    idle, running = decisive({run.guest for run in results.runs})
    flushed = f"flushes executed with {ARTICLES[running]}"
    return (f"Who wins, by faults and {flushed} guest" if idle == running
            else f"Who wins, by faults of {ARTICLES[idle]} guest and "
            f"{flushed} one") + AS_GOOD


def decisive(guests: set[str]) -> tuple[str, str]:
    """The guests whose faults and whose flushes decide."""
    idle = "idle" if "idle" in guests else "running"
    return idle, "running" if "running" in guests else "idle"


def standings(runs: list[Run]) -> list[Standing]:
    """The policies that were coherent throughout, with their figures."""
    rows = [row for row in rows_of(runs) if not row.first.mutant]
    of = {(row.label, row.first.guest): row for row in rows}
    idle, running = decisive({row.first.guest for row in rows})
    bad = {row.label for row in rows if not row.is_coherent}
    return [Standing.of(of[name, idle], of[name, running])
            for name in dict.fromkeys(row.label for row in rows)
            if name not in bad and {(name, idle), (name, running)} <= {*of}]


def sentence(runs: list[Run]) -> str:
    """Of one workload: who wins, by what, what it costs, and the verdicts."""
    field = standings(runs)
    text = race(field) if field else "nobody wins"
    return f"{text}. {_verdicts(rows_of(runs))}"


def sentences(results: Results) -> list[tuple[str, str]]:
    """Workload and sentence."""
    return [(name, sentence(runs)) for name, runs in workloads(results)]
