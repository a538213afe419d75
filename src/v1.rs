#![allow(clippy::pedantic, reason = "written by prost-build")]

include!(concat!(env!("OUT_DIR"), "/lokryn.compliance.v1.rs"));
