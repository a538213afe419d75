//! The tables that `build/release_0_2.rs` makes of the schema.

include!(concat!(
    env!("OUT_DIR"),
    "/lokryn.compliance.release_0_2.v1.rs"
));
