//! Compiles `audit.proto`, without protoc. The file that it imports comes from the
//! crate, and so do the Rust types of that file.

use std::error::Error;

use lokryn_compliance_log::FILE_DESCRIPTOR_SET;
use protox::Compiler;
use protox::file::{ChainFileResolver, DescriptorSetFileResolver, IncludeFileResolver};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");

    let mut files = ChainFileResolver::new();
    files.add(IncludeFileResolver::new("proto".into()));
    files.add(DescriptorSetFileResolver::decode(FILE_DESCRIPTOR_SET)?);
    let mut compiler = Compiler::with_file_resolver(files);
    compiler
        .include_imports(true)
        .open_file("acme/audit/v1/audit.proto")?;

    tonic_prost_build::configure()
        .extern_path(".lokryn.compliance.v1", "::lokryn_compliance_log")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
