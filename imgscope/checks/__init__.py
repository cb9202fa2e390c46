"""Size budgets: rules, what they are set to, the baseline they compare with, and the verdict."""

BASELINE_FILE = "imgscope-baseline.json"
"""Where a baseline is saved unless it is said where."""
