"""What every API shares: the dispatcher of calls, field checks, organisations, and how transactions settle."""
