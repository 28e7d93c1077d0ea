"""The rules of Chrome's JSON trace form, as ui.perfetto.dev reads it: what a
trace may not be, and how to find things in it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

NEEDED = {"M": ("name", "args"), "B": ("name", "cat"), "E": (),
          "i": ("name", "s"), "b": ("name", "cat", "id"),
          "e": ("name", "cat", "id"), "s": ("name", "cat", "id"),
          "t": ("name", "cat", "id"), "f": ("name", "cat", "id", "bp")}


@dataclass
class Found:
    """A slice, and what lies in it."""

    name: str
    pid: int
    tid: int
    ts: float
    args: dict
    depth: int = 0
    end: float = 0
    inside: list[Found] = field(default_factory=list)


class ChromeTrace:
    """A trace taken apart; @wrong has a line for each rule that it breaks."""

    def __init__(self, text: str) -> None:
        whole = json.loads(text)
        self.events = whole["traceEvents"]
        self.other = whole.get("otherData", {})
        self.wrong: list[str] = []
        self.slices: list[Found] = []
        self.flows: dict[object, list[tuple[str, Found]]] = defaultdict(list)
        self.names: dict[tuple, str] = {}
        self._stacks: dict[tuple, list[Found]] = defaultdict(list)
        self._last: dict[tuple, float] = {}
        self._async: Counter = Counter()
        for event in self.events:
            self._take(event)
        self._close()

    def named(self, name: str) -> list[Found]:
        """All slices of that name."""
        return [s for s in self.slices if s.name == name]

    def _take(self, event: dict) -> None:
        ph = event.get("ph")
        need = ("pid", "tid", *(["ts"] if ph != "M" else []),
                *NEEDED.get(ph, ("a known ph",)))
        if not all(name in event for name in need):
            self.wrong.append(f"lacks one of {need}: {event}")
            return
        if ph == "M":
            key = (event["name"], event["pid"], *(
                [event["tid"]] if event["name"].startswith("thread") else []))
            self.names[key] = event["args"].get("name", "")
        elif ph in "be":
            self._take_async(event)
        else:
            self._take_on_thread(event)

    def _take_async(self, event: dict) -> None:
        key = (event["pid"], event["cat"], event["id"], event["name"])
        self._async[key] += 1 if event["ph"] == "b" else -1
        if self._async[key] not in (0, 1):
            self.wrong.append(f"an end without its beginning: {event}")

    def _take_on_thread(self, event: dict) -> None:
        track, ts = (event["pid"], event["tid"]), event["ts"]
        if ts < self._last.get(track, 0):
            self.wrong.append(f"time goes back: {event}")
        self._last[track] = ts
        stack = self._stacks[track]
        if event["ph"] == "B":
            new = Found(event["name"], *track, ts, event.get("args", {}),
                        len(stack))
            self.slices.append(new)
            for outer in stack:
                outer.inside.append(new)
            stack.append(new)
        elif event["ph"] == "E":
            if stack:
                stack.pop().end = ts
            else:
                self.wrong.append(f"no slice ends here: {event}")
        elif event["ph"] in "stf":
            self._take_flow(event, stack)

    def _take_flow(self, event: dict, stack: list[Found]) -> None:
        if stack:
            self.flows[event["id"]].append((event["ph"], stack[-1]))
        else:
            self.wrong.append(f"a flow without a slice: {event}")

    def _close(self) -> None:
        for track, stack in self._stacks.items():
            self.wrong += [f"{s.name} on {track} never ends" for s in stack]
            if ("thread_name", *track) not in self.names or \
                    ("process_name", track[0]) not in self.names:
                self.wrong.append(f"{track} has no name")
        self.wrong += [f"{key} never ends" for key, open_ in
                       self._async.items() if open_]
        for number, chain in self.flows.items():
            # In the file, they stand thread by thread.
            chain.sort(key=lambda part: ("stf".index(part[0]), part[1].ts))
            order = "".join(ph for ph, _ in chain)
            times = [s.ts for _, s in chain]
            if order != "s" + "t" * (len(order) - 2) + "f" or \
                    times != sorted(times):
                self.wrong.append(f"flow {number} goes {order} at {times}")
