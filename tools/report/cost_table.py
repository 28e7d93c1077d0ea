"""The cost axis of the page: instructions per operation, as tandem bench found
them, under each policy."""

from __future__ import annotations

import csv
import json
from html import escape
from pathlib import Path

from tools.errors import STATUS_USAGE, Stop
from tools.report.costs import COLUMNS, Cost
from tools.report.heat import mark
from tools.report.page import key
from tools.report.style import styles

# From so many times the cheapest on, a cell is darker.
STEPS = (1.0, 1.1, 1.5, 2.0)
KEY = (("h0", "the cheapest policy"), ("h1", "up to 1.1 times as much"),
       ("h2", "up to 1.5"), ("h3", "up to 2"), ("h4", "more"))


def load(path: Path) -> list[Cost]:
    """What bench wrote to @path, results.json or results.csv, or Stop."""
    try:
        text = path.read_text(encoding="utf-8")
        head = json.loads(text) if text.startswith("{") else {}
        rows = head["operations"] if head \
            else list(csv.DictReader(text.splitlines()))
        found = [Cost(row["operation"], row["policy"], *(
            int(row[name]) for name in COLUMNS[2:])) for row in rows]
        hosts = max((int(part.get("hosts") or 1) for part in (head, *rows)),
                    default=1)
    except OSError as error:
        raise _refused(path, error.strerror) from None
    except (ValueError, KeyError, TypeError):
        found, hosts = [], 1
    if hosts > 1:
        raise _refused(path, f"its figures are of {hosts} host threads that "
                       "wait for each other; those of one are accepted")
    if not found:
        raise _refused(path, "results.json or results.csv of tandem bench is "
                       "accepted")
    return found


def _refused(path: Path, why: str | None) -> Stop:
    return Stop(STATUS_USAGE, f"--costs '{path}' is not accepted: {why}")


def section(costs: list[Cost]) -> str:
    """A row for each operation, a column for each policy, and Linux."""
    policies = styles(cost.policy for cost in costs)
    head = "".join(
        f'<th scope="col"><span class="up">{escape(name)}</span>{mark(style)}'
        "</th>" for name, style in policies.items())
    rows = "".join(_row(name, [cost for cost in costs
                               if cost.operation == name], list(policies))
                   for name in dict.fromkeys(c.operation for c in costs))
    return "<h2>What an operation costs</h2><p>Instructions, the median; the " \
        "darker, the more than the cheapest policy.</p>" + key(KEY) + \
        '<div class="wide"><table class="heat costs"><caption>instructions ' \
        'per operation</caption><thead><tr><th scope="col"></th>' + head + \
        '<th scope="col"><span class="up">Linux</span></th></tr></thead>' \
        f"<tbody>{rows}</tbody></table></div>"


def _row(name: str, costs: list[Cost], policies: list[str]) -> str:
    least = min(cost.median for cost in costs)
    of = {cost.policy: cost for cost in costs}
    cells = []
    for policy in policies:
        cost = of.get(policy)
        kind = f"h{sum(cost.median > least * step for step in STEPS)}" \
            if cost else "none"
        words = f"{name}, {policy}: " + (
            f"{cost.min} to {cost.max}" if cost else "not measured")
        cells.append(f'<td class="{kind}" title="{escape(words)}">'
                     f'{cost.median if cost else ""}</td>')
    linux = costs[0].linux or ""
    return f'<tr><th scope="row">{escape(name).replace("_", "_<wbr>")}</th>' \
        f'{"".join(cells)}' \
        f'<td title="{escape(name)}, Linux">{linux}</td></tr>'
