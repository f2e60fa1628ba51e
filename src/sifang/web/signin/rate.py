"""A small brake in front of the sign-in: so many tries a minute from one address, per process."""

from collections import deque
from time import monotonic

from django.http import HttpRequest

WINDOW_S = 60.0
TRIES = 30
ADDRESSES = 10_000


class Brake:
    """Counts tries of an address in a sliding window; forgets the oldest addresses when full."""

    def __init__(self, tries: int = TRIES, window_s: float = WINDOW_S) -> None:
        self.tries, self.window_s = tries, window_s
        self.seen: dict[str, deque[float]] = {}

    def lets_through(self, address: str, now: float | None = None) -> bool:
        """Count this try; False when the address has used up its window."""
        now = monotonic() if now is None else now
        times = self.seen.pop(address, None) or deque()
        self.seen[address] = times  # newest at the end
        while times and times[0] <= now - self.window_s:
            times.popleft()
        if len(self.seen) > ADDRESSES:
            self.seen.pop(next(iter(self.seen)))
        if len(times) >= self.tries:
            return False
        times.append(now)
        return True


brake = Brake()


def client_address(request: HttpRequest) -> str:
    """Return the peer's address; a forwarded header is not believed."""
    return str(request.META.get("REMOTE_ADDR", ""))
