"""The client of the simulator's control API, and the simulator as a process. It may import `tayari_formats`."""
