#!/usr/bin/python3
"""Boots the real kernel on one machine after the other and passes on what its
scenarios report: TAP.

    test/boot/boot.t [SCENARIO,..|all [BACKEND[:CPUS]...]]

BOOT_MACHINES has the machines if no argument does, and TANDEM_POLICIES the
policies of scenarios that go over all.
"""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tools import image  # noqa: E402
from tools.backends.backend import Boot  # noqa: E402
from tools.backends.choice import all_backends, choose  # noqa: E402
from tools.errors import Stop  # noqa: E402
from tools.process import end_with_parent  # noqa: E402
from tools.runner import Limits, run_matrix  # noqa: E402

CPUS = 4
MEMORY_MIB = 128
# EPT and NPT where two runs are the same, and NPT where CPUs are parallel.
# With one CPU host and guest take turns: scenarios that need two skip.
MACHINES = ("bochs-vmx", "bochs-vmx:1", "qemu-svm", "bochs-svm")


class Tap:
    """The results of several machines under one numbering."""

    def __init__(self) -> None:
        self.count = 0
        self.failed = False
        self.machine = ""

    def result(self, text: str) -> None:
        """A line of the kernel: "ok 3 - name", or what explains it."""
        found = re.match(r"(not ok|ok) \d+ (.*)", text)
        if found:
            self.count += 1
            self.failed = self.failed or found[1] != "ok"
            text = f"{found[1]} {self.count} {found[2]}"
        elif not text.startswith("#"):
            return              # its plan: ours comes last
        print(text, flush=True)
        if found and found[1] != "ok":      # test/Totals.pm shows this
            name = found[2].removeprefix("- ").split()[0]
            print(f"# again: test/boot/boot.t {name} {self.machine}")

    def failure(self, name: str, explanation: list[str]) -> None:
        """A test of ours, called @name, failed."""
        self.count += 1
        self.failed = True
        print(f"not ok {self.count} - {name}")
        for line in explanation:
            self.result("# " + line.removeprefix("# "))


def run(tap: Tap, tests: str, machine: str) -> None:
    """Boot once on @machine, a backend and how many CPUs it has."""
    name, _, cpus = machine.partition(":")
    backend, reason = choose(all_backends(), name)
    if not backend:
        tap.failure(f"{name} starts", [reason])
        return
    print(f"# {machine}", flush=True)
    tap.machine = machine
    words = {"test": tests}
    policies = os.environ.get("TANDEM_POLICIES", "").split()
    if policies:
        words["policy"] = ",".join(policies)
    boot = Boot(image.build(), words, int(cpus or CPUS), MEMORY_MIB)
    outcome = run_matrix(
        backend, boot, Limits().for_work(0, backend.patience),
        lambda reading, record: record.kind == "tap"
        and tap.result(record.line))
    if outcome.status > 1 or not outcome.reading.tap:
        tap.failure(f"{machine} comes to its end; its last output:",
                    [*outcome.reading.last, *outcome.emulator_log])


def main(tests: str = "all", *names: str) -> int:
    """Boot each machine; 0 if all came to their end and nothing failed."""
    tap = Tap()
    try:
        chosen = names or os.environ.get("BOOT_MACHINES", "").split()
        for name in chosen or MACHINES:
            run(tap, tests, name)
    except Stop as stop:
        tap.failure("the machine can be started", stop.text.splitlines())
    print(f"1..{tap.count}")
    return int(tap.failed)


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(*sys.argv[1:]))
