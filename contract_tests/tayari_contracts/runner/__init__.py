"""Plans the checks of one pytest session, runs them side by side, and turns their ends into results."""
