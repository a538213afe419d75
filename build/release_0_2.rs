//! Compiles the schema of release 0.2: its descriptor, with the files that it imports,
//! and the tables `with_messages!` and `with_enums!`.

use heck::ToUpperCamelCase as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::{FIELD, MESSAGE_TYPE, Result, docs, parse, table, well_known, with_enums, write};

const PROTO: &str = "lokryn/compliance/release_0_2/v1/log.proto";

// Numbers of a field in descriptor.proto, which locates a comment.
const ONEOF_DECL: i32 = 8;

pub(crate) fn compile() -> Result<()> {
    println!("cargo:rerun-if-changed=build");
    let mut files = well_known::files()?;
    let file = parse(PROTO, &files)?;
    let tables = [with_messages(&file)?, with_enums(&file)?].concat();
    files.push(file);
    write(
        "release_0_2.binpb",
        "lokryn.compliance.release_0_2.v1.rs",
        files,
        &tables,
    )
}

/// Each message with its documentation, its fields and its oneofs.
fn with_messages(file: &FileDescriptorProto) -> Result<String> {
    let messages = (0..).zip(&file.message_type);
    let rows: Result<String> = messages
        .map(|(index, it)| message_row(file, index, it))
        .collect();
    Ok(table("with_messages", &rows?))
}

fn message_row(
    file: &FileDescriptorProto,
    index: i32,
    message: &DescriptorProto,
) -> Result<String> {
    let mut fields = String::new();
    let mut members = vec![String::new(); message.oneof_decl.len()];
    let mut tags = vec![Vec::new(); message.oneof_decl.len()];
    for (member, field) in (0..).zip(&message.field) {
        let docs = docs(file, &[MESSAGE_TYPE, index, FIELD, member]);
        match field.oneof_index {
            None => fields += &field_row(field, &docs)?,
            Some(oneof) => {
                let oneof = usize::try_from(oneof)?;
                members[oneof] += &member_row(field, &docs)?;
                tags[oneof].push(field.number().to_string());
            }
        }
    }
    let mut oneofs = Vec::new();
    for (oneof, declaration) in (0..).zip(&message.oneof_decl) {
        let docs = docs(file, &[MESSAGE_TYPE, index, ONEOF_DECL, oneof]);
        let oneof = usize::try_from(oneof)?;
        let (tags, members) = (tags[oneof].join(", "), &members[oneof]);
        let (name, choice) = (declaration.name(), camel(declaration.name()));
        let attribute = format!("#[prost(oneof = {choice:?}, tags = {tags:?})]");
        oneofs.push(format!(
            "{{ {docs} }} {attribute} {name}: {choice} {{\n{members}}}\n"
        ));
    }
    let docs = docs(file, &[MESSAGE_TYPE, index]);
    let (name, oneofs) = (camel(message.name()), oneofs.concat());
    Ok(format!(
        "{{ {docs} }} {name} {{\n{fields}}} {{\n{oneofs}}}\n"
    ))
}

/// The documentation of a field, its attribute for prost, its name, its kind, its type,
/// its number and its name in JSON.
fn field_row(field: &FieldDescriptorProto, docs: &str) -> Result<String> {
    let name = field.name();
    let number = field.number();
    let value = type_of(field);
    let is_repeated = field.label() == Label::Repeated;
    let (prost, kind, owned): (String, String, String) = match field.r#type() {
        Type::String if is_repeated => (
            "string, repeated".into(),
            "Texts".into(),
            "Vec<String>".into(),
        ),
        Type::Message if is_repeated => (
            "message, repeated".into(),
            format!("Many<{value}>"),
            format!("Vec<{value}>"),
        ),
        _ if is_repeated => return Err(format!("{name}: no kind of field for it").into()),
        Type::String => ("string".into(), "Text".into(), "String".into()),
        Type::Int32 => ("int32".into(), "Int32".into(), "i32".into()),
        Type::Int64 => ("int64".into(), "Int64".into(), "i64".into()),
        Type::Double => ("double".into(), "Double".into(), "f64".into()),
        Type::Enum => (
            format!("enumeration = {value:?}"),
            format!("Number<{value}>"),
            "i32".into(),
        ),
        Type::Message => (
            "message, optional".into(),
            format!("One<{value}>"),
            format!("Option<{value}>"),
        ),
        other => return Err(format!("{name}: no kind of field for {other:?}").into()),
    };
    let json_name = field.json_name();
    Ok(format!(
        "{{ {docs} }} #[prost({prost}, tag = \"{number}\")] {name}: {kind} {{ {owned} }} = {number}, {json_name:?};\n"
    ))
}

/// The documentation of a member of a oneof, its attribute for prost, its variant, its
/// type, its name, its number and its name in JSON.
fn member_row(field: &FieldDescriptorProto, docs: &str) -> Result<String> {
    let name = field.name();
    if field.r#type() != Type::Message {
        return Err(format!("{name}: only messages are in oneofs").into());
    }
    let (variant, value, number) = (camel(name), type_of(field), field.number());
    let json_name = field.json_name();
    Ok(format!(
        "{{ {docs} }} #[prost(message, tag = \"{number}\")] {variant}({value}) {name} = {number}, {json_name:?};\n"
    ))
}

/// The name in Rust of the type of a field that is a message or an enum.
fn type_of(field: &FieldDescriptorProto) -> String {
    let name = field.type_name();
    match name.strip_prefix(".google.protobuf.") {
        Some(well_known) => well_known.to_owned(),
        None => camel(name.rsplit('.').next().unwrap_or_default()),
    }
}

fn camel(name: &str) -> String {
    name.to_upper_camel_case()
}
