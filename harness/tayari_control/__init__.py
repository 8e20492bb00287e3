"""The client of the simulator's control API, and the simulator as a process. It imports nothing of the project."""
