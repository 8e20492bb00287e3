"""The rules and the suites that judge a merchant, over HTTP only: the simulator's control API and the merchant itself."""
