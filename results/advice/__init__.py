"""Which transport for a workload: computed from fitted costs and the model, nothing run."""

from results.advice.estimates import (
    Estimate,
    Workload,
    cheapest,
    choices,
    estimates,
    longest_interval,
    polling_at_longest_interval,
)
from results.advice.fitted_costs import FittedCosts, best_costs, fitted_costs

__all__ = [
    "Estimate", "FittedCosts", "Workload", "best_costs", "cheapest", "choices", "estimates", "fitted_costs",
    "longest_interval", "polling_at_longest_interval",
]  # fmt: skip
