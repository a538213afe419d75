//! The tables that `build.rs` makes of `log.proto`.

include!(concat!(env!("OUT_DIR"), "/lokryn.compliance.v1.rs"));
