"""Scenario and litmus files of a user's own. The kernel's own reader, built
for the host, looks at them before anything boots."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools.command import call
from tools.errors import STATUS_NO_BACKEND, STATUS_USAGE, Stop
from tools.patience import Exhausted, Patience

READER = "reader"               # beside the kernel: tools/reader.c
PATIENCE = Patience(cpu=60)


@dataclass(frozen=True)
class OwnFile:
    """A file that can be read without a mistake."""

    path: Path
    name: str                   # what the scenario or the test is called
    text: str                   # what happens there
    fields: dict[str, str]      # vcpus, pages, mixes; line, mutants

    def number(self, field: str) -> int:
        """What the file needs."""
        return int(self.fields[field])


def is_file(part: str) -> bool:
    """Does this part of an option name a file? No name has a '.' or '/'."""
    return "/" in part or "." in part


def read(part: str, suffix: str, reader: Path) -> OwnFile:
    """The file called @part, or Stop with the reader's line."""
    if not part.endswith(suffix):
        raise Stop(STATUS_USAGE, f"'{part}' is not accepted: a file here has "
                   f"a name that ends in {suffix}")
    if Path(part).exists() and not Path(part).is_file():
        raise Stop(STATUS_USAGE, f"{part} is not accepted: it is not a file")
    try:
        done = call([str(reader), part], Path.cwd(), None, PATIENCE)
    except (Exhausted, OSError) as error:
        raise Stop(STATUS_NO_BACKEND, f"{reader}: {error}") from None
    if done.returncode:
        raise Stop(STATUS_USAGE, done.stderr.strip()
                   or f"{part} cannot be read")
    _, name, rest = done.stdout.rstrip("\n").split(" ", 2)
    fields = re.match(r"(?:\w+=\S*(?: |$))*", rest)[0]
    return OwnFile(Path(part), name, rest[len(fields):],
                   dict(field.split("=", 1) for field in fields.split()))


def take(given: list[str], suffix: str, reader: Path,
         known: list[tuple[str, str]]) -> tuple[list[str], list[OwnFile]]:
    """Read what is a file in @given. Returns the names, those of files in
    their place, and the files; adds them to @known."""
    names, found = [], []
    for part in given:
        if not is_file(part):
            names.append(part)
            continue
        own = read(part, suffix, reader)
        if own.name in (name for name, _ in known):
            raise Stop(STATUS_USAGE, f"{part}:1: the name {own.name} is "
                       "taken: accepted is a name of its own")
        known.append((own.name, own.text))
        names.append(own.name)
        found.append(own)
    return names, found
