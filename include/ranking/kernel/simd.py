"""The inner loops of the ranking kernel as vector instructions.

Neither BLAS nor a compiler's vectorisation does what the kernel needs: products that stay in registers until one of
them matters, and an append of those that do without a branch for each. So both are written as LLVM vectors.

Items stand in *panels* of `WIDTH`, a panel as (dimensions, WIDTH); users in *groups* of `ROWS`, a group as
(dimensions, ROWS). Every score is the same chain of multiply-adds in the order of the dimensions, whatever other users
are scored with it, so lists do not depend on how users are divided.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _shape(features: Any) -> tuple[int, int, int]:
    """Return lanes of a register, registers of a panel and users of a group, so that a tile fits the registers."""
    if features.get("avx512f"):
        return 16, 3, 8
    return (8, 2, 6) if features.get("avx2") else (4, 4, 4)


LANES, VECTORS, ROWS = _shape(llvm.get_host_cpu_features())
WIDTH = LANES * VECTORS
"""Items of a panel."""

_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_WHOLE = ir.VectorType(ir.IntType(32), LANES)
_FLAGS = ir.VectorType(ir.IntType(1), LANES)
_BITS = ir.IntType(LANES)
_LONG = ir.IntType(64)
_ALIGNMENT = 4


@intrinsic
def tile(
    typing,
    users,
    at_user,
    panels,
    at_panel,
    depth,
    biases,
    at_bias,
    user_biases,
    thresholds,
    at_row,
    scores,
    at_score,
    stride,
):
    """Score a group of users on a panel of items; return the bits of the users who have a hit.

    Takes 1-D arrays and offsets in them. The scores of row r go to ``scores[at_score + r * stride:]``,
    `WIDTH` of them. A hit is a score of at least the user's threshold.
    """
    arrays = (users, at_user, panels, at_panel, depth, biases, at_bias, user_biases, thresholds, at_row)
    return types.int64(*arrays, scores, at_score, stride), _tile


def _tile(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    starts = ((0, 1), (2, 3), (5, 6), (7, 9), (8, 9), (10, 11))
    users, panels, biases, user_biases, thresholds, scores = (
        _start(context, builder, signature.args[array], arguments[array], arguments[offset]) for array, offset in starts
    )
    depth, stride = arguments[4], arguments[12]
    multiply_add = _declare(builder, f"llvm.fmuladd.v{LANES}f32", _FLOATS, [_FLOATS] * 3)
    sums = [[cgutils.alloca_once(builder, _FLOATS) for _ in range(VECTORS)] for _ in range(ROWS)]
    for row in range(ROWS):
        own = _spread(builder, builder.load(_step(builder, user_biases, row)))
        for vector in range(VECTORS):
            bias = _load(builder, _step(builder, biases, vector * LANES), _FLOATS)
            builder.store(builder.fadd(bias, own), sums[row][vector])
    with cgutils.for_range(builder, depth) as loop:
        column = builder.gep(panels, [builder.mul(loop.index, _LONG(WIDTH))])
        group = builder.gep(users, [builder.mul(loop.index, _LONG(ROWS))])
        items = [_load(builder, _step(builder, column, vector * LANES), _FLOATS) for vector in range(VECTORS)]
        for row in range(ROWS):
            own = _spread(builder, builder.load(_step(builder, group, row)))
            for vector in range(VECTORS):
                place = sums[row][vector]
                builder.store(builder.call(multiply_add, [own, items[vector], builder.load(place)]), place)
    return _store_scores(builder, sums, thresholds, scores, stride)


def _store_scores(builder: Any, sums: Any, thresholds: Any, scores: Any, stride: Any) -> Any:
    hits = _LONG(0)
    for row in range(ROWS):
        threshold = _spread(builder, builder.load(_step(builder, thresholds, row)))
        target = builder.gep(scores, [builder.mul(stride, _LONG(row))])
        any_lane = None
        for vector in range(VECTORS):
            values = builder.load(sums[row][vector])
            _store(builder, values, _step(builder, target, vector * LANES))
            flags = builder.fcmp_ordered(">=", values, threshold)
            any_lane = flags if any_lane is None else builder.or_(any_lane, flags)
        hit = builder.icmp_unsigned("!=", builder.bitcast(any_lane, _BITS), _BITS(0))
        hits = builder.or_(hits, builder.shl(builder.zext(hit, _LONG), _LONG(row)))
    return hits


@intrinsic
def append(typing, scores, at_score, items, at_item, threshold, skip, found_scores, found_items, end):
    """Append what reaches the threshold in a panel's scores to a user's candidates; return where they end now.

    `skip` is what to leave out of the panel, one bit an item. The arrays have room for `WIDTH` + `LANES` more.
    """
    kinds = (scores, at_score, items, at_item, threshold, skip, found_scores, found_items, end)
    return types.int64(*kinds), _append


def _append(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    kinds = signature.args
    scores, at_score, items, at_item, threshold, skip, found_scores, found_items, end = arguments
    scores = _start(context, builder, signature.args[0], scores, at_score)
    items = _start(context, builder, signature.args[2], items, at_item)
    squeeze_scores, squeeze_items = (
        _declare(builder, f"llvm.experimental.vector.compress.v{LANES}{name}", kind, [kind, _FLAGS, kind])
        for name, kind in (("f32", _FLOATS), ("i32", _WHOLE))
    )
    count_bits = _declare(builder, f"llvm.ctpop.i{LANES}", _BITS, [_BITS])
    least = _spread(builder, threshold)
    for vector in range(VECTORS):
        values = _load(builder, _step(builder, scores, vector * LANES), _FLOATS)
        names = _load(builder, _step(builder, items, vector * LANES), _WHOLE)
        reached = builder.bitcast(builder.fcmp_ordered(">=", values, least), _BITS)
        left_out = builder.trunc(builder.lshr(skip, _LONG(vector * LANES)), _BITS)
        taken = builder.and_(reached, builder.not_(left_out))
        flags = builder.bitcast(taken, _FLAGS)
        for squeeze, value, kind, array in (
            (squeeze_scores, values, kinds[6], found_scores),
            (squeeze_items, names, kinds[7], found_items),
        ):
            squeezed = builder.call(squeeze, [value, flags, ir.Constant(value.type, ir.Undefined)])
            _store(builder, squeezed, _start(context, builder, kind, array, end))
        end = builder.add(end, builder.zext(builder.call(count_bits, [taken]), _LONG))
    return end


@intrinsic
def fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c of float32 as `tile` computes it."""
    return types.float32(types.float32, types.float32, types.float32), _fused


def _fused(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    multiply_add = _declare(builder, "llvm.fmuladd.f32", ir.FloatType(), [ir.FloatType()] * 3)
    return builder.call(multiply_add, arguments)


@intrinsic
def reaching(typing: Any, values: Any, start: Any, length: Any, threshold: Any) -> Any:
    """Return how many of ``values[start : start + length]`` reach the threshold; `length` is a multiple of `LANES`."""
    return types.int64(values, start, length, threshold), _reaching


def _reaching(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    values, start, length, threshold = arguments
    least, address = _spread(builder, threshold), _start(context, builder, signature.args[0], values, start)
    count_bits = _declare(builder, f"llvm.ctpop.i{LANES}", _BITS, [_BITS])
    total = cgutils.alloca_once_value(builder, _LONG(0))
    with cgutils.for_range(builder, builder.sdiv(length, _LONG(LANES))) as loop:
        vector = _load(builder, builder.gep(address, [builder.mul(loop.index, _LONG(LANES))]), _FLOATS)
        bits = builder.bitcast(builder.fcmp_ordered(">=", vector, least), _BITS)
        count = builder.zext(builder.call(count_bits, [bits]), _LONG)
        builder.store(builder.add(builder.load(total), count), total)
    return builder.load(total)


@intrinsic
def lowest(typing: Any, values: Any, start: Any, length: Any) -> Any:
    """Return the lowest of ``values[start : start + length]`` but -inf; `length` is a multiple of `LANES`."""
    return types.float32(values, start, length), partial(_extreme, name="fmin", better="<", worst=float("inf"))


@intrinsic
def highest(typing: Any, values: Any, start: Any, length: Any) -> Any:
    """Return the highest of ``values[start : start + length]``; `length` is a multiple of `LANES`."""
    return types.float32(values, start, length), partial(_extreme, name="fmax", better=">", worst=float("-inf"))


def _extreme(
    context: Any, builder: Any, signature: Any, arguments: Any, *, name: str, better: str, worst: float
) -> Any:
    values, start, length = arguments
    address = _start(context, builder, signature.args[0], values, start)
    best = cgutils.alloca_once_value(builder, ir.Constant(_FLOATS, [worst] * LANES))
    nothing = ir.Constant(_FLOATS, [float("-inf")] * LANES)
    with cgutils.for_range(builder, builder.sdiv(length, _LONG(LANES))) as loop:
        vector = _load(builder, builder.gep(address, [builder.mul(loop.index, _LONG(LANES))]), _FLOATS)
        known = builder.load(best)
        flags = builder.and_(builder.fcmp_ordered(better, vector, known), builder.fcmp_ordered(">", vector, nothing))
        builder.store(builder.select(flags, vector, known), best)
    reduce = _declare(builder, f"llvm.vector.reduce.{name}.v{LANES}f32", ir.FloatType(), [_FLOATS])
    return builder.call(reduce, [builder.load(best)])


def _start(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    """Return the address of an element of a 1-D array."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [offset])


def _step(builder: Any, pointer: Any, by: int) -> Any:
    return builder.gep(pointer, [_LONG(by)])


def _load(builder: Any, pointer: Any, kind: Any) -> Any:
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=_ALIGNMENT)


def _store(builder: Any, value: Any, pointer: Any) -> None:
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=_ALIGNMENT)


def _spread(builder: Any, value: Any) -> Any:
    """Return a vector of one value."""
    first = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, ir.Constant(_FLOATS, ir.Undefined), ir.Constant(_WHOLE, [0] * LANES))


def _declare(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)
