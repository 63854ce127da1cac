"""Bytes really held: the storages behind the tensors, each counted once, with their padding."""

import os
import socket
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor
from torch.distributed.tensor import DTensor

_TCP_INFO, _BYTES_SENT_AT = 11, 200  # Linux: struct tcp_info, tcpi_bytes_sent (since 4.19) and tcpi_bytes_retrans


def local(tensor: Tensor) -> Tensor:
    """The part of the tensor this rank has."""
    return tensor._local_tensor if isinstance(tensor, DTensor) else tensor


def storages(tensors: Iterable[Tensor | None]) -> dict[int, int]:
    """Address → bytes of every storage behind the tensors: views share one, and padding counts."""
    found = {}
    for tensor in tensors:
        if tensor is not None:
            storage = local(tensor).untyped_storage()
            if storage.nbytes():
                found[storage.data_ptr()] = storage.nbytes()
    return found


def storage_bytes(tensors: Iterable[Tensor | None]) -> int:
    """Their bytes in all."""
    return sum(storages(tensors).values())


def sent_bytes() -> int | None:
    """Bytes this process has sent over its TCP connections, by the kernel's own count; None where it does not say."""
    if sys.platform != "linux":
        return None
    total = 0
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 (names are all that is needed)
        try:
            if not stat.S_ISSOCK(Path(f"/proc/self/fd/{name}").stat().st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as connection:
                if connection.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                info = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
        except OSError:  # closed meanwhile, or a socket that is only listening
            continue
        if len(info) < _BYTES_SENT_AT + 16:
            return None
        sent, again = struct.unpack_from("=QQ", info, _BYTES_SENT_AT)
        total += sent - again
    return total
