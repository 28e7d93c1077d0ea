"""What the tests of the front end share: a machine that is played from a
script, and canned console text."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tools import image  # noqa: E402
from tools.commands.app import App  # noqa: E402
from tools.backends.backend import Backend, Boot, Launch, Missing  # noqa: E402
from tools.process import end_with_parent  # noqa: E402
from tools.runner import Limits  # noqa: E402

# A test that is ended leaves nothing: no file, no process.
end_with_parent()
os.environ["TANDEM_WITH_PARENT"] = "1"

PLAYER = Path(__file__).resolve().parent / "player.py"
# Wide apart, so that a loaded machine cannot make one pass for the other.
QUICK = Limits(idle=0.8, idle_cpu=0.3, busy=0.8)

NAMES = """\
tandem 0.1
list policies bracket zap at start, Linux today
list policies change-pte rewrite in place
list axes upgrade=silent T2: nothing
list axes upgrade=flush T2: S gains W
list axes when=now N4: at once
list axes when=defer N4: later
list exclusions change=nothing,when=defer nothing can wait
list workloads cow-host fork, then the host writes
list workloads merge make equal pages one
list mutants no-flush O12 over change-pte: no flush at all
list tests COW-MP litmus: the guest never goes back
list tests COW-XIAO litmus: nobody is left behind
list scenarios guest_oracle boot scenario
exit status=0
"""

HEAD = """\
tandem 0.1
machine backend=vmx secondary=ept cpus=2 memory_mib=64 ad=1 \
ticks_per_ms=50000 hypervisor=none
plan runs={runs}
"""


def head(runs: int) -> str:
    """What the kernel prints before the first of @runs runs."""
    return HEAD.format(runs=runs)


def run_text(number: int, total: int, verdict: str = "coherent",
             policy: str = "bracket", mutant: str = "none", stale: int = 0,
             workload: str = "cow-host", guest: str = "idle") -> str:
    """A whole run, as the kernel prints it."""
    return f"""\
run {number}/{total} workload={workload} policy={policy} mutant={mutant} \
seed=1 guest={guest} pages=4 vcpus=1
progress {number}/{total} phase=fork
phase fork remote_tlb_flush_requests=1 flush_skipped.absent=3
ideal fork remote_tlb_flush_requests=1
progress {number}/{total} phase=host-write
phase host-write remote_tlb_flush_requests=4 pf_taken=4 pf_refault=4
ideal host-write remote_tlb_flush_requests=4 pf_refault=0
predicted pf_spurious_max=2
ticks host_cow_break count=4 min=10 median=12 max=20
result {number}/{total} verdict={verdict} violations=0 stale_reads={stale}
"""


def trial_text(number: int, total: int, verdict: str = "forbidden-not-seen",
               test: str = "COW-XIAO", policy: str = "bracket",
               mutant: str = "none", seen: int = 0, violations: int = 0,
               forbidden: str = "yes") -> str:
    """A whole trial of a litmus test, as the kernel prints it."""
    broken = f"violation rule=O2 count={violations}\n" if violations else ""
    return f"""\
run {number}/{total} test={test} policy={policy} mutant={mutant} seed=1
{broken}result {number}/{total} verdict={verdict} violations={violations} \
rounds=20 seen={seen} forbidden={forbidden}
"""


class Scripted(Backend):
    """A machine that plays, for each boot, the steps for its `first` run.

    "workload" in place of `first` is for boots that run workloads. A step is
    {"say": text}, {"until": path} (is there), {"wait": 1} (for ever),
    {"spin": 1} (for ever) or {"end": status}. `list=all` is answered with NAMES.
    """

    name = "scripted"
    text = "a script"
    tick_unit = "instruction"

    def __init__(self, script: dict[str, list[dict]],
                 missing: Missing | None = None) -> None:
        super().__init__()
        self.script = script
        self.boots: list[Boot] = []
        self._missing = missing

    def missing(self) -> Missing | None:
        return self._missing

    def launch(self, boot: Boot, directory: Path) -> Launch:
        self.boots.append(boot)
        first = boot.words.get("first", "1")
        if "workload" in boot.words and "workload" in self.script:
            first = "workload"      # the second boot of litmus --mutants
        steps = [{"say": NAMES}] if "list" in boot.words else \
            self.script[first]
        console = directory / "console.txt"
        script = directory / "script.json"
        script.write_text(json.dumps(steps))
        return Launch([sys.executable, str(PLAYER), str(console),
                       str(script)], console)


class FrontEndTest(unittest.TestCase):
    """Calls the front end with a scripted machine."""

    def setUp(self) -> None:
        self._keep = tempfile.TemporaryDirectory()
        self.addCleanup(self._keep.cleanup)
        self.directory = Path(self._keep.name)
        self.kernel = self.directory / "kernel.elf"
        self.kernel.write_text("an image")
        self.explorer = self.directory / "explore"
        self.out = self.err = ""

    def tandem(self, *argv: str, script: dict | None = None,
               backends: list[Backend] | None = None,
               limits: Limits | None = None) -> int:
        """Run `tandem @argv`; keeps what it printed in out and err. Only a
        script that hangs is judged quickly: a loaded host is no hang."""
        self.backend = Scripted(script or {})
        machines = [self.backend] if backends is None else backends
        hangs = any(step.keys() & {"wait", "spin"} for machine in machines
                    if isinstance(machine, Scripted)
                    for steps in machine.script.values() for step in steps)
        out, err = io.StringIO(), io.StringIO()
        app = App(machines, lambda: self.kernel, lambda: self.explorer,
                  limits or (QUICK if hangs else Limits()), out, err)
        status = app.main(list(argv))
        self.out, self.err = out.getvalue(), err.getvalue()
        return status


def iso_image() -> Path:
    """The GRUB image of the kernel as it is, built if it must be."""
    kernel = image.build()
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "-s", "-C", ROOT, "iso",
                    f"BUILD={kernel.parent}"], env=environment,
                   check=True, capture_output=True)
    return kernel.parent / "tandem.iso"


def main() -> None:
    """Run the tests of the calling file and print TAP."""
    from tap import TAPTestRunner
    runner = TAPTestRunner()
    runner.set_stream(True)
    runner.set_format("{short_description}")
    unittest.main(testRunner=runner, verbosity=0)
