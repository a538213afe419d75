//! The seven scenarios of the schema's documentation: built, serialized, decoded
//! again and printed.
//!
//!     cargo run --example quickstart

use std::error::Error;

use lokryn_compliance_log::LogEntry;
use serde_json::Value;

mod scenarios;

fn main() -> Result<(), Box<dyn Error>> {
    let mut total = 0;
    for (_, entry) in scenarios::scenarios() {
        let bytes = entry.to_bytes();
        let decoded = LogEntry::from_bytes(&bytes)?;
        decoded.validate()?;
        assert_eq!(decoded, entry);

        println!(
            "{} by {}: {}, {}, {} bytes",
            decoded.event_type(),
            decoded.actor_id,
            decoded.outcome(),
            decoded.severity(),
            bytes.len(),
        );
        println!("  payload: {}", decoded.json_payload::<Value>()?);
        println!("  {}\n", decoded.json_line());
        total += bytes.len();
    }
    println!("7 entries, {total} bytes, each decoded to what was encoded");
    Ok(())
}
