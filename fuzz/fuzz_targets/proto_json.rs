#![no_main]

lokryn_compliance_log_fuzz::target!(proto_json::ProtoJson);
