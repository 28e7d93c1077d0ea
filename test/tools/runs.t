#!/usr/bin/python3
"""Whole calls of the front end over a machine that plays a script: statuses,
hangs, deaths, and what is printed."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

import support
from support import head, run_text
from tools.backends.backend import Launch
from tools.patience import Sight, communicate, until
from tools.process import Emulator
from tools.runner import Limits, Progress


class Statuses(support.FrontEndTest):

    def play(self, text, *argv, more=None):
        script = {"1": [{"say": text}, {"end": 0}], **(more or {})}
        return self.tandem("compare", "--format", "json", *argv,
                           script=script)

    def test_all_coherent(self):
        """all coherent: 0"""
        text = head(2) + run_text(1, 2) + run_text(2, 2) + "exit status=0\n"
        self.assertEqual(self.play(text), 0)
        self.assertEqual(len(json.loads(self.out)["runs"]), 2)

    def test_stale(self):
        """a stale read without a mutant: 1, and it is named"""
        text = head(1) + run_text(1, 1, "stale", stale=3) + "exit status=1\n"
        self.assertEqual(self.play(text), 1)
        self.assertIn("cow-host under bracket", self.err)

    def test_leak(self):
        """a leak: 1"""
        text = head(1) + run_text(1, 1, "leak") + "exit status=1\n"
        self.assertEqual(self.play(text), 1)

    def test_mutant_caught(self):
        """a mutant that one of its runs catches is no failure: 0"""
        text = head(2) + run_text(1, 2, "coherent", mutant="no-flush") \
            + run_text(2, 2, "stale", mutant="no-flush", stale=1) \
            + "exit status=0\n"
        self.assertEqual(self.play(text, "--mutants"), 0)
        self.assertEqual(self.backend.boots[-1].words["mutants"], "all")

    def test_mutant_missed(self):
        """a mutant that no run catches: 1"""
        text = head(1) + run_text(1, 1, mutant="no-flush") + "exit status=0\n"
        self.assertEqual(self.play(text, "--mutants"), 1)
        self.assertIn("mutant no-flush was not caught", self.err)

    def test_mutant_leak_is_not_caught(self):
        """only stale and violation count as catching a mutant"""
        text = head(1) + run_text(1, 1, "leak", mutant="no-flush") \
            + "exit status=0\n"
        self.assertEqual(self.play(text, "--mutants"), 1)

    def test_kernel_refuses_its_command_line(self):
        """the kernel's own usage error: 2, with its line"""
        text = "tandem 0.1\nerror: value 'x' is not accepted\nexit status=2\n"
        self.assertEqual(self.play(text), 2)
        self.assertEqual(self.err.splitlines()[-1],
                         "tandem: value 'x' is not accepted")

    def test_kernel_refuses_its_machine(self):
        """a CPU with neither VMX nor SVM: 3, with the kernel's one line"""
        text = "tandem 0.1\nerror: neither VMX nor SVM\nexit status=3\n"
        self.assertEqual(self.play(text), 3)
        self.assertEqual((self.out, self.err.splitlines()[-1]),
                         ("", "tandem: neither VMX nor SVM"))

    def test_nothing_ran(self):
        """a machine that ends without a single run: 4"""
        self.assertEqual(self.play("tandem 0.1\nexit status=0\n"), 4)

    def test_no_backend(self):
        """no backend: 3, with the reason and the way out"""
        poor = support.Scripted({}, support.Missing("no socket", "a socket"))
        self.assertEqual(self.tandem("compare", backends=[poor]), 3)
        self.assertIn("no socket (needs: a socket)", self.err)

    def test_death(self):
        """a machine that ends within a run: died, the next runs follow: 4"""
        text = head(3) + run_text(1, 3) + \
            "run 2/3 workload=merge policy=bracket mutant=none guest=idle " \
            "pages=4 vcpus=1 seed=1\nlast words"
        rest = head(3) + run_text(3, 3) + "exit status=0\n"
        status = self.play(text, more={"3": [{"say": rest}]})
        self.assertEqual(status, 4)
        runs = json.loads(self.out)["runs"]
        self.assertEqual([run["verdict"] for run in runs],
                         ["coherent", "died", "coherent"])
        self.assertEqual(runs[1]["last_output"][-1], "last words")
        self.assertEqual(self.backend.boots[-1].words["first"], "3")
        self.assertIn("last words", self.err)

    def test_panic(self):
        """a panic ends the run as died"""
        text = head(1) + "run 1/1 workload=merge policy=bracket\n" \
            "panic: INV-WRITE: gfn 7\ndump\nexit status=4\n"
        self.assertEqual(self.play(text), 4)
        self.assertEqual(json.loads(self.out)["runs"][0]["verdict"], "died")
        self.assertIn("panic: INV-WRITE: gfn 7", self.err)

    def test_death_before_the_first_run(self):
        """a machine that ends before any run is not started again"""
        self.assertEqual(self.play("tandem 0.1\nhalf a line"), 4)
        self.assertIn("half a line", self.err)
        self.assertEqual(len(self.backend.boots), 2)    # list=all, and this

    def test_death_before_the_first_line(self):
        """an emulator that ends before the kernel starts: what it said"""
        class Chatty(support.Scripted):
            def is_chatter(self, line):
                return line.startswith("loaded")
        chatty = Chatty({"1": [{"say": "loaded x\ntoo many timers\n"}]})
        self.assertEqual(self.tandem("compare", backends=[chatty]), 4)
        self.assertEqual((self.out, self.err.splitlines()[1:]), (
            "", ["tandem: scripted stopped before the kernel's first line "
                 "(the emulator ended with status 0); its last output:", "    too many timers"]))

    def hang(self, how):
        begin = "run 1/2 workload=merge policy=bracket mutant=none " \
            "guest=idle pages=4 vcpus=1 seed=1\nprogress 1/2 phase=merge\n"
        rest = head(2) + run_text(2, 2) + "exit status=0\n"
        status = self.tandem("compare", "--format", "json", script={
            "1": [{"say": head(2) + begin}, {how: 1}],
            "2": [{"say": rest}]})
        runs = json.loads(self.out)["runs"]
        self.assertEqual((status, [run["verdict"] for run in runs]),
                         (4, ["hang", "coherent"]))
        self.assertIn("progress 1/2 phase=merge", self.err)

    def test_silent_hang(self):
        """a machine that neither prints nor works is hung"""
        self.hang("wait")

    def test_busy_hang(self):
        """a machine that works without an end is hung"""
        self.hang("spin")


class Patience(unittest.TestCase):
    """The judgement of hangs, with a clock of its own."""

    def setUp(self):
        self.time = 0.0
        self.progress = Progress(Limits(idle=60, idle_cpu=0.5, busy=120),
                                 now=lambda: self.time)

    def hung(self, after, console, records, cpu, busy=False):
        self.time += after
        ticks = round(cpu * os.sysconf("SC_CLK_TCK"))
        return self.progress.hung(console, records, Sight(ticks, busy))

    def test_slow_host(self):
        """a starved emulator that still works is not hung"""
        for minute in range(1, 20):
            self.assertFalse(self.hung(59, 10, 1, minute * 2.0))

    def test_no_cpu(self):
        """one that waits for a CPU is not hung, however long"""
        for _ in range(20):
            self.assertFalse(self.hung(59, 10, 1, 0.1, busy=True))
        self.assertEqual(self.hung(61, 10, 1, 0.1),
                         "nothing printed or computed for 60 s")

    def test_now_and_then(self):
        """one that seldom wakes up, and does nothing, is hung all the same"""
        for second in range(66):
            self.assertFalse(self.hung(1, 10, 1, 0.1, busy=second % 10 == 0))
        self.assertTrue(self.hung(2, 10, 1, 0.1))

    def test_slow_output(self):
        """output without records counts as a sign of life, up to a bound"""
        self.assertFalse(self.hung(59, 10, 1, 0.1))
        self.assertFalse(self.hung(59, 11, 1, 0.2))
        self.assertFalse(self.hung(59, 12, 1, 0.3))

    def test_silence(self):
        """silence without work for more than a minute is a hang"""
        self.assertFalse(self.hung(59, 10, 1, 0.6))
        self.assertTrue(self.hung(61, 10, 1, 0.7))

    def test_work_without_records(self):
        """work without a record is a hang when it is two CPU minutes"""
        self.assertFalse(self.hung(60, 10, 1, 60))
        self.assertFalse(self.hung(60, 10, 1, 119))
        self.assertFalse(self.hung(60, 10, 2, 121))
        self.assertFalse(self.hung(60, 10, 2, 240))
        self.assertEqual(self.hung(60, 10, 2, 242),
                         "no record in 120 s of CPU time")

    def test_pages_buy_time(self):
        """a larger matrix may take longer"""
        self.assertGreater(Limits().for_work(262144).busy,
                           10 * Limits().for_work(1024).busy)


class Alone(support.FrontEndTest):

    PROGRAM = "import sys; sys.stdout.write(open('/proc/net/dev').read())"

    def interfaces(self, alone):
        launch = Launch([sys.executable, "-c", self.PROGRAM], None, alone)
        with Emulator(launch, self.directory) as emulator:
            while emulator.running():
                time.sleep(0.01)
            lines = emulator.lines()
        return [line.split(":")[0].strip() for line in lines if ":" in line]

    def test_network(self):
        """an emulator that listens is out of the network's reach"""
        here = self.interfaces(alone=False)
        if here == ["lo"]:
            self.skipTest("there is no network")
        if all(subprocess.run(["unshare", *flags, "true"], check=False,
                              capture_output=True).returncode
               for flags in (["-n"], ["-r", "-n"])):
            self.skipTest("no namespace to be had")
        self.assertEqual(self.interfaces(alone=True), ["lo"])


class Interrupted(unittest.TestCase):

    PROGRAM = f"""
import sys; sys.path.insert(0, {str(support.PLAYER.parent)!r})
import support
from pathlib import Path
machine = support.Scripted({{"1": [{{"say": "tandem 0\\n"}}, {{"wait": 1}}]}})
app = support.App([machine], lambda: Path(sys.argv[1]))
sys.exit(app.main(["compare", "--format", "json"]))
"""

    def interrupt(self, number):
        with support.tempfile.TemporaryDirectory() as name:
            kernel = support.Path(name) / "kernel"
            kernel.write_text("")
            temporary = support.Path(name) / "tmp"
            temporary.mkdir()
            child = subprocess.Popen(
                [sys.executable, "-c", self.PROGRAM, str(kernel)],
                env={**os.environ, "TMPDIR": str(temporary)},
                # Of `make test &` it would be ignored.
                preexec_fn=lambda: signal.signal(signal.SIGINT,
                                                 signal.SIG_DFL),
                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
            # The names are asked for first; then the machine waits.
            self.assertTrue(until(
                lambda: kernel.with_suffix(".names.json").exists() and any(
                    path.stat().st_size
                    for path in temporary.glob("*/console.txt")), child.pid))
            left = self.children(child.pid)
            self.assertTrue(left)
            child.send_signal(number)
            _, err = communicate(child)
            self.assertEqual(child.returncode, 130, err)
            self.assertIn("interrupted", err)
            self.assertEqual(list(temporary.iterdir()), [])
            self.gone(left)

    def test_ignored(self):
        """where SIGINT was ignored, as by a shell's &, it comes through"""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.interrupt(signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)

    def test_ctrl_c(self):
        """Ctrl-C leaves no process and no temporary file behind"""
        self.interrupt(signal.SIGINT)

    def test_terminated(self):
        """nor does SIGTERM"""
        self.interrupt(signal.SIGTERM)

    def test_killed(self):
        """even when the front end is killed, the emulator goes with it"""
        with support.tempfile.TemporaryDirectory() as name:
            kernel = support.Path(name) / "kernel"
            kernel.write_text("")
            child = subprocess.Popen(
                [sys.executable, "-c", self.PROGRAM, str(kernel)],
                env={**os.environ, "TMPDIR": name},
                stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            self.assertTrue(until(
                lambda: kernel.with_suffix(".names.json").exists() and
                self.children(child.pid), child.pid))
            left = self.children(child.pid)
            child.kill()
            child.wait()
            self.gone(left)

    def gone(self, pids):
        """They end."""
        for pid in pids:
            self.assertTrue(until(
                lambda: not os.path.exists(f"/proc/{pid}/exe"), int(pid)))

    @staticmethod
    def children(pid):
        path = support.Path(f"/proc/{pid}/task/{pid}/children")
        return path.read_text().split()


if __name__ == "__main__":
    support.main()
