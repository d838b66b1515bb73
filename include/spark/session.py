"""The Spark session of every job: its options, and a quick start.

A small job is mostly the start of its JVM: loading about ten thousand classes, and compiling
code that runs for seconds. An archive of the classes (`prepare_classes`) and the quick
compiler take it from 16 to 4 seconds of processor time (Java 17, two cores).
"""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.errors import ConfigurationError
from include.lake import open_lake
from include.settings import PROJECT, Settings, hand_on, load_s3_settings
from include.spark.s3 import forget_keys, jar_path, s3_options, uses_s3
from include.spark.standalone import SCHEME, ExecutorWatch, offer_own_address

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

OPTIONS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.parquet.compression.codec": "zstd",
    # The default, INT96, is a time without a zone for every other reader.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Spark has no nanoseconds, which pandas writes: it shows them as numbers instead of refusing the file.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # Listing a year of days takes the driver less than a Spark job for it.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    "spark.sql.ansi.enabled": "true",
    # The first upper() would build ICU's table of title cases, two seconds of every job that uses one.
    "spark.sql.icu.caseMappings.enabled": "false",
    # What only the second half of an AND or OR needs is not computed for every row.
    "spark.sql.subexpressionElimination.skipForShortcutExpr": "true",
    # Rows in the order of time go to the files of their days without another sort.
    "spark.sql.maxConcurrentOutputFileWriters": "16",
    # It would ask the JVM for the caller's line at each column expression.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}
# With much data the loops over rows run a million times: what runs less, such as Spark's own compiler, need not be
# optimised. These are ten times Java's own thresholds.
COMPILE_LATER = [
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
]
# Bytes from which a job runs long enough for Java's optimising compiler: it halves the time of ten million events.
MUCH_DATA = 50 << 20
# Without these Spark offers the driver at the machine's name, which a cluster elsewhere needs to reach it.
THIS_MACHINE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
LOG_CONFIGURATION = PROJECT / "include" / "config" / "log4j2.properties"
# Java would interpret the long methods that Spark generates, for ever: four fifths of an ingest's time.
WHOLE_METHODS = "-XX:-DontCompileHugeMethods"
# The JVM writes its own warnings to stdout, where the job's result belongs.
QUIET_JAVA = ["-Xlog:disable", "-Xlog:all=error:stderr", f"-Dlog4j2.configurationFile={LOG_CONFIGURATION.as_uri()}"]


def for_data(settings: Settings, size: int) -> Settings:
    """Return the settings of a job that reads `size` bytes: much data pays for the compiler that takes its time.

    Options that somebody has set stay.
    """
    if size < MUCH_DATA or settings.spark_java_options != Settings.model_fields["spark_java_options"].default:
        return settings
    return settings.model_copy(update={"spark_java_options": " ".join(["-XX:+UseParallelGC", *COMPILE_LATER])})


@contextmanager
def spark_session(name: str, settings: Settings, java_options: tuple[str, ...] = ()) -> Iterator[SparkSession]:
    """Start Spark for one job and stop it when the job ends.

    Parameters
    ----------
    name
        Of the job, as Spark shows it.
    java_options
        Further options of the driver's JVM; the executors of a cluster get only the others.

    Raises
    ------
    ConfigurationError
        When no Java runtime starts, or the lake is on S3 and the jars for it are missing.
    ExecutorsLostError
        When a standalone cluster starts executors and none reaches the driver.
    """
    from pyspark.errors import PySparkRuntimeError
    from pyspark.logger import PySparkLogger
    from pyspark.sql import SparkSession

    # It writes a page of JSON about each refused expression; the error itself says enough.
    PySparkLogger.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    options: dict[str, Any] = dict(OPTIONS)
    if is_this_machine(settings.spark_master):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        options |= THIS_MACHINE
    elif settings.spark_master.startswith(SCHEME):
        offer_own_address(settings.spark_master)
    access = load_s3_settings() if uses_s3(settings) else None
    if access:
        options |= s3_options(settings, access)
        hand_on(access.environment())  # the JVM finds its keys there
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    options["spark.driver.memory"] = settings.spark_memory
    java = [*QUIET_JAVA, WHOLE_METHODS, *_archive_option(settings)]
    for process, own in (("driver", java_options), ("executor", ())):
        words = f"{shlex.join([*java, *own])} {settings.spark_java_options}"
        options[f"spark.{process}.extraJavaOptions"] = words
    builder = SparkSession.builder.master(settings.spark_master).appName(f"nightshelf-{name}")
    try:
        spark = builder.config(map=options).getOrCreate()
    except (PySparkRuntimeError, FileNotFoundError) as error:
        raise ConfigurationError(
            f"Spark cannot start: {str(error).splitlines()[0]}",
            remedy="install a Java runtime, version 17 or later, or point JAVA_HOME at one",
        ) from error
    spark.sparkContext.setLogLevel("ERROR")
    spark.sparkContext.environment.update(
        worker_environment(spark.sparkContext.getConf().get("spark.task.cpus", "1") or "1")
    )
    if access:
        spark.sparkContext.environment.update(access.address())
        forget_keys(spark)
    try:
        with ExecutorWatch(spark, settings.spark_master):
            yield spark
    finally:
        spark.stop()


def is_this_machine(master: str) -> bool:
    """Tell whether Spark runs on this machine alone, so that no other has to reach the driver."""
    host = urlsplit(master).hostname if "://" in master else None
    return master.startswith("local") or host in ("127.0.0.1", "localhost")


def worker_environment(task_cpus: str) -> dict[str, str]:
    """Return the variables of Python workers: our code, compiled code, as many threads as a task has cores.

    Spark's tasks already use every core; BLAS and numba would start as many threads again in each.
    """
    handed_on = {name: os.environ[name] for name in ("PYTHONPATH", "NUMBA_CACHE_DIR") if name in os.environ}
    return {**dict.fromkeys(THREADS, task_cpus), **handed_on}


def class_archive(settings: Settings) -> Path:
    """Return the path of the archive of Spark's classes for this Java, PySpark and lake."""
    import pyspark

    home = os.environ.get("JAVA_HOME")
    java = Path(home) / "bin" / "java" if home else Path(shutil.which("java") or "java")
    changed = java.resolve().stat().st_mtime_ns if java.exists() else 0
    parts = f"{java.resolve()}|{changed}|{pyspark.__version__}|{Path(pyspark.__file__).parent}"
    if uses_s3(settings):
        parts += f"|{jar_path(settings)}"  # Java takes an archive for the class path only that it was made with
    return settings.cache / f"spark-{hashlib.sha256(parts.encode()).hexdigest()[:12]}.jsa"


def prepare_classes(settings: Settings, *, local: bool = False) -> Path:
    """Make the archive of Spark's classes unless it exists, and return its path.

    It takes about 20 seconds once and 180 MB. Jobs work without it, only slower; Java ignores an
    archive of another version. A lake on S3 has an archive of its own, for which a few small
    files are written to the lake and deleted; with `local` they are written to this machine, for
    a lake that does not exist yet, and the archive lacks the classes that only S3 loads.
    """
    archive = class_archive(settings)
    if archive.is_file():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_name(f".{uuid.uuid4().hex}.jsa")
    try:
        with spark_session("prepare", settings, (f"-XX:ArchiveClassesAtExit={draft}",)) as spark:
            gateway = spark.sparkContext._gateway
            with _scratch(settings, local) as (source, target):
                _use_what_jobs_use(spark, source, target)
        _end_java(gateway)
        if draft.is_file():
            draft.replace(archive)
        else:
            logger.warning("Java made no archive of Spark's classes; jobs start slower without it")
    finally:
        draft.unlink(missing_ok=True)
    return archive


def _archive_option(settings: Settings) -> list[str]:
    archive = class_archive(settings)
    return [f"-XX:SharedArchiveFile={archive}"] if archive.is_file() else []


@contextmanager
def _scratch(settings: Settings, local: bool) -> Iterator[tuple[Path, str]]:
    """Yield a folder for input, and the URI of one for output: in the lake if that is on S3, unless `local`."""
    with tempfile.TemporaryDirectory() as folder:
        if local or not settings.lake_uri.startswith("s3://"):
            yield Path(folder), f"{folder}/out"
            return
        lake, target = open_lake(settings.lake_uri), f"_staging/prepare-{uuid.uuid4().hex}"
        try:
            yield Path(folder), lake.uri_of(target)
        finally:
            lake.delete(target)


def _use_what_jobs_use(spark: SparkSession, source: Path, target: str) -> None:
    """Load the classes of reading, casting, windows, joins, Parquet and Arrow."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    (source / "in.csv").write_text("a,b\n1,x\n2,y\n")
    (source / "in.jsonl").write_text('{"a":"1","b":"x"}\n')
    csv = spark.read.option("header", "true").schema("a string, b string").csv(f"{source}/in.csv")
    lines = spark.read.text(f"{source}/in.jsonl").select(F.from_json("value", "a string, b string").alias("v"))
    rows = csv.unionByName(lines.select("v.*")).withColumn("n", F.col("a").try_cast("double"))
    latest = Window.partitionBy("b").orderBy(F.col("n").desc())
    ranked = rows.repartition(2, "b").withColumn("r", F.row_number().over(latest)).persist()
    ranked.groupBy("b").agg(F.sum("n"), F.to_json(F.struct(F.max("a")))).collect()
    ranked.write.partitionBy("b").parquet(target)
    ranked.unpersist()
    read = spark.read.parquet(target)
    known = F.broadcast(csv.select("b"))
    joined = read.join(known, on="b", how="inner").join(csv.groupBy("b").count(), on="b", how="left")
    joined.mapInArrow(lambda batches: batches, joined.schema).toPandas()


def _end_java(gateway: object) -> None:
    """End the JVM and wait until it has written its archive."""
    from pyspark import SparkContext

    process = gateway.proc  # type: ignore[attr-defined] # PySpark keeps the process there
    process.stdin.close()
    process.wait(timeout=120)
    SparkContext._gateway = None
    SparkContext._jvm = None
