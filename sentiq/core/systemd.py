"""Reports the state of this process to systemd, by the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket


def notify(*states: str) -> None:
    """Send states such as `READY=1` in one message. Does nothing where no supervisor listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto("\n".join(states).encode(), socket.MSG_DONTWAIT, address)
    except OSError:
        pass  # important states are sent again within a second


def watchdog_s() -> float | None:
    """Return the seconds within which the supervisor expects `WATCHDOG=1`; None where it expects none."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6 or None
