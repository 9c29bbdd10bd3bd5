"""The engine for many machines: the stages of a run as kernels over packets, moved by Apache Spark.

`packets` is what moves; `run` lays the stages one after the other; the modules named after a stage hold its
kernels, pure functions that know nothing of Spark; `runner` is all that does.
"""
