#!/usr/bin/python3
"""tandem diff: equal results are said to be so, with 0; of others the rows and
sizes are named, with 1; what is no result is refused in one line, with 2."""

import json
import os
import subprocess

import support
from support import head, run_text
from tools.report import saved

TEXT = head(3) + run_text(1, 3) + run_text(2, 3, guest="running") + \
    run_text(3, 3, policy="change-pte") + "exit status=0\n"


class Diff(support.FrontEndTest):

    def results(self, name, text=TEXT):
        """results.json of a console."""
        where = self.directory / name
        self.tandem("compare", "--out", str(where),
                    script={"1": [{"say": text}]})
        return where / "results.json"

    def diff(self, after, *argv):
        """Status and the lines about what changed, as cells."""
        status = self.tandem("diff", str(self.results("a")), str(after),
                             *argv)
        return status, [line.split() for line in self.out.splitlines()[2:-2]]

    def test_equal(self):
        """equal results: 0, times do not count"""
        self.assertEqual(self.diff(self.results("b", TEXT.replace(
            "max=20", "max=21").replace("pf_taken=4", "pf_taken=4 "
                                        "kick_wait_ticks=9 cow_copy=0"))),
                         (0, []))
        self.assertEqual(self.out, "Nothing changed: 3 rows are equal.\n")

    def test_round_trip(self):
        """what is read back is what was written, each field of it"""
        text = TEXT.replace("hypervisor=none", "hypervisor=none family=6 "
                            "model=85 stepping=4 microcode=0x21 cpu=A_CPU", 1
                            ).replace("plan", "policy mine start=zap\nplan", 1
                                      ).replace("verdict=coherent",
                                                "verdict=leak", 1)
        path = self.results("b", text)
        self.assertEqual(saved.load(path).as_json(), path.read_text())
        self.assertIn('"A_CPU"', path.read_text())
        status, lines = self.diff(path)
        self.assertEqual(status, 1)
        self.assertEqual(lines[0][0], "processor")

    def test_figures(self):
        """a figure: its row, both values, and by how much"""
        changed = TEXT.replace("pf_taken=4", "pf_taken=7 spte_zap=2", 1)
        status, lines = self.diff(self.results("b", changed))
        self.assertEqual((status, lines), (1, [
            ["cow-host", "bracket", "idle", "faults", "4", "7", "+3"],
            ["cow-host", "bracket", "idle", "spte_zap", "0", "2", "+2"]]))
        self.assertIn("1 of 3 rows differ.", self.out)

    def test_verdict(self):
        """a verdict, and a least that is not known any more"""
        changed = TEXT.replace("verdict=coherent", "verdict=leak", 1).replace(
            "ideal fork remote_tlb_flush_requests=1", "ideal fork x=1", 1)
        status, lines = self.diff(self.results("b", changed))
        self.assertEqual((status, lines), (1, [
            ["cow-host", "bracket", "idle", "least", "5", "unknown"],
            ["cow-host", "bracket", "idle", "verdict", "coherent", "leak"]]))

    def test_phases(self):
        """the same sum, from other phases"""
        changed = TEXT.replace("requests=1 flush", "requests=2 flush", 1) \
            .replace("requests=4 pf", "requests=3 pf", 1)
        status, lines = self.diff(self.results("b", changed))
        self.assertEqual((status, [line[-3:] for line in lines]),
                         (1, [["1", "2", "+1"], ["4", "3", "-1"]]))
        self.assertIn("remote_tlb_flush_requests of phase 1, fork", self.out)

    def test_rows(self):
        """rows that came and went, and the sizes"""
        other = TEXT.replace("policy=change-pte", "policy=batch").replace(
            "pages=4", "pages=5")
        status, lines = self.diff(self.results("b", other))
        self.assertEqual((status, lines[:-2]), (1, [
            ["cow-host", "bracket", "idle", "pages", "4", "5"],
            ["cow-host", "bracket", "running", "pages", "4", "5"]]))
        self.assertEqual(self.out.splitlines()[-3:], [
            f"only in {self.directory}/a/results.json: 1 row: cow-host under "
            "change-pte, guest idle",
            f"only in {self.directory}/b/results.json: 1 row: cow-host under "
            "batch, guest idle",
            "4 of 4 rows differ."])

    def test_disjoint(self):
        """nothing in common: a line for each side"""
        status = self.tandem("diff", str(self.results("a")), str(
            self.results("b", TEXT.replace("workload=cow-host",
                                           "workload=merge"))))
        self.assertEqual((status, self.out.splitlines()), (1, [
            f"only in {self.directory}/a/results.json: 3 rows: cow-host",
            f"only in {self.directory}/b/results.json: 3 rows: merge",
            "6 of 6 rows differ."]))

    def test_seeds(self):
        """other seeds alone are no change; they are named beside one"""
        other = TEXT.replace("seed=1", "seed=7")
        self.assertEqual(self.diff(self.results("b", other)), (0, []))
        status, lines = self.diff(self.results("b", other.replace(
            "pf_taken=4", "pf_taken=7", 1)))
        self.assertEqual((status, lines), (1, [
            ["cow-host", "bracket", "idle", "seed", "1", "7"],
            ["cow-host", "bracket", "idle", "faults", "4", "7", "+3"]]))
        found = json.loads(self.results("b").read_text())
        found["runs"] = [{**run, "seed": seed} for run in found["runs"]
                         for seed in (1, 2, 3)]
        path = self.directory / "repeated.json"
        path.write_text(json.dumps(found))
        self.assertEqual(self.diff(path), (0, []))

    def test_reader_leaves(self):
        """a reader that closes the pipe does not make them equal"""
        pair = (self.results("a"), self.results("b", TEXT.replace(
            "pf_taken=4", "pf_taken=7", 1)))
        for after, status in ((pair[1], 1), (pair[0], 0)):
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run(
                [support.ROOT / "tandem", "diff", pair[0], after],
                stdout=write, stderr=subprocess.PIPE, text=True, check=False)
            os.close(write)
            self.assertEqual((done.returncode, done.stderr), (status, ""))

    def test_head(self):
        """another machine"""
        status, lines = self.diff(self.results("b", TEXT.replace(
            "secondary=ept", "secondary=npt")))
        self.assertEqual((status, lines), (1, [["secondary", "ept", "npt"]]))
        self.assertIn("0 of 3 rows differ. In the head of the files, secondary "
                      "differs.", self.out)
        own = head(3) + "policy mine start=zap\n"
        status, lines = self.diff(self.results("b", TEXT.replace(
            head(3), own)))
        self.assertEqual((status, lines[0][0]), (1, "policies"))

    def test_page(self):
        """--out leaves the report of the second one, with what changed"""
        where = self.directory / "report"
        self.diff(self.results("b", TEXT.replace("pf_taken=4", "pf_taken=7",
                                                 1)), "--out", str(where))
        page = (where / "index.html").read_text()
        for text in ("<h2>What changed</h2><p>1 of 3 rows differ.</p>",
                     "<td>faults</td><td>4</td><td>7</td><td>+3</td>"):
            self.assertTrue(text in page, text)
        self.assertEqual((where / "results.json").read_text(),
                         (self.directory / "b/results.json").read_text())

    def refused(self, path, why):
        """2, and one line that says @why."""
        good = str(self.results("a"))
        for pair in ((good, str(path)), (str(path), good)):
            self.assertEqual(self.tandem("diff", *pair), 2)
            self.assertEqual(self.out, "")
            self.assertEqual(len(self.err.splitlines()), 1, self.err)
            self.assertIn(f"'{path}' is not accepted: {why}", self.err)

    def test_bad_files(self):
        """no file, no JSON, no results, damaged ones"""
        path = self.directory / "bad.json"
        self.refused(path, "No such file")
        found = json.loads(self.results("b").read_text())
        run = found["runs"][0]
        for text, why in (
                ("{", "it is no JSON, or cut"), ("[]", "it has no schema 1"),
                ('{"schema": 2}', "it has no schema 1"),
                ('{"schema": 1, "tests": []}', "it has no runs"),
                (json.dumps({**found, "runs": [{"policy": "p"}]}),
                 "it is damaged: 'phases' is missing"),
                (json.dumps({**found, "runs": 7}), "it is damaged: "),
                (json.dumps({**found, "runs": [{**run, "pages": "x"}]}),
                 "it is damaged: "),
                (json.dumps({**found, "runs": [{**run, "counters": {}}]}),
                 "it is damaged: in run 1: counters")):
            path.write_text(text)
            self.refused(path, why)
        path.write_bytes(b"\xff\xfe")
        self.refused(path, "it is no JSON")

    def test_arguments(self):
        """two files are needed; --help says which, and the status"""
        self.assertEqual(self.tandem("diff", "--help"), 0)
        self.assertRegex(self.out, r"A.json +results.json that")
        self.assertRegex(self.out, r"B.json +the one")
        self.assertIn("Status: 0 nothing changed; 1 something did;", self.out)
        self.assertEqual(self.tandem("diff", "a.json"), 2)
        self.assertIn("B.json", self.err)


if __name__ == "__main__":
    support.main()
