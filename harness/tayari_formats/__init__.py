"""Files that people write: YAML with line numbers, the problems in it, and the nearest known word.

It imports nothing of this project, so that the simulator and the harness can both import it.
"""
