from lokryn.compliance.v1 import log_pb2
