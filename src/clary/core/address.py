"""Where a Clary listens, as seen from where its clients are."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where a Clary listens.

    Attributes:
        host: as it was told to bind to.
    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for programs of the same machine."""
        return self._url("127.0.0.1" if self._is_any else self.host)

    def url_from_container(self, machine: str) -> str:
        """The address for programs in containers, "" where it cannot be reached from there.

        Args:
            machine: the address that this machine has in the container's network, "" where it has none.
        """
        if self._is_any:
            return self._url(machine) if machine else ""
        try:
            is_reachable = not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            is_reachable = self.host != "localhost"
        return self._url(self.host) if is_reachable else ""

    @property
    def _is_any(self) -> bool:
        return self.host in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound

    def _url(self, host: str) -> str:
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
