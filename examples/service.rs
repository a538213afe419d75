//! A small service that keeps a `LogSource` and an append-only audit file. For a web
//! service, see `examples/axum`.
//!
//!     cargo run --example service

use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use lokryn_compliance_log::stream::{self, LogReader, LogWriter};
use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity};
use serde_json::json;

struct Gateway {
    source: LogSource,
    audit: LogWriter<File>,
}

impl Gateway {
    fn new(audit_file: &Path) -> io::Result<Self> {
        let file = File::options().append(true).create(true).open(audit_file)?;
        if let Some(cut) = stream::recover(audit_file)?.cut {
            eprintln!("{}: {cut}", audit_file.display());
        }
        Ok(Self {
            source: LogSource::new("api-gateway", "production")
                .policy_tags(["SOC2", "access-control"])
                .sensitivity(Sensitivity::Internal)
                .stamped(),
            audit: LogWriter::new(file),
        })
    }

    /// Decides, and records the decision before anybody hears of it.
    fn authorize(&mut self, user: &str, role: &str, resource: &str) -> io::Result<bool> {
        let allowed = role == "admin" || !resource.contains("/admin/");
        let (outcome, message) = if allowed {
            (Outcome::Success, "Access granted")
        } else {
            (Outcome::FailureDenied, "Access denied to admin endpoint")
        };
        let entry = self
            .source
            .entry()
            .event_type(EventType::ResourceAccess)
            .outcome(outcome)
            .actor_id(user)
            .resource(resource)
            .message(message)
            .payload(json!({"user_role": role}))
            .build();
        self.audit.write(&entry)?;
        self.audit.get_ref().sync_data()?;
        Ok(allowed)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("gateway-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let audit_file = folder.join("audit.binpb");

    let mut gateway = Gateway::new(&audit_file)?;
    gateway.authorize("user-12345", "admin", "api/v1/admin/users")?;
    gateway.authorize("user-67890", "viewer", "api/v1/admin/users")?;
    gateway.authorize("user-67890", "viewer", "api/v1/orders")?;

    println!("failures on record:");
    for entry in LogReader::new(BufReader::new(File::open(&audit_file)?)) {
        let entry = entry?;
        if entry.outcome().is_failure() {
            println!("{}", entry.json_line());
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
