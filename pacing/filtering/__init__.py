"""The controllers as a filter over JSON lines: an observation a line in, a decision a line out. Pure.

The caller carries each plan's memory in an opaque ``state``, so lines are independent and any number of them is
decided at once by the same ``decide`` the product uses.
"""

from pacing.filtering.answers import MoneyWords, answer_lines, plain_amount
from pacing.filtering.fields import BadField
from pacing.filtering.observed import Observed, read
from pacing.filtering.schema import ANSWER, ERROR, OBSERVATION
from pacing.filtering.stream import pump

__all__ = [
    "ANSWER",
    "ERROR",
    "OBSERVATION",
    "BadField",
    "MoneyWords",
    "Observed",
    "answer_lines",
    "plain_amount",
    "pump",
    "read",
]
