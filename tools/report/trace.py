"""An event trace in Chrome's JSON form, which ui.perfetto.dev opens. Each run
is a process, each CPU a thread of it: what lasts is a slice, and an arrow leads
from a request over the kick and the exit to the flush (docs/trace.md)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Iterable, Iterator

from tools.report.results import Run
from tools.report.slices import (GAP, ZAPPED, Slice, Step, flows_of, slices_of,
                                 steps_of)

ADDRESS = 0x000ffffffffff000
READ, WRITE = 1, 2          # of host, EPT and NPT entries alike
# What subject, from and to of a step are; "" is not shown.
_GFN, _HVA, _CPU, _FRAME = ("gfn",), ("hva",), ("CPU",), ("frame",)
ARGUMENTS = {
    **dict.fromkeys(("F1", "F2", "F3", "F4", "F5"), _GFN),
    **dict.fromkeys(("N0", "N1", "N2", "N3", "N4", "N5", "N6", "ABORT", "I1",
                     "I3", "R1", "R2", "R3", "T2", "T7"), _HVA),
    **dict.fromkeys(("ENTER", "E1", "E2", "E3", "EXIT", "X1", "X2", "X3",
                     "PRIMARY"), _CPU),
    **dict.fromkeys(("ALLOC", "FREE", "TABLE"), _FRAME),
    "PTE": ("hva", "old entry", "new entry"),
    "SPTE": ("gfn", "old entry", "new entry"),
    "COPY": ("hva", "old frame", "new frame"),
    "COMPARE": ("hva", "old frame", "new frame"),
    "REFS": ("hva", "references", "allowed"),
    "OPEN": ("", "hva", "end hva"), "CLOSE": ("", "hva", "end hva"),
    "KICK": ("CPU", "request"), "FLUSH": ("CPU", "request"),
    "REQUEST": ("vCPUs",), "PFLUSH": ("hva", "CPUs"),
    "PDONE": ("hva", "CPUs"), "CLEAN": ("CPU", "hva"),
}
# Steps that are shown where they happen, and their category.
INSTANTS = {"PTE": "entry", "SPTE": "entry", "COPY": "frame",
            "COMPARE": "frame", "ALLOC": "frame", "FREE": "frame",
            "TABLE": "frame", "REFS": "change", "T2": "change",
            "T7": "change", "PRIMARY": "flush", "CLEAN": "flush"}
TIDS = 100                  # of a run; the first one is that of the phases


def entry(value: int) -> dict[str, str]:
    """What an entry of either MMU says."""
    rights = "rw" if value & WRITE else "r" if value & READ else \
        "none, zapped" if value & ZAPPED else "none"
    return {"value": hex(value), "frame": hex((value & ADDRESS) >> 12),
            "rights": rights}


def typed(name: str, value: int) -> object:
    """The value of argument @name, for people."""
    kind = name.split()[-1]
    if kind == "entry":
        return entry(value)
    if kind == "CPUs":
        return ", ".join(str(n) for n in range(64) if value >> n & 1)
    return hex(value) if kind in ("hva", "gfn", "frame") else value


def arguments(step: Step) -> dict[str, object]:
    """What @step is about."""
    values = zip(ARGUMENTS.get(step.name, ()),
                 (step.subject, step.old, step.new))
    return {name: typed(name, value) for name, value in values if name}


class _Run:
    """The events of one run; its time begins at 0."""

    def __init__(self, pid: int, run: Run, ticks_per_ms: int) -> None:
        self.pid, self.run = pid, run
        self.per_us = max(ticks_per_ms, 1) / 1000
        self.start = min((r.int("tick") for r in run.trace), default=0)
        self.end = max((r.int("tick") for r in run.trace), default=0)
        self.cpus = {cpu: (steps, slices_of(steps))
                     for cpu, steps in steps_of(run.trace).items()}
        self.flows = flows_of(self.cpus)
        self.left_out = [*self._left_out()]

    def _left_out(self) -> Iterator[str]:
        """What the trace does not have, a line each."""
        if not self.run.trace:
            yield "everything: the machine gave no trace of this run"
        for record in self.run.trace:
            if record.fields.get("kept") == "no":
                yield f"phase {record.fields['phase']}: not asked for"
        for cpu, (steps, _) in self.cpus.items():
            if steps[0].name == "LOST":
                yield f"CPU {cpu}: its first {steps[0].subject} events"
        if self.flows.missed:
            yield f"the exits of {self.flows.missed} kicks"

    def event(self, ph: str, tid: int, tick: int, name: str = "",
              category: str = "", **more: object) -> dict:
        """One event; @tid counts from that of the phases."""
        out: dict[str, object] = {"ph": ph, "pid": self.pid,
                                  "tid": TIDS * self.pid + tid,
                                  "ts": round((tick - self.start)
                                              / self.per_us, 3)}
        if name:
            out.update(name=name, cat=category)
        return {**out, **more}

    def names(self) -> Iterator[dict]:
        """Of the process and its threads."""
        yield self._name("process_name", 0, name=self.run.title)
        yield self._name("process_labels", 0, labels="; ".join(
            f"left out: {text}" for text in self.left_out))
        yield self._name("thread_name", 0, name="phases")
        for cpu, (steps, _) in self.cpus.items():
            guest = any(step.name == "ENTER" for step in steps)
            what = "vCPU" if guest and cpu else \
                "host and vCPU" if guest else "host"
            yield self._name("thread_name", cpu + 1, name=f"CPU {cpu}: {what}")
            yield self._name("thread_sort_index", cpu + 1, sort_index=cpu + 1)

    def _name(self, what: str, tid: int, **args: object) -> dict:
        return {"ph": "M", "name": what, "pid": self.pid,
                "tid": TIDS * self.pid + tid, "args": args}

    def phases(self) -> Iterator[dict]:
        """Each phase, and that something was left out."""
        for text in self.left_out:
            yield self.event("i", 0, self.start, f"left out: {text}",
                             "left out", s="p")
        marks = [r for r in self.run.trace if r.fields["step"] == "PHASE"]
        ends = [*(r.int("tick") for r in marks[1:]), self.end]
        for mark, end in zip(marks, ends):
            kept = mark.fields.get("kept") != "no"
            name = mark.fields.get("phase", "")
            yield self.event("B", 0, mark.int("tick"),
                             name if kept else f"{name} (left out)", "phase")
            yield self.event("E", 0, end)

    def invalidations(self) -> Iterator[dict]:
        """From OPEN to CLOSE. They are a VM's and not a CPU's."""
        steps = sorted((step for cpu, _ in self.cpus.values() for step in cpu
                        if step.name in ("OPEN", "CLOSE", GAP)),
                       key=lambda step: step.tick)
        begun: dict[tuple, list[Step]] = defaultdict(list)
        number = 0
        for step in steps:
            key = (step.object, step.old, step.new)
            if step.name == GAP:
                begun.clear()
            elif step.name == "OPEN":
                begun[key].append(step)
            elif begun[key]:
                first = begun[key].pop()
                number += 1
                more = {"id": f"{self.pid}.{number}"}
                for ph, at in (("b", first), ("e", step)):
                    yield self.event(ph, at.cpu + 1, at.tick, "invalidation",
                                     "invalidation", args=arguments(at),
                                     **more)

    def threads(self, flow: int) -> Iterator[dict]:
        """What each CPU did. Flows are numbered from @flow on."""
        arrows: dict[tuple, list[dict]] = defaultdict(list)
        for number, chain in enumerate(self.flows.chains, flow):
            for place, (cpu, part) in enumerate(chain):
                ph = "s" if place == 0 else \
                    "f" if place == len(chain) - 1 else "t"
                arrows[cpu, id(part)].append(
                    {"ph": ph, "id": number, **({"bp": "e"} if ph == "f"
                                                else {})})
        for cpu, (steps, slices) in self.cpus.items():
            yield from self._thread(cpu, steps, slices, arrows)

    def _thread(self, cpu: int, steps: list[Step], slices: list[Slice],
                arrows: dict[tuple, list[dict]]) -> Iterator[dict]:
        begins, ends = _by_place(slices)
        for place, step in enumerate(steps):
            for _ in range(ends[place]):
                yield self.event("E", cpu + 1, step.tick)
            if step.name in INSTANTS:
                yield self.event("i", cpu + 1, step.tick, step.name,
                                 INSTANTS[step.name], s="t",
                                 args=arguments(step))
            for part in begins[place]:
                yield self._begin(cpu, steps, part)
                for arrow in arrows[cpu, id(part)]:
                    yield {**self.event(arrow["ph"], cpu + 1, step.tick,
                                        "kick", "flow"), **arrow}

    def _begin(self, cpu: int, steps: list[Step], part: Slice) -> dict:
        about = steps[part.last if part.depth or part.name.startswith(
            ("fault", "refault")) else part.first]
        args = {**arguments(about),
                **{name: typed(name, value)
                   for name, value in part.fields.items()}}
        return self.event("B", cpu + 1, steps[part.first].tick, part.name,
                          part.kind.category, args=args)


def _by_place(slices: list[Slice]
              ) -> tuple[dict[int, list[Slice]], Counter]:
    """The slices that begin at a step, the outermost first, and how many end
    there."""
    begins: dict[int, list[Slice]] = defaultdict(list)
    for part in sorted(slices, key=lambda s: (-s.last, s.depth)):
        begins[part.first].append(part)
    return begins, Counter(part.last for part in slices)


def chrome(runs: Iterable[Run], ticks_per_ms: int, version: str = ""
           ) -> tuple[str, list[str]]:
    """The traces of @runs as JSON text, whose time stamps are microseconds;
    and what they do not have, a line each."""
    events: list[dict] = []
    missing: list[str] = []
    flow = 1
    for pid, run in enumerate(runs, 1):
        part = _Run(pid, run, ticks_per_ms)
        events += [*part.names(), *part.phases(), *part.invalidations(),
                   *part.threads(flow)]
        flow += len(part.flows.chains)
        missing += [f"{run.title}: {text}" for text in part.left_out]
    head = {"version": version, "left out": "; ".join(missing) or "nothing"}
    return ('{"displayTimeUnit": "ns", "otherData": ' + json.dumps(head)
            + ',\n"traceEvents": [\n' + ",\n".join(map(json.dumps, events))
            + "\n]}\n"), missing
