"""Rehearsing plans: the controllers run over a market that is described, not met. Pure; everything is simulated."""

from pacing.lab.course import Course, Start, rehearse
from pacing.lab.futures import Futures, futures_of
from pacing.lab.histories import FlightHistory, market_of
from pacing.lab.market import Market
from pacing.lab.steering import Even, Paced, Steering

__all__ = [
    "Course",
    "Even",
    "FlightHistory",
    "Futures",
    "Market",
    "Paced",
    "Start",
    "Steering",
    "futures_of",
    "market_of",
    "rehearse",
]
