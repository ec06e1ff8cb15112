"""A worker as the kernel sees it: its memory, and its sockets' connections (proc(5))."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Connection(NamedTuple):
    """One side of a TCP connection on 127.0.0.1."""

    port: int
    peer: int
    inode: str


def connections() -> list[Connection]:
    """All TCP connections over IPv4 of this machine, both sides of each."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return [Connection(_port(row[1]), _port(row[2]), row[9]) for row in rows]


def sockets(pid: int) -> set[str]:
    """The inodes of the sockets that a process holds."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed between the listing and the reading
            found.add(str(descriptor.readlink()).removeprefix("socket:").strip("[]"))
    return found


def reset_peak(pid: int) -> None:
    """Let `peak` begin anew at the present size."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> int:
    """The most memory that a process held at once since its start or `reset_peak`, in bytes."""
    return _status(pid, "VmHWM")


def resident(pid: int) -> int:
    """The memory that a process holds now, in bytes."""
    return _status(pid, "VmRSS")


def _status(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def _port(address: str) -> int:
    return int(address.partition(":")[2], 16)
