//! Compiles `log.proto` to Rust, without `protoc`.
//!
//! Four files land in `OUT_DIR`: the types (`lokryn.compliance.v1.rs`), the
//! numbers and names of the fields (`field.rs`), their JSON mapping
//! (`proto_json.rs`) and the encoded descriptor (`descriptor.binpb`). All come
//! from the one compiled descriptor, so that the field list is written down in
//! `log.proto` alone.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use heck::{ToShoutySnakeCase as _, ToUpperCamelCase as _};
use prost_build::{Config, Module};
use protox::Compiler;
use protox::prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto,
};

const PROTO: &str = "proto/lokryn/compliance/v1/log.proto";
const PACKAGE: &str = "lokryn.compliance.v1";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");

    let mut compiler = Compiler::new(["proto"])?;
    compiler.include_source_info(true).open_file(PROTO)?;
    let file = compiler.file_descriptor_set().file.remove(0);
    let entry = message(&file, "LogEntry")?;

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(
        out.join("descriptor.binpb"),
        compiler.encode_file_descriptor_set(),
    )?;
    fs::write(out.join("field.rs"), fields(entry)?)?;
    fs::write(out.join("proto_json.rs"), proto_json(entry)?)?;
    fs::write(out.join(format!("{PACKAGE}.rs")), types(&file)?)?;
    Ok(())
}

fn message<'a>(
    file: &'a FileDescriptorProto,
    name: &str,
) -> Result<&'a DescriptorProto, Box<dyn Error>> {
    let message = file.message_type.iter().find(|m| m.name() == name);
    Ok(message.ok_or_else(|| format!("{PROTO} defines no message {name}"))?)
}

/// The number of each field as a constant, and the names by number.
fn fields(entry: &DescriptorProto) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    for field in &entry.field {
        let constant = field.name().to_shouty_snake_case();
        writeln!(
            code,
            "pub(crate) const {constant}: u32 = {};",
            field.number()
        )?;
    }
    writeln!(
        code,
        "pub(crate) fn name(number: u32) -> Option<&'static str> {{\n    match number {{"
    )?;
    for field in &entry.field {
        writeln!(
            code,
            "        {} => Some({:?}),",
            field.number(),
            field.name()
        )?;
    }
    writeln!(code, "        _ => None,\n    }}\n}}")?;
    Ok(code)
}

fn types(file: &FileDescriptorProto) -> Result<String, Box<dyn Error>> {
    let mut config = Config::new();
    config
        .bytes(["."])
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        // Printed by hand, so that a sensitive payload stays out of logs.
        .skip_debug([format!(".{PACKAGE}.LogEntry")])
        // The same fields under the same numbers: one Rust type serves both.
        .extern_path(format!(".{PACKAGE}.LogRequest"), "crate::LogEntry")
        // A new event type is a minor release, not a breaking change.
        .enum_attribute(".", "#[non_exhaustive]");

    let module = Module::from_protobuf_package_name(PACKAGE);
    let request = (module.clone(), with_prefixed_values(file));
    let mut code = config
        .generate(vec![request])?
        .remove(&module)
        .ok_or("prost-build generated nothing")?;
    for enumeration in &file.enum_type {
        for value in &enumeration.value {
            let prefixed = prefixed(enumeration, value.name());
            code = code.replace(&format!("{prefixed:?}"), &format!("{:?}", value.name()));
        }
        code.push_str(&all(enumeration)?);
    }
    Ok(code)
}

/// The proto names of the fields, every spelling that is read, and the calls that
/// write and read them, to the module of `src/json.rs` for the kind of field.
fn proto_json(entry: &DescriptorProto) -> Result<String, Box<dyn Error>> {
    let mut fields = String::new();
    let mut names = String::new();
    let mut spellings = String::new();
    let mut from_name = String::new();
    let mut write = String::new();
    let mut read = String::new();
    for field in &entry.field {
        let (name, json_name) = (field.name(), field.json_name());
        let variant = name.to_upper_camel_case();
        let repeated = field.label() == Label::Repeated;
        let (module, of) = match field.r#type() {
            Type::String if repeated => ("list", String::new()),
            Type::String => ("text", String::new()),
            Type::Bytes if !repeated => ("base64", String::new()),
            Type::Enum if !repeated => {
                let name = field.type_name().rsplit('.').next().unwrap_or_default();
                ("open_enum", format!("::<crate::{name}, _>"))
            }
            other => return Err(format!("{name}: no JSON mapping for {other:?}").into()),
        };
        writeln!(fields, "    {variant},")?;
        writeln!(names, "        {name:?},")?;
        writeln!(spellings, "        {json_name:?},")?;
        let mut pattern = format!("{json_name:?}");
        if name != json_name {
            writeln!(spellings, "        {name:?},")?;
            write!(pattern, " | {name:?}")?;
        }
        writeln!(from_name, "            {pattern} => Some(Self::{variant}),")?;
        writeln!(
            write,
            "    {module}::write{of}(object, {json_name:?}, &entry.{name})?;"
        )?;
        writeln!(
            read,
            "        Field::{variant} => {module}::read{of}(object, field, &mut entry.{name}),"
        )?;
    }
    Ok(format!(
        "#[derive(Clone, Copy)]\n\
         enum Field {{\n{fields}}}\n\
         impl Field {{\n    \
             const NAMES: &'static [&'static str] = &[\n{names}    ];\n    \
             const SPELLINGS: &'static [&'static str] = &[\n{spellings}    ];\n    \
             #[inline]\n    \
             fn from_name(name: &str) -> Option<Self> {{\n        \
                 match name {{\n{from_name}            _ => None,\n        }}\n    \
             }}\n\
         }}\n\
         fn write_fields<M: SerializeMap>(object: &mut M, entry: &LogEntry) -> Result<(), M::Error> {{\n\
             {write}    Ok(())\n\
         }}\n\
         fn read_field<'de, M: MapAccess<'de>>(\n    \
             field: Field,\n    object: &mut M,\n    entry: &mut LogEntry,\n\
         ) -> Result<(), M::Error> {{\n    \
             match field {{\n{read}    }}\n\
         }}\n"
    ))
}

/// `EVENT_LOGIN` as `EVENT_TYPE_LOGIN`: the prefix that prost-build strips from
/// variants is the name of the enum.
fn prefixed(enumeration: &EnumDescriptorProto, value: &str) -> String {
    let prefix = enumeration.name().to_shouty_snake_case();
    let short = prefix.split('_').next().unwrap_or_default();
    match value.strip_prefix(&format!("{prefix}_")) {
        Some(_) => value.to_owned(),
        None => value.replacen(short, &prefix, 1),
    }
}

fn with_prefixed_values(file: &FileDescriptorProto) -> FileDescriptorProto {
    let mut file = file.clone();
    for enumeration in &mut file.enum_type {
        let original = enumeration.clone();
        for value in &mut enumeration.value {
            value.name = Some(prefixed(&original, value.name()));
        }
    }
    file
}

/// The `ALL` constant of an enum.
fn all(enumeration: &EnumDescriptorProto) -> Result<String, Box<dyn Error>> {
    let name = enumeration.name();
    let prefix = format!("{}_", name.to_shouty_snake_case());
    let mut code = format!(
        "impl {name} {{\n    \
         /// Every value but `Unspecified`, in the order of their numbers.\n    \
         pub const ALL: &'static [Self] = &[\n"
    );
    for value in enumeration.value.iter().filter(|v| v.number() != 0) {
        let variant = prefixed(enumeration, value.name());
        let variant = variant
            .strip_prefix(&prefix)
            .ok_or_else(|| format!("{name}: value {} has another prefix", value.name()))?;
        writeln!(code, "        Self::{},", variant.to_upper_camel_case())?;
    }
    code.push_str("    ];\n}\n");
    Ok(code)
}
