"""Spark's columns as Arrow has them, and the other way round."""

from __future__ import annotations

from inspect import signature
from typing import Any, Final

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructType

# PySpark 4.1 takes no zone, and gives UTC always.
_IN_UTC: Final[dict[str, Any]] = (
    {"timezone": "UTC"} if "timezone" in signature(to_arrow_schema).parameters else {}
)


def arrow_columns(columns: StructType) -> pa.Schema:
    """Return the columns of a DataFrame as its rows come to Python.

    Parameters
    ----------
    columns : StructType

    Returns
    -------
    pa.Schema
        Times in microseconds; those that are points in time in UTC.

    Raises
    ------
    PySparkException
        For a type that Spark does not hand to Python.
    """
    return to_arrow_schema(columns, **_IN_UTC)


def spark_columns(schema: pa.Schema) -> StructType:
    """Return the columns of a DataFrame that can hold a table: no dictionaries, no unsigned integers.

    Raises
    ------
    PySparkException
        For a type that Spark has not.
    """
    return from_arrow_schema(schema, prefer_timestamp_ntz=True)
