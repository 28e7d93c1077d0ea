#!/usr/bin/python3
"""Scenario and litmus files of the user's own: they run on each kind of
machine beside the built-in ones, or one line says where they are wrong."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "test" / "tools"))
import support  # noqa: E402
from tools import image  # noqa: E402
from tools.backends.backend import Boot  # noqa: E402
from tools.backends.bochs import BochsVmx  # noqa: E402
from tools.runner import Limits, run_matrix  # noqa: E402

# Every kind of statement, of selection and of content.
SCENARIO = """\
# all of it
scenario my-own "everything that can be said"
phase populate  guest write
phase fork      fork; child-write every 3rd; child-read
phase writes    host write every 2nd timed host_mine; vcpu1 write p5..p9;
                guest read 50 %; host read p1
phase pins      pin p3; repeat 2 { pace; migrate p4..p6 }; unpin p3
phase merge     child-exit; guest write class 2; mergeable; scan; scan
phase holes     each page: discard p0..p3; discard every 5th; complete
phase protect   protect-ro; guest read; protect-rw
phase mix       mix operations {
                    3 host write random page; 1 fork; 1 child-exit;
                    2 guest write random range 4 class of 2;
                    1 guest keeps-writing 4
                } beside { scan 2; migrate random page }
"""

LITMUS = """\
Tandem MY-OWN
"The host copies a shared page, vcpu0 is told."
Rules=O2 O12
Mutants=no-flush

{ write p0 1; fork; vcpu0: read p0 }

 host       | vcpu0        ;
 write p0 2 | r5 = look f0 ;
 raise f0   | r1 = read p0 ;

forbidden 1:r5=1 /\\ 1:r1=1
"""


def tandem(*argv):
    """What ./tandem prints, and its status."""
    done = subprocess.run([ROOT / "tandem", *argv], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Files(support.FrontEndTest):

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def runs(self, *argv):
        status, out, err = tandem("compare", "--quiet", "--format", "json",
                                  *argv)
        self.assertEqual(status, 0, err)
        return json.loads(out)["runs"]

    def scenario(self, backend):
        """A scenario of one's own between built-in ones, both guests."""
        runs = self.runs("--backend", backend, "--workload",
                         f"zero,{self.file('my.scn', SCENARIO)}", "--pages",
                         "16", "--vcpus", "2", "--policy",
                         "bracket,change-pte,defer")
        self.assertEqual({r["workload"] for r in runs}, {"my-own", "zero"})
        self.assertEqual(len(runs), 12)
        for run in runs:
            self.assertEqual(run["verdict"], "coherent", run)
            if run["workload"] == "my-own":
                self.assertEqual(
                    [p["name"] for p in run["phases"]],
                    ["populate", "fork", "writes", "pins", "merge", "holes",
                     "protect", "mix"])
                self.assertEqual(run["ticks"]["host_mine"]["count"], 8)

    def litmus(self, backend):
        """A litmus test of one's own, and who catches its mutant."""
        path = self.file("my.litmus", LITMUS)
        status, out, err = tandem(
            "litmus", "--quiet", "--format", "json", "--backend", backend,
            "--test", f"COW-MP,{path}", "--policy", "change-pte")
        self.assertEqual(status, 0, err)
        self.assertEqual({(t["test"], t["verdict"])
                          for t in json.loads(out)["tests"]},
                         {("COW-MP", "ok"), ("MY-OWN", "ok")})
        status, out, err = tandem(
            "litmus", "--quiet", "--format", "json", "--backend", backend,
            "--test", path, "--mutants")
        self.assertEqual(status, 0, err)
        *policies, mutant = json.loads(out)["tests"]
        self.assertEqual({t["verdict"] for t in policies}, {"ok"})
        self.assertEqual((mutant["mutant"], mutant["verdict"]),
                         ("no-flush", "caught"))
        self.assertIn("explorer", mutant["caught_by"])

    def test_always(self):
        """a test whose outcome comes without a mutant catches none"""
        path = self.file("my.litmus", "Tandem MY-OWN Mutants=no-flush\n"
                         "{ write p0 5 } host | host ; r0 = read p0 | "
                         "r0 = read p0 ; forbidden 0:r0=5")
        status, _, err = tandem("litmus", "--quiet", "--backend", "bochs-vmx",
                                "--test", path, "--mutants")
        self.assertEqual(status, 1, err)
        self.assertIn("MY-OWN under bracket: forbidden-seen", err)

    def test_scenario_on_bochs_vmx(self):
        """a scenario of one's own, bochs-vmx"""
        self.scenario("bochs-vmx")

    def test_scenario_on_qemu_svm(self):
        """a scenario of one's own, qemu-svm"""
        self.scenario("qemu-svm")

    def test_litmus_on_bochs_vmx(self):
        """a litmus test of one's own, bochs-vmx and the explorer"""
        self.litmus("bochs-vmx")

    def test_litmus_on_qemu_svm(self):
        """a litmus test of one's own, qemu-svm and the explorer"""
        self.litmus("qemu-svm")

    def test_mutant(self):
        """a mutant is caught in a scenario of one's own"""
        path = self.file("my.scn", "scenario my-own phase a guest write; fork;"
                         " guest read; host write; guest read")
        status, _, err = tandem("compare", "--quiet", "--backend",
                                "bochs-vmx", "--workload", path, "--policy",
                                "change-pte", "--mutants", "no-flush", "--pages",
                                "16", "--guest", "idle")
        self.assertEqual(status, 0, err)

    def test_denied(self):
        """a write to a read-only area ends the run, and is told"""
        for who in ("host", "guest"):
            path = self.file("my.scn", "scenario my-own phase a guest write; "
                             f"protect-ro phase b {who} write")
            status, _, err = tandem("compare", "--quiet", "--backend",
                                    "bochs-vmx", "--workload", path,
                                    "--policy", "bracket", "--pages", "4",
                                    "--guest", "idle")
            self.assertEqual(status, 4, err)
            self.assertIn("message b: ", err)
            self.assertIn("den", err)

    def test_host_first(self):
        """a running guest that has not been told to read yet paces nobody"""
        path = self.file("my.scn", "scenario my-own phase a pace; host write "
                         "phase b guest read")
        for cpus in ("1", "2"):
            for run in self.runs("--backend", "bochs-vmx", "--workload", path,
                                 "--policy", "bracket", "--pages", "4",
                                 "--cpus", cpus):
                self.assertEqual(run["verdict"], "coherent")

    def phase(self, text):
        """The counters of the last phase of a scenario, idle, 16 pages."""
        return self.runs("--backend", "bochs-vmx", "--workload",
                         self.file("my.scn", "scenario my-own phase a guest "
                                   f"write {text}"), "--policy", "change-pte",
                         "--pages", "16", "--guest", "idle"
                         )[0]["phases"][-1]["counters"]

    def test_weights(self):
        """a mix draws by weight, as often as it says"""
        for weights, low, high in (((1, 199), 180, 200), ((199, 1), 0, 20),
                                   ((1, 1), 60, 140)):
            counted = self.phase("phase b mix 200 { %u pace; %u migrate "
                                 "random page }" % weights)
            self.assertGreaterEqual(counted.get("primary_flush_requests", 0), low)
            self.assertLessEqual(counted.get("primary_flush_requests", 0), high)

    def test_merge(self):
        """merge p3 p5: these two, and only if they are equal"""
        for pages, merged in ((("p3", "p5"), 1), (("p3", "p6"), 0),
                              (("p4", "p5"), 0)):
            counted = self.phase("phase b guest write p3 class 1; guest write "
                                 "p5 class 1 phase c merge %s %s" % pages)
            self.assertEqual(counted.get("spte_change", 0), merged)

    def test_guests_pages(self):
        """pages that the guest keeps writing to are no others' to write"""
        path = self.file("my.scn", "scenario my-own phase a guest write phase "
                         "b mix 40 { 9 guest keeps-writing 2;\n"
                         "1 host write p12 }")
        status, _, err = tandem("compare", "--quiet", "--backend",
                                "bochs-vmx", "--workload", path, "--policy",
                                "bracket", "--pages", "16")
        self.assertEqual(status, 4, err)
        self.assertIn("message line 2: pages from p12 on are the guest's", err)
        self.assertNotIn("guest idle: died", err)

    def test_beside(self):
        """whole passes of the scanner beside a mix, with guests that write"""
        path = self.file("my.scn", "scenario my-own phase a guest write class "
                         "1 phase b mergeable; mix 60 { 2 guest keeps-writing "
                         "2; 2 host write random page; 1 guest read } beside "
                         "{ scan; migrate random page }")
        runs = self.runs("--backend", "bochs-vmx", "--workload", path,
                         "--policy", "bracket,change-pte", "--pages", "16",
                         "--guest", "running", "--vcpus", "2", "--cpus", "5")
        self.assertEqual([r["verdict"] for r in runs], ["coherent"] * 2)

    def test_explorer(self):
        """the explorer plays a file, and complains of one"""
        explorer = image.build_explorer()
        done = subprocess.run([explorer, "--test",
                               self.file("my.litmus", LITMUS), "--policy",
                               "bracket"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("explore test=MY-OWN policy=bracket", done.stdout)
        done = subprocess.run([explorer, "--test",
                               self.file("wrong.litmus", "Tandem")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("wrong.litmus:1: ", done.stderr)


class Refused(support.FrontEndTest):

    def refused(self, text, name, *argv, mentions):
        """One line and status 2, before anything boots."""
        path = self.directory / name
        path.write_text(text)
        status, out, err = tandem(*[str(path) if a == "FILE" else a
                                    for a in argv])
        self.assertEqual((status, out), (2, ""), err)
        # The first line may say which backend it would have been.
        said = [line for line in err.splitlines()
                if not line.startswith("backend ")]
        self.assertEqual(len(said), 1, err)
        for mention in mentions:
            self.assertIn(mention.replace("FILE", str(path)), said[0])

    def test_scenarios(self):
        """mistakes in a scenario: file, line, what is accepted"""
        for text, mentions in (
                ("scenario s\n\nphase p\nguest frok\n",
                 ("FILE:4: 'frok' is not accepted: guest can do read write "
                  "leave",)),
                ("", ("FILE:1: ", "scenario NAME")),
                ("scenario zero phase p fork", ("FILE:1: ", "zero", "taken")),
                ("scenario s phase p vcpu1 read", ("FILE", "--vcpus 2")),
                ("scenario s phase p host read p64", ("FILE", "--pages 65")),
                ("scenario s phase p host read \xe4", ("FILE:1: ", "\\x"))):
            self.refused(text, "w.scn", "compare", "--quiet", "--workload",
                         "FILE", "--pages", "64", mentions=mentions)

    def test_litmus(self):
        """mistakes in a litmus test likewise"""
        for text, mentions in (
                ("Tandem T\n{ }\nhost;\nfrok;", ("FILE:4: 'frok'", "fork")),
                ("Tandem COW-MP { } host; r0 = read p0; forbidden 0:r0=1",
                 ("FILE:1: ", "COW-MP", "taken")),
                ("Tandem T\nMutants=no-flash\n{ } host; r0 = read p0; "
                 "forbidden 0:r0=1", ("FILE:2: ", "no-flash", "no-flush"))):
            self.refused(text, "w.litmus", "litmus", "--quiet", "--test",
                         "FILE", mentions=mentions)

    def test_names(self):
        """a file that is not there, or of another kind"""
        self.refused("", "w.txt", "compare", "--quiet", "--workload", "FILE",
                     mentions=("FILE", ".scn"))
        self.refused("", "w.scn", "compare", "--quiet", "--workload",
                     "/nowhere.scn", mentions=("/nowhere.scn", "No such"))
        self.refused("", "w x.scn", "compare", "--quiet", "--workload",
                     "FILE", mentions=("scenario NAME",))

    def test_kernel(self):
        """the kernel says the same of a module that is wrong"""
        path = self.directory / "w.scn"
        path.write_text("scenario s\nphase p guest frok")
        outcome = run_matrix(
            BochsVmx(), Boot(image.build(), {"workload": "w.scn"}, 1, 64,
                             modules=(path,)), Limits(idle=30, busy=60))
        self.assertEqual(outcome.status, 2, outcome.reading.last)
        self.assertEqual(outcome.reading.errors, [
            "w.scn:2: 'frok' is not accepted: guest can do read write leave"])


if __name__ == "__main__":
    support.main()
