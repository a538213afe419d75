"""Prints the Buf image of the released schema, under this crate's names.

The image, `released.binpb`, is what `buf breaking` compares `log.proto` with.
It is made from the descriptor inside the published Python package, release
0.1.1, and not from `log.proto`, so the two come from different hands:

    python released.py > released.binpb

The package is renamed, and `LogRequest` is added: the documents of the release
use it, though its Python package lacks it.
"""

import sys

from google.protobuf import descriptor_pb2
from lokryn_compliance_log import LogEntry

RELEASED, OURS = "lokryn.compliancelog.v1", "lokryn.compliance.v1"


def image():
    file = descriptor_pb2.FileDescriptorProto()
    LogEntry.DESCRIPTOR.file.CopyToProto(file)
    file.name = f"{OURS.replace('.', '/')}/log.proto"
    file.package = OURS
    (entry,) = file.message_type
    for field in entry.field:
        field.type_name = field.type_name.replace(RELEASED, OURS)
    request = file.message_type.add()
    request.CopyFrom(entry)
    request.name = "LogRequest"
    return descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString(deterministic=True)


if __name__ == "__main__":
    sys.stdout.buffer.write(image())
