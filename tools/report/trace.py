"""An event trace in Chrome's JSON form, which ui.perfetto.dev opens: each
step of the contract is an instant, and what lasts is a slice."""

from __future__ import annotations

import json

from tools.console import Record

# Between these steps something lasts: the first opens, the second closes.
SLICES = {("E3", "X1"): "inside the guest",
          ("N2", "N5"): "P is empty",
          ("I1", "I3"): "invalidation",
          ("R1", "R3"): "protection"}
_OPENS = {first: name for (first, _), name in SLICES.items()}
_CLOSES = {last: name for (_, last), name in SLICES.items()}


def chrome(records: list[Record], ticks_per_ms: int) -> str:
    """The trace as JSON text; time stamps are microseconds."""
    per_us = max(ticks_per_ms, 1) / 1000
    start = min((r.int("tick") for r in records), default=0)
    events: list[dict] = []
    open_slices: set[tuple[int, str]] = set()
    for record in records:
        step, cpu = record.fields["step"], record.int("cpu")
        base = {"ts": round((record.int("tick") - start) / per_us, 3),
                "pid": 0, "tid": cpu}
        closed = _CLOSES.get(step)
        if (cpu, closed) in open_slices:
            open_slices.remove((cpu, closed))
            events.append({"ph": "E", "name": closed, **base})
        subject = record.fields.get("subject", "")
        events.append({"ph": "i", "s": "t", "name": step, **base,
                       "args": {"subject": subject}})
        opened = _OPENS.get(step)
        if opened and (cpu, opened) not in open_slices:
            open_slices.add((cpu, opened))
            events.append({"ph": "B", "name": opened, **base,
                           "args": {"subject": subject}})
    cpus = sorted({event["tid"] for event in events})
    names = [{"ph": "M", "name": "thread_name", "pid": 0, "tid": cpu,
              "args": {"name": f"CPU {cpu}"}} for cpu in cpus]
    return json.dumps({"displayTimeUnit": "ns",
                       "traceEvents": names + events}) + "\n"
