"""What --out DIR leaves: results.json, results.csv, and a page with plots and
tables that needs nothing but itself."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from tools.report import plots, tables
from tools.report.results import Results, Run, policy_lines, summary

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a;
       background: #fff; max-width: 66rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 0.4rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.3rem; }
p.head { color: #444; margin-top: 0.2rem; }
figure { margin: 1rem 0; overflow-x: auto; }
img { width: 100%; min-width: 40rem; height: auto; }
nav a { margin-right: 0.8em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem;
        font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.6rem; text-align: right; white-space: nowrap;
         border-bottom: 1px solid #e4e4e4; }
th { font-weight: 600; border-bottom-color: #999; }
th[scope=row], th:first-child, td.text { text-align: left; }
th[scope=row] { font-weight: normal; border-bottom-color: #e4e4e4; }
tr.bad td, tr.bad th { background: #fdeaea; font-weight: 600; }
tr.mutant td, tr.mutant th { color: #555; font-style: italic; }
summary { cursor: pointer; color: #0b5394; margin: 0.4rem 0; }
dt { font-weight: 600; } dd { margin: 0 0 0.3rem 1.5rem; }
"""

GUESTS = {"idle": "The guest is idle while the host works",
          "running": "The guest runs while the host works"}

TERMS = (
    ("requests", "remote TLB flushes asked for, one per VM and event"),
    ("least", "the fewest that the transitions themselves allow"),
    ("primary", "flushes asked for of the host's own TLB"),
    ("kicks", "interrupts sent to make a running vCPU leave the guest"),
    ("flushes", "INVEPT (on AMD: TLB_CONTROL) really executed"),
    ("faults", "second-level faults that the guest took"),
    ("refaults", "of them, on a mapping that was zapped in vain"),
    ("spurious", "of them, on an entry that was already right; behind ≤ how "
     "many hardware may show where the machine at hand shows fewer"),
    ("stale", "reads for which the guest got a wrong byte"),
)


def write(results: Results, directory: Path) -> list[Path]:
    """Write the three files; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    makers = {"results.json": results.as_json, "results.csv": results.as_csv,
              "index.html": lambda: page(results)}
    for name, make in makers.items():
        (directory / name).write_text(make(), encoding="utf-8")
    return [directory / name for name in makers]


def page(results: Results) -> str:
    """index.html."""
    groups = tables.workloads(results)
    links = " ".join(f'<a href="#{escape(name)}">{escape(name)}</a>'
                     for name, _ in groups)
    body = [f"<h1>Tandem: what each policy cost</h1>"
            f'<p class="head">{escape(tables.head_line(results))}. '
            f'{escape(_size(results))} The figures: '
            f'<a href="results.csv">results.csv</a>, '
            f'<a href="results.json">results.json</a>.</p>',
            f"<p>{escape(summary(results.runs))}</p>",
            *(f"<p><b>{escape(text)}</b></p>" for text in results.faults),
            *(f"<p>{escape(line)}</p>"
              for line in policy_lines(results.policies)),
            *_plots(results),
            f'<h2>By workload</h2><nav aria-label="workloads">{links}</nav>',
            *(_workload(name, runs) for name, runs in groups),
            "<h2>What the columns mean</h2><dl>",
            *(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>"
              for term, text in TERMS), "</dl>"]
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>Tandem: {escape(results.backend)}</title>"
            f"<style>{STYLE}</style></head><body>\n" + "\n".join(body)
            + "\n</body></html>\n")


def _size(results: Results) -> str:
    return tables.subtitle(results.runs) + "." if results.runs else ""


def _plots(results: Results) -> list[str]:
    parts = []
    for guest, heading in GUESTS.items():
        figures = [_figure(results, guest, heading, *plot)
                   for plot in plots.PLOTS]
        if any(figures):
            parts += [f"<h2>{escape(heading)}</h2>", *figures]
    return parts


def _figure(results: Results, guest: str, heading: str, title: str,
            value: plots.Value, ideal: str) -> str:
    program = plots.script(results, guest, title, value, ideal)
    if not program:
        return ""
    image = base64.b64encode(plots.draw(program)).decode()
    text = f"{title}, a group of bars for each workload, one bar a policy. " \
        f"{heading}. The tables below have the same figures."
    return f'<figure><img alt="{escape(text)}" ' \
        f'src="data:image/svg+xml;base64,{image}"></figure>'


def _table(caption: str, head: list[str], rows: list[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    return f'<h3>{escape(caption)}</h3><div class="wide"><table><thead><tr>' \
        f"{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _cells(texts: list[str], kind: str = "") -> str:
    first, *rest = (escape(str(text)) for text in texts)
    columns = "".join(f"<td>{text}</td>" for text in rest)
    return f'<tr class="{kind}"><th scope="row">{first}</th>{columns}</tr>'


def _workload(name: str, runs: list[Run]) -> str:
    """The tables of one workload: totals, and phases folded away."""
    parts = [f'<h2 id="{escape(name)}">{escape(name)}</h2>']
    for guest, group in tables.by_guest(runs):
        rows = [_cells([row.label,
                        *(column.cell(row) for column in tables.COLUMNS),
                        row.verdict], row.kind) for row in group]
        head = ["policy", *(column.heading for column in tables.COLUMNS),
                "verdict"]
        phases = [_cells(row) for row in tables.phase_rows(group)]
        parts += [_table(f"Guest {guest}", head, rows),
                  "<details><summary>By phase</summary>",
                  _table("Flush requests / refaults / faults",
                         ["phase", *(row.label for row in group)], phases),
                  "</details>"]
    return "\n".join(parts)
