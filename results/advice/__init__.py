"""Which transport for a workload: computed from fitted costs and the model, nothing run."""

from results.advice.known import Known, best_known, known
from results.advice.offers import Offer, Workload, cheapest, longest_interval, offers, polled_just_enough

__all__ = [
    "Known", "Offer", "Workload", "best_known", "cheapest", "known", "longest_interval", "offers", "polled_just_enough",
]  # fmt: skip
