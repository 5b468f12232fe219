"""Pure explanations: stored numbers in, sentences out; a number in a text is always one of its stored numbers."""

from pacing.explain.decisions import PlanFacts, explain_plan
from pacing.explain.proof import unproved
from pacing.explain.shortfall import Verdict, judge
from pacing.explain.thresholds import Flip, flips_of
from pacing.explain.writing import Sentence, write

__all__ = [
    "Flip",
    "PlanFacts",
    "Sentence",
    "Verdict",
    "explain_plan",
    "flips_of",
    "judge",
    "unproved",
    "write",
]
