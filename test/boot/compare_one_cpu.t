#!/usr/bin/python3
"""A machine with one CPU, on Bochs: host and guest take turns there, by other
paths of the driver, and it must not show in what is found."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402

PAGES = 32
# There is no other CPU to be interrupted.
DIFFERENT = {"primary_ipis", "primary_tlb_flush"}


def compare(*argv):
    """The runs of a matrix that must end with status 0."""
    done = subprocess.run(
        [ROOT / "tandem", "compare", "--backend", "bochs-vmx", "--quiet",
         "--format", "json", "--pages", str(PAGES), *argv],
        capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"status {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


class OneCpu(support.unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.found = compare("--cpus", "1")

    def runs(self, guest, runs=None):
        """Those with this guest, by workload and policy."""
        return {(run["workload"], run["policy"]): run
                for run in runs or self.found["runs"]
                if run["guest"] == guest}

    def test_coherent(self):
        """every run comes to its end and is coherent"""
        self.assertEqual(self.found["cpus"], 1)
        self.assertEqual({run["verdict"] for run in self.found["runs"]},
                         {"coherent"})
        self.assertEqual(len(self.runs("idle")), len(self.runs("running")))
        self.assertGreaterEqual(len(self.found["runs"]), 110)

    def test_running(self):
        """a running guest reads between two pages of the host's work"""
        idle, running = self.runs("idle"), self.runs("running")
        for key, run in running.items():
            self.assertEqual(run["counters"].get("kicks", 0), 0, key)
            if key[0] in ("cow-host", "merge", "zero", "migrate"):
                self.assertGreaterEqual(
                    run["counters"]["exits.hypercall"] -
                    idle[key]["counters"]["exits.hypercall"], PAGES, key)

    def test_same_counts(self):
        """with an idle guest, counts are those of a machine with two CPUs"""
        two = self.runs("idle", compare("--cpus", "2", "--guest",
                                        "idle")["runs"])
        one = self.runs("idle")
        self.assertEqual(one.keys(), two.keys())
        for key, run in one.items():
            for name in {*run["counters"], *two[key]["counters"]} - DIFFERENT:
                self.assertEqual(run["counters"].get(name, 0),
                                 two[key]["counters"].get(name, 0),
                                 (*key, name))

    def test_two_vcpus(self):
        """two vCPUs share the CPU with the host"""
        found = compare("--cpus", "1", "--vcpus", "2", "--policy",
                        "change-pte", "--guest", "running")
        self.assertEqual({run["verdict"] for run in found["runs"]},
                         {"coherent"})


if __name__ == "__main__":
    support.main()
