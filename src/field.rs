//! The numbers and proto names of the fields, generated from the descriptor.

include!(concat!(env!("OUT_DIR"), "/field.rs"));
