//! The files of protobuf itself that a schema may import. Compilers bring them along; the
//! parser does not.

use prost_types::{FileDescriptorProto, FileOptions};

use super::{Result, resolve};

const STRUCT: &str = r#"
syntax = "proto3";
package google.protobuf;

message Struct {
  map<string, Value> fields = 1;
}

message Value {
  oneof kind {
    NullValue null_value = 1;
    double number_value = 2;
    string string_value = 3;
    bool bool_value = 4;
    Struct struct_value = 5;
    ListValue list_value = 6;
  }
}

enum NullValue {
  NULL_VALUE = 0;
}

message ListValue {
  repeated Value values = 1;
}
"#;

const TIMESTAMP: &str = r#"
syntax = "proto3";
package google.protobuf;

message Timestamp {
  int64 seconds = 1;
  int32 nanos = 2;
}
"#;

/// Files that import nothing themselves.
pub(crate) fn files() -> Result<Vec<FileDescriptorProto>> {
    let files = [
        ("struct", STRUCT, "StructProto"),
        ("timestamp", TIMESTAMP, "TimestampProto"),
    ];
    let files = files.map(|(name, text, java_class)| {
        let mut file = protox_parse::parse(&format!("google/protobuf/{name}.proto"), text)?;
        resolve(&mut file, &[])?;
        file.source_code_info = None;
        file.options = Some(options(name, java_class));
        Ok(file)
    });
    files.into_iter().collect()
}

/// The options that the files have, so that they are those that others know under their
/// names.
fn options(name: &str, java_class: &str) -> FileOptions {
    FileOptions {
        java_package: Some("com.google.protobuf".to_owned()),
        java_outer_classname: Some(java_class.to_owned()),
        java_multiple_files: Some(true),
        go_package: Some(format!("google.golang.org/protobuf/types/known/{name}pb")),
        cc_enable_arenas: Some(true),
        objc_class_prefix: Some("GPB".to_owned()),
        csharp_namespace: Some("Google.Protobuf.WellKnownTypes".to_owned()),
        ..FileOptions::default()
    }
}
