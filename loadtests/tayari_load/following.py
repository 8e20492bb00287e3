"""A named shape as Locust follows it in the closed model: so many users at so many seconds."""

from __future__ import annotations

from locust import LoadTestShape

from tayari_load.plan import Plan


class Following(LoadTestShape):
    """Users by the shape's level; the run ends with its time."""

    use_common_options = True

    def __init__(self, plan: Plan, most: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust's
        self._plan = plan
        self._most = most

    def tick(self) -> tuple[int, float] | None:
        """For Locust, about once a second."""
        at_s = float(self.get_run_time())  # type: ignore[no-untyped-call]  # Locust's
        if at_s >= self._plan.duration_s:
            return None
        return self._plan.users_at(at_s, self._most), float(self._most)
