#!/usr/bin/python3
"""The event trace: from the kernel's records to slices and flows, in a form
that ui.perfetto.dev reads."""

import json

import support
from chrome_trace import ChromeTrace
from support import head, run_text
from tools.console import parse
from tools.report import trace
from tools.report.results import new_run

RUN = "run 1/1 workload=merge policy=change-pte mutant=none seed=1 " \
    "guest=running pages=4 vcpus=1"
# CPU 0 changes a page and kicks the vCPU of CPU 1, which exits and flushes.
KICKED = """\
trace cpu=0 tick=1000 step=PHASE phase=merge
trace cpu=0 tick=1100 step=N0 object=0xc subject=0x5000
trace cpu=0 tick=1200 step=N1 object=0xc subject=0x5000
trace cpu=0 tick=1250 step=PFLUSH subject=0x5000 from=0x3
trace cpu=0 tick=1280 step=PDONE subject=0x5000 from=0x3
trace cpu=0 tick=1300 step=N2 object=0xc subject=0x5000
trace cpu=0 tick=1350 step=N3 object=0xc subject=0x5000
trace cpu=0 tick=1400 step=SPTE object=0xe subject=0x40005 \
from=0x8000000000007067 to=0x8065
trace cpu=0 tick=1450 step=OWED object=0xe
trace cpu=0 tick=1500 step=REQUEST subject=0x1
trace cpu=0 tick=1600 step=KICK object=0xa subject=0x1 from=0x2
trace cpu=0 tick=1900 step=ISSUED object=0xe
trace cpu=0 tick=1950 step=N4 object=0xc subject=0x5000
trace cpu=0 tick=2000 step=N5 object=0xc subject=0x5000
trace cpu=0 tick=2050 step=N6 object=0xc subject=0x5000
trace cpu=1 tick=1010 step=EXIT subject=0x1
trace cpu=1 tick=1020 step=X3 subject=0x1
trace cpu=1 tick=1030 step=ENTER object=0xa subject=0x1
trace cpu=1 tick=1035 step=FLUSH object=0xa subject=0x1 from=0x1
trace cpu=1 tick=1040 step=E3 object=0xa subject=0x1
trace cpu=1 tick=1550 step=EXIT subject=0x1
trace cpu=1 tick=1700 step=X3 subject=0x1
trace cpu=1 tick=1750 step=ENTER object=0xa subject=0x1
trace cpu=1 tick=1800 step=FLUSH object=0xa subject=0x1 from=0x2
trace cpu=1 tick=1850 step=E3 object=0xa subject=0x1
trace cpu=1 tick=2100 step=EXIT subject=0x1
"""


def fault(*steps, start=1000, old=0):
    """A guest fault on CPU 1, after an exit."""
    lines = ["trace cpu=1 tick=%d step=EXIT subject=0x1",
             "trace cpu=1 tick=%d step=X3 subject=0x1"]
    for step in steps:
        more = f" from={old:#x} to=0x9067" if step == "SPTE" else ""
        lines.append(f"trace cpu=1 tick=%d step={step} object=0xe "
                     f"subject=0x40007{more}")
    return "".join(line % (start + 10 * i) + "\n"
                   for i, line in enumerate(lines))


class Slices(support.unittest.TestCase):

    def chrome(self, *texts, per_ms=1000000):
        """The trace of runs with these records, a microsecond each 1000
        ticks."""
        runs = [new_run(parse(RUN), 2) for _ in texts]
        for run, text in zip(runs, texts):
            run.trace = [parse(line) for line in text.splitlines()]
        text, self.left_out = trace.chrome(runs, per_ms)
        found = ChromeTrace(text)
        self.assertEqual(found.wrong, [])
        return found

    def test_nesting(self):
        """a change has its steps, and in them the flushes of both MMUs"""
        found = self.chrome(KICKED)
        change, = found.named("change")
        self.assertEqual((change.ts, change.end), (0.1, 1.05))
        self.assertEqual(change.args["hva"], "0x5000")
        self.assertEqual([s.name for s in change.inside], [
            "N1", "N2", "primary flush", "P is empty", "N3", "N4",
            "flush request", "request", "kick", "wait", "N5", "N6"])
        n4, = found.named("N4")
        self.assertEqual((n4.ts, n4.end), (0.35, 0.95))
        self.assertIn("flush request", [s.name for s in n4.inside])
        wait, = found.named("wait")
        self.assertEqual((wait.ts, wait.end), (0.6, 0.9))
        self.assertEqual(found.named("primary flush")[0].args["CPUs"], "0, 1")
        self.assertEqual(found.other["left out"], "nothing")
        phase, = found.named("merge")
        self.assertEqual((phase.ts, phase.end), (0, 1.1))

    def test_flow(self):
        """from the request over kick and exit to the flush that took it"""
        found = self.chrome(KICKED)
        chain, = found.flows.values()
        self.assertEqual([(ph, s.name, s.tid, s.ts) for ph, s in chain], [
            ("s", "request", 101, 0.45), ("t", "kick", 101, 0.5),
            ("t", "exit", 102, 0.55), ("f", "flush", 102, 0.8)])
        self.assertEqual(chain[3][1].args, {"CPU": 1, "request": 2})

    def test_late_kick(self):
        """a kick of a vCPU that had just entered: the exit comes after the
        flush"""
        cpu0 = "".join(line + "\n" for line in KICKED.splitlines()
                       if "cpu=0" in line)
        found = self.chrome(cpu0 + """\
trace cpu=1 tick=1460 step=EXIT subject=0x1
trace cpu=1 tick=1470 step=X3 subject=0x1
trace cpu=1 tick=1480 step=ENTER object=0xa subject=0x1
trace cpu=1 tick=1510 step=FLUSH object=0xa subject=0x1 from=0x2
trace cpu=1 tick=1520 step=E3 object=0xa subject=0x1
trace cpu=1 tick=1650 step=EXIT subject=0x1
trace cpu=1 tick=1660 step=X3 subject=0x1
""")
        chain, = found.flows.values()
        self.assertEqual([(s.name, s.ts) for _, s in chain], [
            ("request", 0.45), ("kick", 0.5), ("flush", 0.51),
            ("exit", 0.65)])

    def test_typed(self):
        """entries are taken apart; frames, addresses, CPUs are named"""
        found = self.chrome(KICKED)
        spte, = [e for e in found.events if e.get("name") == "SPTE"]
        self.assertEqual(spte["args"], {
            "gfn": "0x40005",
            "old entry": {"value": "0x8000000000007067", "frame": "0x7",
                          "rights": "rw"},
            "new entry": {"value": "0x8065", "frame": "0x8", "rights": "r"}})
        self.assertEqual(spte["cat"], "entry")

    def test_faults(self):
        """which fault it was, by its last step and the entry it found"""
        zapped = 1 << 60
        for steps, old, name in (
                (("F1", "F2", "F3", "F4", "SPTE", "F5"), 0, "fault"),
                (("F1", "F2", "F3", "F4", "SPTE", "F5"), zapped, "refault"),
                (("F1", "PTE", "F2", "F3", "F4", "SPTE", "F5"), zapped,
                 "fault"),
                (("F1", "F2", "F3"), 0, "fault, sent back"),
                (("F1",), 0, "fault, sent back"),
                (("F1", "F2", "F3", "F4"), 0, "fault, spurious")):
            with self.subTest(steps=steps, old=old):
                found = self.chrome(fault(*steps, old=old)
                                    + fault("F1", start=2000))
                got = [s for s in found.slices if "fault" in s.name]
                self.assertEqual([s.name for s in got],
                                 [name, "fault, sent back"])
                self.assertEqual([s.name for s in got[0].inside],
                                 [s for s in steps if s[0] == "F"])
                self.assertEqual(got[0].args["gfn"], "0x40007")

    def test_invalidation(self):
        """a bracket is of the VM: it may begin in one step and end in
        another"""
        found = self.chrome("""\
trace cpu=0 tick=10 step=R1 object=0xb subject=0x1000
trace cpu=0 tick=20 step=OPEN object=0xe from=0x1000 to=0x3000
trace cpu=0 tick=30 step=R2 object=0xb subject=0x1000
trace cpu=0 tick=40 step=CLOSE object=0xe from=0x1000 to=0x3000
trace cpu=0 tick=50 step=R3 object=0xb subject=0x1000
""")
        pair = [e for e in found.events if e["ph"] in "be"]
        self.assertEqual([(e["ph"], e["ts"]) for e in pair],
                         [("b", 0.01), ("e", 0.03)])
        self.assertEqual(pair[0]["args"],
                         {"hva": "0x1000", "end hva": "0x3000"})
        self.assertEqual([s.name for s in found.slices],
                         ["protection", "R2", "R3"])

    def test_runs(self):
        """each run is a process with a time of its own"""
        later = KICKED.replace("tick=1", "tick=91").replace("tick=2",
                                                            "tick=92")
        found = self.chrome(KICKED, later)
        self.assertEqual([s.ts for s in found.named("change")], [0.1, 0.1])
        self.assertEqual([s.pid for s in found.named("change")], [1, 2])
        self.assertEqual(len(found.flows), 2)
        self.assertEqual(found.names["thread_name", 2, 202], "CPU 1: vCPU")

    def test_left_out(self):
        """what is lost or was not asked for is said, and is seen"""
        lost = "trace cpu=1 tick=1000 step=LOST subject=0x9\n"
        kept = "".join(line + "\n" for line in KICKED.splitlines()
                       if "cpu=1" not in line or int(
                           line.split()[2][5:]) > 1600)
        found = self.chrome(kept.replace(
            "trace cpu=1", lost + "trace cpu=1", 1))
        title = "merge under change-pte, guest running"
        said = [f"{title}: CPU 1: its first 9 events",
                f"{title}: the exits of 1 kicks"]
        self.assertEqual(self.left_out, said)
        self.assertEqual(found.other["left out"], "; ".join(said))
        self.assertEqual(found.flows, {})
        gap, = found.named("left out: 9 events")
        self.assertEqual((gap.tid, gap.ts, gap.end), (102, 0, 0.7))
        shown = [e["name"] for e in found.events if e["ph"] == "i"
                 and e["cat"] == "left out"]
        self.assertEqual(len(shown), 2)

    def test_gap(self):
        """nothing lasts through a phase that was left out"""
        text = """\
trace cpu=0 tick=1000 step=PHASE phase=fork
trace cpu=0 tick=2000 step=PHASE phase=read kept=no
trace cpu=0 tick=3000 step=PHASE phase=write
trace cpu=1 tick=1500 step=E3 object=0xa subject=0x1
trace cpu=1 tick=3500 step=EXIT subject=0x1
trace cpu=1 tick=3600 step=X3 subject=0x1
"""
        self.assertEqual(self.chrome(text).named("guest"), [])
        self.assertEqual(len(self.chrome(text.replace(" kept=no", ""))
                             .named("guest")), 1)
        text = text.replace("E3", "OPEN").replace("EXIT", "CLOSE")
        for line, count in ((text, 0), (text.replace(" kept=no", ""), 2)):
            line = line.replace(" subject=0x1", "").replace("object=0xa", "")
            self.assertEqual(sum(e["ph"] in "be" for e in
                                 self.chrome(line).events), count)

    def test_end(self):
        """a flush ends with its entry, not with the next one"""
        found = self.chrome("""\
trace cpu=1 tick=1000 step=FLUSH object=0xa subject=0x1 from=0x1
trace cpu=1 tick=2000 step=E3 object=0xa subject=0x1
trace cpu=1 tick=3000 step=EXIT subject=0x1
trace cpu=1 tick=4000 step=E3 object=0xa subject=0x1
trace cpu=1 tick=5000 step=EXIT subject=0x1
""")
        self.assertEqual([(s.name, s.ts, s.end) for s in found.slices], [
            ("flush", 0, 1), ("guest", 1, 2), ("guest", 3, 4)])

    def test_cut(self):
        """whatever step is the first or the last one, slices end"""
        lines = KICKED.splitlines(keepends=True)
        for n in range(len(lines)):
            self.chrome("".join(lines[n:]))
            self.chrome("".join(lines[:n]))


class Ran(support.FrontEndTest):

    def play(self, *argv, text=KICKED):
        where = self.directory / "t"
        text = head(1) + run_text(1, 1).replace(
            "progress", f"{text}progress", 1) + "exit status=0\n"
        self.assertEqual(self.tandem(
            "run", "--policy", "bracket", "--workload", "cow-host", *argv,
            "--out", str(where), script={"1": [{"say": text}]}), 0, self.err)
        return where / "trace.json"

    def test_run_trace(self):
        """run --trace asks for a trace, writes it, and says what it lacks"""
        path = self.play("--trace", text=KICKED.replace(
            "trace cpu=1", "trace cpu=1 tick=1000 step=LOST subject=0x9\n"
            "trace cpu=1", 1))
        self.assertEqual(self.backend.boots[-1].words["trace"], "on")
        self.assertNotIn("phases", self.backend.boots[-1].words)
        self.assertIn("CPU 1: its first 9 events", self.err)
        whole = json.loads(path.read_text())
        self.assertEqual(whole["otherData"]["version"], "0.1")
        self.assertIn("its first 9 events", whole["otherData"]["left out"])

    def test_phases(self):
        """run --trace PHASE,.. asks for these"""
        self.play("--trace", "fork,host-write")
        words = self.backend.boots[-1].words
        self.assertEqual(words["trace"], "on")
        self.assertEqual(words["phases"], "fork,host-write")

    def test_no_trace(self):
        """without --trace there is none"""
        self.assertFalse(self.play().exists())
        self.assertNotIn("trace", self.backend.boots[-1].words)


if __name__ == "__main__":
    support.main()
