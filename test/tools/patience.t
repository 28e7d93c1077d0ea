#!/usr/bin/python3
"""When a process is given up on: for what it did, not for the time."""

import subprocess
import sys

import support
from tools import patience
from tools.patience import Exhausted, Patience, Sight, Watch, communicate


class Judgement(support.unittest.TestCase):

    def watch(self, *sights, cpu=10.0, idle=3):
        """What is said at each of @sights: ticks and whether it is busy."""
        left = iter([Sight(*sight) for sight in sights])
        watch = Watch(1, Patience(cpu, idle), lambda pid: next(left))
        return [bool(watch.exhausted()) for _ in sights]

    def test_starved(self):
        """one that waits for a CPU may wait for ever"""
        self.assertEqual(self.watch(*[(5, True)] * 1000), [False] * 1000)

    def test_idle(self):
        """one that sleeps is given up on, unless it works now and then"""
        self.assertEqual(self.watch((5, False), (5, False), (5, False),
                                    (6, False), (6, False), (6, False),
                                    (6, False)), [False] * 6 + [True])

    def test_cpu(self):
        """one that works without an end has so much CPU time"""
        self.assertEqual(self.watch((900, True), (1000, True), (1001, True)),
                         [False, False, True])


class Processes(support.unittest.TestCase):

    def give_up(self, program, limits):
        with support.unittest.mock.patch.object(patience, "LOOK_SECONDS",
                                                0.05):
            process = subprocess.Popen(
                [sys.executable, "-c", program], text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with process, self.assertRaises(Exhausted) as caught:
                communicate(process, limits)
            return str(caught.exception)

    def test_children(self):
        """the CPU time of children counts, and they are killed too"""
        self.assertEqual(self.give_up(
            "import os\npid = os.fork()\nwhile not pid: pass\nos.wait()",
            Patience(0.3, 1000)), "no end after 0.3 s of CPU time")

    def test_sleeper(self):
        """one that does nothing is killed"""
        self.assertIn("it has done nothing", self.give_up(
            "import time\ntime.sleep(1000)", Patience(60, 10)))

    def test_end(self):
        """one that ends is not, and what it said is there"""
        with subprocess.Popen(["sh", "-c", "echo out; echo err >&2; sleep 1"],
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.PIPE) as process:
            with support.unittest.mock.patch.object(
                    patience, "LOOK_SECONDS", 0.05):
                self.assertEqual(communicate(process), ("out\n", "err\n"))


if __name__ == "__main__":
    support.main()
