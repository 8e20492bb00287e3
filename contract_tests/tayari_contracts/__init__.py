"""The rules, and the suites that judge a merchant over HTTP: through the control API and the merchant itself."""
