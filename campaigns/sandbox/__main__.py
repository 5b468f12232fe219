"""``python -m campaigns.sandbox``: run the ad-platform sandbox on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from campaigns.sandbox.server import serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="campaigns.sandbox", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="the world to begin with (kept ones stay)")
    parser.add_argument("--port-base", type=int, default=9400, help="first port to try; 0: any free one")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the world")
    parser.add_argument("--rate", type=float, help="how fast its time runs (1: real time)")
    given = parser.parse_args()
    serve(given.state, seed=given.seed, port_base=given.port_base, rate=given.rate)
    # Everything is written and closed; gRPC's own threads would hold the process for two more seconds.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
