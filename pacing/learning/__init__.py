"""Pure estimators of what an account's own history says: arrays in, arrays out, no database, no Django."""

from pacing.learning.delays import Delay, delay_samples, typical_delay
from pacing.learning.delivery import BOUND, DeliveryRatio, delivery_evidence, delivery_ratio
from pacing.learning.pools import Evidence, shape_of
from pacing.learning.shapes import intraday_evidence, usable_days, weekday_evidence

__all__ = [
    "BOUND",
    "Delay",
    "DeliveryRatio",
    "Evidence",
    "delay_samples",
    "delivery_evidence",
    "delivery_ratio",
    "intraday_evidence",
    "shape_of",
    "typical_delay",
    "usable_days",
    "weekday_evidence",
]
