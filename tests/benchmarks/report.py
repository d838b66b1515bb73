"""The page that `make bench` writes: what was measured, against which target, and a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.benchmarks.quality_report import sections

Figures = dict[str, Any]

WHO = {
    "kernel": "Nightshelf's kernel",
    "product": "matrix product, large",
    "product_blocks": "matrix product, blocks in the cache",
    "numpy": "numpy: product, argpartition, sort",
    "implicit": "implicit, `topk`",
    "faiss": "faiss, flat index with over-fetch",
    "lightfm": "LightFM, `predict`",
    "spark_als": "Spark ALS, `recommendForAllUsers` (nothing left out)",
}
TARGETS: dict[str, tuple[str, float, bool]] = {
    "kernel_share_of_bound": ("kernel, share of the matrix product", 0.60, True),
    "kernel_extra_memory_mb": ("kernel, memory on top of its input, MB", 250, False),
    "training_ials_over_lightfm": ("ALS with features, whole fit, share of 12 epochs of LightFM", 0.1, False),
    "training_blend_s": ("blend at 200k users, 20k items, 5.2M and 6.5M pairs, seconds", 90, False),
    "spark_share_20k_items": ("kernel in Spark to Parquet, share of the kernel alone, 20k items", 0.6, True),
    "spark_share_with_reasons_20k_items": ("the same with reasons, 20k items", 0.45, True),
    "spark_share_200k_items": ("the same, 200k items", 0.6, True),
    "spark_over_faiss_200k_items": ("through Spark to Parquet, times faiss, 200k items", 1.5, True),
    "spark_over_als_200k_items": ("through Spark to Parquet, times Spark ALS, 200k items", 15, True),
    "placements_four_over_one": ("four placements through Spark, 100k users x 20k items, times one", 1.6, False),
    "similar_items_share_of_product": ("similar items, 200k items, 50 each, share of the matrix product", 0.85, True),
    "audience_seconds": ("audience of one item, 10M users, s", 1, False),
    "publish_share_of_copy": ("publish, share of server-side COPY", 0.75, True),
    "publish_seconds_to_live": ("publish, seconds to live", 60, False),
    "flip_longest_ms": ("flip among 50 readers, longest of 10, ms", 50, False),
    "reader_longest_wait_at_flip_ms": ("longest query of a reader at a flip, ms", 100, False),
    "reader_failures": ("queries that failed", 0, False),
    "reader_mixed_queries": ("queries that saw two batches", 0, False),
    "rollback_seconds": ("rollback, connection included, longest of 10, s", 2, False),
    "s3_write_over_local": ("10M rows written to S3, times local Parquet, median of the turns", 2.2, False),
    "etl_times_duckdb": ("ingest of 60 days of Parquet, times DuckDB", 4, False),
    "etl_peak_gib": ("the same, peak memory, GiB", 6, False),
    "night_build_seconds_10M_events": ("`build_training_set` from 10.2M events, Spark's start included, s", 60, False),
    "api_share_of_pgbench": ("one user's list by the read API, 32 connections, share of pgbench's calls", 0.4, True),
    "lookup_ms": ("one user's list by the view, median, ms", 1, False),
    "lookup_function_ms": ("one user's list by the function, median, ms", 1, False),
}
MACHINE = "{scale}. Machine: {cores} cores, {processor}; BLAS: {blas}."
CASES_FOLLOW, REST = "![Share of the matrix product](benchmarks.svg)\n", "\n## "
PAGE = """# Benchmarks

`make bench` measures and writes this page; `OUT=file.json` writes every figure. Ratios within a run matter, absolute
figures do not: all that is compared ran in turn on the same threads.

Scale: {machine}

A row that was measured later names its day, the processor, and how many programs wanted a core then (the load): above
the number of cores, absolute times are too long.

## Against the targets

| what | measured | target | day, load, processor |
|---|---|---|---|
{targets}

## Ranking

Top N of users x items x dimensions, what a user has seen left out, on random normal factors. The bound is the bare
product of all users and all items, in each turn the faster of two ways to compute it; the share is users a second
over the bound's. Median of the turns (lowest to highest). The kernel can pass 1 because it multiplies packed items by
its own inner loop, not by the BLAS.

![Share of the matrix product](benchmarks.svg)
{cases}
{rest}"""


def write_report(figures: Figures, folder: Path) -> None:
    """Write benchmarks.md and benchmarks.svg; what was not measured keeps its lines of the page that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = {name: with_als(figures, name, case) for name, case in figures.get("kernel", {}).items()}
    page = folder / "benchmarks.md"
    before, quality = sections(page.read_text()) if page.is_file() else ("", "")
    text = PAGE.format(
        machine=MACHINE.format(**figures) if cases or not before else between(before, "\nScale: ", "\n"),
        targets="\n".join(target_rows(figures, before)),
        cases="\n".join(case_table(case) for case in cases.values()) or between(before, CASES_FOLLOW, REST),
        rest=rest_list(figures, before),
    )
    page.write_text(f"{text}{quality}")
    if cases:
        plot(cases, folder / "benchmarks.svg")


def target_rows(figures: Figures, before: str = "") -> list[str]:
    """Return a row for each target of which a figure is there, or was."""
    rows = []
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ")}
    for name, (what, target, at_least) in TARGETS.items():
        if name in figures:
            value = float(figures[name])
            reached = value >= target if at_least else value <= target
            words = f"{'at least' if at_least else 'at most'} {target:g}{'' if reached else ': missed'}"
            rows.append(f"| {what} | {value:.3g} | {words} | {figures.get('when', {}).get(name, '')} |")
        elif what in kept:
            rows.append(kept[what])
    return rows


def between(text: str, start: str, end: str) -> str:
    """Return what stands between two texts; nothing where the first is not."""
    return text.partition(start)[2].partition(end)[0].rstrip()


def with_als(figures: Figures, name: str, case: Figures) -> Figures:
    """Return a case with the rate of Spark's own ALS, which another part measures."""
    rate = figures.get(f"als_users_per_s_{int(name.split('x')[1]) // 1000}k_items")
    if rate is None:
        return case
    best = max(case["users_per_second"][way][0] for way in ("product", "product_blocks"))
    return {
        **case,
        "users_per_second": {**case["users_per_second"], "spark_als": [rate] * 3},
        "share_of_bound": {**case["share_of_bound"], "spark_als": [rate / best] * 3},
        "users_measured": {**case["users_measured"], "spark_als": "a sample"},
    }


def case_table(case: Figures) -> str:
    """Return one shape's table, the fastest first."""
    shape = case["shape"]
    title = f"{shape['users']:,} users x {shape['items']:,} items x {shape['dimensions']}, top {shape['n']}"
    rows = [
        f"| {label(name, case)} | {rate[0]:,.0f} | "
        f"{share(case['share_of_bound'][name])} | {case['users_measured'][name]} |"
        for name, rate in sorted(case["users_per_second"].items(), key=lambda pair: -pair[1][0])
    ]
    rows += [f"| {WHO[name]} | not installed | | |" for name in case["absent"]]
    memory = (
        f"Memory of the kernel on top of its input: {case['extra_memory_mb']:.0f} MB, "
        f"of which the lists are {case['lists_mb']:.0f} MB."
    )
    head = ["| who | users a second | share of the bound | users ranked |", "|---|---|---|---|"]
    return "\n".join([f"\n### {title}, {shape['seen']} seen each\n", *head, *rows, "", memory])


def label(name: str, case: Figures) -> str:
    """Return the name of who is measured, with the version of a peer."""
    version = case["versions"].get(name, "")
    return f"{WHO[name]} {version}".strip()


def share(values: list[float]) -> str:
    """Return a share with its spread."""
    return f"{values[0]:.2g}" if values[0] < 0.1 else f"{values[0]:.2f} ({values[1]:.2f} to {values[2]:.2f})"


def rest_list(figures: Figures, before: str = "") -> str:
    """Return the other parts' figures as they gave them, less those of the tables above."""
    own = ("kernel", "training_shapes", "scale", "cores", "processor", "blas", "when")
    kept = dict(line[2:].split(": ", 1) for line in before.splitlines() if line.startswith("- "))
    found = kept | {
        name: f"{value:.4g}" if isinstance(value, float) else str(value)
        for name, value in figures.items()
        if not name.startswith((*own, "als_"))
    }
    rows = [f"- {name}: {value}" for name, value in found.items() if name not in TARGETS]
    return "\n".join([f"{REST}Training, Spark, PostgreSQL, S3 and the ingest\n", *rows, ""]) if rows else ""


def plot(cases: Figures, path: Path) -> None:
    """Draw everyone's share of the bound."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "nightshelf"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(cases), figsize=(6 * len(cases), 3.2), squeeze=False, layout="constrained")
    for axis, (name, case) in zip(axes[0], cases.items(), strict=True):
        shares = {who: values[0] for who, values in case["share_of_bound"].items() if not who.startswith("product")}
        order = sorted(shares, key=lambda who: shares[who])
        bars = axis.barh(
            order, [shares[who] for who in order], color=["#0b6e4f" if who == "kernel" else "#9db4c0" for who in order]
        )
        axis.bar_label(bars, fmt="%.3g", padding=3)
        axis.axvline(1, color="#444444", linewidth=1, linestyle="--")
        axis.set_title(f"{name.replace('x', ' users x ')} items")
        axis.set_xlabel("share of the bare matrix product")
        axis.margins(x=0.15)
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)
