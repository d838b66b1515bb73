"""The compiled kernel: each user's candidates above a threshold that a sample of the items suggests.

For a block of users:

1. Every so-manyth panel of the items is scored. From this sample each user gets a threshold that some 2 N of all
   items should reach.
2. The other panels are scored. Scores stay in registers until one reaches its threshold; then it becomes a candidate,
   unless it is left out. A panel is skipped when no user of the group can reach the threshold (Cauchy-Schwarz).
3. The best N candidates are selected. A user who has fewer although the threshold held something back is a *miss* and
   is ranked again without a sample. So the result is exact, and a bad guess only costs time.

`simd` explains panels and groups. Everything is compiled as part of `rank`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from include.ranking.kernel.jit import jit, jit_entry
from include.ranking.kernel.simd import LANES, ROWS, WIDTH, append, reaching, tile
from include.ranking.kernel.simd import highest as highest_of
from include.ranking.kernel.simd import lowest as lowest_of
from include.types import Floats, Integers, Keys, Longs

BLOCK = 16 * ROWS
"""Users at once: their vectors stay in the processor's first cache while a panel passes."""
BISECTIONS = 14
LOWEST = np.float32(np.finfo(np.float32).min)
ROUNDING = np.float32(2.0**-22)
"""Four times the relative error of a float32 operation: what bounds allow for each dimension."""
INFINITE = np.float32(np.inf)
HALVE = np.float32(0.5)
NOTHING_LEFT_OUT = np.uint64(0)
HALF = np.uint64(32)
LAST = np.uint64(0xFFFFFFFF)


class Panels(NamedTuple):
    """Items in panels.

    Attributes
    ----------
    vectors
        (n_panels * d * WIDTH,): each panel as (d, WIDTH).
    biases
        (n_panels * WIDTH,), -inf where the last panel has no item.
    items
        (n_panels * WIDTH,): positions among all items.
    places
        (n_items,): the way back, -1 for what is not packed.
    longest, highest
        (n_panels,): no vector of the panel is longer, no bias higher, with room for rounding.
    """

    vectors: Floats
    biases: Floats
    items: Integers
    places: Integers
    longest: Floats
    highest: Floats


class UserVectors(NamedTuple):
    """Vectors (n, d), biases and lengths (n,), and by CSR arrays the items to leave out for each of them."""

    vectors: Floats
    biases: Floats
    lengths: Floats
    indptr: Longs
    indices: Integers


class SamplePlan(NamedTuple):
    """Length of the lists, every how manyth panel is the sample (0: no sample), how many of it make the threshold."""

    n: int
    stride: int
    rank: int


class Block(NamedTuple):
    """What is known of `BLOCK` users while they are ranked.

    Attributes
    ----------
    vectors
        (BLOCK * d,): groups.
    biases, thresholds, lengths, reaches, counts
        (BLOCK,); `reaches` is the biases with room for rounding, `counts` the number of candidates.
    scores, items
        (BLOCK, room): candidates.
    keys
        (room,): for selecting.
    left_out
        (n_panels, BLOCK) uint64: a bit for each item of a panel.
    sample
        (ROWS * width,): scores of a group on the sample.
    tile
        (ROWS * WIDTH,): scores of a group on one panel.
    """

    vectors: Floats
    biases: Floats
    thresholds: Floats
    lengths: Floats
    reaches: Floats
    counts: Longs
    scores: Floats
    items: Integers
    keys: Keys
    left_out: Keys
    sample: Floats
    tile: Floats


@jit_entry
def rank(users, panels, plan, start, stop, found):
    """Write the keys of the best items of users `start` to `stop` to `found`, in any order; 0 is none.

    `found` (n_users, at least n) may hold some more than the best n. Returns the number of misses.
    """
    block = make_block(users, panels, plan)
    missed = np.empty(stop - start, np.int64)
    misses = 0
    for first in range(start, stop, BLOCK):
        rows = np.arange(first, min(first + BLOCK, stop))
        misses += rank_block(users, panels, plan, rows, block, found, missed[misses:], start)
    whole = SamplePlan(plan.n, 0, 0)
    for first in range(0, misses, BLOCK):
        rows = missed[first : min(first + BLOCK, misses)]
        rank_block(users, panels, whole, rows, block, found, missed[misses:], start)
    return misses


@jit
def rank_block(users, panels, plan, rows, block, found, missed, start):
    """Rank one block of users; return how many misses were written to `missed`."""
    load(users, rows, block)
    mark(users, panels, rows, block, True)
    if plan.stride:
        for group in range(0, len(rows), ROWS):
            sample_group(users, panels, plan, rows, block, group)
    scan(panels, plan, len(rows), block)
    mark(users, panels, rows, block, False)
    misses = 0
    for u in range(len(rows)):
        if block.counts[u] < plan.n and block.thresholds[u] > LOWEST:
            missed[misses] = rows[u]
            misses += 1
        else:
            hand_over(block, u, plan.n, found, rows[u] - start)
    return misses


@jit
def hand_over(block, u, n, found, row):
    """Write the keys of a user's best candidates, at least `n` if there are so many, to a row of `found`."""
    scores, items, keys, width = block.scores, block.items, block.keys, found.shape[1]
    start, count = u * len(keys), block.counts[u]
    least = LOWEST
    if count > width:
        length = -(-count // LANES) * LANES
        scores[start + count : start + length] = -INFINITE
        least = threshold_of(scores, start, length, n, width)
    chosen = 0
    for i in range(start, start + count):
        keys[chosen] = key_of(scores[i], items[i])
        chosen += scores[i] >= least
    if chosen > width:
        select(keys, chosen, width)
        chosen = width
    for i in range(width):
        found[row, i] = keys[i] if i < chosen else np.uint64(0)


@jit
def make_block(users, panels, plan):
    """Return an empty block; about 2 MB and 22 bytes an item."""
    n_panels = len(panels.longest)
    room = 3 * plan.n + 4 * WIDTH
    sampled = -(-n_panels // plan.stride) * WIDTH if plan.stride else 0
    return Block(
        np.zeros(BLOCK * users.vectors.shape[1], np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.float32),
        np.zeros(BLOCK, np.int64),
        np.empty(BLOCK * room, np.float32),
        np.empty(BLOCK * room, np.int32),
        np.empty(room, np.uint64),
        np.zeros(n_panels * BLOCK, np.uint64),
        np.empty(ROWS * sampled, np.float32),
        np.empty(ROWS * WIDTH, np.float32),
    )


@jit
def load(users, rows, block):
    """Copy some users into the block; nothing reaches the thresholds of those that fill its last group."""
    depth = users.vectors.shape[1]
    for u in range(-(-len(rows) // ROWS) * ROWS):
        at = (u // ROWS) * depth * ROWS + u % ROWS
        there = u < len(rows)
        block.biases[u] = users.biases[rows[u]] if there else np.float32(0)
        block.lengths[u] = users.lengths[rows[u]] if there else np.float32(0)
        block.reaches[u] = block.biases[u] + abs(block.biases[u]) * (depth + 8) * ROUNDING
        block.thresholds[u] = LOWEST if there else INFINITE
        block.counts[u] = 0
        for k in range(depth):
            block.vectors[at + k * ROWS] = users.vectors[rows[u], k] if there else np.float32(0)


@jit
def mark(users, panels, rows, block, left_out):
    """Set, or clear, the bits of what the block's users must not get."""
    for u in range(len(rows)):
        for entry in range(users.indptr[rows[u]], users.indptr[rows[u] + 1]):
            place = panels.places[users.indices[entry]]
            if place >= 0:
                bit = np.uint64(1) << np.uint64(place % WIDTH)
                at = place // WIDTH * BLOCK + u
                old = block.left_out[at]
                block.left_out[at] = old | bit if left_out else NOTHING_LEFT_OUT


# The next two functions give fields local names: naming a field of a named tuple counts a reference, and those few
# times ten nanoseconds are as much as the rest of their inner loops.


@jit
def sample_group(users, panels, plan, rows, block, first):
    """Score a group on the sample, choose its thresholds and append what reaches them."""
    depth, width, room, stride = users.vectors.shape[1], len(block.sample) // ROWS, len(block.keys), plan.stride
    vectors, biases, items, places = panels.vectors, panels.biases, panels.items, panels.places
    group, own_biases, limits, sample = block.vectors, block.biases, block.thresholds, block.sample
    counts, scores, found, keys = block.counts, block.scores, block.items, block.keys
    for panel in range(0, len(panels.longest), stride):
        at, to = panel * WIDTH, panel // stride * WIDTH
        own = first * depth
        tile(group, own, vectors, at * depth, depth, biases, at, own_biases, limits, first, sample, to, width)
    for u in range(first, min(first + ROWS, len(rows))):
        start = (u - first) * width
        for entry in range(users.indptr[rows[u]], users.indptr[rows[u] + 1]):
            place = places[users.indices[entry]]
            if place >= 0 and place // WIDTH % stride == 0:
                sample[start + place // WIDTH // stride * WIDTH + place % WIDTH] = -INFINITE
        limits[u] = threshold_of(sample, start, width, plan.rank, plan.rank + (plan.rank >> 3))
        for panel in range(0, len(panels.longest), stride):
            at = start + panel // stride * WIDTH
            if reaching(sample, at, WIDTH, limits[u]) == 0:
                continue
            if counts[u] + WIDTH + LANES > room:
                limits[u] = compact(scores, found, u * room, counts[u], plan.n, keys)
                counts[u] = plan.n
            end, skip = u * room + counts[u], NOTHING_LEFT_OUT
            end = append(sample, at, items, panel * WIDTH, limits[u], skip, scores, found, end)
            counts[u] = end - u * room


@jit
def scan(panels, plan, n_users, block):
    """Append what reaches the thresholds on all panels that are not in the sample."""
    depth, room, stride = len(block.vectors) // BLOCK, len(block.keys), plan.stride
    vectors, biases, items = panels.vectors, panels.biases, panels.items
    longest, highest = panels.longest, panels.highest
    group, own_biases, limits, tiled = block.vectors, block.biases, block.thresholds, block.tile
    counts, scores, found, keys = block.counts, block.scores, block.items, block.keys
    lengths, reaches, left_out = block.lengths, block.reaches, block.left_out
    for panel in range(len(longest)):
        if stride and panel % stride == 0:
            continue
        at = panel * WIDTH
        for first in range(0, n_users, ROWS):
            possible = False
            for u in range(first, first + ROWS):
                # Not a number counts as possible
                possible |= not lengths[u] * longest[panel] + highest[panel] + reaches[u] < limits[u]
            if not possible:
                continue
            own = first * depth
            hits = tile(group, own, vectors, at * depth, depth, biases, at, own_biases, limits, first, tiled, 0, WIDTH)
            u = first
            while hits:
                if hits & 1:
                    if counts[u] + WIDTH + LANES > room:
                        limits[u] = compact(scores, found, u * room, counts[u], plan.n, keys)
                        counts[u] = plan.n
                    end, skip = u * room + counts[u], left_out[panel * BLOCK + u]
                    end = append(tiled, (u - first) * WIDTH, items, at, limits[u], skip, scores, found, end)
                    counts[u] = end - u * room
                hits >>= 1
                u += 1


@jit
def compact(scores, items, start, count, n, keys):
    """Keep the `n` best candidates and return the score of the last of them."""
    for i in range(count):
        keys[i] = key_of(scores[start + i], items[start + i])
    select(keys, count, n)
    least = keys[0]
    for i in range(n):
        least = min(least, keys[i])
        scores[start + i] = score_of(keys[i])
        items[start + i] = np.int32(LAST - (keys[i] & LAST))
    return score_of(least)


@jit
def select(keys, count, n):
    """Move the `n` largest of ``keys[:count]`` to the front, in any order (Hoare's quickselect)."""
    low, high, last = 0, count - 1, n - 1
    while low < high:
        a, b, c = keys[low], keys[(low + high) >> 1], keys[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while keys[i] > pivot:
                i += 1
            while keys[j] < pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                i += 1
                j -= 1
        if last <= j:
            high = j
        elif last >= i:
            low = i
        else:
            return


@jit
def threshold_of(values, start, length, least, most):
    """Return a value that at least `least` of some values reach, at most `most` where that is found soon.

    `LOWEST` when there are not so many; `length` is a multiple of `LANES`, and -inf is no value.
    """
    low, high = lowest_of(values, start, length), highest_of(values, start, length)
    if reaching(values, start, length, low) < least:
        return LOWEST
    for _ in range(BISECTIONS):
        middle = low + (high - low) * HALVE
        count = reaching(values, start, length, middle)
        if count < least:
            high = middle
            continue
        low = middle
        if count <= most:
            break
    return low


@jit
def key_of(score, item):
    """Return a whole number that sorts like the score, and for equal scores like the position backwards.

    The bits of a float32 sort like whole numbers once negative ones are inverted and positive
    ones moved above them; adding 0 makes -0 and 0 equal. Key 0 stands for no item.
    """
    bits = np.float32(score + np.float32(0)).view(np.uint32)
    flip = np.uint32(0xFFFFFFFF) if bits >> np.uint32(31) else np.uint32(0x80000000)
    return (np.uint64(bits ^ flip) << HALF) | (LAST - np.uint64(item))


@jit
def score_of(key):
    """Return the score of a key."""
    high = np.uint32(key >> HALF)
    flip = np.uint32(0x80000000) if high >> np.uint32(31) else np.uint32(0xFFFFFFFF)
    return np.uint32(high ^ flip).view(np.float32)


@jit_entry
def unpack(keys, items, scores):
    """Write the lists that rows of keys in rising order stand for: the last key is the first item."""
    width = keys.shape[1]
    for row in range(items.shape[0]):
        for i in range(items.shape[1]):
            key = keys[row, width - 1 - i] if i < width else np.uint64(0)
            items[row, i] = np.int32(LAST - (key & LAST)) if key else np.int32(-1)
            scores[row, i] = score_of(key) if key else -INFINITE


@jit_entry
def fill(vectors, columns, panels):
    """Write vectors (n_items, d) as panels, in the order of `columns`."""
    depth = vectors.shape[1]
    for place in range(len(columns)):
        at = place // WIDTH * WIDTH * depth + place % WIDTH
        for k in range(depth):
            panels[at + k * WIDTH] = vectors[columns[place], k]
