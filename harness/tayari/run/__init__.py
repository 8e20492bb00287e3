"""One run: doctor, suites and load as processes, the result composed of them. It imports nothing of `tayari.cli`."""
