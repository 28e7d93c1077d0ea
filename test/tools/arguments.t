#!/usr/bin/python3
"""Bad input gets one clear line that lists what is accepted, and status 2,
before anything boots; good input reaches the kernel's command line."""

import os
import signal
import subprocess
import tempfile
import time
import unittest.mock

import support
from support import head, run_text

GOOD = head(1) + run_text(1, 1) + "exit status=0\n"


class Refused(support.FrontEndTest):

    def refused(self, *argv, mentions=()):
        self.assertEqual(self.tandem(*argv), 2)
        lines = [line for line in self.err.splitlines()
                 if not line.startswith("backend ")]
        self.assertEqual(len(lines), 1, self.err)
        for word in mentions:
            self.assertIn(word, lines[0])
        # Nothing boots but the question for names.
        self.assertFalse([b for b in self.backend.boots
                          if "list" not in b.words])

    def test_command(self):
        """an unknown command, or none"""
        self.refused("bnch", mentions=("bnch", "compare run litmus bench diff report list"))
        self.refused(mentions=("compare run litmus bench diff report list",))
        self.refused("--policy", "bracket", mentions=("--policy",))

    def test_option(self):
        """an unknown option"""
        self.refused("compare", "--polcy", "x",
                     mentions=("'--polcy'", "--policy", "--workload"))
        self.refused("compare", "--pol", "bracket", mentions=("'--pol'",))
        self.refused("compare", "extra", mentions=("'extra'",))
        self.refused("list", "policies", "extra", mentions=("'extra'", "many"))

    def test_numbers(self):
        """numbers out of range, or not numbers"""
        for option, bad, bound in (("--pages", "0", "262144"),
                                   ("--pages", "262145", "262144"),
                                   ("--pages", "1e3", "262144"),
                                   ("--pages", "-1", "262144"),
                                   ("--pages", "", "262144"),
                                   ("--vcpus", "9", "8"),
                                   ("--cpus", "17", "16"),
                                   ("--cpus", "0", "16"),
                                   ("--seed", "4294967296", "4294967295")):
            self.refused("compare", f"{option}={bad}",
                         mentions=(option, f"'{bad}'", bound))

    def test_length(self):
        """more names than the kernel's command line has room for"""
        many = ",".join(["bracket"] * 80)
        self.refused("compare", "--policy", many,
                     mentions=("'policy=bracket", "up to 511", "has 646"))
        self.refused("litmus", "--policy", many,
                     mentions=("'policy=bracket", "up to 511", "has 646"))

    def test_invisible(self):
        """a character that cannot be seen is written out"""
        self.refused("compare", "--pages", "64\r", mentions=(r"'64\r'",))
        self.refused("compare", "--policy", "x\x01\n",
                     mentions=(r"'x\x01\n'",))
        self.refused("compare", "a\x1b[2J\udcff",
                     mentions=(r"'a\x1b[2J\udcff'",))
        self.refused("li\tst", mentions=(r"'li\tst'",))

    def test_cpus(self):
        """too few CPUs for the vCPUs and a host"""
        self.refused("compare", "--cpus", "2", "--vcpus", "2",
                     mentions=("--cpus 2", "--vcpus 2", "from 3 to 16"))

    def test_choices(self):
        """words that are not among the choices"""
        self.refused("compare", "--guest", "busy",
                     mentions=("'busy'", "idle running both"))
        self.refused("compare", "--format", "xml",
                     mentions=("'xml'", "table csv json"))
        self.refused("compare", "--backend", "vax",
                     mentions=("'vax'", "auto scripted"))
        self.refused("list", "colours", mentions=("'colours'", "policies"))
        self.assertTrue(self.err.endswith("backends\n"))
        self.assertIn("tandem: 'colours'", self.err)
        self.refused("help", "colours", mentions=("'colours'", "compare run"))
        self.refused("help", "run", "x", mentions=("'x'", "one word too many"))

    def test_names(self):
        """policies and workloads that the kernel does not have"""
        self.refused("compare", "--policy", "bracket,brakcet", mentions=(
            "--policy", "'brakcet'", "bracket change-pte all"))
        self.refused("compare", "--workload", "cow", mentions=(
            "--workload", "'cow'", "cow-host merge all"))
        self.refused("compare", "--policy", "no-flush",
                     mentions=("'no-flush'", "--mutants"))
        self.refused("compare", "--policy", "bracket,",
                     mentions=("--policy",))

    def test_own_policy(self):
        """policies of one's own: parts that cannot be"""
        for spec, *mentions in (
                ("mine=brakcet", "mine=", "'brakcet'", "bracket change-pte"),
                ("mine=bracket,when=never", "'when=never'",
                 "when=now when=defer"),
                ("mine=bracket,when=", "'when='", "when=now when=defer"),
                ("mine=bracket,x", "'x'", "NAME=BASE,axis=choice"),
                ("mine=", "mine=", "''"), ("mine=bracket,", "names"),
                ("mine=bracket,wehn=bracket", "'wehn' is no axis", "when"),
                ("mine=bracket,other=brakcet", "'other' is no axis",
                 "'brakcet' is no policy"),
                ("\u00e4=bracket", "'\\xe4=bracket'", "a-z 0-9 -"),
                ("\udcff=bracket", "a-z 0-9 -"),
                ("bracket policy=change-pte", "a-z 0-9 -"),
                ("bracket,a" + 23 * "b" + "=bracket", "1 to 23")):
            self.refused("compare", "--policy", spec, mentions=mentions)
            self.refused("litmus", "--policy", spec, mentions=mentions)
        self.refused("run", "--workload", "merge", "--policy",
                     "a=bracket,b=bracket",
                     mentions=("one policy", "compare"))

    def test_twice(self):
        """an option that is given twice"""
        for command in (("compare",), ("litmus",)):
            self.refused(*command, "--policy", "bracket", "--seed", "1",
                         "--policy", "change-pte",
                         mentions=("--policy", "twice"))

    def test_run_takes_one(self):
        """run wants one policy and one workload"""
        self.refused("run", "--workload", "merge", mentions=("--policy",))
        self.refused("run", "--policy", "all", "--workload", "merge",
                     mentions=("'all'", "bracket change-pte"))


    def test_ignored(self):
        """words that would be ignored"""
        for command in (("compare",), ("run", "--policy", "bracket")):
            self.refused(*command, "--workload", "merge", "--operations", "9",
                         mentions=("--operations", "churn"))
        for command in ("compare", "litmus"):
            self.refused(command, "--out", "", mentions=("--out", "''"))
        self.refused("compare", "--jobs", "0", mentions=("--jobs", "from 1"))

    def test_gdb(self):
        """--gdb with a backend that gdb cannot reach; none that it can"""
        argv = ("run", "--policy", "bracket", "--workload", "merge", "--gdb")
        self.refused(*argv, "--backend", "scripted",
                     mentions=("--gdb", "scripted", "QEMU"))
        self.assertEqual(self.tandem(*argv), 3)
        self.assertIn("no backend", self.err)


class Accepted(support.FrontEndTest):

    def words(self, *argv):
        status = self.tandem(*argv, "--format", "csv",
                             script={"1": [{"say": GOOD}]})
        self.assertEqual(status, 0, self.err)
        return self.backend.boots[-1]

    def test_defaults(self):
        """the defaults"""
        boot = self.words("compare")
        self.assertEqual(boot.command_line, "policy=all workload=all "
                         "guest=both pages=1024 vcpus=1 seed=1")
        self.assertEqual((boot.cpus, boot.memory_mib), (2, 64))

    def test_everything(self):
        """every option arrives"""
        boot = self.words("compare", "--policy", "bracket,change-pte",
                          "--workload", "merge", "--guest", "idle",
                          "--pages", "65536", "--vcpus", "2", "--cpus", "4",
                          "--seed", "0", "--mutants", "--backend", "scripted")
        self.assertEqual(boot.command_line, "policy=bracket,change-pte "
                         "workload=merge guest=idle pages=65536 vcpus=2 "
                         "seed=0 cpus=4 mutants=all")
        self.assertEqual(boot.cpus, 4)
        self.assertGreaterEqual(boot.memory_mib, 65536 * 3 * 4 // 1024 + 32)

    def test_longest(self):
        """as many names as fit into a word of the kernel's"""
        fits = ",".join(["bracket"] * 63)
        boot = self.words("compare", "--policy", fits)
        self.assertIn(f"policy={fits} ", boot.command_line)

    def test_run(self):
        """run is one cell"""
        boot = self.words("run", "--policy", "bracket", "--workload", "merge")
        self.assertIn("policy=bracket workload=merge", boot.command_line)

    def test_own_arrives(self):
        """a policy of one's own goes to the kernel as it was said"""
        own = "mine=change-pte,when=defer,upgrade=flush"
        for argv in (("run", "--workload", "merge"), ("compare",)):
            boot = self.words(*argv, "--policy", own)
            self.assertIn(f"policy={own} workload=", boot.command_line)

    def test_gdb(self):
        """run --gdb takes the first backend that gdb reaches, and says how"""
        class Reached(support.Scripted):
            name = "reached"
            gdb_address = "127.0.0.1:0"
        first, second = support.Scripted({}), Reached({"1": [{"say": GOOD}]})
        self.assertEqual(self.tandem(
            "run", "--policy", "bracket", "--workload", "merge", "--gdb",
            backends=[first, second]), 0, self.err)
        self.assertEqual(first.boots, [])
        self.assertTrue(second.boots[-1].gdb)
        script = support.ROOT / "tools" / "tandem.gdb"
        self.assertIn(f"waiting for: gdb {self.kernel} -ex 'target remote "
                      f"127.0.0.1:0' -x {script}", self.err.splitlines())

    def test_operations(self):
        """--operations with churn among others"""
        boot = self.words("compare", "--operations", "9")
        self.assertEqual(boot.words["operations"], "9")

    def test_answers(self):
        """help and --version need no machine"""
        self.assertEqual(self.tandem("--version"), 0)
        self.assertRegex(self.out, r"^tandem \d+\.\d+\.\d+\n$")
        for argv in (("help",), ("--help",), ("-h",)):
            self.assertEqual(self.tandem(*argv), 0)
            self.assertIn("compare|run|litmus|bench|diff|report|list", self.out)
        self.assertEqual(self.tandem("help", "compare"), 0)
        self.assertIn("--workload", self.out)
        self.assertIn("--jobs", self.out)
        self.assertEqual(self.backend.boots, [])

    def test_names_are_asked_once(self):
        """the kernel is asked for names once per build"""
        self.words("compare")
        self.assertEqual(len(self.backend.boots), 2)
        self.words("compare")
        self.assertEqual(len(self.backend.boots), 1)
        self.kernel.write_text("another image")
        self.words("compare")
        self.assertEqual(len(self.backend.boots), 2)

    def test_list(self):
        """list: a line for each name"""
        self.assertEqual(self.tandem("list", "policies"), 0)
        self.assertEqual([line.split()[0] for line in self.out.splitlines()],
                         ["bracket", "change-pte"])
        self.assertEqual(self.tandem("list"), 0)
        self.assertEqual([line.split()[:2] for line in self.out.splitlines()],
                         [["policies", "bracket"], ["policies", "change-pte"],
                          ["axes", "upgrade=silent"],
                          ["axes", "upgrade=flush"],
                          ["axes", "when=now"], ["axes", "when=defer"],
                          ["exclusions", "change=nothing,when=defer"],
                          ["workloads", "cow-host"], ["workloads", "merge"],
                          ["mutants", "no-flush"], ["tests", "COW-MP"],
                          ["tests", "COW-XIAO"], ["scenarios", "guest_oracle"],
                          ["backends", "scripted"]])


    def test_damaged_names(self):
        """a kernel whose list is damaged is not believed"""
        names = support.NAMES.replace("list policies bracket", "list policies"
                                      ).replace(" zap at start, Linux today",
                                                "")
        with unittest.mock.patch.object(support, "NAMES", names):
            self.assertEqual(self.tandem("list", "policies"), 4)
        self.assertFalse(self.kernel.with_suffix(".names.json").exists())

    def test_list_tests(self):
        """list tests shows what litmus --test accepts, and nothing else"""
        self.tandem("list", "tests")
        names = [line.split()[0] for line in self.out.splitlines()]
        self.assertEqual(names, ["COW-MP", "COW-XIAO"])
        self.tandem("list", "scenarios")
        self.assertEqual(self.out.split()[0], "guest_oracle")


class Program(support.unittest.TestCase):
    """./tandem itself, from another directory, without a build."""

    def test_help(self):
        """--help needs no build"""
        with tempfile.TemporaryDirectory() as name:
            done = subprocess.run(
                [support.ROOT / "tandem", "compare", "--help"], cwd=name,
                env={**os.environ, "BUILD": name + "/build"},
                capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("--workload", done.stdout)
            self.assertEqual(os.listdir(name), [])

    def test_full(self):
        """output that cannot be written: one line, status 3"""
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [support.ROOT / "tandem", "list", "backends"], stdout=full,
                stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (3, "tandem: No space left on device\n"))

    def test_closed(self):
        """standard output that is closed: one line, status 3"""
        for argv in ("list backends", "--help", "--version"):
            done = subprocess.run(
                ["sh", "-c", f'exec "$0" {argv} >&-', support.ROOT / "tandem"],
                stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr),
                             (3, "tandem: Bad file descriptor\n"))
        done = subprocess.run(
            ["sh", "-c", 'exec "$0" frob 2>&-', support.ROOT / "tandem"],
            stdout=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, b""))

    def test_start(self):
        """Ctrl-C while it starts: 130, and no traceback"""
        for hundredths in range(0, 30, 2):
            with subprocess.Popen(
                    [support.ROOT / "tandem", "diff", "/nowhere", "/nowhere"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    text=True) as process:
                time.sleep(hundredths / 100)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate()
            self.assertIn(process.returncode, (2, 130, -signal.SIGINT))
            self.assertEqual(out, "")
            self.assertLessEqual(len(err.splitlines()), 1, err)

    def test_status(self):
        """a wrong command ends the program with status 2"""
        done = subprocess.run([support.ROOT / "tandem", "frob"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr,
                         "tandem: 'frob' is unknown: accepted are "
                         "compare run litmus bench diff report list\n")


if __name__ == "__main__":
    support.main()
