//! The enums of the schema.

use super::tables::with_enums;
use crate::enums::enums;
use crate::proto_json::enums::serialize_names;

with_enums!(enums);
with_enums!(serialize_names);
