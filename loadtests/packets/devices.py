"""Namespaces and their devices, made by an ordinary user; they end with the process that made them.

`unshare` gives a user namespace in which the user may make network namespaces (user_namespaces(7)). `ip` makes the veth
pairs (veth(4)). Checksums and segments are left to the sender's kernel: a packet read halfway has to be whole.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

NEAR, FAR, NETWORK = "10.77.0.1", "10.77.0.2", "10.77.0.0/24"
PROGRAMS = {"unshare": "util-linux", "nsenter": "util-linux", "setpriv": "util-linux", "ip": "iproute2"}
CLONE_NEWNET = 0x40000000
SIOCETHTOOL, OFF = 0x8946, 0
OFFLOADS = {"checksums": 0x17, "scatter-gather": 0x19, "TSO": 0x1F, "GSO": 0x24, "GRO": 0x2C}  # ETHTOOL_S… of ethtool.h
MTU = 1500


class NoNamespaces(OSError):
    """This system has no namespaces for an ordinary user, or lacks a program; one line that says what is missing."""


@dataclass(frozen=True)
class End:
    """One end of the path: its address, its device, and the process that holds its namespace."""

    address: str
    device: str
    pid: int

    @property
    def namespace(self) -> Path:
        return Path(f"/proc/{self.pid}/ns/net")

    def prefix(self) -> list[str]:
        """What stands before a command to run it at this end, from outside of the path's user namespace."""
        user = f"/proc/{self.pid}/ns/user"
        return [program("nsenter"), "--preserve-credentials", f"--user={user}", f"--net={self.namespace}", "--"]


def program(name: str) -> str:
    """The path of a program; NoNamespaces without it."""
    if (found := shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")) is None:
        raise NoNamespaces(f"{name} is not installed (package {PROGRAMS[name]})")
    return found


def check_possible() -> None:
    """NoNamespaces, in one line, unless this user can make network namespaces here."""
    if not sys.platform.startswith("linux"):
        raise NoNamespaces("network namespaces are Linux's")
    for name in PROGRAMS:
        program(name)
    trial = [program("ip"), "link", "add", "trial", "type", "veth"]
    command = [program("unshare"), "--user", "--map-root-user", "--net", *trial]
    tried = subprocess.run(command, capture_output=True, text=True)
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or ["no reason"])[-1]
        raise NoNamespaces(f"this system lets users make no network namespaces ({said})")


@contextmanager
def two_ends() -> Iterator[tuple[End, End]]:
    """Both ends of a path whose middle is this process's own network namespace; they end with the block."""
    with ExitStack() as held:
        near, far = (End(address, device, held.enter_context(holder()))
                     for address, device in ((NEAR, "near0"), (FAR, "far0")))  # fmt: skip
        for end in (near, far):
            ip("link", "add", end.device, "type", "veth", "peer", "name", middle(end))
            ip("link", "set", end.device, "netns", str(end.pid))
            ip("link", "set", middle(end), "up")
            switch_offloads_off(middle(end))
        addresses = {end: bring_up(end) for end in (near, far)}
        for end, other in ((near, far), (far, near)):
            with within(end):
                ip("neigh", "add", other.address, "lladdr", addresses[other], "dev", end.device, "nud", "permanent")
        yield near, far


def middle(end: End) -> str:
    """The name of the other end of its veth pair."""
    return f"mid-{end.device}"


@contextmanager
def holder() -> Iterator[int]:
    """The process that holds a new network namespace, for as long as its input is open: not longer than this one."""
    command = [program("unshare"), "--net", "sh", "-c", "echo ready; exec cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid


def bring_up(end: End) -> str:
    """Give a device its address and return its hardware address."""
    with within(end):
        ip("link", "set", "lo", "up")
        ip("address", "add", f"{end.address}/24", "dev", end.device)
        ip("link", "set", end.device, "up", "mtu", str(MTU))
        switch_offloads_off(end.device)
        choose_congestion_control(end)
        return hardware(end.device)


def choose_congestion_control(end: End) -> None:
    """Let TCP at this end be Linux's usual CUBIC, whatever this machine has chosen; NewReno where that is missing.

    By route, since a namespace may not choose what the whole machine is not allowed (tcp_allowed_congestion_control).
    """
    route = ["route", "replace", NETWORK, "dev", end.device, "proto", "kernel", "scope", "link", "src", end.address]
    try:
        ip(*route, "congctl", "cubic")
    except NoNamespaces:
        ip(*route, "congctl", "reno")


def hardware(device: str) -> str:
    """A device's hardware address, in the network namespace of this thread."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        answer = fcntl.ioctl(probe, 0x8927, struct.pack("16s24x", device.encode()))  # SIOCGIFHWADDR
    return ":".join(f"{byte:02x}" for byte in answer[18:24])


def switch_offloads_off(device: str) -> None:
    """Let the kernel send whole packets from a device, each with its checksum."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for command in OFFLOADS.values():
            value = ctypes.create_string_buffer(struct.pack("II", command, OFF))
            request = struct.pack("16sP16x", device.encode(), ctypes.addressof(value))
            try:
                fcntl.ioctl(probe, SIOCETHTOOL, request)
            except OSError as error:  # what a device does not have is off
                if error.errno not in (95, 22):
                    raise


@contextmanager
def within(end: End) -> Iterator[None]:
    """Run this thread in an end's network namespace."""
    with open("/proc/self/ns/net", "rb") as own, open(end.namespace, "rb") as other:
        enter(other.fileno())
        try:
            yield
        finally:
            enter(own.fileno())


def enter(namespace: int) -> None:
    """setns(2): os.setns came with Python 3.12."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def ip(*arguments: str) -> None:
    """Run iproute2's ip in this thread's network namespace; NoNamespaces if it fails."""
    done = subprocess.run([program("ip"), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise NoNamespaces(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
