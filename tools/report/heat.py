"""Heat maps: workloads by policies, what is above the least possible."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from tools.report.plots import MEASURES, Measure
from tools.report.results import Results
from tools.report.rows import Row, rows_of, short
from tools.report.style import Style

# From so much a page on, a cell is darker.
STEPS = (0.0, 0.1, 0.5, 1.0)
# Class and text, for the legend.
KEY = (("h0", "at the least, or below it"),
       ("h1", "up to 1/10 a page above"), ("h2", "up to 1/2"),
       ("h3", "up to 1"), ("h4", "more"),
       ("unknown", "the least is unknown: the figure itself"),
       ("bad", "not coherent"))


class Cell(NamedTuple):
    """A cell: class, what is written there, and the same in words."""

    kind: str
    text: str
    words: str


def signed(n: int) -> str:
    """With a sign, but for 0."""
    return ("+" if n > 0 else "−" if n < 0 else "") + short(abs(n))


def cell(row: Row | None, measure: Measure) -> Cell:
    """Of one policy in one workload."""
    if not row:
        return Cell("none", "", "did not run")
    if not row.is_coherent:
        return Cell("bad", "✗", f"not coherent: {row.verdict}")
    found, least = row.spread(measure.value), measure.least(row)
    words = f"{found.whole} {measure.title}"
    if least is None:
        return Cell("unknown", short(found.median), f"{words}, least unknown")
    above = found.median - least
    step = sum(above > limit * row.first.pages for limit in STEPS)
    return Cell(f"h{step}", signed(above) + "~" * found.varies,
                f"{words}, least {least}")


def maps(results: Results, styles: dict[str, Style]) -> str:
    """A map for each measure and guest, the guests side by side."""
    rows = [row for row in rows_of(results.runs) if not row.first.mutant]
    guests = dict.fromkeys(row.first.guest for row in rows)
    return "".join('<div class="maps">' + "".join(
        _map(measure, guest, [r for r in rows if r.first.guest == guest],
             styles) for guest in guests) + "</div>" for measure in MEASURES)


def _map(measure: Measure, guest: str, rows: list[Row],
         styles: dict[str, Style]) -> str:
    title = f"{measure.title} above the least, guest {guest}"
    head = "".join(
        f'<th scope="col"><span class="up">{escape(name)}</span>'
        f"{mark(style)}</th>" for name, style in styles.items())
    of = {(row.first.workload, row.first.policy): row for row in rows}
    body = "".join(
        f'<tr><th scope="row">{escape(workload)}</th>' + "".join(
            _td(cell(of.get((workload, policy)), measure),
                f"{workload}, {policy}") for policy in styles) + "</tr>"
        for workload in dict.fromkeys(row.first.workload for row in rows))
    return f'<div class="wide"><table class="heat"><caption>{escape(title)}' \
        f'</caption><thead><tr><th scope="col"></th>{head}</tr></thead>' \
        f"<tbody>{body}</tbody></table></div>"


def _td(found: Cell, what: str) -> str:
    words = escape(f"{what}: {found.words}")
    return f'<td class="{found.kind}" title="{words}">' \
        f"{escape(found.text)}</td>"


def mark(style: Style) -> str:
    """The mark of a policy, in its colour."""
    return f'<span class="mark" aria-hidden="true" ' \
        f'style="color:{style.colour}">{style.mark}</span>'
