"""What several checks do or judge in the same way, with the context that each check is given."""
