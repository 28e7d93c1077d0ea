"""What --out DIR leaves: results.json, results.csv, and a page with pictures
and tables that needs nothing but itself."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Callable, Iterable

from tools.report import heat, plots, tables, wins
from tools.report.page import STYLE, details, key, pairs, table
from tools.report.results import CAUGHT, ENDED, Results, Run, \
    policy_lines, summary
from tools.report.rows import by_guest, workloads
from tools.report.style import Style, styles

TERMS = (
    ("policy", "what the second MMU does when the host changes a page"),
    ("idle, running", "what the guest does while the host works: nothing, or "
     "it keeps reading"),
    ("requests", "remote TLB flushes asked for, one per VM and event"),
    ("least", "the fewest that the transitions themselves allow"),
    ("primary", "flushes asked for of the host's own TLB"),
    ("kicks", "interrupts sent to make a running vCPU leave the guest"),
    ("flushes", "INVEPT (on AMD: TLB_CONTROL) really executed: for an idle "
     "guest one, at its next entry, serves all requests"),
    ("faults", "second-level faults that the guest took"),
    ("refaults", "of them, on a mapping that was zapped in vain"),
    ("spurious", "of them, on an entry that was already right; behind ≤ how "
     "many hardware may show where the machine at hand shows fewer"),
    ("stale", "reads for which the guest got a wrong byte"),
    ("verdict", "coherent: no guest saw a wrong byte and no rule was broken"),
    ("mutant", "a policy that is broken on purpose, to be caught"),
    ("~", "varies with the seed: the median is shown"),
)


def write(results: Results, directory: Path, extra: str = "") -> list[Path]:
    """Write the three files, with @extra sections in the page; returns their
    paths."""
    directory.mkdir(parents=True, exist_ok=True)
    makers: dict[str, Callable[[], str]] = {
        "results.json": results.as_json, "results.csv": results.as_csv,
        "index.html": lambda: page(results, extra)}
    for name, make in makers.items():
        (directory / name).write_text(make(), encoding="utf-8")
    return [directory / name for name in makers]


def page(results: Results, extra: str = "") -> str:
    """index.html."""
    looks = styles(run.policy for run in results.runs if not run.mutant)
    body = [_head(results), details("What the words mean", pairs(
        (escape(term), escape(text)) for term, text in TERMS)),
        _policies(results, looks), _sentences(results),
        _went_wrong(results.runs), _mutants(results),
        _heat(results, looks), extra, _plots(results, looks),
        _tables(results)]
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>Tandem: {escape(results.backend)}</title>"
            f"<style>{STYLE}</style></head><body>\n" + "\n".join(body)
            + "\n</body></html>\n")


def _head(results: Results) -> str:
    size = tables.subtitle(results.runs) + "." if results.runs else ""
    lines = [escape(summary(results.runs)),
             *(f"<b>{escape(text)}</b>" for text in results.faults)]
    return (f'<h1>Tandem: what each policy costs</h1><p class="head">'
            f"{escape(tables.head_line(results))}. {escape(size)} The figures:"
            f' <a href="results.csv">results.csv</a>, '
            f'<a href="results.json">results.json</a>.</p>'
            + "".join(f"<p>{line}</p>" for line in lines))


def _policies(results: Results, looks: dict[str, Style]) -> str:
    """Each policy's mark, colour and description: the legend of all that
    follows."""
    own = {name: line.partition(": ")[2] for name, line in
           zip(results.policies, policy_lines(results.policies))}
    lines = [(f'{heat.mark(style)} <span class="name">{escape(name)}</span>',
              escape(results.names.get(name) or own.get(name, "")))
             for name, style in looks.items()]
    return f'<h2>The policies</h2><div class="legend">{pairs(lines)}</div>' \
        if lines else ""


def _sentences(results: Results) -> str:
    items = "".join(
        f'<li><a href="#{escape(name)}">{escape(name)}</a>: '
        f"{escape(text)}{_described(results, name)}</li>"
        for name, text in wins.sentences(results))
    return f"<h2>Who wins</h2><p>{escape(wins.heading(results))}</p>" \
        f'<ul class="wins">{items}</ul>' if items else ""


def _described(results: Results, name: str) -> str:
    """What the kernel says of a name, if it does."""
    text = results.names.get(name)
    return f' <span class="text">({escape(text)})</span>' if text else ""


def _went_wrong(runs: list[Run]) -> str:
    """Runs that were not coherent, with what the machine said."""
    bad = [run for run in runs if run.verdict in ENDED
           or run.verdict != "coherent" and not run.mutant]
    parts = [f"<p><b>{escape(run.title)}, seed {run.seed}: "
             f"{escape(run.verdict)}</b></p>" + details("What it said", "<pre>"
             + escape("\n".join(run.last_output or run.notes)) + "</pre>")
             for run in bad]
    return "<h2>What went wrong</h2>" + "".join(parts) if parts else ""


def _mutants(results: Results) -> str:
    """The policies that were broken on purpose, and what caught them."""
    runs = [run for run in results.runs if run.mutant]
    rows = []
    for name in dict.fromkeys(run.mutant for run in runs):
        mine = [run for run in runs if run.mutant == name]
        caught = dict.fromkeys(f"{run.workload} ({run.guest})" for run in mine
                               if run.verdict in CAUGHT)
        rows.append(("" if caught else "bad", [
            name, results.names.get(name, f"over {mine[0].policy}"),
            ", ".join(caught) or f"missed by all {len(mine)} runs"]))
    return "<h2>Mutants</h2><p>Broken on purpose: a mutant that is caught is "\
        "good news.</p>" + table("", ["mutant", "what it breaks", "caught by"],
                                 rows, "prose") if rows else ""


def _heat(results: Results, looks: dict[str, Style]) -> str:
    if not looks:
        return ""
    return "<h2>Above the least</h2><p>Each cell is what a policy pays beyond "\
        "the least possible; the darker, the more for each page. A running "\
        "guest also repeats faults on a page that is being changed: how "\
        "often is a matter of timing.</p>" \
        + key(heat.KEY) + heat.maps(results, looks)


def _plots(results: Results, looks: dict[str, Style]) -> str:
    """A picture for each workload."""
    figures = []
    for name, runs in workloads(results):
        image, words = plots.of_workload(runs, looks, results.tick_unit)
        if image:
            data = base64.b64encode(image).decode()
            figures.append(
                f'<figure id="{escape(name)}">'
                f"<figcaption><b>{escape(name)}</b>"
                f"{_described(results, name)}</figcaption><img width="
                f'"{plots.WIDTH}" alt="{escape(f"{name}. {words}")}" src='
                f'"data:image/svg+xml;base64,{data}"></figure>')
    return "<h2>Each workload</h2><p>Each with a scale of its own; the marks "\
        "are those of the policies above; ✗ was not coherent.</p>" \
        + key(plots.KEY) + f'<div class="plots">{"".join(figures)}</div>' if figures else ""


def _tables(results: Results) -> str:
    parts = [details(f"{escape(name)}, {escape(tables.subtitle(runs))}",
                     "".join(_workload(runs)))
             for name, runs in workloads(results)]
    return "<h2>The tables</h2>" + "".join(parts) if parts else ""


def _workload(runs: list[Run]) -> Iterable[str]:
    """The tables of one workload: totals, what varies, and phases."""
    for guest, group in by_guest(runs):
        yield table(f"Guest {guest}", [
            "policy", *(column.heading for column in tables.COLUMNS),
            "verdict"], [(row.kind, [
                row.label, *(column.cell(row) for column in tables.COLUMNS),
                row.verdict]) for row in group])
        for line in tables.varying([(guest, group)]):
            yield f"<p>~ {escape(line)}</p>"
        yield table(f"Guest {guest}, by phase: flush requests / refaults / "
                    "faults", ["phase", *(row.label for row in group)],
                    [("", cells) for cells in tables.phase_rows(group)])
