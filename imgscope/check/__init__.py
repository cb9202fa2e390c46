"""Size budgets: rules, what they are set to, the baseline they compare with, and the verdict."""
