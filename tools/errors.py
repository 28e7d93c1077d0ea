"""How the front end ends when it cannot go on."""

from __future__ import annotations

STATUS_OK = 0
STATUS_INCOHERENT = 1
STATUS_USAGE = 2
STATUS_NO_BACKEND = 3
STATUS_DIED = 4
STATUS_INTERRUPTED = 130        # as a shell reports Ctrl-C


class Stop(Exception):
    """End with @status, after telling the person @text (one line)."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
