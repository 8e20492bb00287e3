"""The control API: how tests steer the simulator, on a port of its own. Its description is `docs/control-api.md`."""
