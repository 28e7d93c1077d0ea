"""The serial protocol of docs/console.md: one line in, one record out.

A line that has none of the agreed forms is chatter: parse() returns None for
it, and it is kept for the log only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_WORD = re.compile(r"([A-Za-z_][\w.:-]*)=(\S*)$")
_COUNT = re.compile(r"(\d+)/(\d+)$")

# What stands between the first word of a record and its name=value words.
_PLAIN = {"machine", "plan", "predicted", "stale", "violation", "leak",
          "trace", "exit", "explore"}
_NUMBERED = {"run", "progress", "result"}
_NAMED = {"phase", "ideal", "ticks", "policy"}
_TEXT = {"message", "panic:", "error:"}

# Records that are worthless without these words.
_NEEDED = {"plan": ("runs",), "progress": ("phase",), "leak": ("frames",),
           "result": ("verdict",), "exit": ("status",),
           "run": ("policy",), "violation": ("rule",),
           "explore": ("test", "mutant", "verdict"),
           "trace": ("cpu", "tick", "step")}
# What a run is of; its record has one of these words.
SUBJECTS = ("workload", "test")
# Records whose values are all numbers.
_NUMBERS = {"plan", "phase", "ideal", "predicted", "ticks", "leak", "exit"}


@dataclass(frozen=True)
class Record:
    """One line of the console, taken apart."""

    kind: str
    line: str
    number: int = 0             # K of K/N
    total: int = 0              # N of K/N
    name: str = ""              # of a phase, of ticks, of what is listed
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def int(self, name: str, default: int = 0) -> int:
        """The value of word @name as a number; @default if it is none."""
        value = self.fields.get(name, "")
        return to_int(value) if is_int(value) else default

    def numbers(self) -> dict[str, int]:
        """All words whose value is a number."""
        return {k: to_int(v) for k, v in self.fields.items() if is_int(v)}


def is_int(text: str) -> bool:
    """True for the decimal and hexadecimal numbers that the kernel prints."""
    return re.fullmatch(r"-?\d+|0x[0-9a-fA-F]+", text) is not None


def to_int(text: str) -> int:
    """The number; leading zeros are decimal, as the kernel prints them."""
    return int(text, 16) if text.startswith("0x") else int(text)


def _words(rest: list[str]) -> tuple[dict[str, str], str]:
    """Leading and later name=value words, and what else there is."""
    fields: dict[str, str] = {}
    text = []
    for word in rest:
        match = _WORD.match(word)
        if match:
            fields[match[1]] = match[2]
        else:
            text.append(word)
    return fields, " ".join(text)


def _tap(line: str) -> Record | None:
    if re.match(r"(not )?ok\b", line) or re.fullmatch(r"1\.\.\d+.*", line):
        return Record("tap", line, text=line)
    if line.startswith("#"):
        return Record("tap", line, text=line)
    if line.startswith("SUMMARY:"):
        return Record("summary", line, text=line[8:].strip())
    return None


def _assigned(kind: str, line: str, rest: list[str]) -> Record | None:
    number = total = 0
    name = ""
    if kind in _NUMBERED:
        match = _COUNT.match(rest.pop(0)) if rest else None
        if not match:
            return None
        number, total = int(match[1]), int(match[2])
    elif kind in _NAMED:
        if not rest or "=" in rest[0]:
            return None
        name = rest.pop(0)
    fields, text = _words(rest)
    if any(word not in fields for word in _NEEDED.get(kind, ())):
        return None
    if kind == "run" and not fields.keys() & SUBJECTS:
        return None
    if kind in _NUMBERS and (text or not all(map(is_int, fields.values()))):
        return None
    return Record(kind, line, number, total, name, fields, text)


def is_damaged(line: str) -> bool:
    """True for a line that begins as a record does and is none."""
    kind = line.rstrip("\r\n").partition(" ")[0]
    return kind in _PLAIN | _NUMBERED | _NAMED | {"tandem", "list"} \
        and not parse(line)


def parse(line: str) -> Record | None:
    """The record in @line (without its line end), or None for chatter."""
    line = line.rstrip("\r\n")
    kind, _, tail = line.partition(" ")
    if kind in _TEXT:
        return Record(kind.rstrip(":"), line, text=tail.strip())
    if kind == "tandem" and tail and " " not in tail:
        return Record(kind, line, text=tail)
    if kind == "list":
        words = tail.split(None, 2)
        if len(words) < 2:
            return None
        return Record(kind, line, name=words[1], fields={"what": words[0]},
                      text=words[2] if len(words) > 2 else "")
    if kind in _PLAIN | _NUMBERED | _NAMED:
        return _assigned(kind, line, tail.split())
    return _tap(line)
