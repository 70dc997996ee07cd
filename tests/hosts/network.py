"""Several hosts on this machine: network namespaces, and a switch between them that loses, delays and drops packets.

The switch runs here, over TUN devices: many kernels lack the `netem` queue discipline, and this way the same faults
happen on every Linux that has namespaces. The TCP above is the kernel's own. Nothing leaves the machine: the subnet is
reserved for tests of networks (RFC 2544), and the switch forwards to its own hosts only.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import selectors
import shutil
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations, count
from pathlib import Path

SUBNET = "198.18.77"
OUTSIDE = "outside"  #: the host of the tests themselves: this machine's own namespace

BURST = 64  #: packets that are taken from one host before it is another's turn
MAX_PACKET = 65_535  #: bytes

_TUN = Path("/dev/net/tun")
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


class NoHosts(Exception):
    """Hosts cannot be made here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What packets between two hosts meet, in both directions."""

    loss: float = 0.0  # share that vanishes
    delay_s: float = 0.0  # one way


CUT = Fault(loss=1.0)  #: silence: nobody is told, and connections stay half open


class Network:
    """Hosts by name, each with an address, and the faults between them."""

    def __init__(self, *hosts: str) -> None:
        """Raises NoHosts."""
        self.addresses = {name: f"{SUBNET}.{number}" for number, name in enumerate((OUTSIDE, *hosts), 1)}
        self._tag = f"sentiq{os.getpid()}"
        self._faults: dict[frozenset[str], Fault] = {}
        self._devices: dict[str, int] = {}  # host → file descriptor of its end of the cable
        self._names = {socket.inet_aton(address): name for name, address in self.addresses.items()}
        self._numbers = count()
        self._selector = selectors.DefaultSelector()
        self._closing = threading.Event()
        self._lock = threading.Lock()  # over the devices
        _check_possible()
        try:
            for name in self.addresses:
                self.boot(name)
        except BaseException:
            self._remove()
            raise
        self._thread = threading.Thread(target=self._switch, name="switch", daemon=True)
        self._thread.start()

    def command(self, host: str) -> list[str]:
        """What stands before a command that runs on the host."""
        return [] if host == OUTSIDE else ["ip", "netns", "exec", self._namespace(host)]

    def boot(self, host: str) -> None:
        """Make the host's namespace, and plug it in."""
        device = f"{self._tag}.{next(self._numbers)}"[-15:]
        fd = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH", device.encode(), _IFF_TUN | _IFF_NO_PI))
        at = []
        if host != OUTSIDE:
            at = ["-n", self._namespace(host)]
            _ip("netns", "add", self._namespace(host))
            _ip("link", "set", device, "netns", self._namespace(host))
            _ip(*at, "link", "set", "lo", "up")
        _ip(*at, "address", "add", f"{self.addresses[host]}/24", "dev", device)
        _ip(*at, "link", "set", device, "up")
        with self._lock:
            self._devices[host] = fd
            self._selector.register(fd, selectors.EVENT_READ, host)

    def vanish(self, host: str) -> None:
        """The host is gone with its sockets, and tells nobody. Its processes must have been killed."""
        with self._lock:
            fd = self._devices.pop(host)
            self._selector.unregister(fd)
            os.close(fd)  # the device goes with it, so that the dying kernel can say no goodbye
        _ip("netns", "delete", self._namespace(host))

    def impair(self, fault: Fault, *hosts: str) -> None:
        """From now on packets between any two of these hosts meet this fault."""
        self._faults |= {frozenset(pair): fault for pair in combinations(hosts, 2)}

    def isolate(self, host: str) -> None:
        """Nothing reaches the host or leaves it."""
        for other in self.addresses:
            self.impair(CUT, host, other)

    def heal(self) -> None:
        self._faults.clear()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._remove()

    def _namespace(self, host: str) -> str:
        return f"{self._tag}-{host}"

    def _remove(self) -> None:
        for fd in self._devices.values():
            os.close(fd)
        self._devices.clear()
        for host in self.addresses:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", self._namespace(host))
        self._selector.close()

    def _switch(self) -> None:
        rng, order = random.Random(0), count()
        late: list[tuple[float, int, str, bytes]] = []
        while not self._closing.is_set():
            wait_s = 0.1 if not late else min(0.1, max(0.0, late[0][0] - time.monotonic()))
            ready = [key.data for key, _ in self._selector.select(wait_s)]
            with self._lock:
                for source in ready:
                    for packet in self._received(source):
                        target = self._names.get(packet[16:20])
                        if target is None or packet[0] >> 4 != 4:
                            continue
                        fault = self._faults.get(frozenset((source, target)), Fault())
                        if rng.random() < fault.loss:
                            continue
                        if fault.delay_s:
                            heapq.heappush(late, (time.monotonic() + fault.delay_s, next(order), target, packet))
                        else:
                            self._send(target, packet)
                while late and late[0][0] <= time.monotonic():
                    _, _, target, packet = heapq.heappop(late)
                    self._send(target, packet)

    def _received(self, host: str) -> list[bytes]:
        packets: list[bytes] = []
        with suppress(KeyError, OSError):  # nothing more waits, or the host has vanished
            while len(packets) < BURST:
                packets.append(os.read(self._devices[host], MAX_PACKET))
        return packets

    def _send(self, host: str, packet: bytes) -> None:
        with suppress(KeyError, OSError):  # a full queue or a dead host loses packets, as cables do
            os.write(self._devices[host], packet)


def _check_possible() -> None:
    if os.geteuid() != 0:
        raise NoHosts("making network namespaces needs root")
    if shutil.which("ip") is None:
        raise NoHosts("there is no `ip` (iproute2)")
    if not os.access(_TUN, os.R_OK | os.W_OK):
        raise NoHosts(f"there is no {_TUN}")
    if f"{SUBNET}." in _ip("-4", "route", "show", "table", "all"):
        raise NoHosts(f"{SUBNET}.0/24 is in use")
    probe = f"sentiq{os.getpid()}-probe"
    try:
        _ip("netns", "add", probe)
        _ip("netns", "delete", probe)
    except subprocess.CalledProcessError as error:
        raise NoHosts(f"network namespaces cannot be made: {error.stderr.strip()}") from None


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
