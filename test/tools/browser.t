#!/usr/bin/python3
"""The page of a report in headless Chromium, narrow, wide and in print: no
error, each plot is there and inside the page, legends are whole, and a policy
has the same colour everywhere. TANDEM_PICTURES=DIR keeps what it looked like."""

import os
import shutil
from pathlib import Path

import browser
import support
from support import head, run_text

VIEWS = ((400, "screen"), (768, "screen"), (1400, "screen"), (700, "print"))
POLICIES = ("bracket", "clear-flush-notify", "change-2009", "change-pte",
            "upgrade-noflush", "batch", "defer")
# The parts of the page that pass its right edge, or are cut.
OUTSIDE = """
[...document.querySelectorAll('img, h1, h2, li, dl, .key, .legend, p')]
    .filter(e => e.getBoundingClientRect().right > innerWidth ||
                 e.scrollWidth > e.clientWidth + 1 && e.clientWidth)
    .map(e => e.tagName + ' ' + e.textContent.slice(0, 40))
"""
CUT = """
[...document.querySelectorAll('table.heat, table.heat td, table.heat th')]
    .filter(e => e.getBoundingClientRect().right > innerWidth ||
                 e.scrollWidth > e.clientWidth)
    .map(e => e.textContent.slice(0, 40))
"""
LOADED = "[...document.images].map(e => e.complete && e.naturalWidth > 0 && " \
    "e.getBoundingClientRect().width > 300 && e.alt.length > 20)"
# Of each mark, in the legend and in the heat maps, the colour it is drawn in.
COLOURS = "[...document.querySelectorAll('.mark')].map(e => " \
    "e.textContent + getComputedStyle(e).color)"
FOLDED = "[...document.querySelectorAll('details table')].map(" \
    "e => e.checkVisibility({contentVisibilityAuto: true}))"


@support.unittest.skipUnless(shutil.which(browser.PROGRAM),
                             "chromium is missing: apt-get install chromium")
class Looks(support.FrontEndTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def report(self, text, *argv):
        self.tandem("compare", "--out", str(self.directory), *argv,
                    script={"1": [{"say": text}]})
        self.page = self.directory / "index.html"
        self.assertTrue(self.page.exists(), self.err)

    def look(self, name, plots):
        """The page is as it should be in all views."""
        marks = set()
        for width, media in VIEWS:
            self.browser.open(self.page, width, media)
            keep = os.environ.get("TANDEM_PICTURES")
            if keep:
                self.browser.picture(Path(keep) / f"{name}-{width}-{media}.png")
            ask = self.browser.ask
            self.assertEqual(self.browser.errors, [])
            self.assertLessEqual(ask("document.documentElement.scrollWidth"),
                                 width)
            self.assertEqual((ask(OUTSIDE), ask(CUT)), ([], []), width)
            self.assertEqual(ask(LOADED), [True] * plots)
            self.assertEqual(set(ask(FOLDED)), {media == "print"})
            marks.update(ask(COLOURS))
        self.assertEqual(len(marks), len({mark[0] for mark in marks}))
        return marks

    def test_all(self):
        """all policies, large numbers, both guests, two workloads"""
        text, number = head(28), 0
        for workload in ("cow-host", "merge"):
            for guest in ("idle", "running"):
                for policy in POLICIES:
                    number += 1
                    text += run_text(number, 28, policy=policy, guest=guest,
                                     workload=workload).replace(
                        "requests=4 pf_taken=4", f"requests={9999 * number} "
                        f"pf_taken={262144 * number} kicks=1 pf_retry=9 "
                        f"tlb_control_all={number}")
        self.report(text + "exit status=0\n", "--costs", str(
            support.ROOT / "test" / "boot" / "bench-gcc-12.csv"))
        self.assertEqual(len(self.look("all", 2)), 7)

    def test_mutants(self):
        """mutants, one of them missed, and a run that went wrong"""
        long = "stale gfn=1 expected=" + "7" * 300 + "\n"
        text = head(3) + run_text(1, 3, "stale", stale=1).replace(
            "result", long + "result") + run_text(
            2, 3, "stale", "change-pte", "no-flush", stale=2) + run_text(
            3, 3, policy="change-pte", mutant="other") + "exit status=1\n"
        self.report(text, "--mutants")
        self.look("mutants", 1)


if __name__ == "__main__":
    support.main()
