//! Compiles `log.proto` as a user of each peer would, with its defaults.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const INCLUDE: &str = "../proto";
const FILE: &str = "lokryn/compliance/v1/log.proto";
const PACKAGE: &str = ".lokryn.compliance.v1";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={INCLUDE}/{FILE}");

    let mut compiler = protox::Compiler::new([INCLUDE])?;
    compiler.open_file(FILE)?;
    let descriptors = compiler.encode_file_descriptor_set();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);

    prost_build::compile_fds(compiler.file_descriptor_set())?;
    pbjson_build::Builder::new()
        .register_descriptors(&descriptors)?
        .build(&[PACKAGE])?;
    buffa(&descriptors, &out.join("buffa"))?;
    quick_protobuf(&out.join("quick_protobuf"))
}

/// buffa takes descriptors from a file, so it needs no `protoc`.
fn buffa(descriptors: &[u8], out: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let file = out.join("descriptors.binpb");
    fs::write(&file, descriptors)?;
    buffa_build::Config::new()
        .descriptor_set(file)
        .files(&[FILE])
        .generate_json(true)
        .out_dir(out)
        .include_file("mod.rs")
        .compile()
}

fn quick_protobuf(out: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let include = Path::new(INCLUDE);
    let config =
        pb_rs::ConfigBuilder::new(&[&*include.join(FILE)], None, Some(&out), &[include])?.build();
    pb_rs::types::FileDescriptor::run(&config)?;
    // Its files begin with inner attributes, which `include!` does not take.
    let file = out.join("mod.rs");
    let file = file.to_str().ok_or("OUT_DIR is not UTF-8")?;
    let module = format!("#[path = {file:?}]\nmod generated;\n");
    fs::write(out.with_extension("rs"), module)?;
    Ok(())
}
