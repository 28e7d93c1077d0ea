#!/usr/bin/python3
"""compare --repeat N: N seeds, each with a boot; the tables have medians and
say which rows vary."""

import json

import support
from support import head, run_text


class Seeded(support.Scripted):
    """A machine whose running guest faults more with each seed."""

    def launch(self, boot, directory):
        seed = int(boot.words.get("seed", "1"))
        text = head(2) + run_text(1, 2) + run_text(2, 2, guest="running") \
            .replace("pf_taken=4", f"pf_taken={100 + seed * seed}") \
            + "exit status=0\n"
        self.script = {"1": [{"say": text.replace("seed=1", f"seed={seed}")}]}
        return super().launch(boot, directory)


class Repeated(support.FrontEndTest):

    def repeat(self, *argv):
        machine = Seeded({})
        status = self.tandem("compare", *argv, backends=[machine])
        self.assertEqual(status, 0, self.err)
        return [boot.words["seed"] for boot in machine.boots
                if "list" not in boot.words]

    def test_seeds(self):
        """each seed has its boot and its runs"""
        self.assertEqual(self.repeat("--repeat", "3", "--seed", "7",
                                     "--format", "json"), ["7", "8", "9"])
        runs = json.loads(self.out)["runs"]
        self.assertEqual([run["seed"] for run in runs], [7, 7, 8, 8, 9, 9])

    def test_tables(self):
        """a row for all seeds: medians, and the range of what varies"""
        self.repeat("--repeat", "3")
        self.assertIn("cow-host: 4 pages, 1 vCPU, seeds 1 to 3", self.out)
        rows = [line.split() for line in self.out.splitlines()
                if line.startswith("bracket")]
        self.assertEqual([(row[1], row[7]) for row in rows[:2]],
                         [("idle", "4"), ("running", "104~")])
        self.assertEqual(self.out.count("bracket  "), 2)
        self.assertIn("  bracket, running: faults 104 (101 to 109)\n",
                      self.out)
        self.assertNotIn("bracket, idle", self.out)
        self.assertIn("4 / 4 / 104~", self.out)

    def test_once(self):
        """with one seed nothing is said of others"""
        self.assertEqual(self.repeat("--repeat", "1"), ["1"])
        self.assertNotIn("~", self.out)
        self.assertNotIn("seeds", self.out)

    def test_nothing_varies(self):
        """when no row varies, that is said"""
        machine = support.Scripted({"1": [
            {"say": head(1) + run_text(1, 1) + "exit status=0\n"}]})
        self.tandem("compare", "--repeat", "2", backends=[machine])
        self.assertIn("No row varies over 2 seeds.", self.out)

    def test_last_seed(self):
        """a seed beyond the last one: 2, before anything boots"""
        self.assertEqual(self.tandem("compare", "--repeat", "2", "--seed",
                                     "4294967295"), 2)
        self.assertIn("--repeat 2 is not accepted", self.err)
        self.assertEqual(self.backend.boots, [])


if __name__ == "__main__":
    support.main()
