"""The merchant under test: target file, driver, state probes, process, environment. It may import `tayari_control`."""
