"""One module for each rendering of a run, and the table of all formats."""
