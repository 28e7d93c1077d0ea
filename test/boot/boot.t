#!/usr/bin/python3
"""Boots the real kernel and passes on what its scenarios report: TAP.

    test/boot/boot.t [SCENARIO,..|all [BACKEND [CPUS]]]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tools import image  # noqa: E402
from tools.backend import Boot  # noqa: E402
from tools.backends import all_backends, choose  # noqa: E402
from tools.errors import Stop  # noqa: E402
from tools.runner import Limits, run_matrix  # noqa: E402

MEMORY_MIB = 128


def cannot(reason: str) -> int:
    """One test that fails: the machine could not even be started."""
    print("1..1\nnot ok 1 - the machine starts")
    for line in reason.splitlines():
        print(f"# {line}")
    return 1


def main(tests: str = "all", name: str = "bochs-vmx", cpus: str = "4") -> int:
    """Boot once; 0 if the kernel came to its end and nothing failed."""
    backend, reason = choose(all_backends(), name)
    if not backend:
        return cannot(reason)
    try:
        kernel = image.build()
    except Stop as stop:
        return cannot(stop.text)
    boot = Boot(kernel, {"test": tests}, int(cpus), MEMORY_MIB)
    outcome = run_matrix(
        backend, boot, Limits(), lambda reading, record:
        record.kind == "tap" and print(record.line, flush=True))
    if outcome.status > 1 or not outcome.reading.tap:
        print("# the machine did not come to its end; its last output:")
        for line in [*outcome.reading.last, *outcome.emulator_log]:
            print("# " + line.removeprefix("# "))
        return 4
    return outcome.status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
