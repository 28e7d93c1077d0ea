#!/usr/bin/python3
"""Who wins: each sentence is true. It is computed again from results.json by
another way (recount.py), for results of any kind."""

import json
import random

import recount
import support
from support import head, run_text
from tools.report import saved, wins

VERDICTS = ("coherent",) * 9 + ("stale", "hang")


def random_run(chance, workload, policy, guest, seed):
    """A run with few faults and flushes, so that many are equal."""
    counters = {"pf_taken": chance.choice((1000, 1020, 1021, 2000)),
                "tlb_control_all": chance.choice((0, 1, 2, 100, 102)),
                "kicks": chance.randrange(3)}
    ideal = {"pf_taken": 1000} if chance.randrange(2) else {}
    return {"workload": workload, "policy": policy, "mutant": None,
            "guest": guest, "pages": 4, "vcpus": 1, "cpus": 2, "seed": seed,
            "verdict": chance.choice(VERDICTS), "stale_reads": 0,
            "violations": {}, "counters": counters, "ideal": ideal,
            "predicted": {}, "phases": [{"name": "a", "counters": counters,
                                         "ideal": ideal}],
            "ticks": {}, "notes": []}


def random_results(chance):
    """Some policies, one kind of guest or both, one seed or three."""
    policies = ["p-" + letter for letter in "abcde"[:chance.randint(1, 5)]]
    guests = chance.choice((["idle"], ["running"], ["idle", "running"]))
    seeds = chance.choice(([1], [1, 2, 3]))
    return {"schema": 1, "backend": "b", "machine": "real",
            "tick_unit": "tsc", "version": "1", "secondary": "ept", "cpus": 2,
            "runs": [random_run(chance, workload, policy, guest, seed)
                     for workload in ("one", "two") for guest in guests
                     for policy in policies for seed in seeds]}


class Sentences(support.FrontEndTest):

    def check(self, found):
        """Each sentence about @found is true; returns their kinds."""
        path = self.directory / "results.json"
        path.write_text(json.dumps(found))
        return {recount.check(self, found, name, text)
                for name, text in wins.sentences(saved.load(path))}

    def test_any_results(self):
        """of any results the sentences are true"""
        kinds = set()
        for seed in range(400):
            kinds |= self.check(random_results(random.Random(seed)))
        self.assertEqual(kinds, {"nobody", "only", "all", "win", "trade"})

    def test_least(self):
        """fewer faults than the least possible cannot be"""
        results = random_results(random.Random(3))
        for run in results["runs"]:
            run["verdict"] = "coherent"
            run["counters"]["pf_taken"] = 100
            run["ideal"]["pf_taken"] = 100
        self.check(results)
        texts = dict(wins.sentences(saved.load(self.directory /
                                               "results.json")))
        self.assertIn("100 faults, the least possible, and", texts["one"])
        for run in results["runs"]:
            run["ideal"].clear()
        self.check(results)
        texts = dict(wins.sentences(saved.load(self.directory /
                                               "results.json")))
        self.assertIn("100 faults and", texts["one"])

    def test_terminal(self):
        """compare ends with them, then the verdict and the machine"""
        text = head(3) + run_text(1, 3) + run_text(
            2, 3, policy="change-pte").replace("pf_taken=4", "pf_taken=2") + \
            run_text(3, 3, "stale", "change-pte", "no-flush", stale=2) + \
            "exit status=0\n"
        self.tandem("compare", "--mutants", script={"1": [{"say": text}]})
        lines = self.out.splitlines()
        self.assertEqual(lines[-6:-3], [
            "Who wins, by faults and flushes executed with an idle guest; "
            "within 2 %, or 2 flushes, is as good:",
            "  cow-host: change-pte wins: 2 faults and 0 flushes; others pay "
            "up to 4 faults (bracket). All coherent. 1 of 1 mutants",
            "    caught."])

    def test_alone(self):
        """where there is one policy, nobody wins"""
        self.tandem("compare", script={"1": [
            {"say": head(1) + run_text(1, 1) + "exit status=0\n"}]})
        self.assertNotIn("Who wins", self.out)


if __name__ == "__main__":
    support.main()
