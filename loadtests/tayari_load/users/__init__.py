"""The simulated customers: who pays, when, and how each payment is followed. It may import `load_run` and below."""
