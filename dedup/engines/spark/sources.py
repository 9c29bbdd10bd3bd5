"""The user's Parquet files: which there are, what columns they have, and their rows with file and line.

Spark finds out the columns of Parquet by itself, but refuses a file for one column of a type that it does not
know, wanted or not, and a folder for two files that disagree. So the columns are looked up here, of each file
the types that Spark can read, and files of the same columns are read together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as fn
from pyspark.sql.types import LongType, StructField, StructType, TimestampNTZType, TimestampType

from dedup.engines.spark.arrow_types import arrow_columns
from dedup.engines.spark.failures import SparkError
from dedup.engines.spark.hadoop import FeedFile, Files
from dedup.engines.spark.runner import FILE, LINE

SETTINGS: Final = {
    # Rows that are decoded at a time; one article may be a megabyte.
    "spark.sql.parquet.enableVectorizedReader": "true",
    "spark.sql.parquet.columnarReaderBatchSize": "512",
    # Without it, Spark reads no file that has timestamps of nanoseconds, which is what pandas writes.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # A time without a zone is one to the reader of one machine: at midnight it is a day.
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
}
"""Of the session that reads them, over those of the session for packets."""

_AT_ONCE: Final = 256
"""Files whose columns are asked for at a time."""
_FIRST_FILES: Final = 64
"""Files in which the first rows are looked for."""
_NANOS: Final = re.compile(r"TIMESTAMP\(NANOS,(true|false)\)")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of a file that Spark can read, and which of them are times in nanoseconds (True: in UTC).

    `old` are times of 96 bits, which say nothing of a zone, though Spark gives them one.
    """

    fields: dict[str, StructField]
    nanos: dict[str, bool]
    old: set[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of some files.

    Parameters
    ----------
    frame : DataFrame
    names : tuple of str
        What its columns are called in the files, then `FILE` and `LINE`.
    """

    frame: DataFrame
    names: tuple[str, ...]


class Sources:
    """Parquet files on any path that Hadoop knows.

    Parameters
    ----------
    session : SparkSession
        With `SETTINGS`.
    files : Files
    paths : sequence of str
        Files, folders (with all in them that is named like Parquet; all if nothing is) and patterns.

    Raises
    ------
    SparkError
        A path gives no file; a file is no Parquet.
    """

    def __init__(self, session: SparkSession, files: Files, paths: Sequence[str]) -> None:
        self._session = session
        self._java: Any = session.sparkContext._jvm
        self._files = [file for path in paths for file in files.listed(path)]
        self._groups = self._grouped()

    @property
    def shown(self) -> dict[str, str]:
        """Name of each file as a user knows it, by the name that Spark gives it."""
        return {file.path: file.shown for file in self._files}

    def schema(self) -> pa.Schema:
        """Return the columns of all files; of two types the one that comes first."""
        found: dict[str, pa.Field] = {}
        for columns, _ in self._groups:
            for field in _arrow(columns):
                found.setdefault(field.name, field)
        return pa.schema(list(found.values()))

    def rows(self, names: Sequence[str]) -> list[Rows]:
        """Return all rows, with `FILE` as Spark has it and `LINE`; a frame for each set of columns."""
        return [self._frame(columns, names, [file.path for file in files]) for columns, files in self._groups]

    def first_rows(self, names: Sequence[str], most: int) -> list[Rows]:
        """Return the first rows of the files of each set of columns, each in one partition."""
        return [self._first(columns, names, files, most) for columns, files in self._groups]

    def _first(self, columns: _Columns, names: Sequence[str], files: Sequence[FeedFile], most: int) -> Rows:
        with self._in_one_piece():
            each = [self._frame(columns, names, [file.path]) for file in files[:_FIRST_FILES]]
            first = reduce(DataFrame.union, [rows.frame.limit(most) for rows in each])
        return Rows(first.coalesce(1).limit(most), each[0].names)

    @contextmanager
    def _in_one_piece(self) -> Iterator[None]:
        """Have no file split, so that its first rows are those of one partition."""
        key = "spark.sql.files.maxPartitionBytes"
        before = str(self._session.conf.get(key))
        self._session.conf.set(key, str(1 << 60))
        try:
            yield
        finally:
            self._session.conf.set(key, before)

    def _frame(self, columns: _Columns, names: Sequence[str], paths: Sequence[str]) -> Rows:
        wanted = [name for name in names if name in columns.fields]
        schema = StructType([columns.fields[name] for name in wanted])
        # Paths are names here, not patterns.
        reader = self._session.read.schema(schema).option("__globPaths__", "false")
        read = reader.parquet(*paths)
        # Names as Spark has no trouble with: `mapInArrow` asks for columns by name, and stumbles over dots.
        values = [_value(columns, name).alias(f"c{place}") for place, name in enumerate(wanted)]
        file, row = fn.col("_metadata.file_path"), fn.col("_metadata.row_index")
        return Rows(read.select(*values, file.alias(FILE), (row + 1).alias(LINE)), (*wanted, FILE, LINE))

    def _grouped(self) -> list[tuple[_Columns, list[FeedFile]]]:
        """Return the files by their columns, in order of the first file of each."""
        groups: dict[str, tuple[_Columns, list[FeedFile]]] = {}
        for begin in range(0, len(self._files), _AT_ONCE):
            some = self._files[begin : begin + _AT_ONCE]
            for file, schema in zip(some, self._parquet_schemas(some), strict=True):
                key = str(schema.toString())
                if key not in groups:
                    groups[key] = self._columns(schema), []
                groups[key][1].append(file)
        return list(groups.values())

    def _parquet_schemas(self, files: Sequence[FeedFile]) -> list[Any]:
        """Return what the files' footers say of columns, without what they say of values."""
        reader = self._java.org.apache.parquet.hadoop.ParquetFileReader
        conf = self._session.sparkContext._jsc.hadoopConfiguration()
        statuses = self._java.java.util.ArrayList()
        for file in files:
            statuses.add(file.status)
        try:
            footers = reader.readAllFootersInParallel(conf, statuses, True)
        except Py4JJavaError as error:
            raise SparkError(
                f"cannot read {self._culprit(files, reader, conf)}",
                "--engine spark reads Parquet articles; dedup export --all -o articles.parquet writes some",
            ) from error
        return [footer.getParquetMetadata().getFileMetaData().getSchema() for footer in footers]

    def _culprit(self, files: Sequence[FeedFile], reader: Any, conf: Any) -> str:
        """Return which file is no Parquet, and what is wrong with it."""
        for file in files:
            one = self._java.java.util.ArrayList()
            one.add(file.status)
            try:
                reader.readAllFootersInParallel(conf, one, True)
            except Py4JJavaError as error:
                cause = error.java_exception
                while cause.getCause() is not None:
                    cause = cause.getCause()
                said = str(cause.getMessage() or cause.getClass().getSimpleName())
                if "is not a Parquet file" in said:
                    return f"{file.shown}: it is not a Parquet file"
                return f"{file.shown}: {said.splitlines()[0]}"
        return files[0].shown

    def _columns(self, schema: Any) -> _Columns:
        """Return those columns whose types Spark can read and hand to Python."""
        spark = self._java.org.apache.spark.sql.execution.datasources.parquet
        converter = spark.ParquetToSparkSchemaConverter(self._session._jsparkSession.sessionState().conf())
        columns = _Columns({}, {}, set())
        for place in range(schema.getFieldCount()):
            column = schema.getType(place)
            alone = self._java.org.apache.parquet.schema.MessageType(schema.getName(), [column])
            try:
                found = StructType.fromJson(json.loads(converter.convert(alone).json()))
                arrow_columns(found)
            except (PySparkException, Py4JJavaError, ValueError):
                continue
            if '"time(' in found.json():  # a type that Spark has, but no Parquet reader for
                continue
            field = found.fields[0]
            columns.fields.setdefault(field.name, StructField(field.name, field.dataType))
            nanos = _NANOS.fullmatch(str(column.getLogicalTypeAnnotation()))
            if nanos and isinstance(field.dataType, LongType):
                columns.nanos[field.name] = nanos[1] == "true"
            if column.isPrimitive() and str(column.asPrimitiveType().getPrimitiveTypeName()) == "INT96":
                columns.old.add(field.name)
        return columns


def _value(columns: _Columns, name: str) -> Column:
    """Return a column as it is handed to Python: times in microseconds."""
    quoted = "`" + name.replace("`", "``") + "`"
    if name in columns.old:
        return fn.col(quoted).cast("timestamp_ntz")
    if name not in columns.nanos:
        return fn.col(quoted)
    # Rounded down, also before 1970, and in whole numbers: a double has no room for them.
    time = fn.expr(f"timestamp_micros(({quoted} - pmod({quoted}, 1000L)) div 1000)")
    return time if columns.nanos[name] else time.cast("timestamp_ntz")


def _arrow(columns: _Columns) -> pa.Schema:
    fields = []
    for name, field in columns.fields.items():
        kind = field.dataType
        if name in columns.nanos:
            kind = TimestampType() if columns.nanos[name] else TimestampNTZType()
        if name in columns.old:
            kind = TimestampNTZType()
        fields.append(StructField(name, kind))
    return arrow_columns(StructType(fields))
