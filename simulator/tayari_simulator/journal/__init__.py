"""Every exchange in order: kept in memory within a bound of bytes, and on request in a file. May import apis, catalogue and state."""
