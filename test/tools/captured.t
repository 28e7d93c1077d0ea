#!/usr/bin/python3
"""`tandem report`: a console that was captured on a machine elsewhere gives
what `compare` would have given, whatever was put around its lines."""

import json
import os
import subprocess
import tarfile
import unittest.mock

import support
from support import head, run_text, trial_text
from tools import capture
from tools.backends.captured import Captured

CPU = "family=6 model=85 stepping=4 microcode=0x2000065 " \
    "cpu=Intel(R)_Core(TM)_i7-7800X_CPU_@_3.50GHz"
HEAD = head(3).replace("hypervisor=none", f"hypervisor=none {CPU}")
RUNS = run_text(1, 3) + run_text(2, 3, policy="change-pte") \
    + run_text(3, 3, workload="merge", guest="running")
WHOLE = HEAD + RUNS + "exit status=0\n"
FIRMWARE = """\
SeaBIOS (version 1.16.2)
error: no suitable video mode found.
message from the firmware
Booting in blind mode
"""


def each_line(text, form):
    """@text with something done to each line."""
    return "".join(form(n, line) + "\n"
                   for n, line in enumerate(text.splitlines()))


# What may be done to a console, all of which must not matter.
NOISE = {
    "nothing": lambda text: text,
    "CR LF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "firmware before": lambda text: FIRMWARE + text,
    "firmware after": lambda text: text + FIRMWARE + "run 1/2 workload=x\n",
    "NULs": lambda text: text.replace("\n", "\0\0\n\0").replace(" ", "\0 "),
    "colours": lambda text: text.replace("\n", "\x1b[0m\n\x1b[1;32m"),
    "a title": lambda text: "\x1b]0;ttyS0\x07\x1b(B" + text,
    "a menu": lambda text: "\x1b[2J\x1b[01;01HGNU GRUB\x1b[4;2H1 compare"
    "\x1b[?25h Booting\x1b[K\x1b[25;1H" + text,
    "no line's end before it": lambda text: "Booting '1 compare' " + text,
    "time": lambda text: each_line(
        text, lambda n, line: f"[2026-11-{n % 20 + 9:02} 9:{n:02}:07.{n * 37}] "
        + line),
    "a day's name": lambda text: each_line(
        text, lambda n, line: f"{'Fri' if n < 9 else 'Sat'} "
        f"{'Feb' if n < 20 else 'Mar'} {n % 28:2} 12:00:07 ttyS0: {line}"),
    "time and all else": lambda text: each_line(
        FIRMWARE + text, lambda n, line: f"{n}.{n:03} > \x1b[1m{line}\r"),
    "another's line": lambda text: "seen: plan runs=7\n" + NOISE["time"](text),
    "UTF-16": lambda text: text.encode("utf-16").decode("latin-1"),
}


class Captured_(support.FrontEndTest):

    def report(self, text, *argv):
        """Status of a report of a console with @text."""
        self.console = self.directory / "console.log"
        self.console.write_bytes(text.encode("latin-1"))
        self.where = self.directory / "report"
        return self.tandem("report", str(self.console), "--out",
                           str(self.where), "--format", "json", *argv)

    def runs(self):
        return json.loads((self.where / "results.json").read_text())["runs"]

    def test_same(self):
        """the results are those of compare, but for what the machine is"""
        status = self.tandem("compare", "--format", "json",
                             script={"1": [{"say": WHOLE}]})
        self.assertEqual(status, 0, self.err)
        expected = json.loads(self.out)
        del expected["names"]       # a console does not list what they mean
        self.assertEqual(self.report(WHOLE), 0, self.err)
        got = json.loads(self.out)
        self.assertEqual(got, {**expected, "backend": "vmx",
                               "machine": "real", "tick_unit": "tsc"})
        self.assertEqual(got["processor"]["microcode"], "0x2000065")
        self.assertEqual(sorted(path.name for path in self.where.iterdir()),
                         ["index.html", "results.csv", "results.json"])
        self.assertIn("Intel(R) Core(TM) i7-7800X",
                      (self.where / "index.html").read_text())

    def test_noise(self):
        """noise changes nothing"""
        lines = WHOLE.splitlines()
        for name, make in NOISE.items():
            data = make(WHOLE).encode("latin-1")
            self.assertEqual(capture.lines_of(data), lines, name)
            self.assertEqual(capture.outcome_of(lines).reading.faults, [])

    def test_noisy_report(self):
        """the report of a console with noise"""
        self.assertEqual(self.report(NOISE["time and all else"](WHOLE)), 0,
                         self.err)
        self.assertEqual(len(self.runs()), 3)

    def test_early(self):
        """a console that ends early: its runs, the last one as died"""
        for end in ("progress 2/3 phase=host-write\n", "progress 2/3 phase=ho",
                    "# progress 2/3\nexit status=4\n"):
            cut = WHOLE[:WHOLE.index("progress 2/3 phase=host-write")] + end
            self.assertEqual(self.report(cut), 4)
            self.assertEqual([run["verdict"] for run in self.runs()],
                             ["coherent", "died"])
            self.assertIn("run 3/3 is missing", self.err)
            self.assertIn("progress 2/3",
                          "".join(self.runs()[1]["last_output"][-2:]))

    def last_line(self, text):
        """The last line of the tables for a console with @text."""
        self.report(text, "--format", "table")
        return self.out.splitlines()[-1]

    def test_coverage(self):
        """the last line says on how many runs it rests"""
        second = WHOLE.index("run 2/3")
        for text, line in (
                (WHOLE, "3 of 3 runs."),
                (WHOLE[:second], "1 of 3 runs; 2 are missing."),
                (WHOLE[:WHOLE.index("result 2/3")],
                 "2 of 3 runs, 1 of which died; 1 is missing."),
                (WHOLE[second:], "2 of 3 runs; 1 is missing."),
                (HEAD, "0 of 3 runs; 3 are missing."),
                ("tandem 0.1\n",
                 "0 runs: the console does not say how many were planned.")):
            self.assertEqual(self.last_line(text), "This rests on " + line)

    def test_lost_line(self):
        """a lost line is named; the machine that went on did not stop"""
        lost = "ideal host-write remote_tlb_flush_requests=4 pf_refault=0\n"
        self.assertEqual(self.report(WHOLE.replace(lost, "", 1)), 4)
        self.assertEqual(self.err.count("\n"), 1 + 3, self.err)
        self.assertIn("phase host-write: the ideal record is missing",
                      self.err)
        self.assertNotIn("stopped", self.err)

    def test_nameless(self):
        """a machine without a name is called the machine"""
        for text in (WHOLE, WHOLE.replace("backend=vmx", "backend="),
                     WHOLE.replace(HEAD.splitlines()[1] + "\n", "")):
            self.report(text[:text.index("run 2/3")])
            name = "vmx" if text is WHOLE else "the machine"
            self.assertIn(f"tandem: {name} stopped early", self.err)

    def test_between(self):
        """one that ends behind a run"""
        cut = WHOLE[:WHOLE.index("run 2/3")]
        self.assertEqual(self.report(cut), 4)
        self.assertEqual(len(self.runs()), 1)
        self.assertIn("runs 2 to 3 of 3 are missing", self.err)

    def test_cut_line(self):
        """a line that was cut is named"""
        self.assertEqual(self.report(WHOLE.replace(
            "verdict=coherent violations=0 stale_reads=0\nrun 2", "verd\nrun 2",
            1)), 4)
        self.assertIn("a damaged record: 'result 1/3 verd'", self.err)
        self.assertEqual([run["verdict"] for run in self.runs()],
                         ["died", "coherent", "coherent"])

    def test_late(self):
        """a capture that began too late"""
        self.assertEqual(self.report("es=7\n" + RUNS + "exit status=0\n"), 4)
        self.assertEqual(len(self.runs()), 3)
        self.assertIn("the machine record is missing", self.err)

    def test_two_boots(self):
        """a machine that died and was booted again behind that run"""
        cut = WHOLE[:WHOLE.index("progress 2/3")] + "panic: no\n" + FIRMWARE
        rest = HEAD + RUNS[RUNS.index("run 3/3"):] + "exit status=0\n"
        self.assertEqual(self.report(cut + rest), 4)
        self.assertEqual([run["verdict"] for run in self.runs()],
                         ["coherent", "died", "coherent"])
        self.assertNotIn("missing", self.err)
        self.assertNotIn("twice", self.err)

    def test_refused(self):
        """what is no console of a matrix: one line, status 2"""
        litmus = head(1) + trial_text(1, 1) + "exit status=0\n"
        wrong = "tandem 0.1\nerror: word 'x' is unknown\nexit status=2\n"
        for text, why in (("", "has no record"), (FIRMWARE, "has no record"),
                          ("\0tandem %s\0\nerror: %s\0exit status=3\n",
                           "has no record"),
                          ("plan runs=3\nerror: %s\nexit status=3\n",
                           "has no record"),
                          ("error: x\n# y\n", "has no record"),
                          (litmus, "is of litmus tests"),
                          (wrong, "word 'x' is unknown")):
            self.assertEqual(self.report(text), 2, (text, self.err))
            self.assertIn(why, self.err)
            self.assertEqual(self.err.count("\n"), 1)
            self.assertFalse((self.where / "results.json").exists())
        self.assertEqual(self.tandem("report", "/nowhere"), 2)
        self.assertIn("'/nowhere' is not accepted: it cannot be read (No such",
                      self.err)
        self.assertEqual(self.tandem("report"), 2)

    def test_machine(self):
        """real, nested or emulated"""
        for words, machine in (
                ({"hypervisor": "none", "microcode": "0xf0"}, "real"),
                ({"hypervisor": "none"}, "real"),
                ({"hypervisor": "none", "microcode": "0x0"}, "emulated"),
                ({"hypervisor": "KVMKVMKVM", "microcode": "0xf0"}, "nested"),
                ({"hypervisor": "TCGTCGTCGTCG"}, "emulated")):
            self.assertEqual(Captured(words).machine, machine)
        self.assertEqual(
            Captured({"cpu": "A_B", "microcode": "0x1", "family": "25",
                      "model": "33", "stepping": "2"}).machine_text,
            "real machine: A B, family 25, model 33, stepping 2, "
            "microcode 0x1")

    def test_bundle(self):
        """a bundle has the console as it came, the results and the versions"""
        bundle = self.directory / "mail.tar.zst"
        text = NOISE["CR LF"](WHOLE)
        self.assertEqual(self.report(text, "--bundle", str(bundle)), 0,
                         self.err)
        plain = self.directory / "mail.tar"
        subprocess.run(["zstd", "-q", "-d", bundle, "-o", plain], check=True)
        with tarfile.open(plain) as tar:
            parts = {member.name: tar.extractfile(member).read()
                     for member in tar}
        self.assertEqual(sorted(parts), sorted(
            f"mail/{name}" for name in ("console.log", "versions.txt",
                                        "results.json", "results.csv",
                                        "index.html")))
        self.assertEqual(parts["mail/console.log"], text.encode())
        self.assertEqual(parts["mail/results.json"],
                         (self.where / "results.json").read_bytes())
        lines = parts["mail/versions.txt"].decode().splitlines()
        self.assertEqual(lines[0], "kernel 0.1")
        self.assertIn(CPU, lines[-1])

    def test_no_bundle(self):
        """a bundle that cannot be made is refused before anything is read"""
        self.assertEqual(self.tandem("report", "x", "--bundle", "x.zip"), 2)
        self.assertIn("'x.zip' is not accepted: a name that ends in .tar.zst",
                      self.err)
        for name, why in ((f"{self.directory}/none/x.tar.zst", "No such"),
                          ("/proc/x.tar.zst", "No such"),
                          (f"{self.directory}/dir.tar.zst", "Is a dir")):
            (self.directory / "dir.tar.zst").mkdir(exist_ok=True)
            self.assertEqual(self.report(WHOLE, "--bundle", name), 2)
            self.assertIn(f"--bundle '{name}' is not accepted: it cannot be "
                          f"written ({why}", self.err)
            self.assertEqual((self.out, self.err.count("\n")), ("", 1))
            self.assertFalse(self.where.exists())
        (self.directory / "gnuplot").symlink_to("/bin/true")
        with unittest.mock.patch.dict(os.environ, PATH=str(self.directory)):
            status = self.tandem("report", "x", "--bundle", "x.tar.zst")
        self.assertEqual(status, 3)
        self.assertIn("apt-get install zstd", self.err)


if __name__ == "__main__":
    support.main()
