#!/usr/bin/python3
"""Prints docs/litmus.md: what a person wrote there, up to the heading of the
tests, and then each test from lab/litmus/NAME.litmus. `make docs` puts it in
place; a test keeps it so."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "litmus.md"
HEADING = "## The built-in tests\n"
KEYS = {"Rules": "Rules", "Reach": "Reachable", "Mutants": "Mutants",
        "Heard": "Heard by the checker only"}


def section(path: Path) -> str:
    """A test as a section: its text, its program, its keys."""
    head, _, program = path.read_text().partition("\n\n")
    text = re.search(r'"(.*?)"', head, re.DOTALL)
    keys = dict(re.findall(r"^(\w+)=(.*)$", head, re.MULTILINE))
    lines = [f"    {line}".rstrip() for line in program.splitlines()]
    notes = " ".join(f"{KEYS[key]}: {value}." for key, value in keys.items()
                     if key in KEYS)
    if "Pages" in keys:
        notes += f" {keys['Pages']} pages."
    return (f"\n### {path.stem}\n\n{' '.join(text[1].split())}\n\n"
            + "\n".join(lines) + f"\n\n{notes}\n")


def main() -> int:
    """Print it all."""
    written, heading, _ = DOCUMENT.read_text().partition(HEADING)
    if not heading:
        print(f"{DOCUMENT.name}: the heading '{HEADING.strip()}' is missing",
              file=sys.stderr)
        return 1
    print(written + heading, end="")
    for path in sorted((ROOT / "lab" / "litmus").glob("*.litmus")):
        print(section(path), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
