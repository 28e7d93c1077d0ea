#!/usr/bin/python3
"""The kernel under KVM with nesting, as on a host with virtualization
hardware, in Linux in an emulator (tools/backends/nested.py).

    test/boot/nested.t [KvmOnTcg] [KvmOnBochs]

Without a name it is the quick one, skipped where it cannot run. One that is
named must run. `make test-nested` names both: some minutes.
"""

import json
import subprocess
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402
from tools.backends import nested  # noqa: E402
from tools.backends.backend import Boot  # noqa: E402
from tools.errors import Stop  # noqa: E402
from tools.runner import Limits, run_matrix  # noqa: E402

WORKLOADS = ("cow-host", "merge", "takeover")
NAMED = sys.argv[1:]


class Chain:
    """What both chains must show; the tests are the subclasses'."""

    backend = nested.Nested
    secondary = ""

    @classmethod
    def setUpClass(cls):
        """Fetch and make what it needs, or skip."""
        machine = cls.backend()
        missing = machine.missing()
        why = missing and f"{missing.why} (needs: {missing.remedy})"
        if not missing:
            try:
                machine.prepare(image.build().parent, lambda text: None)
            except Stop as stop:
                why = stop.text
        if why and NAMED:
            raise AssertionError(why)
        if why:
            raise support.unittest.SkipTest(why)

    def compare(self, pages, *argv):
        """The runs of a matrix, which must end with status 0."""
        done = subprocess.run(
            [ROOT / "tandem", "compare", "--backend", self.backend.name,
             "--workload", ",".join(WORKLOADS), "--pages", pages,
             "--quiet", "--format", "json", *argv],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual((found["machine"], found["secondary"]),
                         ("nested", self.secondary))
        return found["runs"]

    def arrives(self):
        """A file of the user's own goes through both machines."""
        machine = self.backend()
        with support.tempfile.TemporaryDirectory() as name:
            path = Path(name) / "a,b" / "my.scn"
            path.parent.mkdir()
            path.write_bytes(b"cow-host" * 1000)
            outcome = run_matrix(
                machine, Boot(image.build(), {"list": "modules"}, 1, 64,
                              modules=(path,)),
                Limits().for_work(0, machine.patience))
        self.assertEqual(outcome.reading.names, [
            ("modules", "my.scn", "8000 bytes, adler32 "
             f"{zlib.adler32(b'cow-host' * 1000):08x}")])

    def coherent(self, runs):
        """Every policy is coherent under every workload."""
        verdicts = {(run["workload"], run["policy"]): run["verdict"]
                    for run in runs if not run["mutant"]}
        self.assertEqual({workload for workload, _ in verdicts},
                         set(WORKLOADS))
        self.assertGreaterEqual(len(verdicts), 5 * len(WORKLOADS))
        self.assertEqual(set(verdicts.values()), {"coherent"}, verdicts)


class KvmOnTcg(Chain, support.unittest.TestCase):
    """NPT; KVM follows every change at the next entry."""

    backend = nested.KvmOnTcg
    secondary = "npt"

    def test_one_cpu(self):
        """kvm-on-tcg, 1 CPU: every policy is coherent"""
        self.coherent(self.compare("64", "--guest", "idle", "--cpus", "1"))

    def test_two_cpus(self):
        """kvm-on-tcg, 2 CPUs: every policy is coherent"""
        self.coherent(self.compare("64", "--guest", "idle", "--cpus", "2"))

    def test_modules(self):
        """kvm-on-tcg: a file of the user's own arrives"""
        self.arrives()

    @support.unittest.skipUnless(NAMED, "make test-nested has the time")
    def test_running(self):
        """kvm-on-tcg, a running guest: every policy is coherent"""
        self.coherent(self.compare("32", "--guest", "running"))


class KvmOnBochs(Chain, support.unittest.TestCase):
    """EPT; KVM keeps a stale translation until INVEPT, as hardware does."""

    backend = nested.KvmOnBochs
    secondary = "ept"

    def test_one_cpu(self):
        """kvm-on-bochs, 1 CPU: coherent; no-flush seen by an idle guest"""
        runs = self.compare("256", "--guest", "idle", "--cpus", "1",
                            "--mutants")
        self.coherent(runs)
        self.assertIn(("cow-host", "no-flush", "stale"),
                      [(run["workload"], run["mutant"], run["verdict"])
                       for run in runs])

    def test_two_cpus(self):
        """kvm-on-bochs, 2 CPUs: every policy is coherent"""
        self.coherent(self.compare("256", "--guest", "idle", "--cpus", "2"))

    def test_modules(self):
        """kvm-on-bochs: a file of the user's own arrives"""
        self.arrives()


if __name__ == "__main__":
    sys.argv[1:] = NAMED or ["KvmOnTcg"]
    support.main()
