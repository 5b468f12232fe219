"""Bytes in, bytes out: answer every complete line at once and never wait while one is unanswered."""

from __future__ import annotations

from collections.abc import Callable

from pacing.filtering.answers import PLAIN_MONEY, MoneyWords, answer_lines

BATCH_LINES = 2_000  # decided together: enough to be fast, few enough that the first answer comes soon

Read = Callable[[], bytes]  # waits for bytes, then gives what is there; empty at the end
Write = Callable[[bytes], None]


def pump(read: Read, write: Write, money: MoneyWords = PLAIN_MONEY) -> int:
    """Answer lines until the input ends; returns how many could not be used."""
    rest, number, failed = b"", 1, 0
    while chunk := read():
        *lines, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
        failed += _answer(lines, number, write, money)
        number += len(lines)
    if rest:
        failed += _answer([rest], number, write, money)
    return failed


def _answer(lines: list[bytes], number: int, write: Write, money: MoneyWords) -> int:
    failed = 0
    for start in range(0, len(lines), BATCH_LINES):
        answered = answer_lines(lines[start : start + BATCH_LINES], number + start, money)
        failed += answered.failed
        if answered.lines:
            write(("\n".join(answered.lines) + "\n").encode())
    return failed
