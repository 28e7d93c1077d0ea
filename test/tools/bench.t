#!/usr/bin/python3
"""`./tandem bench`: what is refused, and what is said of figures that are not
of one host thread or not all there. test/boot/bench.t holds the figures."""

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


if __name__ == "__main__":
    support.main()
