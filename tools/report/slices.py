"""What the steps of a trace (docs/console.md) tell of one CPU: what lasted from
one step to another, and which of it caused what."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Iterable, Iterator, NamedTuple

from tools.console import Record

GAP = "GAP"                 # from here on steps were left out
ZAPPED = 1 << 60            # absent, and was present once: ept/format.h


class Step(NamedTuple):
    """A step of the contract, or of what happens in between."""

    cpu: int
    tick: int
    name: str
    object: int = 0
    subject: int = 0
    old: int = 0            # the record's from and to
    new: int = 0


class Kind(NamedTuple):
    """What begins with the first of these steps, and lasts until the last one
    that comes, or one in @ends."""

    name: str
    category: str
    steps: tuple[str, ...]
    ends: tuple[str, ...]
    parts: bool             # each step is a slice too, from the one before

    @classmethod
    def of(cls, name: str, category: str, steps: str, ends: str,
           parts: bool = False) -> Kind:
        """Names of steps have blanks between them."""
        return cls(name, category, tuple(steps.split()),
                   tuple(ends.split()), parts)


FAULT = Kind.of("fault", "fault", "F1 F2 F3 F4 F5", "F5", parts=True)
REQUEST = Kind.of("flush request", "flush", "OWED REQUEST KICK ISSUED",
                  "ISSUED", parts=True)
FLUSH = Kind.of("flush", "flush", "FLUSH E3", "E3")
EXIT = Kind.of("exit", "guest", "EXIT X1 X2 X3", "X3")
KINDS = (
    FAULT, REQUEST, FLUSH, EXIT,
    Kind.of("change", "change", "N0 N1 N2 N3 N4 N5 N6 ABORT", "N6 ABORT",
            parts=True),
    Kind.of("P is empty", "change", "N2 N5 ABORT", "N5 ABORT"),
    Kind.of("protection", "invalidation", "R1 R2 R3", "R3", parts=True),
    Kind.of("I1", "invalidation", "OPEN I1", "I1"),
    Kind.of("I3", "invalidation", "CLOSE I3", "I3"),
    Kind.of("primary flush", "flush", "PFLUSH PDONE", "PDONE"),
    Kind.of("entry", "guest", "ENTER E1 E2 E3", "E3"),
    Kind.of("guest", "guest", "E3 EXIT", "EXIT"),
)
_OF_STEP: dict[str, list[Kind]] = defaultdict(list)
for _kind in KINDS:
    for _step in _kind.steps:
        _OF_STEP[_step].append(_kind)
# The parts that no rule of the contract names.
PARTS = {"REQUEST": "request", "KICK": "kick", "ISSUED": ""}


@dataclass
class Slice:
    """What lasted from step number @first of its CPU to number @last."""

    kind: Kind
    name: str
    first: int
    last: int
    depth: int = 0          # 1: a part
    fields: dict[str, object] = field(default_factory=dict)


def steps_of(records: Iterable[Record]) -> dict[int, list[Step]]:
    """The steps of each CPU, in order of time; where phases were left out
    stands a GAP."""
    cpus: dict[int, list[Step]] = defaultdict(list)
    gaps = []
    for r in records:
        step = Step(r.int("cpu"), r.int("tick"), r.fields["step"],
                    r.int("object"), r.int("subject"), r.int("from"),
                    r.int("to"))
        if step.name != "PHASE":
            cpus[step.cpu].append(step)
        elif r.fields.get("kept") == "no":
            gaps.append(step._replace(name=GAP))
    return {cpu: _in_order([*steps, *gaps])
            for cpu, steps in sorted(cpus.items())}


def _in_order(steps: list[Step]) -> list[Step]:
    """An interrupt may have come between the place of a step and its time, so
    the order of the places is not quite that of time."""
    return sorted(steps, key=lambda step: step.tick)


def slices_of(steps: list[Step]) -> list[Slice]:
    """What lasted on the CPU of @steps. They nest as calls do."""
    found = []
    if steps and steps[0].name == "LOST" and len(steps) > 1:
        lost = Kind.of("left out", "left out", "LOST", "")
        found.append(Slice(lost, f"left out: {steps[0].subject} events", 0, 1))
    for kind, places in _sequences(steps):
        if kind is FAULT:
            # The exit is over: so begins what handles it.
            if places[0] and steps[places[0] - 1].name == "X3":
                places.insert(0, places[0] - 1)
            name, fields = _fault(steps, places)
        else:
            name, fields = kind.name, {}
        if len(places) > 1:
            found.append(Slice(kind, name, places[0], places[-1], 0, fields))
            found += _parts(steps, kind, places)
    return found


def _sequences(steps: list[Step]) -> Iterator[tuple[Kind, list[int]]]:
    """Each kind with the places of its steps."""
    begun: dict[Kind, list[int]] = {}
    for place, step in enumerate(steps):
        if step.name == GAP:
            yield from begun.items()
            begun = {}
        for kind in _OF_STEP.get(step.name, ()):
            if step.name == kind.steps[0]:
                if kind in begun:
                    yield kind, begun[kind]
                begun[kind] = [place]
            elif kind in begun:
                begun[kind].append(place)
                if step.name in kind.ends:
                    yield kind, begun.pop(kind)
    yield from begun.items()


def _parts(steps: list[Step], kind: Kind, places: list[int]
           ) -> Iterator[Slice]:
    """What led to each step but the first."""
    if not kind.parts:
        return
    for before, place in zip(places, places[1:]):
        name = PARTS.get(steps[place].name, steps[place].name)
        if steps[before].name == "KICK" and steps[place].name != "KICK":
            name = "wait"
        if name:
            yield Slice(kind, name, before, place, 1)


def _fault(steps: list[Step], places: list[int]
           ) -> tuple[str, dict[str, object]]:
    """How it went on from F1, and the entry that F5 replaced."""
    inside = steps[places[0]:places[-1] + 1]
    names = {step.name for step in inside}
    if "F5" not in names:
        return ("fault, spurious" if "F4" in names
                else "fault, sent back"), {}
    set_by = [step for step in inside if step.name == "SPTE"][-1:]
    fields: dict[str, object] = {}
    for step in set_by:
        fields = {"old entry": step.old, "new entry": step.new}
    # P was present, or somebody had set it between F1 and F2.
    again = any(step.old & ZAPPED for step in set_by) and "PTE" not in names
    return "refault" if again else "fault", fields


@dataclass
class Flows:
    """What a kick led to: the slices of each, in order of time."""

    chains: list[list[tuple[int, Slice]]]       # with their CPUs
    missed: int             # kicks whose exit was not kept


class _Cpu:
    """Where things begin on one CPU."""

    def __init__(self, steps: list[Step], slices: list[Slice]) -> None:
        self.steps = steps
        self.kept = steps[1 if steps[0].name == "LOST" else 0].tick
        self.exits = [s for s in slices if s.kind is EXIT]
        self.exits.sort(key=lambda s: s.first)
        self.exit_ticks = [steps[s.first].tick for s in self.exits]
        self.flushes = [s for s in slices if s.kind is FLUSH]
        self.requests = [s for s in slices if s.kind is REQUEST and s.depth]

    def exit_for(self, tick: int, flush: Slice | None) -> Slice | None:
        """The exit that a kick after @tick caused: the one before the @flush
        that it is for, else the next one, because it came too late."""
        place = bisect_left(self.exits, flush.first,
                            key=lambda s: s.first) - 1 if flush else -1
        if place < 0 or self.exit_ticks[place] < tick:
            place = bisect_left(self.exit_ticks, tick)
        return self.exits[place] if place < len(self.exits) else None


def flows_of(cpus: dict[int, tuple[list[Step], list[Slice]]]) -> Flows:
    """From each kick to the exit and the flush."""
    known = {cpu: _Cpu(*parts) for cpu, parts in cpus.items()}
    taken = defaultdict(list)       # vCPU -> request, CPU, flush
    for number, cpu in known.items():
        for flush in cpu.flushes:
            step = cpu.steps[flush.first]
            taken[step.object].append((step.old, number, flush))
    flows = Flows([], 0)
    for number, cpu in known.items():
        request = None
        for part in sorted(cpu.requests, key=lambda s: s.first):
            if part.name == "request":
                request = part
            if part.name != "kick":
                continue
            chain = _led_to(known, taken, cpu.steps, part)
            flows.missed += not chain
            before = [(number, request)] if request and \
                request.last <= part.first else []
            if chain:
                flows.chains.append(sorted(
                    [*before, (number, part), *chain],
                    key=lambda at: known[at[0]].steps[at[1].first].tick))
    return flows


def _led_to(known: dict[int, _Cpu], taken: dict, steps: list[Step],
            kick: Slice) -> list[tuple[int, Slice]]:
    step, tick = steps[kick.last], steps[kick.first].tick
    target = known.get(step.subject)
    if not target or tick < target.kept:
        return []
    flush = min((entry for entry in taken[step.object]
                 if entry[0] >= step.old), default=None,
                key=lambda entry: entry[0])
    found = []
    left = target.exit_for(tick, flush[2] if flush else None)
    if left:
        found.append((step.subject, left))
    if flush:
        found.append(flush[1:])
    return found
