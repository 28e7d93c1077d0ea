#!/usr/bin/python3
"""What the front end writes: results.json, results.csv, the tables and the
page."""

import csv
import io
import json
import os
import re
import subprocess

import support
from rich.console import Console
from support import head, run_text
from tools.report import tables
from tools.console import parse
from tools.report.results import Reading, Results

HEAD_FIELDS = {"schema": 1, "version": "0.1", "backend": "scripted",
               "secondary": "ept", "machine": "emulated", "cpus": 2,
               "tick_unit": "instruction",
               "names": {"bracket": "zap at start, Linux today",
                         "change-pte": "rewrite in place",
                         "cow-host": "fork, then the host writes",
                         "no-flush": "O12 over change-pte: no flush at all"}}

TWO = head(3) + run_text(1, 3) + run_text(2, 3, policy="change-pte") \
    + run_text(3, 3, "stale", "change-pte", "no-flush", stale=2) \
    + "exit status=0\n"


class Written(support.FrontEndTest):

    def play(self, *argv, text=TWO):
        status = self.tandem("compare", "--mutants", *argv,
                             script={"1": [{"say": text}]})
        self.assertEqual(status, 0, self.err)

    def test_json(self):
        """results.json has the agreed fields"""
        self.play("--format", "json")
        out = json.loads(self.out)
        runs = out.pop("runs")
        self.assertEqual(out, HEAD_FIELDS)
        first = runs[0]
        wanted = {"workload": "cow-host", "policy": "bracket",
                  "mutant": None, "guest": "idle", "pages": 4, "vcpus": 1,
                  "seed": 1, "verdict": "coherent", "stale_reads": 0,
                  "violations": {}, "predicted": {"pf_spurious_max": 2},
                  "ideal": {"remote_tlb_flush_requests": 5}}
        self.assertEqual({k: first[k] for k in wanted}, wanted)
        self.assertEqual(first["counters"]["flush_skipped.absent"], 3)
        self.assertEqual([p["name"] for p in first["phases"]],
                         ["fork", "host-write"])
        self.assertEqual(first["phases"][1]["counters"]["pf_refault"], 4)
        self.assertEqual(first["ticks"], {"host_cow_break": {
            "count": 4, "min": 10, "median": 12, "max": 20}})
        self.assertEqual((runs[2]["mutant"], runs[2]["policy"],
                          runs[2]["stale_reads"]),
                         ("no-flush", "change-pte", 2))

    def test_same_phase_twice(self):
        """two phases of one name stay two"""
        text = head(1) + run_text(1, 1).replace("host-write", "fork") + \
            "exit status=0\n"
        self.play("--format", "json", text=text)
        phases = json.loads(self.out)["runs"][0]["phases"]
        self.assertEqual(
            [(p["name"], p["counters"]["remote_tlb_flush_requests"])
             for p in phases], [("fork", 1), ("fork", 4)])

    def test_own_policy(self):
        """the row of a policy of one's own is in each output"""
        own = head(1) + "policy mine start=zap when=now\n" + \
            run_text(1, 1, policy="mine") + "exit status=0\n"
        self.play("--format", "json", text=own)
        self.assertEqual(json.loads(self.out)["policies"],
                         {"mine": {"start": "zap", "when": "now"}})
        self.play("--out", str(self.directory), text=own)
        line = "start=zap, when=now"
        self.assertIn(f"policy mine: {line}", self.out)
        page = (self.directory / "index.html").read_text()
        self.assertTrue(f"<dd>{line}</dd>" in page)

    def test_same_bytes(self):
        """the same console gives the same bytes, slow or fast, CR or not"""
        outputs = set()
        half = len(TWO) // 2
        for form in ("json", "csv"):
            for script in ([{"say": TWO}],
                           [{"say": TWO.replace("\n", "\r\n")}],
                           [{"say": TWO[:half]}, {"say": TWO[half:]}],
                           [{"say": "noise\n" + TWO}]):
                self.tandem("compare", "--mutants", "--format", form,
                            script={"1": script})
                outputs.add(self.out)
        self.assertEqual(len(outputs), 2)

    def test_csv(self):
        """results.csv has a row for each phase of each run"""
        self.play("--format", "csv")
        rows = list(csv.DictReader(io.StringIO(self.out)))
        self.assertEqual(len(rows), 6)
        self.assertEqual(rows[1]["phase"], "host-write")
        self.assertEqual(rows[1]["remote_tlb_flush_requests"], "4")
        self.assertEqual(rows[0]["pf_refault"], "0")
        self.assertEqual(rows[1]["ideal:pf_refault"], "0")
        self.assertEqual(rows[0]["ideal:pf_refault"], "")
        self.assertEqual({row["backend"] + row["machine"] for row in rows},
                         {"scriptedemulated"})

    def test_table(self):
        """the table fits 120 columns and names backend and machine"""
        self.play()
        lines = self.out.splitlines()
        self.assertLessEqual(max(map(len, lines)), 120)
        row = next(line for line in lines if line.startswith("bracket"))
        self.assertEqual(row.split(), ["bracket", "idle", "5", "5", "0", "0",
                                       "0", "4", "4", "0≤2", "0",
                                       "coherent"])
        self.assertIn("caught (stale)", self.out)
        self.assertIn("scripted (emulated machine)", lines[-1])
        self.assertEqual(lines[-2], "All 2 runs without a mutant were "
                         "coherent: no guest ever saw a wrong byte. Mutants "
                         "caught: no-flush; missed: none.")
        phase = next(line for line in lines if line.startswith("host-write"))
        self.assertIn("4 / 4 / 4", phase)

    def test_narrow(self):
        """on a narrow terminal less important columns go, nothing is cut"""
        reading = Reading()
        for line in TWO.replace("policy=bracket", "policy=clear-flush-notify"
                                ).replace("=4", "=1048576").splitlines():
            reading.feed(line)
        results = Results("b", "real", "tsc", "1", "ept", 1, reading.runs)
        for width in (70, 80, 100, 120):
            console = Console(file=io.StringIO(), width=width)
            tables.print_tables(results, console)
            lines = console.file.getvalue().splitlines()
            self.assertLessEqual(max(map(len, lines)), width)
            self.assertNotIn("…", console.file.getvalue())
            rows = [line.split() for line in lines
                    if line.startswith("clear-flush-notify")]
            self.assertIn("1048577", rows[0])
            self.assertEqual(rows[0][-1], "coherent")
            self.assertTrue(any(line.rstrip().endswith("caught (stale)")
                                for line in lines))
            cells = " ".join(lines).count("1048576 / 1048576 / 1048576")
            self.assertEqual(cells, 3)

    def test_quiet(self):
        """--quiet prints the results only"""
        self.play("--quiet")
        self.assertEqual(self.err, "")
        self.assertIn("cow-host", self.out)

    def test_out(self):
        """--out writes three files, and the page needs nothing else"""
        where = self.directory / "a" / "report"
        self.play("--format", "json", "--out", str(where))
        self.assertEqual(sorted(p.name for p in where.iterdir()),
                         ["index.html", "results.csv", "results.json"])
        self.assertEqual((where / "results.json").read_text(), self.out)
        page = (where / "index.html").read_text()
        self.assertIn("scripted (emulated machine)", page)
        self.assertEqual(re.findall(r'(?:src|href)="(?!data:|#|results\.)',
                                    page), [])

    def test_out_is_tried_first(self):
        """--out where no file can be: 2 and one line, before the boot"""
        (self.directory / "file").write_text("")
        for where in (self.directory / "file", "/proc/tandem"):
            status = self.tandem("compare", "--out", str(where))
            self.assertEqual((status, self.out), (2, ""))
            self.assertEqual(len(self.err.splitlines()), 1, self.err)
            self.assertIn(f"--out '{where}'", self.err)
            self.assertEqual(self.backend.boots, [])

    def test_printed_before_written(self):
        """what cannot be written takes nothing from what is printed"""
        where = self.directory / "report"
        (where / "results.csv").mkdir(parents=True)
        status = self.tandem("compare", "--mutants", "--out", str(where),
                             script={"1": [{"say": TWO}]})
        self.assertEqual(status, 3)
        self.assertIn("All 2 runs without a mutant were", self.out)
        self.assertEqual(self.err.splitlines()[-1],
                         f"tandem: {where}/results.csv: Is a directory")

    def test_written_before_printed(self):
        """nor does what cannot be printed from what is written"""
        where = self.directory / "report"
        self.backend = support.Scripted({"1": [{"say": TWO}]})
        with open("/dev/full", "w", encoding="utf-8") as full:
            app = support.App([self.backend], lambda: self.kernel,
                              limits=support.QUICK, out=full, err=io.StringIO())
            self.assertEqual(app.main(["compare", "--mutants", "--out",
                                       str(where)]), 3)
            os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
        self.assertEqual(app.err.getvalue().splitlines()[-1],
                         "tandem: No space left on device")
        self.assertEqual(len(list(where.iterdir())), 3)

    def test_other_encodings(self):
        """what the terminal cannot show is replaced, and written as it is"""
        text = TWO.replace("0.1\n", "0.1\u017e\n")
        for encoding in ("ascii", "latin-1", "utf-8"):
            where = self.directory / encoding
            self.backend = support.Scripted({"1": [{"say": text}]})
            out, err = (io.TextIOWrapper(io.BytesIO(), encoding)
                        for _ in "12")
            app = support.App([self.backend], lambda: self.kernel,
                              limits=support.QUICK, out=out, err=err)
            self.assertEqual(app.main(["compare", "--mutants", "--out",
                                       str(where)]), 0)
            shown = out.buffer.getvalue().decode(encoding)
            self.assertIn("0≤2" if encoding == "utf-8" else "0?2", shown)
            self.assertIn("All 2 runs without a mutant were", shown)
            self.assertIn("0≤2", (where / "index.html").read_text("utf-8"))

    def test_names_from_outside(self):
        """what the kernel calls itself cannot break the page"""
        text = TWO.replace("tandem 0.1", "tandem <i>&")
        where = self.directory / "report"
        self.play("--format", "json", "--out", str(where), text=text)
        page = (where / "index.html").read_text()
        self.assertIn("&lt;i&gt;&amp;", page)
        self.assertNotIn("<i>", page)


if __name__ == "__main__":
    support.main()
