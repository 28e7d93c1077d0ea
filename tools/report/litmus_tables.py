"""The tables of `tandem litmus`: tests by policies, and the kill matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.report.kills import LitmusResults, litmus_summary, unique
from tools.report.results import policy_lines
from tools.report.tables import head_line
from tools.trials import Trial

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LEGEND = "A cell: how often the outcome was seen / rounds. " \
    "(n): it is allowed. Anything else is the verdict."
HEADINGS = (("oracle", "oracle"), ("checker", "checker"),
            ("outcome", "litmus"), ("explorer", "explorer"))


def cell(trial: Trial | None) -> str:
    """One trial, in few characters."""
    if not trial:
        return ""
    if trial.judgement != "ok":
        return trial.judgement
    seen = str(trial.seen) if trial.forbidden else f"({trial.seen})"
    return f"{seen}/{trial.rounds}"


def briefly(names: list[str]) -> str:
    """The first of @names, and how many more there are."""
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return names[0] + more if names else "-"


def new_table() -> Table:
    """An empty table as all of ours look."""
    from rich import box
    from rich.table import Table
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
                 padding=(0, 1, 0, 0))


def print_litmus(results: LitmusResults, console: Console) -> None:
    """All that there is to say."""
    plain = [t for t in results.trials if not t.mutant]
    if plain:
        _print_trials(plain, console)
    if results.kills:
        _print_kills(results, console)
    for line in policy_lines(results.policies):
        console.print(line)
    console.print(litmus_summary(results))
    console.print(head_line(results))


def _print_trials(trials: list[Trial], console: Console) -> None:
    policies = unique(t.policy for t in trials)
    by_place = {(t.test, t.policy): t for t in trials}
    table = new_table()
    table.add_column("test", no_wrap=True)
    for policy in policies:
        table.add_column(policy, justify="right")
    for test in unique(t.test for t in trials):
        row = [by_place.get((test, policy)) for policy in policies]
        good = all(t.judgement in ("ok", "skipped") for t in row if t)
        table.add_row(test, *map(cell, row),
                      style="" if good else "bold red")
    console.print(table, "")
    console.print(LEGEND, style="dim")


def _print_kills(results: LitmusResults, console: Console) -> None:
    table = new_table()
    table.add_column("mutant", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    for _, heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    table.add_column("caught", no_wrap=True)
    for kill in results.kills:
        by = {**kill.by, "checker": [" ".join(kill.by["checker"])]
              if kill.by["checker"] else []}
        table.add_row(kill.mutant, kill.rule,
                      *(briefly(by[name]) for name, _ in HEADINGS),
                      "yes" if kill.caught else "no",
                      style="" if kill.caught else "bold red")
    console.print(table, "")
    console.print("oracle: workloads with stale reads; checker: rules that "
                  "were violated; litmus, explorer: tests whose forbidden "
                  "outcome was seen, on the machine and on the host.",
                  style="dim")
