//! Compiles `log.proto`, without `protoc`, into two files in `OUT_DIR`, and with the
//! feature `release-0-2` the schema of that release into two more: `build/release_0_2.rs`.
//!
//! `descriptor.binpb` is the encoded descriptor. `lokryn.compliance.v1.rs` holds
//! two tables, `with_fields!` and `with_enums!`, which hand their rows to a macro
//! of the caller's choice. What goes through the fields of an entry is written in
//! `src` once for each kind of field, and follows `log.proto` by itself.

#[cfg(feature = "release-0-2")]
#[path = "build/release_0_2.rs"]
mod release_0_2;
#[cfg(feature = "release-0-2")]
#[path = "build/well_known.rs"]
mod well_known;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use heck::{ToShoutySnakeCase as _, ToUpperCamelCase as _};
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet,
};

const INCLUDE: &str = "proto";
const PROTO: &str = "lokryn/compliance/v1/log.proto";

// Numbers of fields in descriptor.proto, which locate a comment.
const MESSAGE_TYPE: i32 = 4;
const ENUM_TYPE: i32 = 5;
const FIELD: i32 = 2;
const VALUE: i32 = 2;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let file = parse(PROTO, &[])?;
    let tables = [with_fields(&file)?, with_enums(&file)?].concat();
    write(
        "descriptor.binpb",
        "lokryn.compliance.v1.rs",
        vec![file],
        &tables,
    )?;
    #[cfg(feature = "release-0-2")]
    release_0_2::compile()?;
    Ok(())
}

/// Parses a file under `proto`, which may use the types of the files that it imports.
fn parse(name: &str, imports: &[FileDescriptorProto]) -> Result<FileDescriptorProto> {
    let path = Path::new(INCLUDE).join(name);
    println!("cargo:rerun-if-changed={}", path.display());
    let mut file = protox_parse::parse(name, &fs::read_to_string(path)?)?;
    resolve(&mut file, imports)?;
    Ok(file)
}

fn write(
    descriptor: &str,
    tables_name: &str,
    file: Vec<FileDescriptorProto>,
    tables: &str,
) -> Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let set = FileDescriptorSet { file };
    fs::write(out.join(descriptor), set.encode_to_vec())?;
    fs::write(out.join(tables_name), tables)?;
    Ok(())
}

/// The types that names can stand for: full names, and whether each is a message or an
/// enum.
type Types = BTreeMap<String, Type>;

/// Adds what the parser leaves to a compiler: the types that names stand for, and the
/// names in JSON.
fn resolve(file: &mut FileDescriptorProto, imports: &[FileDescriptorProto]) -> Result<()> {
    let mut types = Types::new();
    for file in imports.iter().chain([&*file]) {
        let package = file.package();
        for it in &file.enum_type {
            types.insert(format!("{package}.{}", it.name()), Type::Enum);
        }
        for it in &file.message_type {
            declare(&mut types, package, it);
        }
    }
    let package = file.package().to_owned();
    for message in &mut file.message_type {
        resolve_message(message, &package, &types)?;
    }
    Ok(())
}

fn declare(types: &mut Types, scope: &str, message: &DescriptorProto) {
    let name = format!("{scope}.{}", message.name());
    for nested in &message.nested_type {
        declare(types, &name, nested);
    }
    types.insert(name, Type::Message);
}

fn resolve_message(message: &mut DescriptorProto, scope: &str, types: &Types) -> Result<()> {
    let scope = format!("{scope}.{}", message.name());
    for nested in &mut message.nested_type {
        resolve_message(nested, &scope, types)?;
    }
    for field in &mut message.field {
        let json_name = json_name(field.name());
        let is_renamed = field.json_name.as_ref().is_some_and(|it| *it != json_name);
        if is_renamed || field.proto3_optional() {
            let name = field.name();
            return Err(format!("{name}: no field here is optional or renamed in JSON").into());
        }
        field.json_name = Some(json_name);
        let Some(name) = &field.type_name else {
            continue;
        };
        let (name, kind) = lookup(name, &scope, types)
            .ok_or_else(|| format!("{}: no message or enum {name}", field.name()))?;
        field.type_name = Some(format!(".{name}"));
        field.set_type(kind);
    }
    Ok(())
}

/// Finds a name in the innermost scope that has it.
fn lookup(name: &str, scope: &str, types: &Types) -> Option<(String, Type)> {
    let outer = scope.match_indices('.').map(|(dot, _)| &scope[..dot]);
    let scopes = [scope].into_iter().chain(outer.rev());
    let names = scopes.map(|scope| format!("{scope}.{name}"));
    names
        .chain([name.to_owned()])
        .find_map(|name| types.get(&name).map(|kind| (name, *kind)))
}

/// Returns the name in JSON, as every protobuf compiler makes it: without underscores, and
/// with what follows one in upper case.
fn json_name(name: &str) -> String {
    let mut words = name.split('_');
    let mut json_name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        json_name.push_str(&first.to_ascii_uppercase());
        json_name.push_str(rest);
    }
    json_name
}

/// A macro that calls another with the given rows.
fn table(name: &str, rows: &str) -> String {
    format!(
        "macro_rules! {name} {{\n    \
             ($callback:ident) => {{ $callback! {{\n{rows}    }} }};\n\
         }}\n\
         pub(crate) use {name};\n"
    )
}

/// The documentation of `LogEntry`, and its fields in the order of their numbers.
fn with_fields(file: &FileDescriptorProto) -> Result<String> {
    let mut messages = (0..).zip(&file.message_type);
    let entry = messages.find(|(_, message)| message.name() == "LogEntry");
    let (index, entry) = entry.ok_or("log.proto has no message LogEntry")?;
    let mut fields = Vec::new();
    for (member, field) in (0..).zip(&entry.field) {
        if field.oneof_index.is_some() {
            return Err(format!("{}: no field of an entry is in a oneof", field.name()).into());
        }
        let docs = docs(file, &[MESSAGE_TYPE, index, FIELD, member]);
        fields.push((field.number(), field_row(field, &docs)?));
    }
    fields.sort();
    let rows: String = fields.into_iter().map(|(_, row)| row).collect();
    let docs = docs(file, &[MESSAGE_TYPE, index]);
    Ok(table("with_fields", &format!("{docs} ;\n{rows}")))
}

/// The kind of a field, its number, and its names in JSON, of which the first is
/// written; its documentation; and its types in `LogEntry` and `LogEntryView<'a>`.
fn field_row(field: &FieldDescriptorProto, docs: &str) -> Result<String> {
    let name = field.name();
    let value = field.type_name().rsplit('.').next().unwrap_or_default();
    let repeated = field.label() == Label::Repeated;
    let (kind, prost, owned, view) = match field.r#type() {
        Type::String if repeated => (
            "Texts".to_owned(),
            "string, repeated".to_owned(),
            "Vec<String>",
            "PolicyTags<'a>",
        ),
        Type::String => ("Text".into(), "string".into(), "String", "&'a str"),
        Type::Bytes if !repeated => (
            "Blob".into(),
            "bytes = \"bytes\"".into(),
            "Bytes",
            "&'a [u8]",
        ),
        Type::Enum if !repeated => (
            format!("Number<crate::{value}>"),
            format!("enumeration = \"crate::{value}\""),
            "i32",
            "i32",
        ),
        other => return Err(format!("{name}: no kind of field for {other:?}").into()),
    };
    let spellings = spellings(field);
    let number = field.number();
    Ok(format!(
        "{name}: crate::view::{kind} = {number}, {spellings:?}\n\
         {{ {docs} }} {{ #[prost({prost}, tag = {number})] {owned} }} {{ {view} }};\n"
    ))
}

/// The names of a field in JSON, of which the first is written.
fn spellings(field: &FieldDescriptorProto) -> Vec<&str> {
    let mut spellings = vec![field.json_name(), field.name()];
    spellings.dedup();
    spellings
}

/// Each enum with its documentation and its values, in their order.
fn with_enums(file: &FileDescriptorProto) -> Result<String> {
    let enums = (0..).zip(&file.enum_type);
    let rows: Result<String> = enums.map(|(index, it)| enum_row(file, index, it)).collect();
    Ok(table("with_enums", &rows?))
}

fn enum_row(
    file: &FileDescriptorProto,
    index: i32,
    enumeration: &EnumDescriptorProto,
) -> Result<String> {
    let mut values = Vec::new();
    for (member, value) in (0..).zip(&enumeration.value) {
        let docs = docs(file, &[ENUM_TYPE, index, VALUE, member]);
        let variant = variant(enumeration, value.name())?;
        let (number, name) = (value.number(), value.name());
        values.push(format!("{docs} {variant} = {number}, {name:?};\n"));
    }
    let docs = docs(file, &[ENUM_TYPE, index]);
    Ok(format!(
        "{docs} {} {{\n{}}}\n",
        enumeration.name(),
        values.concat()
    ))
}

/// Returns `ToolInvocation` for `EVENT_TOOL_INVOCATION` and `Unspecified` for
/// `EVENT_TYPE_UNSPECIFIED`: the prefix is the name of the enum or its first word.
fn variant(enumeration: &EnumDescriptorProto, value: &str) -> Result<String> {
    let long = enumeration.name().to_shouty_snake_case();
    let short = long.split('_').next().unwrap_or_default();
    let mut prefixes = [long.as_str(), short].into_iter();
    let rest = prefixes.find_map(|prefix| value.strip_prefix(prefix)?.strip_prefix('_'));
    match rest {
        Some(rest) => Ok(rest.to_upper_camel_case()),
        None => Err(format!("{value} begins neither with {long}_ nor with {short}_").into()),
    }
}

/// The comment before the element at `path` as attributes.
fn docs(file: &FileDescriptorProto, path: &[i32]) -> String {
    let mut locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let comment = locations
        .find(|location| location.path == path)
        .map_or("", |location| location.leading_comments());
    let lines = comment.lines().map(|line| format!("#[doc = {line:?}] "));
    lines.collect()
}
