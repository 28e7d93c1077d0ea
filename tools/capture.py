"""A console that somebody captured: the lines of the kernel, without what
firmware, boot loaders and terminal programs put around them."""

from __future__ import annotations

import re
from collections import Counter

from tools.report.results import Reading
from tools.runner import Outcome

# Sequences that move the cursor: what follows stands elsewhere.
_MOVES = re.compile(r"\x1b\[[\d;]*[ABEFHJf]")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]"
                      r"|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FIRST = re.compile(r"(?<!\w)tandem \d+\.\d+\S*$")
# Records by which a console is known.
_KNOWN = re.compile(r"(?<!\w)(?:machine backend=|plan runs=\d|progress \d+/\d"
                    r"|run \d+/\d+ (?:workload|test)=|result \d+/\d)")


def lines_of(data: bytes) -> list[str]:
    """The kernel's lines in @data, from its first one on."""
    text = data.decode("utf-8", "replace")
    text = _ESCAPES.sub("", _MOVES.sub("\n", text))
    lines = [_UNSEEN.sub("", line) for line in re.split(r"[\r\n]+", text)]
    return _of_the_kernel(_without_prefix(lines))


def _shape(prefix: str) -> str:
    """What prefixes like this one match: its digits, and the names of days and
    months, change."""
    shape = re.escape(prefix)
    for what, pattern in ((r"\d+", r"\\d+"), (r"(?:\\ )+", r"\\s+"),
                          (r"\b[A-Z][a-z][a-z]\b", "[A-Z][a-z]{2}")):
        shape = re.sub(what, pattern, shape)
    return shape


def _without_prefix(lines: list[str]) -> list[str]:
    """@lines without what a terminal program wrote before each."""
    found = Counter(_shape(line[:match.start()]) for line in lines
                    if (match := _KNOWN.search(line)))
    prefix = re.compile(found.most_common(1)[0][0] if found else "")
    out = []
    for line in lines:
        first, before = _FIRST.search(line), prefix.match(line)
        start = first.start() if first else before.end() if before else 0
        out.append(line[start:])
    return out


def _of_the_kernel(lines: list[str]) -> list[str]:
    """From each start of the kernel to its end. Of a capture that began too
    late the first lines are taken, too."""
    out: list[str] = []
    inside = not any(map(_FIRST.match, lines)) and \
        any(map(_KNOWN.match, lines))
    for line in lines:
        inside = inside or bool(_FIRST.match(line))
        if inside and line:
            out.append(line)
        if line.startswith("exit status="):
            inside = False
    return out


def outcome_of(lines: list[str]) -> Outcome:
    """What a machine's console says, as if it had been followed."""
    outcome = Outcome(Reading())
    for number, line in enumerate(lines):
        if number and _FIRST.match(line):
            _end_boot(outcome)
            outcome.reading.new_boot()
        outcome.reading.feed(line)
    _end_boot(outcome)
    outcome.reading.close()
    return outcome


def _end_boot(outcome: Outcome) -> None:
    """The machine prints no more; did the kernel end it?"""
    reading = outcome.reading
    outcome.status = max(outcome.status, reading.exit_status or 0)
    if reading.exit_status is None or reading.current:
        reading.abandon("died")
        outcome.why = "its console ends there"
