//! A web service that records what it does: a login, an admin call that is refused, an
//! export. `check` runs it, kills it, and counts.
//!
//!     axum-audit serve FILE       prints its address, and serves until it is killed
//!     axum-audit load ADDRESS     calls it, and prints the identifier of each answer
//!     axum-audit verify FILE      checks the log against the identifiers on its input

mod audit;
mod load;
mod service;
mod verify;

use std::path::Path;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["serve", file] => service::serve(Path::new(file)).await,
        ["load", address] => load::run(address.parse()?).await,
        ["verify", file] => verify::run(Path::new(file)),
        _ => Err("see the head of src/main.rs".into()),
    }
}
