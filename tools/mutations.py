"""Mutations of a source: each changes one place, as a slip of the hand would.

C is cut into tokens, Python is parsed. What is drawn here may not compile, or
change nothing: tools/mutate.py finds that out."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterator, NamedTuple


class Mutation(NamedTuple):
    """@old, at @start of the text, becomes @new."""

    kind: str
    start: int
    old: str
    new: str

    def apply(self, text: str) -> str:
        """@text with this change."""
        end = self.start + len(self.old)
        assert text[self.start:end] == self.old
        return text[:self.start] + self.new + text[end:]

    def line(self, text: str) -> int:
        """Number of the line of @text where it begins."""
        return text.count("\n", 0, self.start) + 1

    def __str__(self) -> str:
        old, new = (" ".join(part.split()) or "nothing"
                    for part in (self.old, self.new))
        return f"{self.kind}: {old} -> {new}"


def mutations(path: Path, text: str, vocabulary: str = "") -> list[Mutation]:
    """All of @text, in order. Names are replaced by others of @vocabulary,
    the text of what @path includes."""
    if path.suffix == ".py":
        found = PythonMutations(text).all()
    else:
        found = CMutations(text, vocabulary).all()
    return sorted(set(found), key=lambda m: (m.start, m.kind, m.new))


# --- C.

TOKEN = re.compile(r"""
    (?P<skip> \s+ | /\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*"
            | '(?:\\.|[^'\\\n])*' )
  | (?P<name> [A-Za-z_]\w* )
  | (?P<number> 0[xX][0-9a-fA-F]+[uUlL]* | \d+[uUlL]* )
  | (?P<sign> <<= | >>= | \.\.\. | -> | \+\+ | -- | << | >> | [<>=!]=
            | && | \|\| | [-+*/%&|^]= | . )
    """, re.VERBOSE | re.DOTALL)

# A condition, a sum, a mask that is off by a little.
OPERATORS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="),
    ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "&&": ("||",), "||": ("&&",), "+": ("-",), "-": ("+",), "*": ("/",),
    "/": ("*",), "%": ("/",), "<<": (">>",), ">>": ("<<",),
    "&": ("|",), "|": ("&",), "^": ("|",),
    "+=": ("-=", "="), "-=": ("+=", "="), "|=": ("=", "&="),
    "&=": ("=", "|="), "++": ("--",), "--": ("++",),
}
UNARY = {"!", "~", "-", "*", "&", "+"}
# Not drawn: nothing but real hardware, or time, shows that they are missing.
BARRIERS = {"full_barrier", "cpu_pause", "wait_spin"}
# Neither is what only talks.
SILENT = {"printk", "panic", "BUG_ON", "_Static_assert", "COUNTER",
          "COUNTER_BY", "COUNTER_NAMED"}
NO_STATEMENT = {
    "if", "for", "while", "do", "switch", "case", "default", "else",
    "goto", "struct", "union", "enum", "static", "const", "typedef",
    "extern", "return", "int", "unsigned", "__extension__",
}
OPENS, CLOSES = "([{", ")]}"


class Token(NamedTuple):
    """A word of C that means something."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the next one may begin."""
        return self.start + len(self.text)


def blank_directives(text: str) -> str:
    """@text with preprocessor lines blanked, but for the values of macros."""
    def blank(match: re.Match) -> str:
        line = match[0]
        macro = re.match(r"[ \t]*#[ \t]*define[ \t]+\w+(?:\([^)]*\))?", line)
        kept = line[macro.end():] if macro else ""
        return re.sub(r"[^\n]", " ", line[:len(line) - len(kept)]) + \
            kept.replace("\\\n", " \n")
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", blank, text, flags=re.MULTILINE)


def families(names: list[str]) -> dict[str, list[str]]:
    """@names by their first word."""
    found: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        found.setdefault(name[:name.index("_") + 1], []).append(name)
    return found


class CMutations:
    """Those of a C file."""

    def __init__(self, text: str, vocabulary: str) -> None:
        self.text = text
        self.tokens = [Token(match.lastgroup or "", match[0], match.start())
                       for match in TOKEN.finditer(blank_directives(text))
                       if match.lastgroup != "skip"]
        self.partner = self._pair()
        self.silent = self._mark_silent()
        self.constants = families(re.findall(
            r"\b[A-Z]+_\w+", text + vocabulary))
        self.functions = families(re.findall(
            r"\b[A-Za-z]+_\w+(?=\()", text + vocabulary))

    def _pair(self) -> dict[int, int]:
        """Each bracket's partner, by number of the token."""
        partner, open_ones = {}, []
        for i, token in enumerate(self.tokens):
            if token.text in OPENS:
                open_ones.append(i)
            elif token.text in CLOSES and open_ones:
                partner[i] = open_ones.pop()
                partner[partner[i]] = i
        return partner

    def _mark_silent(self) -> set[int]:
        """Tokens within calls that only talk, or that are no choice."""
        silent: set[int] = set()
        for i, token in enumerate(self.tokens[:-1]):
            if token.text in SILENT and i + 1 in self.partner:
                silent.update(range(i, self.partner[i + 1] + 1))
        return silent

    def all(self) -> Iterator[Mutation]:
        """Everything that may be drawn."""
        for i, token in enumerate(self.tokens):
            if i in self.silent:
                continue
            if token.kind == "number":
                yield from self._number(token)
            elif token.kind == "name":
                yield from self._name(i)
            else:
                yield from self._operator(i)
            yield from self._statement(i)
            yield from self._condition(i)
            yield from self._arguments(i)
            yield from self._initializer(i)
            yield from self._returned(i)

    def _cut(self, kind: str, first: int, last: int,
             new: str = "") -> Mutation:
        """Tokens @first to @last become @new."""
        start, end = self.tokens[first].start, self.tokens[last].end
        return Mutation(kind, start, self.text[start:end], new)

    def _at(self, i: int) -> str:
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def _is_binary(self, i: int) -> bool:
        before = self.tokens[i - 1] if i else None
        return bool(before) and (before.kind in ("name", "number") or
                                 before.text in ")]") and \
            before.text not in ("return", "case")

    def _number(self, token: Token) -> Iterator[Mutation]:
        digits = re.match(r"0[xX][0-9a-fA-F]+|\d+", token.text)[0]
        suffix = token.text[len(digits):]
        value = int(digits, 16 if digits[:2].lower() == "0x" else 10)
        for new in (value + 1, value - 1):
            if new >= 0:
                text = (hex(new) if digits[:2].lower() == "0x" else str(new))
                yield Mutation("constant", token.start, token.text,
                               text + suffix)

    def _name(self, i: int) -> Iterator[Mutation]:
        """true and false; and a sibling, one with the same first word."""
        token = self.tokens[i]
        if token.text in ("true", "false"):
            yield Mutation("constant", token.start, token.text,
                           "false" if token.text == "true" else "true")
        family = re.match(r"[A-Za-z]+_", token.text)
        if not family or token.text in BARRIERS:
            return
        known = self.functions if self._at(i + 1) == "(" else self.constants
        for name in known.get(family[0], ()):
            if name != token.text and \
                    name.isupper() == token.text.isupper():
                yield Mutation("name", token.start, token.text, name)

    def _operator(self, i: int) -> Iterator[Mutation]:
        token = self.tokens[i]
        binary = self._is_binary(i)
        if token.text in UNARY and not binary:
            if token.text in "!~-":
                yield Mutation("operator", token.start, token.text, "")
            return
        for new in OPERATORS.get(token.text, ()):
            yield Mutation("operator", token.start, token.text, new)
        if token.text in ("&&", "||"):
            yield from self._operands(i)

    def _operands(self, i: int) -> Iterator[Mutation]:
        """A conjunction without its left or its right part."""
        ends = {"&&", "||", "?", ":", ";", ",", "=", "return"}
        right = i
        while self._at(right + 1) not in ends and \
                self._at(right + 1) not in CLOSES:
            right = self.partner.get(right + 1, right + 1)
        left = i
        while self._at(left - 1) not in ends and \
                self._at(left - 1) not in OPENS:
            left = self.partner.get(left - 1, left - 1)
        yield self._cut("operand", i, right)
        yield self._cut("operand", left, i)

    def _statement(self, i: int) -> Iterator[Mutation]:
        """An expression, a break or a continue that is forgotten."""
        before, token = self._at(i - 1), self.tokens[i]
        if before not in (";", "{", "}", ")", "else", ":") or \
                token.text in NO_STATEMENT | BARRIERS | {"{", "}", ";", ")"} \
                or self._at(i + 1) == ":":
            return
        after = self._at(i + 1)
        if token.kind == "name" and token.text not in ("break", "continue") \
                and after not in ("(", ".", "->", "[", "++", "--") and \
                not re.fullmatch(r"[-+|&^*/%]?=|<<=|>>=", after):
            return
        if token.kind != "name" and token.text not in ("*", "++", "--", "("):
            return
        last = i
        while self._at(last) != ";":
            last = self.partner.get(last, last) + 1
            if last >= len(self.tokens) or self._at(last) in CLOSES:
                return
        yield self._cut("statement", i, last, ";")

    def _condition(self, i: int) -> Iterator[Mutation]:
        if self._at(i) in ("if", "while") and i + 1 in self.partner:
            last = self.partner[i + 1]
            start, end = self.tokens[i + 1].start, self.tokens[last].end
            text = self.text[start:end]
            yield Mutation("condition", start, text, f"(!{text})")

    def _arguments(self, i: int) -> Iterator[Mutation]:
        """Neighbours in a call, exchanged."""
        if self.tokens[i].kind != "name" or i + 1 not in self.partner or \
                self._at(i + 1) != "(" or \
                self._at(i) in NO_STATEMENT:
            return
        parts, first, at = [], i + 2, i + 2
        last = self.partner[i + 1]
        while at <= last:
            if at == last or self._at(at) == ",":
                if first < at:
                    parts.append((first, at - 1))
                first = at + 1
            elif self._at(at) in OPENS:
                at = self.partner[at]
            at += 1
        for (a, b), (c, d) in zip(parts, parts[1:]):
            left = self.text[self.tokens[a].start:self.tokens[b].end]
            right = self.text[self.tokens[c].start:self.tokens[d].end]
            if left != right:
                yield self._cut("arguments", a, d, f"{right}, {left}")

    def _initializer(self, i: int) -> Iterator[Mutation]:
        """A member of a table that is left out."""
        if self._at(i) != "." or self._at(i - 1) not in ("{", ",") or \
                self._at(i + 2) != "=":
            return
        last = i
        while self._at(last + 1) != "," and self._at(last + 1) not in CLOSES:
            last = self.partner.get(last + 1, last + 1)
        if self._at(last + 1) == ",":
            yield self._cut("initializer", i, last + 1)

    def _returned(self, i: int) -> Iterator[Mutation]:
        if self._at(i) != "return" or self._at(i + 1) == ";":
            return
        last = i
        while self._at(last + 1) not in (";", ""):
            last = self.partner.get(last + 1, last + 1)
        if self.text[self.tokens[i + 1].start:self.tokens[last].end] != "0":
            yield self._cut("result", i + 1, last, "0")


# --- Python.

COMPARISONS = {
    ast.Lt: ("<", ("<=", ">=")), ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")), ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)), ast.NotEq: ("!=", ("==",)),
    ast.In: ("in", ("not in",)), ast.NotIn: ("not in", ("in",)),
    ast.Is: ("is", ("is not",)), ast.IsNot: ("is not", ("is",)),
}
ARITHMETIC = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "//"),
              ast.FloorDiv: ("//", "*"), ast.Div: ("/", "*"),
              ast.Mod: ("%", "//"), ast.BitOr: ("|", "&"),
              ast.BitAnd: ("&", "|")}


class PythonMutations(ast.NodeVisitor):
    """Those of a Python file, annotations and documentation left alone."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0]
        for line in text.encode().splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.found: list[Mutation] = []

    def all(self) -> list[Mutation]:
        """Everything that may be drawn."""
        self.visit(ast.parse(self.text))
        return self.found

    def _start(self, node: ast.AST) -> int:
        return self._offset(node.lineno, node.col_offset)

    def _end(self, node: ast.AST) -> int:
        return self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        """In characters; the parser counts bytes."""
        raw = self.text.encode()[:self.lines[line - 1] + column]
        return len(raw.decode())

    def _replace(self, kind: str, node: ast.AST, new: str) -> None:
        start, end = self._start(node), self._end(node)
        self.found.append(Mutation(kind, start, self.text[start:end], new))

    def _source(self, node: ast.AST) -> str:
        return self.text[self._start(node):self._end(node)]

    def _between(self, kind: str, left: ast.AST, right: ast.AST, old: str,
                 new: str) -> None:
        start = self._end(left)
        gap = self.text[start:self._start(right)]
        at = re.search(r"(?<!\w)" + re.escape(old).replace(r"\ ", r"\s+")
                       + r"(?![\w=])", gap)
        if at:
            self.found.append(Mutation(kind, start + at.start(), at[0], new))

    def visit_Compare(self, node: ast.Compare) -> None:
        """a < b"""
        parts = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, parts, parts[1:]):
            old, others = COMPARISONS[type(operator)]
            for new in others:
                self._between("operator", left, right, old, new)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """a and b"""
        old, new = ("and", "or") if isinstance(node.op, ast.And) else \
            ("or", "and")
        for left, right in zip(node.values, node.values[1:]):
            self._between("operator", left, right, old, new)
        for left in node.values:
            rest = [self._source(v) for v in node.values if v is not left]
            self._replace("operand", node, f"({f' {old} '.join(rest)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """a + b"""
        if type(node.op) in ARITHMETIC:
            old, new = ARITHMETIC[type(node.op)]
            self._between("operator", node.left, node.right, old, new)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """not a"""
        if isinstance(node.op, (ast.Not, ast.USub)):
            self._replace("operator", node, self._source(node.operand))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A number, or a truth."""
        if isinstance(node.value, bool):
            self._replace("constant", node, str(not node.value))
        elif isinstance(node.value, (int, float)):
            for new in (node.value + 1, node.value - 1):
                self._replace("constant", node, repr(new))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Has no usable places before Python 3.12."""

    def visit_If(self, node: ast.If) -> None:
        """if a"""
        self._negate(node)
        self.generic_visit(node)

    visit_While = visit_IfExp = visit_If

    def _negate(self, node: ast.If | ast.While | ast.IfExp) -> None:
        name = self._source(node.test)
        if name not in ("TYPE_CHECKING", '__name__ == "__main__"'):
            self._replace("condition", node.test, f"(not ({name}))")

    def visit_Return(self, node: ast.Return) -> None:
        """return a"""
        if node.value and self._source(node.value) != "None":
            self._replace("result", node.value, "None")
        self.generic_visit(node)

    def _drop(self, node: ast.stmt) -> None:
        if not isinstance(getattr(node, "value", None), ast.Constant):
            self._replace("statement", node, "pass")
        self.generic_visit(node)

    visit_Expr = visit_AugAssign = visit_Raise = visit_Continue = \
        visit_Break = _drop

    def visit_Assign(self, node: ast.Assign) -> None:
        """a.b = c; a plain name without a value would be an error."""
        if not any(isinstance(t, ast.Name) for t in node.targets):
            self._replace("statement", node, "pass")
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        """f(a, b)"""
        for left, right in zip(node.args, node.args[1:]):
            if isinstance(left, ast.Starred) or \
                    isinstance(right, ast.Starred):
                continue
            start, end = self._start(left), self._end(right)
            self.found.append(Mutation(
                "arguments", start, self.text[start:end],
                f"{self._source(right)}, {self._source(left)}"))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """a: int = 1"""
        if node.value:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Its body, and what it fills in."""
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults),
                     *node.body):
            self.visit(part)
