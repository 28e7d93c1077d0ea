"""Plots, drawn by gnuplot: one for each workload, with a scale of its own.
Its columns are the guests, its rows what they cost; a bar is a policy."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import Callable, NamedTuple

from tools.errors import STATUS_NO_BACKEND, Stop
from tools.report.results import Run
from tools.report.rows import (Row, Spread, by_guest, faults, flushes, kicks,
                               requests, retries, short)
from tools.report.style import Style

WIDTH, ROW_HEIGHT = 370, 150
FONT = 'font "sans-serif,10.5"'
STALL = "guest_fault"           # its ticks
POWER = "log2_"                 # of these, a histogram's part
BOXES = "using 1:{}:(0.7):2 with boxes linecolor rgb variable " \
    "fillstyle {} border linecolor rgb '#333333' notitle"


def executed_least(row: Row) -> int | None:
    """The fewest flushes that running vCPUs execute, each for itself."""
    least = row.least("remote_tlb_flush_requests")
    return None if least is None else least * row.first.vcpus


class Measure(NamedTuple):
    """A row of a plot: a bar for each policy, and what is drawn on it."""

    title: str
    value: Callable[[Run], int]
    hatched: Callable[[Run], int] | None    # the upper part of the bar
    dash: Callable[[Run], int] | None
    ring: Callable[[Run], int] | None
    least: Callable[[Row], int | None]


MEASURES = (
    Measure("faults", faults, retries, None, None,
            lambda row: row.least("pf_taken")),
    Measure("flushes", flushes, None, requests, kicks,
            executed_least),
)
# What is drawn, for the legend: class and text.
KEY = (("bar", "bar: faults, or flushes executed"),
       ("hatched", "hatched: faults that were sent back and repeated; a number "
     "where the scale ends below it"),
       ("dash", "dash: flushes requested"),
       ("ring", "ring: kicks"),
       ("least", "broken line: the least possible, where it is known"),
       ("range", "thin line: from the lowest to the highest over all "
        "seeds; of stalls, over all faults, with a dot for the median"),
       ("histogram", "width of a stall's bar: how many guest faults took so "
        "long, by powers of two"))


def median(row: Row, value: Callable[[Run], int] | None) -> int:
    """Over the seeds; of nothing 0."""
    return row.spread(value).median if value else 0


def script(parts: list[tuple[str, list[Row]]], styles: dict[str, Style],
           tick_unit: str) -> str:
    """The gnuplot program for one workload; empty if there is nothing."""
    parts = [(guest, [row for row in rows if not row.first.mutant])
             for guest, rows in parts]
    parts = [(guest, rows) for guest, rows in parts if rows]
    if not parts:
        return ""
    stalls = any(stall(row) for _, rows in parts for row in rows)
    count = len(MEASURES) + stalls
    panels = [text for measure in MEASURES
              for text in _measure(measure, parts, styles)]
    if stalls:
        panels += [_stalls(guest, rows, styles, tick_unit)
                   for guest, rows in parts]
    return "\n".join([
        f"set terminal svg size {WIDTH},{ROW_HEIGHT * count} dynamic {FONT} "
        'background "#ffffff"',
        f"set multiplot layout {count},{len(parts)}",
        "set samples 2", "set border 3", "set tics nomirror",
        "unset mytics", "set xtics scale 0",
        "set grid ytics linecolor rgb '#dddddd'", "set boxwidth 0.7",
        "set style textbox opaque noborder", "set lmargin 7",
        "set rmargin 0.5", "set bmargin 1.6",
        "set tmargin 1.8", *panels, "unset multiplot"]) + "\n"


def _measure(measure: Measure, parts: list[tuple[str, list[Row]]],
             styles: dict[str, Style]) -> list[str]:
    """A panel for each guest, with the same scale."""
    top = _top(measure, [row for _, rows in parts for row in rows])
    return [f"set yrange [0:{top:.2f}]\n"
            + _panel(measure, guest, rows, styles, top)
            for guest, rows in parts]


def _top(measure: Measure, rows: list[Row]) -> float:
    """The end of the scale. What was repeated may pass it: it would flatten
    all else."""
    runs = [run for row in rows for run in row.runs]
    back = measure.hatched or (lambda run: 0)
    tops = [measure.value(run) - back(run) for run in runs]
    tops += [value(run) for value in (measure.dash, measure.ring) if value
             for run in runs]
    leasts = [measure.least(row) or 0 for row in rows]
    return max([1, *tops, *leasts]) * (1.6 if measure.hatched else 1.08)


def _panel(measure: Measure, guest: str, rows: list[Row],
           styles: dict[str, Style], top: float) -> str:
    """Columns: x, colour, whole bar, its solid part, low, high, dash, ring,
    mark."""
    lines = []
    for x, row in enumerate(rows, 1):
        style, whole = styles[row.label], row.spread(measure.value)
        lines.append(f"{x} {_number(style)} {whole.median} "
                     f"{whole.median - median(row, measure.hatched)} "
                     f"{whole.low} {whole.high} "
                     f"{median(row, measure.dash)} "
                     f"{median(row, measure.ring)} {_tic(row, style)}")
    # gnuplot refuses a plot of nothing.
    hatched = any(median(row, measure.hatched) for row in rows)
    plots = [f"$d {BOXES.format('($3 > $4 ? $3 : NaN)', 'pattern 5')}"] \
        * hatched
    plots += [f"$d {BOXES.format(4, 'solid')}",
              "'' using 1:3:xtic(9) with points pointtype -1 notitle",
              *_marks(measure, rows, top)]
    least = measure.least(rows[0])
    if least is not None:
        plots.append(f"{least} with lines dashtype 2 linewidth 1.5 "
                     "linecolor rgb '#333333' notitle")
    known = "?" if least is None else short(least)
    return "\n".join([f'set title "{measure.title}, {guest}, least {known}" '
                      "noenhanced offset 0,-0.6", "$d << EOD", *lines, "EOD",
                      f"set xrange [0.4:{len(rows) + 0.6}]",
                      "plot " + ", \\\n ".join(plots)])


def _marks(measure: Measure, rows: list[Row], top: float) -> list[str]:
    """What is drawn on the bars."""
    marks = []
    if any(row.spread(measure.value).varies for row in rows):
        marks.append("'' using 1:5:(0):($6-$5) with vectors nohead "
                     "linewidth 1.5 linecolor rgb 'black' notitle")
    if measure.dash:
        marks.append("'' using ($1-0.45):7:(0.9):(0) with vectors nohead "
                     "linewidth 2 linecolor rgb 'black' notitle")
    if measure.ring:
        marks.append("'' using 1:8 with points pointtype 6 pointsize 0.6 "
                     "linecolor rgb 'black' notitle")
    if any(row.spread(measure.value).median > top for row in rows):
        marks.append(f"'' using 1:($3 > {top:.2f} ? {top * 0.97:.2f} : NaN):"
                     "(sprintf('%.0f', $3)) with labels rotate right boxed "
                     'font "sans-serif,9" notitle')
    return marks


def _tic(row: Row, style: Style) -> str:
    """What stands below a bar."""
    return style.mark if row.is_coherent else "✗"


def _number(style: Style) -> int:
    return int(style.colour[1:], 16)


def stall(row: Row) -> Spread | None:
    """How long guest faults took: the extremes over all seeds, and the median
    of their medians."""
    found = [run.ticks[STALL] for run in row.runs if STALL in run.ticks]
    if not found:
        return None
    return Spread(min(one["min"] for one in found),
                  Spread.of(one["median"] for one in found).median,
                  max(one["max"] for one in found))


def histogram(row: Row) -> dict[int, int]:
    """How many of all seeds' guest faults took 2^key ticks, to less than twice
    that."""
    found: Counter[int] = Counter()
    for run in row.runs:
        for name, number in run.ticks.get(STALL, {}).items():
            if name.startswith(POWER):
                found[int(name.removeprefix(POWER))] += number
    return dict(sorted(found.items()))


def _boxes(x: int, row: Row, style: Style) -> list[str]:
    """A row's histogram, drawn about its place: x, y, their ranges, colour."""
    found = histogram(row)
    most = max(found.values(), default=1)
    return [f"{x} {2 ** power} {x - 0.42 * number / most:.3f} "
            f"{x + 0.42 * number / most:.3f} {2 ** power} {2 ** (power + 1)} "
            f"{_number(style)}" for power, number in found.items()]


def _stalls(guest: str, rows: list[Row], styles: dict[str, Style],
            tick_unit: str) -> str:
    lines = [f"{x} {_number(styles[row.label])} {max(found.median, 1)} "
             f"{max(found.low, 1)} {max(found.high, 1)} "
             f"{_tic(row, styles[row.label])}"
             for x, row in enumerate(rows, 1) if (found := stall(row))]
    boxes = [line for x, row in enumerate(rows, 1)
             for line in _boxes(x, row, styles[row.label])]
    title = f"stall, {guest}, {tick_unit}"
    if not lines:
        return "set multiplot next"
    drawn = ["$h using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid noborder "
             "linecolor rgb variable notitle"] * bool(boxes)
    drawn += ["$d using 1:4:(0):($5-$4) with vectors nohead linewidth 0.5 "
              "linecolor rgb '#333333' notitle",
              "$d using 1:3:xtic(6) with points pointtype 7 pointsize 0.4 "
              "linecolor rgb '#333333' notitle"]
    return "\n".join([
        f'set title "{title}" noenhanced offset 0,-0.6',
        "$d << EOD", *lines, "EOD", "$h << EOD", *boxes, "EOD",
        "set logscale y", "set yrange [*:*]", 'set format y "10^{%T}"',
        "plot " + ", \\\n ".join(drawn), "unset logscale y",
        'set format y "% h"'])


def in_words(parts: list[tuple[str, list[Row]]]) -> str:
    """The figures of a plot, for those who cannot see it."""
    texts = []
    for guest, rows in parts:
        for measure in MEASURES:
            figures = ", ".join(
                f"{row.label} {row.spread(measure.value).whole}"
                for row in rows if not row.first.mutant)
            texts.append(f"{measure.title}, guest {guest}: {figures}")
    return ". ".join(texts) + "."


def draw(program: str) -> bytes:
    """The SVG that @program makes. Stop if gnuplot does not like it."""
    done = subprocess.run(["gnuplot", "-"], input=program.encode(),
                          capture_output=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise Stop(STATUS_NO_BACKEND, "gnuplot failed: "
                   + done.stderr.decode(errors="replace").strip())
    return done.stdout


def of_workload(runs: list[Run], styles: dict[str, Style],
                tick_unit: str) -> tuple[bytes, str]:
    """The SVG of one workload and the same in words, both empty if there is
    nothing to draw."""
    parts = by_guest(runs)
    program = script(parts, styles, tick_unit)
    return (draw(program), in_words(parts)) if program else (b"", "")
