//! Refusing a value without quoting it, as the defaults of a visitor do.

/// The methods of a visitor whose defaults would say what a scalar was: all of them, or
/// those that are named.
macro_rules! refuse_scalars {
    () => {
        $crate::proto_json::refuse::refuse_scalars! {
            visit_bool(bool) "boolean"
            visit_i64(i64) "number"
            visit_u64(u64) "number"
            visit_i128(i128) "number"
            visit_u128(u128) "number"
            visit_f64(f64) "number"
            visit_str(&str) "string"
        }
    };
    ($($method:ident($value:ty) $what:literal)*) => {$(
        fn $method<E: serde_core::de::Error>(self, _: $value) -> Result<Self::Value, E> {
            Err(E::invalid_type(serde_core::de::Unexpected::Other($what), &self))
        }
    )*};
}

pub(crate) use refuse_scalars;
