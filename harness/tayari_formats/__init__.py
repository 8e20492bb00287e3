"""What people read and write: YAML with line numbers, the problems in it, the nearest known word, exit codes.

It imports nothing of this project, so that every other package can import it.
"""
