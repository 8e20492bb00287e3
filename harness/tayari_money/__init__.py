"""The money invariants, judged in one place for suites and load. It may import `tayari_control`."""
