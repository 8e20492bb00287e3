"""The simulator as a process: flags, ready line, signals, exit statuses."""
