"""Every exchange in order: in memory within a bound of bytes, and on request in a file. May import apis and state."""
