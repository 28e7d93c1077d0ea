#!/usr/bin/python3
"""The parser of the serial protocol."""

import re
import unittest

import support

from tools.console import parse
from tools.report.results import Reading


class Parsing(unittest.TestCase):

    def test_each_form_of_the_protocol(self):
        """each form in docs/console.md is understood"""
        text = (support.ROOT / "docs/console.md").read_text()
        block = text.split("## Records")[1]
        forms = [line[4:] for line in block.splitlines()
                 if re.match(r"    \S", line)]
        self.assertGreater(len(forms), 15)
        for form in forms:
            # The longer forms explain themselves behind a wide gap.
            line = form.split("   ")[0].replace("=N", "=1") \
                .replace("1..N", "1..3").replace("NAME=", "name=") \
                .replace(" ...", "").strip()
            self.assertIsNotNone(parse(line), line)

    def test_numbers(self):
        """decimal and hexadecimal numbers, zeros in front"""
        record = parse("stale gfn=0x40000 word=0 expected=0x10 found=007")
        self.assertEqual(record.numbers(), {"gfn": 0x40000, "word": 0,
                                            "expected": 16, "found": 7})

    def test_run(self):
        """a run record has its number, its total and its words"""
        record = parse("run 3/110 workload=cow-host policy=change-pte "
                       "mutant=none seed=1 guest=idle pages=1024 vcpus=1\r\n")
        self.assertEqual((record.number, record.total), (3, 110))
        self.assertEqual(record.fields["workload"], "cow-host")

    def test_chatter(self):
        """lines that only look like records are chatter"""
        for line in ("", "run", "run 3 workload=a policy=b", "phase",
                     "run 1/2 policy=b seed=1",
                     "phase name=1", "phase fork pf_taken=many",
                     "phase fork pf_taken=1 and more", "result 1/2",
                     "exit", "exit status=now", "progress 1/2",
                     "machinery is noisy"[:9] + "x", "okay then",
                     "tandem two words", "list policies", "trace cpu=1"):
            self.assertIsNone(parse(line), line)

    def test_tap(self):
        """boot scenarios in TAP form"""
        for line in ("ok 1 - a", "not ok 2 - b", "1..2", "# why"):
            self.assertEqual(parse(line).kind, "tap")
        self.assertEqual(parse("SUMMARY: 1 passed, 0 failed").text,
                         "1 passed, 0 failed")


class Gathering(unittest.TestCase):

    def read(self, text):
        reading = Reading()
        for line in text.splitlines():
            reading.feed(line)
        return reading

    def test_run_is_the_sum_of_its_phases(self):
        """counters and ideals of a run are sums over its phases; what one
        phase does not know, nobody knows"""
        run, = self.read(support.head(1) + support.run_text(1, 1)).runs
        self.assertEqual(run.counters["remote_tlb_flush_requests"], 5)
        self.assertEqual(run.ideal, {"remote_tlb_flush_requests": 5})
        self.assertEqual(run.phases[1].ideal["pf_refault"], 0)
        self.assertEqual([p.name for p in run.phases],
                         ["fork", "host-write"])
        self.assertEqual(run.predicted, {"pf_spurious_max": 2})
        self.assertEqual(run.ticks["host_cow_break"]["median"], 12)
        self.assertEqual(run.verdict, "coherent")

    def test_a_phase_in_two_lines(self):
        """more counters for a phase extend it, the same ones begin another"""
        begin = "run 1/1 workload=w policy=p\n"
        run = self.read(begin + "phase a x=1\nphase a y=2\n").current
        self.assertEqual([p.counters for p in run.phases],
                         [{"x": 1, "y": 2}])
        run = self.read(begin + "phase a x=1\nphase a x=2\n").current
        self.assertEqual([p.counters for p in run.phases],
                         [{"x": 1}, {"x": 2}])

    def test_two_phases_of_one_name(self):
        """a progress record separates phases of the same name"""
        run = self.read("run 1/1 workload=w policy=p\n"
                        "progress 1/1 phase=a\nphase a x=1\nideal a x=5\n"
                        "progress 1/1 phase=a\nphase a y=2\nideal a x=6\n"
                        ).current
        self.assertEqual([(p.counters, p.ideal) for p in run.phases],
                         [({"x": 1}, {"x": 5}), ({"y": 2}, {"x": 6})])

    def test_violations_are_counted_by_rule(self):
        """violations are counted by rule and kept to be shown"""
        run = self.read("run 1/1 workload=w policy=p\nviolation rule=O1 a\n"
                        "violation rule=O2 gfn=1\nviolation rule=O1 b\n"
                        ).current
        self.assertEqual(run.violations, {"O1": 2, "O2": 1})
        self.assertEqual(len(run.notes), 3)


if __name__ == "__main__":
    support.main()
