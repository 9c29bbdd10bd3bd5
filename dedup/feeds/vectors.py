"""Thirty-two bytes at a time, for kernels that walk through text.

numba compiles a loop over bytes to one byte a step, for it may leave the loop at any of them. These
few functions say in LLVM's own words what is meant: look at 32 bytes at once, get a bit for each. LLVM makes
of it whatever vectors the processor has; the results are the same everywhere.

They check no bounds: whoever calls them keeps `SLACK` readable (or writable) bytes behind the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

SLACK: Final = 64
"""Bytes that must follow the end of an array given to these functions."""

_WIDTH: Final = 32
_BYTE: Final = ir.IntType(8)
_BYTES: Final = ir.VectorType(_BYTE, _WIDTH)
_MASK: Final = ir.IntType(_WIDTH)
_POINTER_BITS: Final = 8 * np.dtype(np.intp).itemsize

_struct: Final[Callable[..., Any]] = cgutils.create_struct_proxy
_intrinsic: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = intrinsic


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = _struct(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _BYTES.as_pointer())


def _load(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    loaded = builder.load(_pointer(context, builder, array_type, array, index))
    loaded.align = 1
    return loaded


def _all(byte: int) -> Any:
    return ir.Constant(_BYTES, [ir.Constant(_BYTE, byte)] * _WIDTH)


@_intrinsic
def string_stops(typing: Any, array: Any, index: Any) -> Any:
    """Return a uint32 with bit j set where byte ``index + j`` is a quote, a backslash or below 0x20."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = _load(context, builder, signature.args[0], *args)
        stops = builder.icmp_unsigned("==", found, _all(0x22))
        stops = builder.or_(stops, builder.icmp_unsigned("==", found, _all(0x5C)))
        stops = builder.or_(stops, builder.icmp_unsigned("<", found, _all(0x20)))
        return builder.bitcast(stops, _MASK)

    return types.uint32(array, types.intp), generate


@_intrinsic
def beyond_ascii(typing: Any, array: Any, index: Any) -> Any:
    """Return a uint32 with bit j set where byte ``index + j`` is 0x80 or more."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = _load(context, builder, signature.args[0], *args)
        return builder.bitcast(builder.icmp_signed("<", found, _all(0)), _MASK)

    return types.uint32(array, types.intp), generate


@_intrinsic
def first_bit(typing: Any, mask: Any) -> Any:
    """Return the number of the lowest bit set in a uint32; 32 when there is none."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        count = builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))
        return builder.zext(count, ir.IntType(_POINTER_BITS))

    return types.intp(types.uint32), generate


@_intrinsic
def copy_some(typing: Any, target: Any, to: Any, source: Any, index: Any) -> Any:
    """Copy 32 bytes from ``source[index:]`` to ``target[to:]``; the two must not overlap."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = _load(context, builder, signature.args[2], args[2], args[3])
        stored = builder.store(loaded, _pointer(context, builder, signature.args[0], args[0], args[1]))
        stored.align = 1
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp), generate


@_intrinsic
def suspects(typing: Any, array: Any, index: Any) -> Any:
    """Return a uint32 with bit j set where byte ``index + j`` may be part of what has to be cleaned.

    These are ``&``, ``<``, a return, a line feed behind a hyphen, and the last byte of a soft hyphen, of
    zero-width characters, of control characters beyond ASCII and of the letters that a lead byte of UTF-8
    is when taken for Latin-1; see `dedup.feeds.clean.dirt`. One byte before `index` is read too.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = _load(context, builder, signature.args[0], *args)
        one = ir.Constant(args[1].type, 1)
        before = _load(context, builder, signature.args[0], args[0], builder.sub(args[1], one))

        def equal(vector: Any, byte: int) -> Any:
            return builder.icmp_unsigned("==", vector, _all(byte))

        def between(low: int, high: int) -> Any:
            return builder.icmp_unsigned("<=", builder.sub(found, _all(low)), _all(high - low))

        def either(*masks: Any) -> Any:
            together = masks[0]
            for mask in masks[1:]:
                together = builder.or_(together, mask)
            return together

        bits = either(
            equal(found, 0x26),
            equal(found, 0x3C),
            equal(found, 0x0D),
            builder.and_(equal(found, 0x0A), equal(before, 0x2D)),
            builder.and_(equal(before, 0xC2), either(between(0x80, 0x9F), equal(found, 0xAD))),
            builder.and_(equal(before, 0xC3), between(0x82, 0xB4)),
            builder.and_(equal(before, 0x80), either(between(0x8B, 0x8D), between(0xA8, 0xA9))),
            builder.and_(equal(before, 0x81), equal(found, 0xA0)),
            builder.and_(equal(before, 0xBB), equal(found, 0xBF)),
        )
        return builder.bitcast(bits, _MASK)

    return types.uint32(array, types.intp), generate


@_intrinsic
def all_plain(typing: Any, array: Any, index: Any) -> Any:
    """Return whether 64 bytes are ASCII without ``&``, ``<``, returns and line feeds behind a hyphen.

    A quick no to what `suspects` asks of bytes one by one. One byte before `index` is read too.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        odd = None
        for half in (0, _WIDTH):
            at = builder.add(args[1], ir.Constant(args[1].type, half))
            before = builder.sub(at, ir.Constant(at.type, 1))
            found = _load(context, builder, signature.args[0], args[0], at)
            hyphen = builder.icmp_unsigned(
                "==", _load(context, builder, signature.args[0], args[0], before), _all(0x2D)
            )
            some = builder.and_(hyphen, builder.icmp_unsigned("==", found, _all(0x0A)))
            for byte in (0x26, 0x3C, 0x0D):
                some = builder.or_(some, builder.icmp_unsigned("==", found, _all(byte)))
            some = builder.or_(some, builder.icmp_signed("<", found, _all(0)))
            odd = some if odd is None else builder.or_(odd, some)
        mask = builder.bitcast(odd, _MASK)
        return builder.icmp_unsigned("==", mask, ir.Constant(_MASK, 0))

    return types.boolean(array, types.intp), generate
