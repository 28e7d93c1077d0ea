"""Where the instructions of an operation go, by function and by step: `tandem
bench --profile`.

QEMU logs every instruction of the phase that the operation is timed in
(lab/bench/OPERATION.scn); the names are the kernel's symbols, and what is
inlined counts for the function that it is in. What is around the operation is
in the list too: the lab's own functions. A step of the contract has what was
executed since the one before it.
"""

from __future__ import annotations

import bisect
import os
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from tools import image, step_sites
from tools.backends.backend import Backend, Boot, memory_for

BEGIN, END = "report_phase_start", "report_phase_end"
SHOWN = 40
STEPS = "Instructions a page from the step before to this one, with the " \
    "lab's own work in them,\nwhich the table's figures leave out; a step " \
    "stands where it was met first."
FUNCTIONS = "Instructions a page by function, the dearest first, the lab's " \
    "own among them; what is inlined\ncounts for its caller."
# Loops of the boot, too long to be logged.
UNLOGGED = re.compile(r"clock|timer|lapic|icr_|pit_|hpet|pm_read|read_tsc|acpi"
                      r"|idle|mem(set|cpy)|frame_init|print|put_|usable|smp"
                      r"|kernel_main|boot_|image_|multiboot|screen|framebuf"
                      r"|^fill|draw|new_line")


def symbols(elf: Path) -> list[tuple[int, str]]:
    """Functions by address, without what the optimizer adds to a name."""
    out = subprocess.run(["nm", "-n", elf], capture_output=True, text=True,
                         check=True).stdout
    return [(int(address, 16), name.split(".")[0])
            for address, kind, name in map(str.split, out.splitlines())
            if kind in "tT"]


def ranges(functions: list[tuple[int, str]]) -> str:
    """For QEMU's -dfilter: all that is not boot."""
    wanted: list[list[int]] = []
    for (start, name), (end, _) in zip(functions, functions[1:]):
        if end == start or UNLOGGED.search(name):
            continue
        if wanted and wanted[-1][1] == start:
            wanted[-1][1] = end
        else:
            wanted.append([start, end])
    return ",".join(f"{start:#x}+{end - start:#x}" for start, end in wanted)


@dataclass
class Profile:
    """Instructions of a phase."""

    functions: Counter
    steps: Counter          # of these, up to a step since the last one; in
                            # the order in which they were met first


def executed(log: Path, functions: list[tuple[int, str]],
             phase: int) -> Iterator[int]:
    """The addresses of the @phase-th phase's instructions, from 1 on."""
    begin = next(a for a, name in functions if name == BEGIN)
    end = next(a for a, name in functions if name == END)
    seen = 0
    with open(log, encoding="ascii", errors="replace") as lines:
        for line in lines:
            parts = line.split("/", 2)
            if len(parts) < 3:
                continue
            address = int(parts[1], 16)
            seen += address == begin
            if seen == phase:
                if address == end:
                    return
                yield address


def count(addresses: Iterator[int], functions: list[tuple[int, str]],
          sites: dict[int, str]) -> Profile:
    """Whose instructions they are."""
    names = step_sites.contract_steps()
    found: Counter = Counter()
    steps: Counter = Counter()
    since, last_n = 0, ""
    for address in addresses:
        found[address] += 1
        since += 1
        step = sites.get(address)
        if step:
            if step == step_sites.ANY_N:
                step = names[names.index(last_n) + 1]
            steps[step] += since
            since, last_n = 0, step if step[0] == "N" else last_n
    starts = [address for address, _ in functions]
    by_name: Counter = Counter()
    for address, number in found.items():
        by_name[functions[bisect.bisect_right(starts, address) - 1][1]] \
            += number
    return Profile(by_name, steps)


def profile(backend: Backend, kernel: Path, operation: str, policy: str,
            pages: int) -> Profile:
    """Boot it under QEMU, and count."""
    file = image.ROOT / "lab" / "bench" / f"{operation}.scn"
    elf = kernel.with_suffix(".elf")
    functions, sites = symbols(elf), step_sites.step_sites(elf)
    phases = len(re.findall(r"^phase ", file.read_text(), re.MULTILINE))
    boot = Boot(kernel, {"bench": operation, "policy": policy, "check": "off",
                         "poison": "off", "pages": str(pages)}, 1,
                memory_for(pages, 1), exact=True)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        log = directory / "log"
        os.mkfifo(log)
        launch = backend.launch(boot, directory)
        emulator = subprocess.Popen(
            [*launch.argv, "-singlestep", "-d", "exec,nochain",
             "-dfilter", ranges(functions), "-D", log.name],
            cwd=directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return count(executed(log, functions, phases), functions, sites)
        finally:
            emulator.kill()
            emulator.wait()


def lines(found: Profile, pages: int) -> list[str]:
    """The steps in the order in which they were met first, then the dearest
    functions, in instructions a page."""
    steps = [f"{number / pages:8.1f} up to {name}"
             for name, number in found.steps.items()]
    shown = [f"{number / pages:8.1f} {name}"
             for name, number in found.functions.most_common(SHOWN)]
    total = sum(found.functions.values()) / pages
    return [*([STEPS, *steps, ""] if steps else []), FUNCTIONS, *shown,
            f"{total:8.1f} in all, a page"]
