"""The faults that a scenario file can name; `table.FAULTS` lists them."""
