"""Remote-write requests made with the protobuf library: the reference for our own scanner."""

from collections.abc import Iterable, Mapping
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_LABEL, _SAMPLE, _SERIES, _REQUEST = "Label", "Sample", "TimeSeries", "WriteRequest"


def request_class() -> Any:
    """Return the message class of a WriteRequest, built when first asked for."""
    pool = descriptor_pool.Default()
    try:
        found = pool.FindMessageTypeByName("twintest.WriteRequest")
    except KeyError:
        file = descriptor_pb2.FileDescriptorProto(
            name="twintest.proto", package="twintest", syntax="proto3"
        )
        field = descriptor_pb2.FieldDescriptorProto
        for message, fields in {
            _LABEL: [("name", 1, field.TYPE_STRING, ""), ("value", 2, field.TYPE_STRING, "")],
            _SAMPLE: [("value", 1, field.TYPE_DOUBLE, ""), ("timestamp", 2, field.TYPE_INT64, "")],
            _SERIES: [
                ("labels", 1, field.TYPE_MESSAGE, _LABEL),
                ("samples", 2, field.TYPE_MESSAGE, _SAMPLE),
            ],
            _REQUEST: [("timeseries", 1, field.TYPE_MESSAGE, _SERIES)],
        }.items():
            made = file.message_type.add(name=message)
            for name, number, kind, of in fields:
                many = field.LABEL_REPEATED if of else field.LABEL_OPTIONAL
                added = made.field.add(name=name, number=number, type=kind, label=many)
                if of:
                    added.type_name = f".twintest.{of}"
        pool.Add(file)
        found = pool.FindMessageTypeByName("twintest.WriteRequest")
    return message_factory.GetMessageClass(found)


def message(
    series: Iterable[tuple[Mapping[str, str], Iterable[tuple[float, int]]]],
) -> bytes:
    """Return an uncompressed request: label sets with their (value, epoch ms) samples."""
    request = request_class()()
    for labels, samples in series:
        made = request.timeseries.add()
        for name in sorted(labels):
            made.labels.add(name=name, value=labels[name])
        for value, time_ms in samples:
            made.samples.add(value=value, timestamp=time_ms)
    return bytes(request.SerializeToString())


def body(series: Iterable[tuple[Mapping[str, str], Iterable[tuple[float, int]]]]) -> bytes:
    """Return a request as it is sent."""
    return bytes(cramjam.snappy.compress_raw(message(series)))
