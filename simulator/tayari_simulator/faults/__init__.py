"""The faults that a scenario file can name, each in a file of its own; `table.FAULTS` lists them."""
