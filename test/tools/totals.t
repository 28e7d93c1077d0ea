#!/usr/bin/python3
"""test/Totals.pm over made-up programs: what it says at the end."""

import os
import subprocess

import support
from tools.patience import Patience, communicate, until

FAILS_TWO = """\
echo "ok 1 - fine"
echo "# machine x"
echo "not ok 2 - merge"
echo "# again: test/boot/boot.t merge x"
echo "not ok 3 - second"
echo "# the reason of the second"
echo "ok 4 - last"
echo "# not a reason"
echo 1..4
exit 1
"""
FAILS_TWO_SAYS = """\
  ./x.t: 2 - merge
      # machine x
    again: test/boot/boot.t merge x
  ./x.t: 3 - second
      # the reason of the second
    again: prove --exec '' -v ./x.t
"""
# What a program does, what is said of it, and the last line.
KINDS = {
    "two failed tests": (FAILS_TWO, FAILS_TWO_SAYS, "2 passed, 2 failed"),
    "a signal": ("echo 1..3; echo ok 1 - a; echo ==7==ERROR: in asan >&2; "
                 "kill -ABRT $$",
                 "  ./x.t: ended by signal 6; Bad plan.  You planned 3 tests "
                 "but ran 1.\n      ==7==ERROR: in asan\n",
                 "1 passed, 2 failed"),
    "a bad end": ("echo ok 1 - a; echo 1..1; echo oops >&2; exit 3",
                  "  ./x.t: ended with status 3\n      oops\n",
                  "1 passed, 1 failed"),
    "no test at all": ("echo no compiler; exit 1",
                       "  ./x.t: ended with status 1; No plan found in TAP "
                       "output\n      no compiler\n", "0 passed, 1 failed"),
    "one that gives up": ("echo ok 1 - a; echo 1..1; echo 'Bail out!  full'",
                          "  ./x.t: gave up\n      full\n",
                          "1 passed, 1 failed"),
    "numbers out of order": ("echo ok 1; echo ok 1; echo 1..2",
                             "  ./x.t: Tests out of sequence.  Found (1) but "
                             "expected (2)\n", "2 passed, 1 failed"),
}


class Totals(support.FrontEndTest):

    def prove(self, **programs):
        for name, text in programs.items():
            path = self.directory / f"{name}.t"
            path.write_text("#!/bin/sh\n" + text)
            path.chmod(0o755)
        with subprocess.Popen(
                ["prove", "--harness", "Totals", "-j", "2",
                 *(f"./{name}.t" for name in programs)], cwd=self.directory,
                env={**os.environ, "PERL5LIB": str(support.ROOT / "test"),
                     **self.variables}, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL) as prove:
            out, _ = communicate(prove, Patience(idle=10))
        return prove.returncode, out

    def setUp(self):
        super().setUp()
        self.variables = {"FAILED_BEFORE": "", "BUILD": "build"}

    def test_kinds(self):
        """each kind of failure: file, name, reason, and how to run it again"""
        for kind, (text, says, last) in KINDS.items():
            with self.subTest(kind):
                status, out = self.prove(x=text)
                said = out.partition("What failed:\n")[2]
                self.assertTrue(said.startswith(says), out)
                self.assertIn("    again: ", said)
                self.assertEqual(said.splitlines()[-1], last)
                self.assertNotEqual(status, 0)

    def test_many(self):
        """each program that failed is named, and the good one is not"""
        _, out = self.prove(a=FAILS_TWO, b="echo ok 1; echo 1..1",
                            c="echo 1..2; echo ok 1; kill -KILL $$")
        said = out.partition("What failed:\n")[2]
        self.assertIn("  ./a.t: 2 - merge\n", said)
        self.assertIn("  ./c.t: ended by signal 9; ", said)
        self.assertNotIn("./b.t", said)
        self.assertEqual(said.splitlines()[-1], "4 passed, 3 failed")

    def test_long_reason(self):
        """of a long reason the end is shown"""
        _, out = self.prove(x="echo 1..1; echo not ok 1 - a; "
                            "seq -f '# line %.0f' 100; exit 1")
        self.assertIn("... and 75 lines before\n      # line 76\n", out)
        self.assertIn("# line 100\n", out)

    def test_builds(self):
        """a build that failed before is one failure, and named"""
        self.variables["FAILED_BEFORE"] = "make kernel: failed\n"
        _, out = self.prove(x="echo ok 1; echo 1..1")
        self.assertTrue(out.endswith("What failed:\n  make kernel: failed\n"
                                     "1 passed, 1 failed\n"), out)

    def test_elsewhere(self):
        """a build folder of one's own is part of the command"""
        self.variables["BUILD"] = "/tmp/b"
        _, out = self.prove(x="exit 1")
        self.assertIn("again: BUILD=/tmp/b prove --exec '' -v ./x.t", out)

    def test_ended(self):
        """when prove is killed its programs end"""
        begun = self.directory / "begun"
        program = self.directory / "x.t"
        program.write_text(f"#!/bin/sh\necho $$ >{begun}.new\n"
                           f"mv {begun}.new {begun}\nexec sleep 1000000\n")
        program.chmod(0o755)
        with subprocess.Popen(
                ["prove", "--harness", "Totals", "./x.t"], cwd=self.directory,
                env={**os.environ, "PERL5LIB": str(support.ROOT / "test")},
                stdout=subprocess.DEVNULL) as prove:
            self.assertTrue(until(begun.exists, prove.pid))
            prove.kill()
        sleeper = int(begun.read_text())
        try:
            self.assertTrue(until(
                lambda: not os.path.exists(f"/proc/{sleeper}/exe"), sleeper))
        finally:
            try:
                os.kill(sleeper, 9)
            except ProcessLookupError:
                pass

    def test_silent(self):
        """while one says nothing, others end and begin"""
        os.mkfifo(self.directory / "begun")
        status, out = self.prove(
            a="read line < begun; echo ok 1; echo 1..1",
            b="echo ok 1; echo 1..1",
            c="echo line > begun; echo ok 1; echo 1..1")
        self.assertEqual((status, out.splitlines()[-1]),
                         (0, "3 passed, 0 failed"), out)

    def test_all_well(self):
        """nothing failed: the last line alone"""
        status, out = self.prove(x="echo ok 1; echo 1..1")
        self.assertEqual((status, out.splitlines()[-1]),
                         (0, "1 passed, 0 failed"))
        self.assertNotIn("What failed", out)


if __name__ == "__main__":
    support.main()
