"""How the front end ends when it cannot go on."""

from __future__ import annotations

STATUS_OK = 0
STATUS_INCOHERENT = 1
STATUS_USAGE = 2
STATUS_NO_BACKEND = 3
STATUS_DIED = 4
STATUS_INTERRUPTED = 130        # as a shell reports Ctrl-C


def visible(text: str) -> str:
    """@text with what cannot be seen written as Python writes it: a carriage
    return becomes \\r."""
    return "".join(c if c.isprintable() else
                   c.encode("unicode_escape", "backslashreplace").decode()
                   for c in text)


class Stop(Exception):
    """End with @status, after telling the person @text (one line)."""

    def __init__(self, status: int, text: str) -> None:
        # A wrong argument is quoted in it, whatever that is made of.
        text = visible(text) if status == STATUS_USAGE else text
        super().__init__(text)
        self.status = status
        self.text = text


class Answer(Exception):
    """End well: @text is all that was asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
