#!/usr/bin/python3
"""EPT and NPT against each other: with an idle guest every count of every
workload under every policy is the same on both, on two emulators. What differs
is explained in docs/expected-counts.md: the instruction that flushes."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402

PAGES = "128"
# VMX has INVEPT; SVM flushes by TLB_CONTROL of a VMRUN: one ASID where the
# CPU can, otherwise all. One of them for each flush, whichever it is.
FLUSHES = ("invept_single", "invept_global", "tlb_control_single",
           "tlb_control_all")


def counts(backend):
    """(workload, policy, number and name of a phase) to its counters."""
    done = subprocess.run(
        [ROOT / "tandem", "compare", "--backend", backend, "--guest", "idle",
         "--pages", PAGES, "--quiet", "--format", "json"],
        capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{backend}: status {done.returncode}: "
                             f"{done.stderr}")
    found = json.loads(done.stdout)
    return found["secondary"], {
        (run["workload"], run["policy"], number, phase["name"]):
        comparable(phase["counters"])
        for run in found["runs"]
        for number, phase in enumerate(run["phases"])}


def comparable(counters):
    """The counters with all that flushes under one name."""
    same = {name: n for name, n in counters.items()
            if n and name not in FLUSHES}
    same["flush instructions"] = sum(counters.get(name, 0)
                                     for name in FLUSHES)
    return same


class Formats(support.unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.secondary, cls.ept = counts("bochs-vmx")

    def check(self, backend):
        secondary, npt = counts(backend)
        self.assertEqual((self.secondary, secondary), ("ept", "npt"))
        self.assertGreaterEqual(len(self.ept), 12 * 7 * 2)
        self.assertGreater(sum(n["flush instructions"]
                               for n in self.ept.values()), 0)
        self.assertEqual(list(npt), list(self.ept))
        for where, expected in self.ept.items():
            self.assertEqual(npt[where], expected, where)

    def test_qemu(self):
        """qemu-svm counts as bochs-vmx does"""
        self.check("qemu-svm")

    def test_bochs(self):
        """bochs-svm counts as bochs-vmx does"""
        self.check("bochs-svm")


class Running(support.unittest.TestCase):
    """NPT while host and guests run at the same time."""

    def verdicts(self, *argv):
        """Verdict of each run, as (workload, mutant) to verdicts."""
        done = subprocess.run(
            [ROOT / "tandem", "compare", "--quiet", "--format", "json",
             "--guest", "running", *argv],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [(run["workload"], run["mutant"], run["verdict"])
                for run in json.loads(done.stdout)["runs"]]

    def check(self, *argv):
        found = self.verdicts(*argv)
        for workload, mutant, verdict in found:
            if not mutant:
                self.assertEqual(verdict, "coherent", workload)
        self.assertIn(("cow-host", "no-flush", "stale"), found)
        return found

    def test_bochs(self):
        """bochs-svm: 4 vCPUs are coherent everywhere, no-flush is caught"""
        found = self.check("--backend", "bochs-svm", "--vcpus", "4",
                           "--pages", "32", "--mutants", "no-flush")
        self.assertGreaterEqual(len(found), 12 * 8)

    def test_qemu(self):
        """qemu-svm: 2 vCPUs, 4 CPUs at once, no-flush is caught"""
        self.check("--backend", "qemu-svm", "--vcpus", "2", "--cpus", "4",
                   "--pages", "32", "--mutants", "no-flush", "--workload",
                   "cow-host,merge,takeover")


if __name__ == "__main__":
    support.main()
