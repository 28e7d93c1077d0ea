#!/usr/bin/python3
"""What arrives on the console is not believed: a record that is missing,
doubled or damaged is named in a line, and the status is not 0."""

import json

import support
from support import head, run_text, trial_text
from tools.report.results import Reading

END = "exit status=0\n"
RUNS = head(3) + run_text(1, 3) + run_text(2, 3) + run_text(
    3, 3, "stale", "change-pte", "no-flush", stale=2) + END
TRIALS = head(2) + trial_text(1, 2) + trial_text(
    2, 2, "forbidden-seen", policy="change-pte", mutant="no-flush", seen=1,
    violations=3) + END
# Records that need not be there.
OPTIONAL = ("ticks",)


class Account(support.FrontEndTest):

    def play(self, command, text, script=None):
        """Status of a machine that says @text and ends."""
        return self.tandem(command, "--format", "json", script={
            "1": [{"say": text}], **(script or {})})

    def named(self, command, text, *mentions, status=4):
        """@text is not believed: one line has all of @mentions."""
        self.assertEqual(self.play(command, text), status, text)
        lines = [line for line in self.err.splitlines()
                 if line.startswith("tandem: ")]
        self.assertTrue(any(all(word in line for word in mentions)
                            for line in lines), (mentions, lines))


class Each(Account):
    """Each line of a console in turn, by a reader without a machine."""

    def faults(self, lines):
        reading = Reading()
        for line in lines:
            reading.feed(line)
        if reading.exit_status is None:
            reading.abandon("died")
        reading.close()
        return reading.faults

    def each(self, edit):
        """What @edit makes of each line of both consoles, one at a time."""
        for text in (RUNS, TRIALS):
            lines = text.splitlines()
            self.assertEqual(self.faults(lines), [])
            for i, line in enumerate(lines):
                for instead in edit(line):
                    yield line, self.faults([*lines[:i], *instead,
                                             *lines[i + 1:]])

    def test_missing(self):
        """no record can be missing"""
        for line, faults in self.each(lambda line: [[]]):
            if line.split()[0] not in OPTIONAL:
                self.assertTrue(faults, line)
                self.assertLessEqual(len(faults), 2, faults)

    def test_doubled(self):
        """no record can come twice"""
        for line, faults in self.each(lambda line: [[line, line]]):
            # Behind exit nobody reads on; progress is a sign of life.
            if line.split()[0] not in ("exit", "progress"):
                self.assertEqual(len(faults), 1, (line, faults))

    def test_damaged(self):
        """no record can lose its end in a word, or have another number"""
        def edits(line):
            for at, char in enumerate(line):
                if char == "=":
                    yield [line[:at]]           # NAME
                    yield [line[:at + 1]]       # NAME=
                    if line[at + 1].isdigit():
                        yield [line[:at + 1] + "x" + line[at + 2:]]
        for line, faults in self.each(edits):
            self.assertTrue(faults or line.startswith("machine"), line)

    def test_runs_that_are_lost_whole(self):
        """nor can a run with all that belongs to it"""
        for text in (RUNS, TRIALS):
            first, *runs = text.replace(END, "").split("\nrun ")
            runs = ["run " + run for run in runs]
            for i in range(len(runs)):
                rest = "\n".join([first, *runs[:i], *runs[i + 1:], END])
                self.assertEqual(
                    self.faults(rest.splitlines()),
                    [f"run {i + 1}/{len(runs)} is missing"])


class Named(Account):
    """Whole calls."""

    def test_whole(self):
        """a console without a fault: 0"""
        self.assertEqual(self.play("compare", RUNS), 0, self.err)
        self.assertEqual(self.play("litmus", TRIALS), 0, self.err)

    def test_status(self):
        """a kernel that is not content though its records are: not 0"""
        self.named("compare", head(1) + run_text(1, 1) + "exit status=1\n",
                   "the kernel ended with status 1")
        self.named("litmus", head(1) + trial_text(1, 1) + "exit status=1\n",
                   "the kernel ended with status 1")

    def test_fewer_runs(self):
        """fewer runs than planned"""
        self.named("compare", head(5) + run_text(1, 5) + run_text(3, 5) + END,
                   "run 2/5 is missing")
        self.assertIn("runs 4 to 5 of 5 are missing", self.err)
        self.named("litmus", head(2) + trial_text(1, 2) + END,
                   "run 2/2 is missing")

    def test_result(self):
        """a run without its result counts as died"""
        text = RUNS.replace("result 1/3 verdict=coherent violations=0 "
                            "stale_reads=0\n", "")
        self.named("compare", text, "run 1/3 has no result")
        self.assertEqual([run["verdict"] for run in
                          json.loads(self.out)["runs"]],
                         ["died", "coherent", "stale"])

    def test_phase(self):
        """a damaged phase record is shown"""
        self.named("compare", RUNS.replace("pf_taken=4", "pf_tak&n=4", 1),
                   "a damaged record", "pf_tak&n=4")

    def test_twice(self):
        """a run that comes twice is taken once"""
        text = head(2) + run_text(1, 2) + run_text(1, 2) + run_text(2, 2) + END
        self.named("compare", text, "run 1/2 came twice")
        self.assertEqual(len(json.loads(self.out)["runs"]), 2)

    def test_contradiction(self):
        """a verdict that its own run contradicts"""
        self.named("compare", head(1) + run_text(1, 1, stale=1) + END,
                   "run 1/1 is said to be coherent, with 1 stale reads")
        text = head(1) + run_text(1, 1).replace(
            "result", "violation rule=O2 count=1\nresult") + END
        self.named("compare", text, "coherent, with 0 stale reads and 1 viol")

    def test_death_between_runs(self):
        """a machine that dies between two runs: 4, and where is said"""
        self.named("compare", head(3) + run_text(1, 3),
                   "the machine died between two runs, after 1/3")
        self.assertIn("runs 2 to 3 of 3 are missing", self.err)
        self.named("compare", head(1) + run_text(1, 1),
                   "the machine died between two runs, after 1/1")
        self.named("litmus", head(2) + trial_text(1, 2),
                   "the machine died between two runs, after 1/2")

    def test_death_between_mutants(self):
        """also where the run before was that of a mutant, and was caught"""
        caught = run_text(1, 2, "stale", mutant="no-flush", stale=1)
        self.named("compare", head(2) + caught, "died between two runs")
        self.assertIn("run 2/2 is missing", self.err)
        caught = run_text(1, 1, "stale", mutant="no-flush", stale=1)
        self.named("compare", head(1) + caught,
                   "died between two runs, after 1/1")
        self.named("litmus", TRIALS.replace(END, ""),
                   "died between two runs, after 2/2")

    def test_hang_between_runs(self):
        """a machine that goes silent between two runs: 4"""
        status = self.tandem("compare", "--format", "json", script={
            "1": [{"say": head(2) + run_text(1, 2)}, {"wait": 1}]})
        self.assertEqual(status, 4)
        self.assertIn("the machine went silent between two runs, after 1/2",
                      self.err)

    def test_workloads_of_litmus(self):
        """litmus --mutants: the boot for the oracle is accounted for too"""
        self.explorer.write_text("#!/bin/sh\n")
        self.explorer.chmod(0o755)
        self.assertEqual(self.tandem(
            "litmus", "--mutants", "--format", "json", script={
                "1": [{"say": TRIALS}],
                "workload": [{"say": head(2) + run_text(
                    1, 2, "stale", mutant="no-flush", stale=1)}]}), 4)
        self.assertIn("run 2/2 is missing", self.err)


if __name__ == "__main__":
    support.main()
