#!/usr/bin/python3
"""The event trace of real runs: each kick leads to the exit and the flush that
it caused, each refault has its steps, and the file says what it lacks."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from chrome_trace import ChromeTrace  # noqa: E402

RUNNING = ("--backend", "qemu-svm", "--guest", "running", "--vcpus", "2")
IDLE = ("--backend", "bochs-vmx", "--guest", "idle")
CHAIN = ["exit", "flush", "kick", "request"]


class Traced(support.unittest.TestCase):

    def run_traced(self, *argv, trace=("--trace",)):
        """The trace of a run, its results, and what was said of it."""
        with support.tempfile.TemporaryDirectory() as name:
            done = subprocess.run(
                [ROOT / "tandem", "run", *argv, *trace, "--out", name,
                 "--quiet"], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            out = json.loads((Path(name) / "results.json").read_text())
            trace = ChromeTrace((Path(name) / "trace.json").read_text())
        self.assertEqual(trace.wrong, [])
        return trace, out["runs"], done.stderr

    def kicks_lead_on(self, trace, runs):
        """Each kick that was counted has its flow, but for what is said to be
        left out. Returns how many kicks have none."""
        kicks = len(trace.named("kick"))
        self.assertGreater(kicks, 0)
        if "first" not in trace.other["left out"]:
            self.assertEqual(kicks, runs[0]["counters"]["kicks"])
        ends = [sorted(part.name for _, part in chain)
                for chain in trace.flows.values()]
        # A vCPU that halts takes no more requests.
        self.assertEqual([end for end in ends if end != CHAIN
                          and end != ["exit", "kick", "request"]], [])
        self.assertGreaterEqual(ends.count(CHAIN), len(ends) - 2)
        for chain in trace.flows.values():
            parts = {part.name: part for _, part in chain}
            self.assertEqual(chain[0][1].name, "request")
            self.assertLessEqual(parts["kick"].ts, parts["exit"].ts)
            self.assertEqual({part.tid for name, part in parts.items()
                              if name in ("exit", "flush")},
                             {100 + parts["kick"].args["CPU"] + 1})
        return kicks - len(ends)

    def test_merge(self):
        """merge with two running vCPUs: request, kick, exit, flush"""
        trace, runs, err = self.run_traced(
            *RUNNING, "--workload", "merge", "--policy", "change-pte",
            "--pages", "64")
        self.assertEqual(trace.other["left out"], "nothing")
        self.assertEqual(err, "")
        self.assertEqual(self.kicks_lead_on(trace, runs), 0)
        # Each page is protected, and all but the first get its frame.
        self.assertGreaterEqual(len(trace.named("change")), 2 * 64 - 1)
        for change in trace.named("change"):
            steps = [s.name for s in change.inside if s.name[0] == "N"]
            self.assertEqual(steps[:5], ["N1", "N2", "N3", "N4", "N5"])

    def test_cow_host(self):
        """cow-host of a policy that zaps: refaults with F1 to F5, and more
        events than there is room for"""
        trace, runs, err = self.run_traced(
            *RUNNING, "--workload", "cow-host", "--policy", "bracket",
            "--pages", "32")
        missed = self.kicks_lead_on(trace, runs)
        text = f"the exits of {missed} kicks"
        self.assertEqual(missed > 0, text in trace.other["left out"])
        self.assertTrue(trace.named("refault"))
        for refault in trace.named("refault"):
            steps = [s.name for s in refault.inside if s.name[0] == "F"]
            self.assertEqual(steps, ["F1", "F2", "F3", "F4", "F5"])
            self.assertIn("zapped", refault.args["old entry"]["rights"])
        for text in trace.other["left out"].split("; "):
            self.assertTrue(text == "nothing" or text in err, (text, err))

    def test_counts(self):
        """an idle guest's faults are those that were counted"""
        trace, runs, _ = self.run_traced(
            *IDLE, "--workload", "cow-host", "--policy", "bracket",
            "--pages", "16")
        counters = runs[0]["counters"]
        found = Counter(s.name for s in trace.slices)
        self.assertEqual(found["refault"], counters["pf_refault"])
        self.assertEqual(found["refault"] + found["fault"],
                         counters["pf_fixed"])
        self.assertEqual(found["primary flush"],
                         counters["primary_flush_requests"])
        self.assertEqual(found["flush request"],
                         counters["remote_tlb_flush_requests"])
        self.assertEqual(found["flush"], counters["remote_tlb_flush"])
        self.assertEqual([s.name for s in trace.slices if s.tid == 100],
                         [phase["name"] for phase in runs[0]["phases"]])

    def test_mutants(self):
        """each run is a process of its own, and a phase may be chosen"""
        trace, runs, err = self.run_traced(
            *IDLE, "--workload", "cow-host", "--policy", "change-pte",
            "--pages", "4", "--mutants", "set-first",
            trace=("--trace", "host-write"))
        self.assertEqual(len(runs), 2)
        self.assertEqual({pid for what, pid, *_ in trace.names
                          if what == "process_name"}, {1, 2})
        self.assertIn("mutant set-first", trace.names["process_name", 2])
        for pid, order in ((1, ["N4", "N5"]), (2, ["N5", "N4"])):
            steps = [s.name for s in trace.slices if s.pid == pid
                     and s.name in order]
            self.assertEqual(steps, order * 4)
        self.assertIn("phase fork: not asked for", err)
        self.assertEqual(len(trace.named("fork (left out)")), 2)
        self.assertEqual(len(trace.named("protection")), 0)

    def test_no_phase(self):
        """a phase that there is not is refused, with those that there are"""
        done = subprocess.run(
            [ROOT / "tandem", "run", *IDLE, "--workload", "cow-host",
             "--policy", "bracket", "--trace", "host-wirte"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("'phases=host-wirte' is not accepted: there are "
                      "populate fork", done.stderr)


if __name__ == "__main__":
    support.main()
