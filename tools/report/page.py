"""The parts that the page is made of, and how they look."""

from __future__ import annotations

from html import escape
from typing import Iterable, Sequence

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
body { font: 16px/1.45 system-ui, sans-serif; color: #1a1a1a;
       background: #fff; max-width: 78rem; margin: 1.5rem auto;
       padding: 0 0.75rem; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.4rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.3rem; }
p { max-width: 50rem; margin: 0.4rem 0; }
p.head, .text { color: #444; }
a { color: #0b5394; }
ul.wins { padding-left: 1.2rem; max-width: 60rem; }
ul.wins li { margin: 0.3rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem;
     max-width: 60rem; margin: 0.4rem 0; }
dt { font-weight: 600; } dd { margin: 0; }
.mark { display: inline-block; width: 1.1em; text-align: center;
        -webkit-text-stroke: 0.6px #333; }
.wide { overflow-x: auto; }
.maps { display: grid; gap: 1rem 2rem; grid-template-columns:
        repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); max-width: 64rem;
        margin-bottom: 1rem; }
.plots { display: grid; gap: 1rem; grid-template-columns:
         repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
figure { margin: 0; break-inside: avoid; }
img { max-width: 100%; height: auto; }
ul.key { list-style: none; padding: 0; display: flex; flex-wrap: wrap;
         gap: 0.2rem 1.2rem; font-size: 0.85rem; }
ul.key i { display: inline-block; width: 1.4rem; height: 0.8rem;
           vertical-align: -0.05rem; margin-right: 0.4rem; }
i.bar { background: #0072b2; border: 1px solid #333; }
i.hatched { border: 1px solid #333; background: repeating-linear-gradient(
            -45deg, #fff 0 3px, #0072b2 3px 4px); }
ul.key i.dash { height: 0; border-top: 3px solid #000;
                vertical-align: 0.3rem; }
ul.key i.least { height: 0; border-top: 2px dashed #333;
                 vertical-align: 0.3rem; }
ul.key i.ring { width: 0.6rem; height: 0.6rem; border: 1px solid #000;
                border-radius: 50%; }
ul.key i.histogram { background: linear-gradient(90deg, #fff 35%, #0072b2 35%
                     65%, #fff 65%); }
ul.key i.range { width: 0; border-left: 1px solid #000; }
table { border-collapse: collapse; font-size: 0.85rem;
        font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.6rem; text-align: right; white-space: nowrap;
         border-bottom: 1px solid #ddd; }
th { font-weight: 600; }
th[scope=row], th:first-child, table.prose * { text-align: left; }
th[scope=row] { font-weight: normal; }
table.prose td { white-space: normal; }
table.prose * { vertical-align: top; }
tr.bad td, tr.bad th { background: #fdeaea; font-weight: 600; }
tr.mutant td, tr.mutant th { color: #555; font-style: italic; }
table.heat { width: 100%; table-layout: fixed; font-size: 0.68rem; }
table.heat caption { font-size: 0.95rem; font-weight: 600; text-align: left;
                     padding: 0.3rem 0; }
table.heat th, table.heat td { padding: 0.25rem 0; min-width: 2.2rem;
                               text-align: center; }
table.heat td { border: 1px solid #ccc; }
table.heat thead th { vertical-align: bottom; }
table.heat .mark { display: block; margin: 0.2rem auto 0; font-size: 1rem; }
table.heat th:first-child { width: 5.2rem; text-align: left; }
table.costs { max-width: 44rem; }
table.costs th:first-child { width: 4.8rem; white-space: normal;
                             overflow-wrap: anywhere; }
.up { writing-mode: vertical-rl; transform: rotate(180deg);
      font-weight: normal; display: inline-block; }
.h0 { background: #fff; } .h1 { background: #fdeedd; }
.h2 { background: #fbc99a; } .h3 { background: #e8853f; }
.h4 { background: #7f2704; color: #fff; }
.unknown { background: repeating-linear-gradient(45deg, #fff 0 4px,
           #ddd 4px 6px); }
.bad { background: #222; color: #fff; } tr.bad { color: #1a1a1a; }
i.h0, i.h1, i.h2, i.h3, i.unknown { border: 1px solid #999; }
summary { cursor: pointer; color: #0b5394; margin: 0.4rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.8rem; }
@media (max-width: 30rem) {
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.3rem; }
  th, td { padding: 0.15rem 0.3rem; }
}
@media print {
  body { font-size: 11px; max-width: none; margin: 0; }
  h2, caption, figcaption { break-after: avoid; }
  details::details-content { content-visibility: visible;
                             block-size: auto; display: block; }
  .wide { overflow: visible; } table { font-size: 8px; }
  .maps { grid-template-columns: 1fr 1fr; gap: 0.5rem; }
  .plots { grid-template-columns: 1fr 1fr; }
  .wide table { break-inside: avoid; }
  th, td { padding: 0.1rem 0.25rem; white-space: normal; }
}
"""


def details(title: str, inside: str) -> str:
    """Folded away under a @title; both are HTML."""
    return f"<details><summary>{title}</summary>{inside}</details>"


def pairs(lines: Iterable[tuple[str, str]]) -> str:
    """A list of terms and what they mean, both HTML."""
    return "<dl>" + "".join(f"<dt>{term}</dt><dd>{text}</dd>"
                            for term, text in lines) + "</dl>"


def key(lines: Iterable[tuple[str, str]]) -> str:
    """A legend: classes and what they mean."""
    return '<ul class="key">' + "".join(
        f'<li><i class="{kind}"></i>{escape(text)}</li>'
        for kind, text in lines) + "</ul>"


def table(caption: str, head: Sequence[str],
          rows: Iterable[tuple[str, Sequence[str]]], kind: str = "") -> str:
    """A table; each row has a class and its cells, the first one its name."""
    title = f"<h3>{escape(caption)}</h3>" if caption else ""
    cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(
        f'<tr class="{style}"><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in rest) + "</tr>"
        for style, (first, *rest) in rows)
    return f'{title}<div class="wide"><table class="{kind}"><thead><tr>' \
        f"{cells}</tr></thead><tbody>{body}</tbody></table></div>"
