#!/usr/bin/python3
"""./tandem litmus over a machine that plays a script: its arguments, verdicts,
statuses, the kill matrix, and what is printed."""

import csv
import io
import json
import os
import unittest.mock
from pathlib import Path

import support
from support import head, run_text, trial_text
from tools.patience import Patience
from tools.commands import litmus

END = "exit status=0\n"


class Litmus(support.FrontEndTest):

    def play(self, text, *argv, more=None):
        script = {"1": [{"say": text}, {"end": 0}], **(more or {})}
        return self.tandem("litmus", "--format", "json", *argv,
                           script=script)

    def trials(self):
        return json.loads(self.out)["tests"]

    def explores(self, *lines, then="exit 1"):
        """Put a program in the explorer's place that prints @lines."""
        self.explorer.write_text(
            "#!/bin/sh\n"
            "[ \"$1 $2 $3\" = '--mutants --policy none' ] || exit 9\n"
            + "".join(f"echo '{line}'\n" for line in lines) + then)
        self.explorer.chmod(0o755)
        self.explorer.with_name("mutants.txt").unlink(missing_ok=True)


class Arguments(Litmus):

    def words(self, *argv):
        self.play(head(1) + trial_text(1, 1) + END, *argv)
        boots = [b for b in self.backend.boots if "list" not in b.words]
        return boots[0].command_line

    def test_defaults(self):
        """all tests under all policies, on 4 CPUs"""
        self.assertEqual(self.words(), "litmus=all seed=1 policy=all")
        self.assertEqual(self.backend.boots[-1].cpus, 4)

    def test_everything(self):
        """every option arrives"""
        self.assertEqual(
            self.words("--test", "COW-MP,COW-XIAO", "--policy", "bracket",
                       "--rounds", "7", "--seed", "3", "--cpus", "5"),
            "litmus=COW-MP,COW-XIAO seed=3 policy=bracket rounds=7")
        self.assertEqual(self.backend.boots[-1].cpus, 5)

    def refused(self, *argv, mentions=()):
        self.assertEqual(self.tandem("litmus", *argv), 2)
        last = self.err.splitlines()[-1]
        for word in mentions:
            self.assertIn(word, last)
        self.assertFalse([b for b in self.backend.boots
                          if "list" not in b.words])

    def test_refused(self):
        """names that the kernel does not have, and wrong numbers"""
        self.refused("--test", "COW", mentions=("'COW'", "COW-MP COW-XIAO"))
        self.refused("--test", "guest_oracle", mentions=("COW-MP COW-XIAO",))
        self.refused("--policy", "x", mentions=("'x'", "bracket change-pte"))
        self.refused("--rounds", "0", mentions=("--rounds", "from 1"))
        self.refused("--workload", "merge", mentions=("--test", "--replay"))

    def trace(self, text):
        path = self.directory / "trace"
        path.write_text(text)
        return str(path)

    def test_replay(self):
        """a trace's head line becomes the kernel's words"""
        path = self.trace("# explore test=COW-XIAO policy=change-pte "
                          "mutant=no-flush preemptions=2 schedule=0:5,1:3\n"
                          "# words 0\nhost | vcpu0\n")
        self.assertEqual(
            self.words("--replay", path, "--rounds", "4"),
            "litmus=COW-XIAO seed=1 policy=none mutants=no-flush "
            "schedule=0:5,1:3 rounds=4")
        path = self.trace("# explore test=COW-MP policy=bracket mutant=none "
                          "schedule=0:1\n")
        self.assertEqual(self.words("--replay", path), "litmus=COW-MP seed=1 "
                         "policy=bracket mutants=none schedule=0:1")

    def test_replay_refused(self):
        """what is no trace"""
        for text in ("", "nothing\n", "# explore test=COW-MP policy=bracket "
                     "mutant=none\n", "# schedule=0:1\n"):
            self.refused("--replay", self.trace(text),
                         mentions=("--replay", "schedule=.."))
        self.refused("--replay", "/nowhere", mentions=("No such file",))
        self.refused("--replay", self.trace(
            "# explore test=COW policy=bracket mutant=none schedule=0:1"),
                     mentions=("'COW'",))


class Verdicts(Litmus):

    def test_good(self):
        """nothing forbidden was seen: 0"""
        text = head(2) + trial_text(1, 2) + trial_text(
            2, 2, "allowed", test="COW-MP", seen=3, forbidden="no") + END
        self.assertEqual(self.play(text), 0)
        self.assertEqual(self.trials()[0], {
            "test": "COW-XIAO", "policy": "bracket", "mutant": None,
            "seed": 1, "rounds": 20, "forbidden": "yes", "seen": 0,
            "violations": {}, "caught_by": [], "verdict": "ok", "notes": []})
        self.assertEqual([(t["forbidden"], t["seen"], t["verdict"])
                          for t in self.trials()],
                         [("yes", 0, "ok"), ("no", 3, "ok")])

    def test_bad(self):
        """seen under a policy, a violation, a leak: 1, and it is named"""
        for verdict, more in (("forbidden-seen", {"seen": 2}),
                              ("violation", {"violations": 3}),
                              ("leak", {})):
            text = head(1) + trial_text(1, 1, verdict, **more) + END
            self.assertEqual(self.play(text), 1)
            self.assertEqual(self.trials()[0]["verdict"], verdict)
            self.assertIn(f"COW-XIAO under bracket: {verdict}", self.err)
        self.assertEqual(self.trials()[0]["violations"], {})

    def test_skipped(self):
        """too few CPUs is no failure, but if nothing was played it is"""
        text = head(2) + trial_text(1, 2, "skipped") + trial_text(2, 2) + END
        self.assertEqual(self.play(text), 0)
        self.assertEqual(self.trials()[0]["verdict"], "skipped")
        self.assertEqual(self.play(
            head(1) + trial_text(1, 1, "skipped") + END), 1)
        self.play(text, "--format", "table")
        self.assertIn("1 skipped", self.out)

    def test_death(self):
        """a machine that dies is booted again behind that trial: 4"""
        text = head(3) + trial_text(1, 3) + \
            "run 2/3 test=COW-MP policy=bracket mutant=none seed=1\nlast"
        rest = head(3) + trial_text(3, 3) + END
        self.assertEqual(self.play(text, more={"3": [{"say": rest}]}), 4)
        self.assertEqual([t["verdict"] for t in self.trials()],
                         ["ok", "died", "ok"])
        self.assertEqual(self.trials()[1]["last_output"][-1], "last")

    def test_hang(self):
        """a machine that goes silent: hang, 4"""
        text = head(1) + \
            "run 1/1 test=COW-MP policy=bracket mutant=none seed=1\n"
        script = {"1": [{"say": text}, {"wait": 1}]}
        self.assertEqual(self.tandem("litmus", "--format", "json",
                                     script=script), 4)
        self.assertEqual(self.trials()[0]["verdict"], "hang")


class Kills(Litmus):

    def play_mutants(self, trial, stale=0, *argv):
        verdict = "stale" if stale else "coherent"
        text = head(1) + run_text(1, 1, verdict, "change-pte", "no-flush",
                                  stale) + END
        return self.play(head(1) + trial + END, "--mutants", *argv,
                         more={"workload": [{"say": text}]})

    def mutant(self):
        return json.loads(self.out)["mutants"][0]

    def trial(self, *argv, **more):
        return trial_text(1, 1, *argv, policy="change-pte",
                          mutant="no-flush", **more)

    def setUp(self):
        super().setUp()
        self.explores()

    def test_words(self):
        """two boots: litmus tests, and workloads, under the mutants only"""
        self.play_mutants(self.trial("forbidden-seen", seen=1))
        first, second = [b.command_line for b in self.backend.boots
                         if "list" not in b.words]
        self.assertEqual(first,
                         "litmus=all seed=1 policy=none mutants=all")
        self.assertIn("policy=none mutants=all workload=cow-host,", second)

    def test_each_alone(self):
        """one that catches is enough"""
        missed = self.trial()
        self.assertEqual(self.play_mutants(missed), 1)
        self.assertIn("mutant no-flush: not caught", self.err)
        self.assertEqual(self.mutant(), {
            "mutant": "no-flush", "rule": "O12", "caught": False,
            "oracle": [], "checker": [], "outcome": [], "explorer": []})
        self.assertEqual(self.trials()[0]["verdict"], "missed")

        self.assertEqual(self.play_mutants(missed, 2), 0)
        self.assertEqual(self.mutant()["oracle"], ["cow-host"])
        self.assertEqual(self.play_mutants(
            self.trial("violation", violations=2)), 0)
        self.assertEqual(self.mutant()["checker"], ["O2"])
        self.assertEqual(self.trials()[0]["caught_by"], ["checker"])
        self.assertEqual(self.play_mutants(
            self.trial("forbidden-seen", seen=1)), 0)
        self.assertEqual(self.mutant()["outcome"], ["COW-XIAO"])

        self.explores("explore test=COW-XIAO policy=change-pte "
                      "mutant=no-flush seen=1 verdict=forbidden-seen",
                      "chatter")
        self.assertEqual(self.play_mutants(missed), 0)
        self.assertEqual(self.mutant()["explorer"], ["COW-XIAO"])
        self.assertEqual(self.trials()[0]["caught_by"], ["explorer"])

    def test_some_tests(self):
        """with --test only mutants that these tests show are judged"""
        trial = trial_text(1, 1, "forbidden-not-seen", policy="change-pte")
        self.assertEqual(self.play_mutants(trial), 1)
        self.assertEqual(self.play_mutants(trial, 0, "--test", "COW-XIAO"), 0)

    def test_explorer_misses(self):
        """the explorer's lines count for their own test and mutant only"""
        self.explores("explore test=COW-XIAO mutant=no-flush verdict=ok",
                      "explore test=COW-MP mutant=no-flush "
                      "verdict=violation")
        self.assertEqual(self.play_mutants(self.trial()), 1)

    def test_explorer_is_asked_once(self):
        """what the explorer said is kept until it is built anew"""
        caught = "explore test=COW-XIAO mutant=no-flush verdict=violation"
        self.explores(caught, then="echo >>$0.asked; exit 0")
        for _ in range(2):
            self.assertEqual(self.play_mutants(self.trial()), 0)
        asked = self.explorer.with_name("explore.asked")
        self.assertEqual(asked.read_text(), "\n")
        os.utime(self.explorer)
        self.assertEqual(self.play_mutants(self.trial()), 0)
        self.assertEqual(asked.read_text(), "\n\n")

    def test_explorer_fails(self):
        """an explorer that dies, or does not end, is named: 3"""
        self.explores(then="echo broken >&2; exit 4")
        self.assertEqual(self.play_mutants(self.trial()), 3)
        self.assertIn("status 4: broken", self.err)
        self.explores(then="while :; do :; done")
        with unittest.mock.patch.object(litmus, "EXPLORER_PATIENCE",
                                        Patience(cpu=0.1)):
            self.assertEqual(self.play_mutants(self.trial()), 3)
        self.assertIn("no end after 0.1 s of CPU time", self.err)

    def test_tables(self):
        """the kill matrix says who caught what"""
        self.play_mutants(self.trial("forbidden-seen", seen=1), 1,
                          "--format", "table")
        row = next(line for line in self.out.splitlines()
                   if line.startswith("no-flush"))
        self.assertEqual(row.split(), ["no-flush", "O12", "cow-host", "-",
                                       "COW-XIAO", "-", "yes"])
        self.assertIn("1 of 1 mutants caught", self.out)


class Written(Litmus):

    TEXT = head(3) + trial_text(1, 3) + trial_text(
        2, 3, "allowed", test="COW-MP", seen=3, forbidden="no") + trial_text(
        3, 3, "forbidden-seen", test="COW-MP", policy="change-pte",
        seen=1) + END

    def test_table(self):
        """a row for each test, a column for each policy"""
        self.assertEqual(self.play(self.TEXT, "--format", "table"), 1)
        lines = self.out.splitlines()
        self.assertEqual(lines[0].split(), ["test", "bracket", "change-pte"])
        self.assertEqual(lines[2].split(), ["COW-XIAO", "0/20"])
        self.assertEqual(lines[3].split(), ["COW-MP", "(3)/20",
                                            "forbidden-seen"])

    def test_csv(self):
        """a row for each trial"""
        self.play(self.TEXT, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(self.out)))
        self.assertEqual([(r["test"], r["policy"], r["verdict"])
                          for r in rows],
                         [("COW-XIAO", "bracket", "ok"),
                          ("COW-MP", "bracket", "ok"),
                          ("COW-MP", "change-pte", "forbidden-seen")])

    def test_out(self):
        """--out leaves results.json and results.csv"""
        directory = self.directory / "report"
        self.play(self.TEXT, "--out", str(directory))
        self.assertEqual((directory / "results.json").read_text(), self.out)
        self.assertEqual({p.name for p in Path(directory).iterdir()},
                         {"results.json", "results.csv"})


if __name__ == "__main__":
    support.main()
