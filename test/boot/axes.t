#!/usr/bin/python3
"""Policies that are put together on the command line: whatever `./tandem list
axes` prints can be chosen, and what is accepted is coherent."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "test" / "tools"))
import support  # noqa: E402

WORD = 511 - len("policy=")     # bytes that the kernel takes
AT_ONCE = 8                     # policies of one's own


def tandem(*argv):
    """What ./tandem prints, and its status."""
    done = subprocess.run([ROOT / "tandem", *argv], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def listed(what):
    """The names that ./tandem list prints, in order."""
    return [line.split()[0] for line in tandem("list", what)[1].splitlines()]


def axes():
    """axis -> its choices."""
    found = {}
    for name in listed("axes"):
        axis, _, choice = name.partition("=")
        found.setdefault(axis, []).append(choice)
    return found


def combinations():
    """All combinations of choices, each a set of axis=choice."""
    found = axes()
    for row in itertools.product(*found.values()):
        yield {f"{axis}={choice}" for axis, choice in zip(found, row)}


def refused(combination, exclusions):
    """Does one of the @exclusions speak against @combination?"""
    return any(set(text.split(",")) <= combination for text in exclusions)


def as_set(row):
    """A row of the results as a set of axis=choice."""
    return {f"{axis}={choice}" for axis, choice in row.items()}


def spec(name, row, bases):
    """The shortest words for @row: a base, and what differs."""
    return min((",".join([f"{name}={base}", *sorted(row - has)])
                for base, has in bases.items()), key=len)


def batches(specs):
    """@specs in lists that fit into one word."""
    batch = []
    for spec in specs:
        if len(batch) == AT_ONCE or len(",".join([*batch, spec])) > WORD:
            yield batch
            batch = []
        batch.append(spec)
    yield batch


class Axes(support.unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.exclusions = listed("exclusions")
        cls.accepted = [c for c in combinations()
                        if not refused(c, cls.exclusions)]

    def rows_of_policies(self):
        """The row of each policy that there is."""
        names = listed("policies")
        found = self.compare(
            [f"p{i}={name}" for i, name in enumerate(names)], "--pages", "1",
            "--workload", "control", "--guest", "idle")["policies"]
        return {name: as_set(found[f"p{i}"]) for i, name in enumerate(names)}

    def compare(self, specs, *argv):
        """The results of those policies."""
        status, out, err = tandem(
            "compare", "--quiet", "--format", "json", "--backend",
            "bochs-vmx", "--policy", ",".join(specs), *argv)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def test_all(self):
        """each accepted combination is coherent, and has the row it was told"""
        self.assertGreaterEqual(len(self.accepted), 48)
        bases = self.rows_of_policies()
        rows = {f"p{i}": row for i, row in enumerate(self.accepted)}
        specs = [spec(name, row, bases) for name, row in rows.items()]
        for batch in batches(specs):
            found = self.compare(batch, "--pages", "8", "--workload", "churn",
                                 "--operations", "200")
            self.assertEqual([run["verdict"] for run in found["runs"]],
                             ["coherent"] * 2 * len(batch))
            for name, row in found["policies"].items():
                self.assertEqual(as_set(row), rows.pop(name))
        self.assertEqual(rows, {})

    def test_same(self):
        """a policy put together from another one's choices counts the same"""
        found = self.compare(
            ["defer", "mine=bracket,start=ignore,change=rewrite,"
             "protect=wrprotect,upgrade=noflush,when=defer"],
            "--pages", "16", "--workload", "merge-host,takeover")
        by_policy = {}
        for run in found["runs"]:
            by_policy.setdefault(run["policy"], []).append(
                [(phase["name"], {name: n for name, n
                                  in phase["counters"].items()
                                  if "ticks" not in name})
                 for phase in run["phases"] if run["guest"] == "idle"])
        self.assertEqual(list(by_policy), ["defer", "mine"])
        self.assertEqual(by_policy["defer"], by_policy["mine"])

    def test_excluded(self):
        """what is excluded is refused with its choices and the reason"""
        choices, _, why = tandem("list", "exclusions")[1].splitlines()[-1] \
            .partition(" ")
        status, _, err = tandem("compare", "--quiet", "--policy",
                                f"p=bracket,{choices}")
        self.assertEqual(status, 2, err)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn(choices, err)
        self.assertIn(why.strip(), err)

    def test_litmus(self):
        """litmus tests are played under a policy of one's own"""
        status, out, err = tandem(
            "litmus", "--quiet", "--format", "json", "--backend", "bochs-vmx",
            "--test", "COW-XIAO", "--policy", "mine=change-pte,when=defer")
        self.assertEqual(status, 0, err)
        self.assertEqual([t["policy"] for t in json.loads(out)["tests"]],
                         ["mine"])


if __name__ == "__main__":
    support.main()
