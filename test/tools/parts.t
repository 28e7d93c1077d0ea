#!/usr/bin/python3
"""A matrix in parts, each with a boot of its own: in the order of the matrix
and the same whatever the number of jobs; one part's end is not the others'."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import support
from support import head, run_text
from tools.commands import arguments
from tools.progress import Line
from tools.report.results import Reading
from tools.runner import Limits

END = "exit status=0\n"
PARTS = [(workload, guest) for workload in ("cow-host", "merge")
         for guest in ("idle", "running")]


class Quick(support.Scripted):
    """Each workload and guest is a boot; behind a death `first` is added."""

    name = "quick"
    quick = True

    def launch(self, boot, directory):
        words = boot.words
        key = " ".join(words[word] for word in ("workload", "guest", "first")
                       if word in words)
        self.script["1"] = self.script[words.get("first", "1")] = \
            self.script.get(key, [])
        return super().launch(boot, directory)


def part(workload, guest, *verdicts):
    """What the kernel says in such a boot."""
    total = len(verdicts)
    return head(total) + "".join(
        run_text(i, total, verdict, workload=workload, guest=guest)
        for i, verdict in enumerate(verdicts, 1)) + END


WHOLE = {" ".join(key): [{"say": part(*key, "coherent", "coherent")}]
         for key in PARTS}


class Parts(support.FrontEndTest):

    def play(self, *argv, **instead):
        script = {**WHOLE, **{key.replace("_", "-").replace("0", " "): steps
                              for key, steps in instead.items()}}
        self.machine = Quick(script)
        return self.tandem("compare", "--format", "json", *argv,
                           backends=[self.machine])

    def runs(self):
        return [(run["workload"], run["guest"])
                for run in json.loads(self.out)["runs"]]

    def test_empty_part(self):
        """a part that ends with 0 and has not run what it planned"""
        for text, fault in (
                (head(2) + END, "merge, guest running: runs 1 to 2 of 2 are "
                 "missing"),
                ("tandem 0.1\n" + END, "the plan record is missing"),
                (END, "the plan record is missing")):
            status = self.play(merge0running=[{"say": text}])
            self.assertEqual(status, 4, text)
            self.assertIn(fault, self.err)
            self.assertEqual(len(self.runs()), 6)

    def test_boots(self):
        """a boot for each workload and guest, first those that take long;
        an idle one has one CPU"""
        self.assertEqual(self.play("--jobs", "1"), 0, self.err)
        boots = [boot for boot in self.machine.boots
                 if "list" not in boot.words]
        self.assertEqual([(boot.words["workload"], boot.words["guest"],
                           boot.cpus) for boot in boots],
                         [(workload, guest, cpus) for guest, cpus in
                          (("running", 2), ("idle", 1))
                          for workload in ("cow-host", "merge")])
        for argv, cpus in ((("--cpus", "3"), {3}), (("--vcpus", "2"), {3})):
            self.play(*argv)
            self.assertEqual({boot.cpus for boot in self.machine.boots
                              if "list" not in boot.words}, cpus)
        self.play("--workload", "merge", "--guest", "running")
        self.assertEqual(self.runs(), [("merge", "running")] * 2)

    def test_jobs(self):
        """the same bytes with one job and with four, in the same order"""
        outputs = set()
        for jobs in ("1", "2", "4"):
            self.assertEqual(self.play("--jobs", jobs), 0, self.err)
            outputs.add(self.out)
        self.assertEqual(len(outputs), 1)
        self.assertEqual(self.runs(), [key for key in PARTS for _ in "12"])

    def test_at_a_time(self):
        """as many run at a time as there are jobs, and no more"""
        flag = self.directory / "flag"
        meet = {"cow_host0idle": [
            {"say": "tandem 0.1\n"}, {"until": str(flag)},
            {"say": part("cow-host", "idle", "coherent").split("\n", 1)[1]}]}
        launched = []

        def launch(machine, boot, directory):
            if "list" not in boot.words:
                launched.append(boot.title)
                if len(launched) == self.jobs:
                    flag.write_text("")
            return Quick.launch(machine, boot, directory)

        class Noting(Quick):
            pass
        Noting.launch = launch
        for self.jobs in (1, 3):
            launched.clear()
            flag.unlink(missing_ok=True)
            machine = Noting({**WHOLE, "cow-host idle":
                              meet["cow_host0idle"]})
            self.assertEqual(self.tandem(
                "compare", "--format", "json", "--jobs", str(self.jobs),
                backends=[machine]), 0, self.err)
            self.assertEqual(self.runs()[0], ("cow-host", "idle"))
            self.assertEqual(len(launched), len(PARTS))

    def test_default(self):
        """a job for each CPU of this host"""
        args = arguments.parse(["compare"], ())
        self.assertEqual(args.jobs, os.cpu_count())

    def test_death(self):
        """a death costs one run of its part"""
        text = part("cow-host", "running", "coherent", "coherent", "coherent")
        begin, rest = text.split("result 2/3")[0], text.split("run 3/3")[1]
        self.assertEqual(self.play("--jobs", "2", **{
            "cow_host0running": [{"say": begin}],
            "cow_host0running03": [{"say": head(3) + "run 3/3" + rest}]}), 4)
        found = json.loads(self.out)["runs"]
        self.assertEqual([run["verdict"] for run in found],
                         ["coherent"] * 3 + ["died"] + ["coherent"] * 5)
        self.assertEqual([boot.title for boot in self.machine.boots
                          if "first" in boot.words],
                         ["cow-host, guest running"])

    def test_hang(self):
        """a hang in one part stops no other"""
        text = part("cow-host", "idle", "coherent").split("result")[0]
        self.assertEqual(self.play("--jobs", "2", cow_host0idle=[
            {"say": text}, {"wait": 1}]), 4)
        self.assertEqual([run["verdict"] for run in
                          json.loads(self.out)["runs"]],
                         ["hang"] + ["coherent"] * 6)

    def test_death_before_all(self):
        """a part dies before its first record: the others' end is not its"""
        self.assertEqual(self.play(merge0running=[{"say": "junk\n"},
                                                  {"end": 1}]), 4)
        self.assertIn("junk", self.err)
        self.assertEqual(len(self.runs()), 6)

    def test_cpus(self):
        """the head has the most CPUs that a part had, whichever it was"""
        for few in ("idle", "running"):
            script = {f"{name.replace('-', '_')}0{guest}": [
                {"say": part(name, guest, "coherent", "coherent").replace(
                    "cpus=2", "cpus=1")}]
                for name, guest in PARTS if guest == few}
            self.assertEqual(self.play(**script), 0, self.err)
            self.assertEqual(json.loads(self.out)["cpus"], 2)

    def test_account(self):
        """a fault names its part"""
        text = part("merge", "idle", "coherent", "coherent")
        self.assertEqual(self.play(merge0idle=[
            {"say": text.split("run 2/2")[0] + END}]), 4)
        self.assertIn("tandem: merge, guest idle: run 2/2 is missing",
                      self.err.splitlines())
        self.assertEqual(json.loads(self.out)["faults"],
                         ["merge, guest idle: run 2/2 is missing"])

    def test_mutants(self):
        """a mutant that one part shows is caught"""
        def mutated(guest, verdict, stale):
            return [{"say": head(1) + run_text(
                1, 1, verdict, mutant="no-flush", stale=stale, guest=guest)
                + f"exit status={int(not stale)}\n"}]
        argv = ("--mutants", "--workload", "cow-host")
        self.assertEqual(self.play(
            *argv, cow_host0idle=mutated("idle", "coherent", 0),
            cow_host0running=mutated("running", "stale", 1)), 0, self.err)
        self.assertEqual(self.play(
            *argv, cow_host0idle=mutated("idle", "coherent", 0),
            cow_host0running=mutated("running", "coherent", 0)), 1)
        self.assertIn("mutant no-flush was not caught", self.err)

    def test_refused(self):
        """what the kernel refuses in each boot is said once: 2"""
        refuse = [{"say": "tandem 0.1\nerror: no\nexit status=2\n"}]
        self.assertEqual(self.play(**{
            " ".join(key).replace("-", "_").replace(" ", "0"): refuse
            for key in PARTS}), 2)
        self.assertEqual(self.err.splitlines()[-1], "tandem: no")

    def test_progress(self):
        """the line counts runs of all parts, also of those to come"""
        line = Line(True, 3)
        parts = [Reading(), Reading()]
        for reading, text in zip(parts, (part("merge", "idle", "coherent",
                                              "coherent"), head(4))):
            for row in text.splitlines():
                line.observe(reading, reading.feed(row))
        self.assertEqual((line.completed, line.total), (2, 2 + 4 + 4))


class Interrupted(support.FrontEndTest):
    """Ctrl-C behind some runs."""

    def interrupt(self, *argv, number=signal.SIGINT):
        text = part("cow-host", "running", "coherent", "coherent")
        machine = Quick({**WHOLE, "cow-host running": [
            {"say": text.split("run 2/2")[0]}, {"wait": 1}],
            "merge running": [{"wait": 1}], "merge idle": [{"wait": 1}]})
        launch = machine.launch
        consoles = {}

        def later(boot, directory):
            started = launch(boot, directory)
            consoles[boot.title] = started.console
            # The last part begins: an earlier one has ended.
            if boot.title == "merge, guest idle":
                threading.Thread(target=stop).start()
            return started

        def stop():
            running = consoles["cow-host, guest running"]
            while not running.exists() or not running.stat().st_size:
                time.sleep(0.01)
            time.sleep(0.5)
            os.kill(os.getpid(), number)

        machine.launch = later
        old = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self.tandem("compare", *argv, "--jobs", "3",
                               backends=[machine], limits=Limits())
        finally:
            signal.signal(signal.SIGINT, old)

    def test_kept(self):
        """Ctrl-C keeps the runs that have ended: 130"""
        where = self.directory / "report"
        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(self.interrupt(
                "--format", "json", "--out", str(where), number=number),
                130)
            self.assertEqual(self.err.splitlines()[-1], "tandem: interrupted")
            self.assertEqual((where / "results.json").read_text(), self.out)
            found = json.loads(self.out)
            self.assertEqual([(run["guest"], run["verdict"])
                              for run in found["runs"]],
                             [("idle", "coherent")] * 2
                             + [("running", "coherent")])
            self.assertEqual(found["faults"], ["ended early, with 3 runs"])

    def test_table(self):
        """the tables say that they are not whole"""
        self.assertEqual(self.interrupt(), 130)
        self.assertIn("ended early, with 3 runs", self.out)


class Full(unittest.TestCase):
    """Where temporary files go there is no room."""

    PROGRAM = f"""
import sys; sys.path.insert(0, {str(support.PLAYER.parent)!r})
import support
from pathlib import Path
text = support.head(2) + support.run_text(1, 2) + "run 2/2 workload=merge "
fill = open(sys.argv[2] + "/fill", "wb")
class Filling(support.Scripted):
    def launch(self, boot, directory):
        launch = super().launch(boot, directory)
        if "list" not in boot.words:
            try:
                while True:
                    fill.write(bytes(4096))
                    fill.flush()
            except OSError:
                pass
        return launch
machine = Filling({{"1": [{{"say": text}}, {{"end": 1}}]}})
app = support.App([machine], lambda: Path(sys.argv[1]))
sys.exit(app.main(["compare", "--format", "json"]))
"""

    def test_full(self):
        """a full TMPDIR says so: 3"""
        with support.tempfile.TemporaryDirectory() as name:
            kernel = support.Path(name) / "kernel"
            kernel.write_text("")
            small = support.Path(name) / "small"
            small.mkdir()
            mount = f"mount -t tmpfs -o size=256k none {small} && "
            if subprocess.run(["unshare", "-rm", "sh", "-c", mount + "true"],
                              capture_output=True, check=False).returncode:
                self.skipTest("no file system may be mounted")
            done = subprocess.run(
                ["unshare", "-rm", "sh", "-c", mount + 'exec "$@"', "sh",
                 sys.executable, "-c", self.PROGRAM, str(kernel), str(small)],
                env={**os.environ, "TMPDIR": str(small)},
                capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        last = done.stderr.splitlines()[-1]
        self.assertIn(f"{small}: No space left on device", last)
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    support.main()
