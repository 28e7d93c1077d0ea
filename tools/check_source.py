#!/usr/bin/python3
"""Rules about the source that no compiler keeps.

    tools/check_source.py [layers|flushes|headers|rules|fallible]...

Each check is a function from the root of a tree to a list of complaints, so
that the tests can run it on a tree that is broken on purpose. With no name
all of them run. Status 1 if there is a complaint.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

# From the bottom up: a file includes from its own layer or from below.
LAYERS = ("lib", "arch/x86", "mm", "ept", "vmm", "lab", "boot")
# The rooms of lab/, and lab/ itself above them: a file includes from its own
# room or from a step below.
ROOMS = (("lab/verb", "lab/check", "lab/mutant"), ("lab/experiment",),
         ("lab/scenario", "lab/litmus"), ("lab/bench",), ("lab",))
GUEST_MAY_INCLUDE = {"vmm/hypercall_abi.h", "vmm/litmus_abi.h"}
# What a freestanding compiler brings along, and static_assert.
FREESTANDING = {"assert.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}
# The primary MMU knows nothing of who listens to it.
NOT_IN_MM = {"ept", "npt", "spte", "guest", "guests", "vcpu", "vcpus"}

# What drops translations, and where it may stand.
FLUSHES = {
    "invlpg": r"\binvlpga?\b", "invept": r"\binvept\b",
    "invvpid": r"\binvvpid\b", "invpcid": r"\binvpcid\b",
    "TLB_CONTROL": r"\bTLB_CONTROL\w*|\btlb_control\b",
    "cr3 load": r"mov[a-z]*\s[^;\n]*,\s*%+cr3\b|\bwrite_cr3\b",
}
FLUSH_HOMES = re.compile(r"arch/x86/(tlb\.c|vmx\w*\.[chS]|svm\w*\.[cS])$")
# Going to 64 bits needs one load of CR3 on each way there. A hostile guest
# changes tables of its own.
FLUSH_EXCEPTIONS = {("arch/x86/long_mode.S", "cr3 load"),
                    ("guest/hostile.c", "invlpg")}

RULE = re.compile(r"\b(?:[OEXFIRN]\d{1,2}|T\d{1,2}[ab]?|INV-[A-Z]+)\b")
CONTRACT = "docs/contract.md"

# What may fail: it says so, or answers with a pointer.
FALLIBLE = re.compile(r"^(?:__must_check\s+(?:int|bool)\s+|"
                      r"(?:const\s+)?(?:struct\s+)?\w+\s+\*\s*)(\w+)\(",
                      re.MULTILINE)
FALLIBLE_LIST = "test/host/fallible.h"

HEADER_FLAGS = ("-std=gnu11", "-ffreestanding", "-mgeneral-regs-only",
                "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I.")

Check = Callable[[Path], list[str]]


def sources(root: Path, *folders: str,
            kinds: tuple[str, ...] = (".c", ".h", ".S")) -> Iterator[Path]:
    """Source files in @folders and their rooms, relative to @root, sorted."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in kinds:
                yield path.relative_to(root)


def layer_of(name: str) -> str:
    """The folder that a path from the root belongs to, or ""."""
    folders = (*LAYERS, "guest", "test/boot")
    return next((f for f in folders if name.startswith(f + "/")), "")


def room_of(name: str) -> tuple[int, str]:
    """The step and the room of lab/ that a path belongs to."""
    folder = str(Path(name).parent)
    return next(((step, room) for step, rooms in enumerate(ROOMS)
                 for room in rooms if room == folder), (-1, folder))


def _rooms_apart(file: str, target: str) -> str:
    """Why a @file of lab/ may not include @target of lab/; empty if it may."""
    (step, room), (below, other) = room_of(file), room_of(target)
    for number, name in ((step, room), (below, other)):
        if number < 0:
            return f"is of no known room: {name}"
    if room == other or below < step:
        return ""
    return f"points up: {room} may not include {other}"


def includes(text: str) -> list[tuple[int, str, str]]:
    """Line number, kind (\" or <) and path of each include."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)', line)
        if match:
            found.append((number, match[1], match[2]))
    return found


def without_comments(text: str) -> str:
    """@text with each comment blanked, its line ends kept."""
    def blank(match: re.Match) -> str:
        if match[0].startswith("/"):
            return re.sub(r"[^\n]", " ", match[0])
        return match[0]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text,
                  flags=re.DOTALL)


def _may_include(file: Path, kind: str, target: str) -> str:
    """Why @file may not include @target; empty if it may."""
    own, other = layer_of(str(file)), layer_of(target)
    if kind == "<":
        return "" if target in FREESTANDING else "is no freestanding header"
    if own == "test/boot":
        return ""
    if not other:
        return "is no full path from the root"
    if own == other == "lab":
        return _rooms_apart(str(file), target)
    if own == other or (own, other) == ("boot", "test/boot") or \
            own == "guest" and target in GUEST_MAY_INCLUDE:
        return ""       # boot wires the scenarios in, too
    if own in LAYERS and other in LAYERS and \
            LAYERS.index(other) < LAYERS.index(own):
        return ""
    return f"points up: {own} may not include {other}"


def check_layers(root: Path) -> list[str]:
    """boot -> lab -> vmm -> ept -> mm -> arch/x86 -> lib, within lab/ as
    ROOMS has it; mm/ is innocent."""
    complaints = []
    for file in sources(root, *LAYERS, "guest", "test/boot"):
        text = (root / file).read_text()
        for number, kind, target in includes(text):
            why = _may_include(file, kind, target)
            if why:
                complaints.append(f"{file}:{number}: {target} {why}")
    for file in sources(root, "mm"):
        lines = (root / file).read_text().splitlines()
        for number, line in enumerate(lines, 1):
            for word in re.findall(r"[A-Za-z]+", line):
                if word.lower() in NOT_IN_MM:
                    complaints.append(f"{file}:{number}: mm/ says '{word}'")
    return complaints


def check_flushes(root: Path) -> list[str]:
    """Instructions that flush stand in the files made for them."""
    complaints = []
    unused = set(FLUSH_EXCEPTIONS)
    for file in sources(root, *LAYERS, "guest", "test/boot"):
        if FLUSH_HOMES.search(str(file)):
            continue
        text = without_comments((root / file).read_text())
        for what, pattern in FLUSHES.items():
            for match in re.finditer(pattern, text):
                if (str(file), what) in FLUSH_EXCEPTIONS:
                    unused.discard((str(file), what))
                    continue
                line = text.count("\n", 0, match.start()) + 1
                complaints.append(f"{file}:{line}: {what}")
    return complaints + [f"{file}: the exception for {what} is not needed"
                         for file, what in sorted(unused)]


def check_headers(root: Path) -> list[str]:
    """Each header compiles alone, and may be included twice."""
    complaints = []
    for file in sources(root, *LAYERS, "guest", kinds=(".h",)):
        done = subprocess.run(
            ["gcc", *HEADER_FLAGS, "-x", "c", "-"], cwd=root, text=True,
            input=f'#include "{file}"\n#include "{file}"\n',
            capture_output=True, check=False)
        if done.returncode:
            first = next((line for line in done.stderr.splitlines()
                          if "error" in line), done.stderr)
            complaints.append(f"{file}: does not compile alone: {first}")
    return complaints


def check_rules(root: Path) -> list[str]:
    """Each rule that the code cites stands in the contract."""
    contract = set(RULE.findall((root / CONTRACT).read_text()))
    complaints = []
    for file in sources(root, *LAYERS, "guest", "test/boot", "test/host"):
        lines = (root / file).read_text().splitlines()
        for number, line in enumerate(lines, 1):
            for rule in RULE.findall(line):
                # T3a and T3b are two kinds of T3.
                if rule not in contract and rule + "a" not in contract:
                    complaints.append(f"{file}:{number}: the contract has no "
                                      f"{rule}")
    return complaints


def check_fallible(root: Path) -> list[str]:
    """Each function that may fail fails in a test, or is named there."""
    named = set(re.findall(r"\w+", (root / FALLIBLE_LIST).read_text()))
    complaints = []
    for file in sources(root, "mm", "ept", "vmm", kinds=(".h",)):
        text = without_comments((root / file).read_text())
        for match in FALLIBLE.finditer(text):
            if match[1] not in named:
                line = text.count("\n", 0, match.start(1)) + 1
                complaints.append(f"{file}:{line}: {match[1]}() may fail and "
                                  f"has no row in {FALLIBLE_LIST}")
    return complaints


CHECKS: dict[str, Check] = {"layers": check_layers, "flushes": check_flushes,
                            "headers": check_headers, "rules": check_rules,
                            "fallible": check_fallible}


def main(names: list[str]) -> int:
    """Run the checks called @names on the tree that this file is in."""
    root = Path(__file__).resolve().parent.parent
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"check_source.py: '{unknown[0]}' is unknown: accepted are "
              + " ".join(CHECKS), file=sys.stderr)
        return 2
    complaints = [text for name in names or CHECKS
                  for text in CHECKS[name](root)]
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
