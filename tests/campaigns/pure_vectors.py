"""What `dedup.feeds.vectors` says in LLVM's words, said in Python's, for kernels not compiled.

With NUMBA_DISABLE_JIT=1 kernels run as plain Python: a fuzzer sees each of their branches, and numpy refuses
an index beyond the end. The 32 bytes looked at must lie in the array: what the compiled ones take on trust.
"""

from __future__ import annotations

import numpy as np

from dedup.feeds import vectors


def _look(array: np.ndarray, index: int) -> np.ndarray:
    if not 0 <= index <= len(array) - 32:
        raise IndexError(f"32 bytes at {index} of {len(array)}")
    return array[index : index + 32]


def _mask(bits: np.ndarray) -> np.uint32:
    return np.packbits(bits, bitorder="little").view(np.uint32)[0]


def string_stops(array: np.ndarray, index: int) -> np.uint32:
    found = _look(array, index)
    return _mask((found == 0x22) | (found == 0x5C) | (found < 0x20))


def beyond_ascii(array: np.ndarray, index: int) -> np.uint32:
    return _mask(_look(array, index) >= 0x80)


def first_bit(mask: int) -> int:
    return (int(mask) & -int(mask)).bit_length() - 1 if mask else 32


def copy_some(target: np.ndarray, to: int, source: np.ndarray, index: int) -> None:
    _look(target, to)[:] = _look(source, index)


def suspects(array: np.ndarray, index: int) -> np.uint32:
    found, before = _look(array, index), _look(array, index - 1)
    control = (found >= 0x80) & (found <= 0x9F)
    space = ((found >= 0x8B) & (found <= 0x8D)) | ((found >= 0xA8) & (found <= 0xA9))
    return _mask(
        (found == 0x26) | (found == 0x3C) | (found == 0x0D)
        | ((found == 0x0A) & (before == 0x2D))
        | ((before == 0xC2) & (control | (found == 0xAD)))
        | ((before == 0xC3) & (found >= 0x82) & (found <= 0xB4))
        | ((before == 0x80) & space)
        | ((before == 0x81) & (found == 0xA0))
        | ((before == 0xBB) & (found == 0xBF))
    )  # fmt: skip


def all_plain(array: np.ndarray, index: int) -> bool:
    for at in (index, index + 32):
        found, before = _look(array, at), _look(array, at - 1)
        odd = (found == 0x26) | (found == 0x3C) | (found == 0x0D) | (found >= 0x80)
        if (odd | ((found == 0x0A) & (before == 0x2D))).any():
            return False
    return True


ALL = (string_stops, beyond_ascii, first_bit, copy_some, suspects, all_plain)


def put_in_place() -> None:
    """Put them where the compiled ones are; before any module that imports those."""
    for function in ALL:
        setattr(vectors, function.__name__, function)
