#!/usr/bin/python3
"""`./tandem bench`: what is refused, and what is said of figures that are not
of one host thread or not all there. test/boot/bench.t holds the figures."""

import csv
import io
import json
import unittest.mock

import support
from support import head, run_text

SHARED = ["host_cow_break", "host_merge_break", "host_takeover"]
OPERATIONS = ["refault", *SHARED, "scan_merge"]
KNOWN = "".join(f"list operations {name} text\n" for name in OPERATIONS) \
    + support.NAMES


class Counting(support.Scripted):
    """A boot for each operation; that of @ending is interrupted."""

    name = "counting"
    counts = True

    def __init__(self, ending=""):
        super().__init__({})
        self.ending = ending

    def launch(self, boot, directory):
        operation = boot.words.get("bench", "")
        if operation and operation == self.ending:
            raise KeyboardInterrupt
        text = head(1) + run_text(1, 1, workload=operation).replace(
            "host_cow_break", operation) + "exit status=0\n"
        self.script = {"1": [{"say": text}]}
        with unittest.mock.patch.object(support, "NAMES", KNOWN):
            return super().launch(boot, directory)


class Bench(support.FrontEndTest):

    def bench(self, *argv, ending=""):
        self.machine = Counting(ending)
        return self.tandem("bench", "--policy", "bracket", "--jobs", "1",
                           *argv, backends=[self.machine])

    def booted(self):
        return [boot.words["bench"] for boot in self.machine.boots
                if "bench" in boot.words]

    def refused(self, *argv, mentions):
        self.assertEqual(self.bench("--quiet", *argv), 2)
        self.assertEqual(len(self.err.splitlines()), 1, self.err)
        for word in mentions:
            self.assertIn(word, self.err)
        self.assertEqual((self.booted(), self.out), ([], ""))

    def test_profile(self):
        """--profile refuses what it would ignore"""
        where = self.directory / "out"
        for option, value, mention in (
                ("--pages", "65", "from 1 to 64"), ("--hosts", "2", "one"),
                ("--format", "json", "table"), ("--format", "csv", "table"),
                ("--out", str(where), "printed")):
            self.refused("--profile", "--op", "refault", option, value,
                         mentions=(f"{option} {value}", "--profile", mention))
        self.assertFalse(where.exists())

    def test_not_shared(self):
        """several hosts and an operation that they do not share"""
        self.refused("--hosts", "2", "--op", "host_takeover,refault",
                     mentions=("--hosts 2", "--op refault:",
                               " ".join(SHARED)))
        self.refused("--hosts", "2", "--op", "scan_merge",
                     mentions=("--op scan_merge:",))
        self.refused("--hosts", "15", mentions=("'15'", "from 1 to 14"))

    def test_shared(self):
        """several hosts and all operations: those that they share"""
        self.assertEqual(self.bench("--hosts", "2"), 0, self.err)
        self.assertEqual(self.booted(), SHARED)
        self.assertEqual(sum(" ".join(SHARED) in line
                             for line in self.err.splitlines()), 1)
        self.assertEqual(self.bench(), 0, self.err)
        self.assertEqual(self.booted(), OPERATIONS)

    def test_no_ratio(self):
        """what several hosts take is not compared with Linux"""
        self.assertEqual(self.bench("--hosts", "2"), 0, self.err)
        self.assertIn("one of 2 host threads", self.out)
        self.assertIn("bracket: 36 in all\n", self.out)
        for word in ("ratio:", "is above it", "7790"):
            self.assertNotIn(word, self.out)
        self.assertEqual(self.bench(), 0, self.err)
        for word in ("one CPU", "ratio:", "is above it", "7790"):
            self.assertIn(word, self.out)

    def test_written(self):
        """both files say how many hosts and pages there were"""
        for hosts, linux in (("1", 7790), ("2", 0)):
            argv = ("--op", "host_cow_break", "--hosts", hosts, "--pages",
                    "96", "--format")
            self.assertEqual(self.bench(*argv, "json"), 0, self.err)
            found = json.loads(self.out)
            row, = found["operations"]
            self.assertEqual((found["hosts"], found["pages"], row["linux"],
                              row["goal"] > 0), (int(hosts), 96, linux,
                                                 linux > 0))
            self.assertEqual(self.bench(*argv, "csv"), 0, self.err)
            row, = csv.DictReader(io.StringIO(self.out))
            self.assertEqual((row["hosts"], row["pages"], row["linux"]),
                             (hosts, "96", str(linux)))

    def test_interrupted(self):
        """Ctrl-C: the table and results.json say that they are not whole"""
        where = self.directory / "out"
        self.assertEqual(self.bench("--out", str(where),
                                    ending="host_merge_break"), 130)
        self.assertIn("ended early, with 2 runs\n", self.out)
        self.assertIn("not of all", self.out)
        found = json.loads((where / "results.json").read_text())
        self.assertEqual(found["faults"], ["ended early, with 2 runs"])
        self.assertEqual(self.bench(), 0)
        self.assertNotIn("not of all", self.out)


if __name__ == "__main__":
    support.main()
