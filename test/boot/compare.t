#!/usr/bin/python3
"""The real kernel through the real front end, on Bochs: the counts that the
policies must show, the limits that hold for each of them, and that two runs
are the same to the byte."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import recount  # noqa: E402
import support  # noqa: E402
from tools import image  # noqa: E402
from tools.backends.backend import Boot  # noqa: E402
from tools.backends.bochs import BochsVmx  # noqa: E402
from tools.report import saved, wins  # noqa: E402
from tools.runner import Limits, run_matrix  # noqa: E402

PAGES = 1024
POLICIES = ("bracket", "clear-flush-notify", "change-2009", "change-pte",
            "upgrade-noflush", "batch", "defer")


def tandem(*argv, command="compare"):
    """Status, standard output and error of ./tandem on Bochs."""
    done = subprocess.run([ROOT / "tandem", command, "--backend", "bochs-vmx",
                           *argv], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def compare(*argv):
    """The runs of a matrix that must end with status 0."""
    status, out, err = tandem("--quiet", "--format", "json", *argv)
    if status:
        raise AssertionError(f"status {status}: {err}")
    return json.loads(out)


def between(run, first, last):
    """Sums of counters over the phases @first to @last of @run."""
    names = [phase["name"] for phase in run["phases"]]
    start = names.index(first)
    end = names.index(last, start)
    total = {}
    for phase in run["phases"][start:end + 1]:
        for name, n in phase["counters"].items():
            total[name] = total.get(name, 0) + n
    return total


# Workload, first and last phase, the counter of the second figure, and for
# each policy flush requests and that counter (docs/expected-counts.md).
N = PAGES
EXPECTED = (
    ("cow-host", "fork", "guest-read", "pf_refault",
     ((1, N), (1, N), (1, N), (1, 0), (1, 0), (1, 0), (1, 0))),
    ("cow-host", "host-write", "guest-read", "pf_refault",
     ((N, N), (N, N), (N, N), (N, 0), (N, 0), (N, 0), (N, 0))),
    ("cow-guest", "guest-write", "guest-write", "pf_taken",
     ((N, 2 * N), (N, 2 * N), (N, 2 * N), (N, N), (N, N), (N, N), (N, N))),
    ("merge", "merge", "guest-read", "pf_refault",
     ((N, N), (N, N), (2 * N - 1, 0), (2 * N - 1, 0), (2 * N - 1, 0),
      (2, 0), (N, 0))),
    ("takeover", "host-write", "guest-write", "pf_taken",
     ((0, N), (0, N), (0, N), (N, 0), (0, 0), (0, 0), (0, 0))),
)


class Counts(support.unittest.TestCase):
    """With an idle guest the counts are exact."""

    @classmethod
    def setUpClass(cls):
        workloads = ",".join(dict.fromkeys(row[0] for row in EXPECTED))
        found = compare("--workload", workloads, "--guest", "idle",
                        "--pages", str(PAGES))
        cls.runs = {(run["workload"], run["policy"]): run
                    for run in found["runs"]}

    def check(self, row):
        workload, first, last, counter, cells = EXPECTED[row]
        found = []
        for policy in POLICIES:
            total = between(self.runs[workload, policy], first, last)
            found.append((total["remote_tlb_flush_requests"],
                          total[counter]))
        self.assertEqual(tuple(found), cells)

    def test_fork(self):
        """fork, then the guest reads"""
        self.check(0)

    def test_host_copy(self):
        """the host writes after a fork, then the guest reads"""
        self.check(1)

    def test_guest_copy(self):
        """the guest writes after a fork"""
        self.check(2)

    def test_merge(self):
        """equal pages are merged, then the guest reads"""
        self.check(3)

    def test_takeover(self):
        """the last sharer writes, then the guest; the bound is printed"""
        self.check(4)
        run = self.runs["takeover", "upgrade-noflush"]
        self.assertEqual(run["predicted"]["pf_spurious_max"], PAGES)


class Bounds(support.unittest.TestCase):
    """Every workload under every policy, with two running vCPUs."""

    @classmethod
    def setUpClass(cls):
        cls.found = compare("--pages", "128", "--vcpus", "2", "--guest",
                            "running")

    def test_coherent(self):
        """every run is coherent"""
        self.assertEqual({run["verdict"] for run in self.found["runs"]},
                         {"coherent"})
        self.assertEqual(len(self.found["runs"]) % len(POLICIES), 0)
        self.assertGreaterEqual(len(self.found["runs"]), 77)

    def test_kicks(self):
        """kicks are at most requests times vCPUs"""
        for run in self.found["runs"]:
            n = run["counters"]
            self.assertLessEqual(
                n.get("kicks", 0), 2 * n["remote_tlb_flush_requests"], run)

    def test_executed(self):
        """each flush that a vCPU took was one INVEPT, in each phase"""
        for run in self.found["runs"]:
            for phase in run["phases"]:
                n = phase["counters"]
                self.assertEqual(n.get("remote_tlb_flush", 0),
                                 n.get("invept_single", 0) +
                                 n.get("invept_global", 0), run)

    def test_histogram(self):
        """the histogram of what took time has each sample, in its place"""
        for run in self.found["runs"]:
            for ticks in run["ticks"].values():
                powers = {int(name.removeprefix("log2_")): number for
                          name, number in ticks.items() if "log2_" in name}
                self.assertEqual(sum(powers.values()), ticks["count"], run)
                self.assertEqual((min(powers), max(powers)),
                                 (ticks["min"].bit_length() - 1,
                                  ticks["max"].bit_length() - 1), run)

    def test_least(self):
        """no run, of one page or of many, needs less than the least"""
        single = compare("--pages", "1", "--guest", "idle")
        for run in self.found["runs"] + single["runs"]:
            for name, least in run["ideal"].items():
                self.assertGreaterEqual(run["counters"].get(name, 0), least,
                                        (run["workload"], run["policy"],
                                         name))

    def test_who_wins(self):
        """the sentence of each workload is true"""
        with support.tempfile.NamedTemporaryFile("w") as file:
            json.dump(self.found, file)
            file.flush()
            for name, text in wins.sentences(saved.load(Path(file.name))):
                recount.check(self, self.found, name, text)


class Mutants(support.unittest.TestCase):
    """--mutants without names asks no run for what it cannot show."""

    def caught(self, *argv):
        """The mutants that ran; each run of each caught it."""
        found = compare("--mutants", "--policy", "change-pte", *argv)
        runs = [run for run in found["runs"] if run["mutant"]]
        self.assertLessEqual({run["verdict"] for run in runs},
                             {"stale", "violation"})
        return {run["mutant"] for run in runs}

    def test_few_pages(self):
        """all workloads over 64 pages: all but table-free-early"""
        found = self.caught("--pages", "64")
        self.assertEqual(len(found), 12)
        self.assertNotIn("table-free-early", found)

    def test_pages(self):
        """a table of 512 pages: table-free-early too"""
        self.assertIn("table-free-early", self.caught(
            "--pages", "512", "--workload", "discard"))

    def test_idle(self):
        """an idle guest, or one CPU: none that needs a guest beside"""
        for argv in (("--guest", "idle"), ("--cpus", "1")):
            found = self.caught("--pages", "16", "--workload",
                                "cow-host,merge,takeover", *argv)
            self.assertLessEqual({"no-flush", "flush-late"}, found)
            self.assertFalse(found & {"free-early", "ignore-inprog",
                                      "kick-nowait"})

    def test_none(self):
        """a workload that shows none"""
        self.assertEqual(self.caught("--workload", "control", "--pages",
                                     "16"), set())


class Machine(support.unittest.TestCase):

    def test_same_bytes(self):
        """two runs give the same results.json, running guests included,
        whether one emulator runs at a time or two"""
        argv = ("--quiet", "--format", "json", "--pages", "64", "--workload",
                "cow-host,merge-guest,migrate,churn")
        first, second = (tandem(*argv, "--jobs", jobs) for jobs in "12")
        self.assertEqual(first[0], 0, first[2])
        self.assertTrue(first == second)

    def test_churn(self):
        """churn with two running vCPUs and two more host threads"""
        found = compare("--workload", "churn", "--pages", "32", "--vcpus",
                        "2", "--cpus", "5", "--guest", "running",
                        "--operations", "300")
        for run in found["runs"]:
            self.assertEqual(run["verdict"], "coherent", run)
            for name in ("cow_copy", "ksm_merged", "kicks"):
                self.assertGreater(run["counters"][name], 0, run)

    def test_seed(self):
        """another seed is another churn"""
        argv = ("--workload", "churn", "--pages", "16", "--operations",
                "64", "--guest", "idle",
                "--policy", "bracket")
        one, same, other = (compare(*argv, "--seed", seed)["runs"][0]
                            for seed in ("1", "1", "2"))
        self.assertEqual(one, same)
        self.assertNotEqual(one["counters"], other["counters"])

    def test_mutant(self):
        """no-flush is caught by a running guest of cow-host"""
        found = compare("--mutants", "no-flush", "--workload", "cow-host",
                        "--policy", "change-pte", "--guest", "running",
                        "--pages", "64")
        verdicts = {run["mutant"]: run["verdict"] for run in found["runs"]}
        self.assertEqual(verdicts, {None: "coherent", "no-flush": "stale"})

    def test_mutant_unseen(self):
        """a mutant that nothing could have caught is a failure"""
        status, _, err = tandem("--mutants", "no-flush", "--workload",
                                "control", "--policy", "change-pte", "--pages", "64",
                                "--quiet", "--format", "json")
        self.assertEqual(status, 1)
        self.assertIn("mutant no-flush was not caught", err)

    def refused(self, name, value, *mentioned):
        """The kernel itself answers @name=@value with one line."""
        boot = Boot(image.build(), {name: value}, cpus=1, memory_mib=64)
        outcome = run_matrix(BochsVmx(), boot, Limits())
        self.assertEqual(outcome.status, 2)
        self.assertEqual(len(outcome.reading.errors), 1)
        wrong = value.rpartition(",")[2]        # of a list, the wrong one
        for text in (f"{name}=", wrong, *mentioned):
            self.assertIn(text, outcome.reading.errors[0])

    def test_bad_words(self):
        """the kernel refuses words and values that it does not know"""
        self.refused("polcy", "bracket", "policy=", "workload=")
        self.refused("policy", "brakcet", "bracket", "change-pte")
        self.refused("workload", "cow-host,cow", "cow-guest")
        self.refused("pages", "0", "262144")
        self.refused("guest", "both,idle", "running")


if __name__ == "__main__":
    support.main()
