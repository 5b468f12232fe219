"""A market where nothing happens by itself, for tests that make one thing happen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pacing.simulation.flights import INTRADAY, draw


def calm(count, days, **changes):
    """Flights without noise, shocks or faults, with all the demand one could want."""
    flights = draw(count, days, np.random.default_rng(1), headroom=50.0, shocks=False)
    faults = replace(
        flights.faults,
        lag=np.full(count, 2),
        trim=np.zeros_like(flights.faults.trim),
        credit=np.zeros(count),
    )
    share = np.broadcast_to(INTRADAY / INTRADAY.sum(), flights.share.shape)
    changes.setdefault("delivery", np.ones((count, days)))
    changes.setdefault("faults", faults)
    return replace(flights, share=share, demand=np.full(share.shape, 1e6), **changes)
