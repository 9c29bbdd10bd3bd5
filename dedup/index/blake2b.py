"""BLAKE2b of many short messages, four side by side.

`hashlib` needs a Python object for every message and holds the interpreter's
lock for those under 2,048 bytes, which most articles are. Here a message is a row of
addresses, nothing is joined or sliced, and four messages fill the four places of a vector: one
round of vector instructions does a round of all. The digests are those of
`hashlib.blake2b`; they stand in indexes on disk and must never change.

Source: RFC 7693, and the parameter block of the BLAKE2 paper (2013), section 2.8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

Int64s = npt.NDArray[np.int64]

_LANES: Final = 4
_BLOCK: Final = 128
_IV: Final = (
    *(0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1),
    *(0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179),
)
_SIGMA: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
_MIXED: Final = (
    *((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)),
    *((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)),
)
_ROUNDS: Final = 12

_WORD: Final = ir.IntType(64)
_WORDS: Final = ir.VectorType(_WORD, _LANES)

_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)
_intrinsic: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = intrinsic
_struct: Final[Callable[..., Any]] = cgutils.create_struct_proxy
_function: Final[Callable[..., Any]] = cgutils.get_or_insert_function
_memcpy: Final[Callable[..., Any]] = cgutils.raw_memcpy


def blake2b_digests(addresses: Int64s, lengths: Int64s, size: int, person: bytes) -> Int64s:
    """Return the digests of n messages, each of up to p pieces that follow one another.

    Parameters
    ----------
    addresses : int64 array, shape (n, p)
        Where in memory each piece begins; the caller keeps it alive. Not looked at where the length is 0.
    lengths : int64 array, shape (n, p)
        Bytes, 0 or more.
    size : int
        Bytes of a digest: 8 or 16.
    person : bytes
        At most 16; keeps the uses of the hash apart.

    Returns
    -------
    int64 array, shape (n, size / 8)
        The bytes of each digest, read as little-endian numbers.
    """
    start = np.array(_IV, dtype=np.uint64)
    start[0] ^= np.uint64(0x01010000 | size)  # no key, fan-out and depth 1
    start[6:] ^= np.frombuffer(person.ljust(16, b"\0"), dtype="<u8")
    totals = lengths.sum(axis=1)
    # Messages side by side should end together.
    order = np.argsort(totals, kind="stable")
    out = np.empty((len(totals), 2), dtype=np.int64)
    _hash_rows(np.ascontiguousarray(addresses), np.ascontiguousarray(lengths), totals, order, start, out)
    return out[:, : size // 8]


@_compiled
def _hash_rows(addresses, lengths, totals, order, start, out):  # type: ignore[no-untyped-def]
    # One function: with the making of a block in another of its own it took 1.5 times as long.
    state = np.empty((8, _LANES), dtype=np.uint64)
    scratch = np.zeros((_LANES, _BLOCK), dtype=np.uint8)
    rows = np.zeros(_LANES, dtype=np.int64)
    blocks = np.zeros(_LANES, dtype=np.int64)
    at = np.zeros(_LANES, dtype=np.int64)
    hashed = np.zeros(_LANES, dtype=np.uint64)
    last = np.zeros(_LANES, dtype=np.uint64)
    pieces = np.zeros(_LANES, dtype=np.int64)
    offsets = np.zeros(_LANES, dtype=np.int64)
    for low in range(0, len(order), _LANES):
        for lane in range(_LANES):
            # In the last group the longest message may stand more than once.
            row = order[min(low + lane, len(order) - 1)]
            rows[lane] = row
            blocks[lane] = max(1, (totals[row] + _BLOCK - 1) // _BLOCK)
            last[lane] = 0
            pieces[lane] = offsets[lane] = 0
            for j in range(8):
                state[j, lane] = start[j]
        for block in range(blocks[_LANES - 1]):
            for lane in range(_LANES):
                if block >= blocks[lane]:
                    continue  # it has ended: its last block comes again, to no effect
                row, piece, offset = rows[lane], pieces[lane], offsets[lane]
                if piece < lengths.shape[1] and lengths[row, piece] - offset >= _BLOCK:
                    at[lane] = addresses[row, piece] + offset
                    offset += _BLOCK
                else:
                    own = np.int64(scratch.ctypes.data) + lane * _BLOCK
                    filled = 0
                    while piece < lengths.shape[1] and filled < _BLOCK:
                        taken = min(lengths[row, piece] - offset, _BLOCK - filled)
                        if taken > 0:
                            _copy(own + filled, addresses[row, piece] + offset, taken)
                        filled += taken
                        offset += taken
                        if offset == lengths[row, piece]:
                            piece += 1
                            offset = 0
                    for j in range(filled, _BLOCK):
                        scratch[lane, j] = 0
                    at[lane] = own
                pieces[lane], offsets[lane] = piece, offset
                hashed[lane] = min((block + 1) * _BLOCK, totals[row])
                if block == blocks[lane] - 1:
                    last[lane] = ~np.uint64(0)
            _compress(state, at, hashed, last)
            for lane in range(_LANES):
                if block == blocks[lane] - 1:
                    out[rows[lane], 0] = state[0, lane]
                    out[rows[lane], 1] = state[1, lane]


@_intrinsic
def _copy(typing: Any, target: Any, source: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to, source = (builder.inttoptr(arg, ir.IntType(8).as_pointer()) for arg in args[:2])
        _memcpy(builder, to, source, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@_intrinsic
def _compress(typing: Any, state: Any, at: Any, hashed: Any, last: Any) -> Any:
    """Mix one block of each message into ``state``: the function F of RFC 7693, on vectors of four words."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = [
            _struct(kind)(context, builder, value).data
            for kind, value in zip(signature.args, args, strict=True)
        ]

        def pointer(base: Any, index: int) -> Any:
            vectors = builder.bitcast(base, _WORDS.as_pointer())
            return builder.gep(vectors, [ir.Constant(ir.IntType(32), index)])

        def load(base: Any, index: int = 0) -> Any:
            loaded = builder.load(pointer(base, index))
            loaded.align = 8
            return loaded

        rotate = _function(builder.module, ir.FunctionType(_WORDS, [_WORDS] * 3), f"llvm.fshr.v{_LANES}i64")

        def turned(value: Any, bits: int) -> Any:
            return builder.call(rotate, [value, value, _same(bits)])

        words = [ir.Constant(_WORDS, ir.Undefined)] * 16
        for lane in range(_LANES):
            place = ir.Constant(ir.IntType(32), lane)
            start = builder.load(builder.gep(data[1], [place]))
            block = builder.inttoptr(start, _WORD.as_pointer())
            for j in range(16):
                word = builder.load(builder.gep(block, [ir.Constant(ir.IntType(32), j)]))
                word.align = 1
                words[j] = builder.insert_element(words[j], word, place)

        before = [load(data[0], j) for j in range(8)]
        v = [*before, *map(_same, _IV)]
        v[12] = builder.xor(v[12], load(data[2]))
        v[14] = builder.xor(v[14], load(data[3]))
        for number in range(_ROUNDS):
            chosen = _SIGMA[number % len(_SIGMA)]
            for j, (a, b, c, d) in enumerate(_MIXED):
                for word, first, second in ((chosen[2 * j], 32, 24), (chosen[2 * j + 1], 16, 63)):
                    v[a] = builder.add(builder.add(v[a], v[b]), words[word])
                    v[d] = turned(builder.xor(v[d], v[a]), first)
                    v[c] = builder.add(v[c], v[d])
                    v[b] = turned(builder.xor(v[b], v[c]), second)
        for j in range(8):
            mixed = builder.xor(before[j], builder.xor(v[j], v[j + 8]))
            builder.store(mixed, pointer(data[0], j)).align = 8
        return context.get_dummy_value()

    return types.void(state, at, hashed, last), generate


def _same(word: int) -> Any:
    return ir.Constant(_WORDS, [ir.Constant(_WORD, word)] * _LANES)
