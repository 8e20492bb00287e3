"""Start payments and follow them until they are settled: `locust -f loadtests/tayari_load/locustfile.py`.

`TAYARI_TARGET` names the target file. The rest of the environment is described in `docs/load.md`.
"""

# Locust must be the first import: it makes sockets cooperative, and what is imported before it stays as it was.
from locust import events

from tayari_load.startup import listen
from tayari_load.users.shopper import Shopper

__all__ = ["Shopper"]

listen(events)
