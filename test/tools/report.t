#!/usr/bin/python3
"""The page that --out writes: it says what results.json has, in sentences,
pictures and tables, and a policy looks the same in all of them."""

import base64
import csv
import json
import re
from html.parser import HTMLParser

import recount
import support
from support import head, run_text
from tools.report import heat, plots, report, rows, saved, style

POLICIES = ("bracket", "change-pte", "mine")


class Page(HTMLParser):
    """What a test asks of a page: cells by caption, images, ids, text."""

    def __init__(self, text):
        super().__init__()
        self.maps, self.images, self.ids, self.links = {}, [], set(), set()
        self.open, self.text, self.caption, self.row = [], {}, "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        fields = dict(attrs)
        self.ids.add(fields.get("id"))
        if fields.get("href", "").startswith("#"):
            self.links.add(fields["href"][1:])
        if tag == "img":
            self.images.append(fields)
        elif tag not in ("meta", "i"):
            self.open.append(tag)
        if tag == "tr":
            self.row = []
        if tag == "td" and self.caption:
            self.maps[self.caption][fields["title"]] = [
                fields.get("class"), ""]
            self.row = [fields["title"]]

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        if tag == "table":
            self.caption = ""

    def handle_data(self, data):
        tag = self.open[-1] if self.open else ""
        if tag == "caption":
            self.caption = data
            self.maps[data] = {}
        if tag == "td" and self.caption:
            self.maps[self.caption][self.row[0]][1] += data
        self.text[tag] = self.text.get(tag, "") + data


def colours(page):
    """Of each picture, the fills of its bars, in their order."""
    found = []
    for image in page.images:
        svg = base64.b64decode(image["src"].partition(",")[2]).decode()
        fills = [tuple(map(int, rgb)) for rgb in re.findall(
            r"fill *= *'rgb\( *(\d+), *(\d+), *(\d+)\)'", svg)]
        found.append(["#%02x%02x%02x" % rgb for rgb in fills])
    return found


class Stalls(support.unittest.TestCase):

    def test_histogram(self):
        """a stall's bar is as wide as its power of two has faults"""
        class One:
            ticks = {"guest_fault": {"count": 9, "min": 4, "median": 5,
                                     "max": 40, "log2_2": 6, "log2_5": 3}}

        class Seeds:
            runs = [One, One]

        self.assertEqual(plots.histogram(Seeds), {2: 12, 5: 6})
        self.assertEqual([line.split()[2:6] for line in plots._boxes(
            3, Seeds, style.Style("#010203", "x"))],
            [["2.580", "3.420", "4", "8"], ["2.790", "3.210", "32", "64"]])


class Reported(support.FrontEndTest):

    def report(self, text, *argv, status=0, boots=()):
        """The page about a console; keeps results.json."""
        script = {"1": [{"say": text}], **dict(boots)}
        self.assertEqual(self.tandem(
            "compare", "--out", str(self.directory), *argv, script=script),
            status, self.err)
        self.found = json.loads((self.directory / "results.json").read_text())
        return Page((self.directory / "index.html").read_text())

    def plain(self, **least):
        """Three policies, the middle one cheaper, with both guests."""
        text = head(6) + "policy mine start=zap when=now\n"
        for number in range(6):
            run = run_text(number + 1, 6, policy=POLICIES[number % 3],
                           guest="idle" if number < 3 else "running")
            taken = 4 if number % 3 == 1 else 300
            run = run.replace("pf_taken=4", f"pf_taken={taken} pf_retry=1 "
                              f"tlb_control_all={number + 1}")
            text += "".join(
                line + (" pf_taken=2" if line.startswith("ideal") and least
                        else "") + "\n" for line in run.splitlines())
        return text + "exit status=0\n"

    def test_sentences(self):
        """the page has the sentences, and they are true"""
        page = self.report(self.plain().replace("_all=5", "_all=50"))
        html = (self.directory / "index.html").read_text()
        text, = re.findall("cow-host</a>: (.*?) <span", html)
        self.assertEqual(recount.check(self, self.found, "cow-host", text),
                         "trade")
        self.assertIn("(fork, then the host writes)", page.text["span"])
        self.assertLessEqual(page.links, page.ids)
        self.assertIn("cow-host", page.links)

    def test_heat(self):
        """each cell of a heat map is a figure above the least"""
        page = self.report(self.plain(least=1))
        self.assertEqual(list(page.maps), [
            f"{what} above the least, guest {guest}"
            for what in ("faults", "flushes") for guest in ("idle", "running")])
        self.assertEqual(
            [*page.maps["faults above the least, guest idle"].items()],
            [("cow-host, bracket: 300 faults, least 4", ["h4", "+296"]),
             ("cow-host, change-pte: 4 faults, least 4", ["h0", "0"]),
             ("cow-host, mine: 300 faults, least 4", ["h4", "+296"])])
        flushed = page.maps["flushes above the least, guest running"]
        self.assertEqual([*flushed.values()],
                         [["h0", "−1"], ["h0", "0"], ["h2", "+1"]])

    def test_unknown(self):
        """a least that nobody knows does not look like 0"""
        page = self.report(self.plain())
        self.assertEqual(
            [*page.maps["faults above the least, guest idle"].items()][1],
            ("cow-host, change-pte: 4 faults, least unknown",
             ["unknown", "4"]))
        self.assertIn("faults, idle, least ?", base64.b64decode(
            page.images[0]["src"].partition(",")[2]).decode())

    def test_steps(self):
        """the more a page, the darker"""
        run = saved.load(self.saved({"pf_taken": 0})).runs[0]
        kinds = []
        for above in (-1, 0, 1, 10, 11, 50, 51, 100, 101):
            run.phases[0].counters["pf_taken"] = 1000 + above
            found = heat.cell(rows.rows_of([run])[0], plots.MEASURES[0])
            kinds.append((found.text, found.kind))
        self.assertEqual(kinds, [
            ("−1", "h0"), ("0", "h0"), ("+1", "h1"), ("+10", "h1"),
            ("+11", "h2"), ("+50", "h2"), ("+51", "h3"), ("+100", "h3"),
            ("+101", "h4")])

    def saved(self, counters):
        """A results.json of one run of 100 pages with @counters."""
        ideal = {"pf_taken": 1000}
        path = self.directory / "one.json"
        path.write_text(json.dumps({
            "schema": 1, "backend": "b", "machine": "real", "tick_unit": "tsc",
            "version": "1", "secondary": "ept", "cpus": 2, "runs": [{
                "workload": "w", "policy": "p", "mutant": None,
                "guest": "idle", "pages": 100, "vcpus": 1, "cpus": 2,
                "seed": 1, "verdict": "coherent", "stale_reads": 0,
                "violations": {}, "counters": counters, "ideal": ideal,
                "predicted": {}, "phases": [{"name": "a", "ideal": ideal,
                                             "counters": counters}],
                "ticks": {}, "notes": []}]}))
        return path

    def test_short(self):
        """a cell has room for five characters"""
        self.assertEqual([rows.short(n) for n in (
            0, 9999, 10000, 262144, 999999, 3 * 10 ** 7)],
            ["0", "9999", "10k", "262k", "1000k", "30M"])

    def test_looks(self):
        """a policy has its colour and mark in each picture and in the legend,
        and no other has them"""
        page = self.report(self.plain())
        looks = style.styles(POLICIES)
        self.assertEqual(len({s.colour for s in looks.values()}), 3)
        self.assertEqual(len({s.mark for s in looks.values()}), 3)
        html = (self.directory / "index.html").read_text()
        legend = re.findall(r'style="color:(#\w+)">(.)</span> <span '
                            r'class="name">([\w-]+)<', html)
        self.assertEqual({name: (colour, mark)
                          for colour, mark, name in legend}, looks)
        wanted = [looks[name].colour for name in POLICIES]
        for fills in colours(page):
            bars = [fill for fill in fills if fill in wanted]
            # Faults and flushes, each with both guests.
            self.assertEqual(bars, wanted * 4)
        for word in ("zap at start, Linux today", "start=zap, when=now"):
            self.assertIn(word, page.text["dd"])

    def test_styles_are_apart(self):
        """no two policies look alike, whoever else is there"""
        known = [*style.POLICIES.values(), *style.OTHERS]
        self.assertEqual(len({s.colour for s in known}), len(known))
        self.assertEqual(len({s.mark for s in known}), len(known))
        alone = style.styles(["defer"])
        self.assertEqual(style.styles(["a", "b", "defer"])["defer"],
                         alone["defer"])

    def test_words(self):
        """each picture is there in words as well"""
        page = self.report(self.plain())
        image, = page.images
        for text in ("cow-host", "faults, guest idle: bracket 300, change-pte "
                     "4, mine 300", "flushes, guest running: bracket 4, "
                     "change-pte 5, mine 6"):
            self.assertIn(text, image["alt"])

    def test_mutants(self):
        """mutants are no policies, and are shown as caught or missed"""
        text = head(3) + run_text(1, 3) + run_text(
            2, 3, "stale", "change-pte", "no-flush", stale=2) + run_text(
            3, 3, policy="change-pte", mutant="other") + "exit status=1\n"
        page = self.report(text, "--mutants", status=1)
        self.assertIn("cow-host (idle)", page.text["td"])
        self.assertIn("missed by all 1 runs", page.text["td"])
        self.assertIn("O12 over change-pte: no flush at all",
                      page.text["td"])
        self.assertIn("1 of 2 mutants caught.", page.text["li"])
        self.assertNotIn("no-flush", page.images[0]["alt"])

    def test_hang(self):
        """a hang is told with the machine's last words, and wins nothing"""
        begun = run_text(2, 2, policy="change-pte").partition("phase fork")
        text = head(2) + run_text(1, 2) + begun[0] + "last words <&>\n"
        self.tandem("compare", "--out", str(self.directory), script={
            "1": [{"say": text}, {"wait": 1}]})
        page = Page((self.directory / "index.html").read_text())
        self.assertIn("last words <&>", page.text["pre"])
        self.assertIn("Not coherent: change-pte (idle: hang).",
                      page.text["li"])
        self.assertEqual(page.maps["faults above the least, guest idle"]
                         ["cow-host, change-pte: not coherent: hang"],
                         ["bad", "✗"])

    COSTS = support.ROOT / "test" / "boot" / "bench-gcc-12.csv"

    def test_costs(self):
        """--costs: what bench found, from either of its files"""
        found = list(csv.DictReader(self.COSTS.read_text().splitlines()))
        as_json = self.directory / "bench.json"
        as_json.write_text(json.dumps({"operations": found}))
        for file in (self.COSTS, as_json):
            page = self.report(self.plain(), "--costs", str(file))
            cells = page.maps["instructions per operation"]
            for row in found:
                name = f"{row['operation']}, {row['policy']}: {row['min']} " \
                    f"to {row['max']}"
                self.assertEqual(cells[name][1], row["median"])
                dearer = int(row["median"]) > min(
                    int(other["median"]) for other in found
                    if other["operation"] == row["operation"])
                self.assertEqual(cells[name][0] != "h0", dearer, name)
                self.assertEqual(cells[f"{row['operation']}, Linux"][1],
                                 row["linux"].strip("0") and row["linux"])

    def test_costs_of_hosts(self):
        """--costs refuses figures of host threads that waited: 2"""
        as_csv, as_json = (self.directory / name for name in ("csv", "json"))
        lines = self.COSTS.read_text().splitlines()[:2]
        row = dict(zip(*(line.split(",") for line in lines)))
        for hosts, status in ((1, 0), (2, 2)):
            as_json.write_text(json.dumps({"hosts": hosts,
                                           "operations": [row]}))
            as_csv.write_text(",".join([*row, "pages", "hosts"]) + "\n" +
                              ",".join([*row.values(), "64", str(hosts)]))
            for file in (as_csv, as_json):
                self.assertEqual(self.tandem(
                    "compare", "--out", str(self.directory / "out"),
                    "--costs", str(file), "--quiet", script={"1": [
                        {"say": self.plain()}]}), status, self.err)
                if status:
                    self.assertEqual(len(self.err.splitlines()), 1)
                    self.assertIn("2 host threads", self.err)

    def test_bad_costs(self):
        """--costs without --out, or with what bench did not write: 2"""
        bad = self.directory / "bad"
        for text in ("", "{}", "a,b\n1,2\n", '{"operations": 7}'):
            bad.write_text(text)
            self.assertEqual(self.tandem("compare", "--out", str(
                self.directory), "--costs", str(bad)), 2)
            self.assertIn(f"--costs '{bad}' is not accepted", self.err)
        for argv in (("--out", str(self.directory), "--costs", "absent"),
                     ("--costs", str(self.COSTS))):
            self.assertEqual(self.tandem("compare", *argv), 2)
            self.assertEqual(len(self.err.splitlines()), 1)
        self.assertEqual(self.backend.boots, [])

    def test_nothing(self):
        """a page about no run is a page"""
        found = saved.load(self.saved({}))
        found.runs.clear()
        self.assertIn("No run has ended.", report.page(found))


if __name__ == "__main__":
    support.main()
