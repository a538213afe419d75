//! The enums on their own: as text, as numbers and in serde.

use lokryn_compliance_log::{EventType, Outcome, Sensitivity, Severity};

#[test]
fn syslog_codes_go_both_ways() {
    for severity in Severity::ALL {
        let code = severity.syslog_code().unwrap();
        assert_eq!(Severity::from_syslog_code(code), Some(*severity), "{code}");
    }
    assert_eq!(Severity::Unspecified.syslog_code(), None);
    for code in 8..=u8::MAX {
        assert_eq!(Severity::from_syslog_code(code), None, "{code}");
    }
}

#[cfg(feature = "json")]
mod serde {
    use super::{EventType, Outcome, Sensitivity, Severity};
    use std::collections::BTreeMap;

    fn refused<T: for<'de> ::serde::Deserialize<'de>>(json: &str) -> String {
        match serde_json::from_str::<T>(json) {
            Ok(_) => panic!("{json} was read"),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn every_value_is_written_as_its_proto_name_and_read_by_name_or_number() {
        for event in EventType::ALL.iter().chain([&EventType::Unspecified]) {
            let json = serde_json::to_string(event).unwrap();
            assert_eq!(json, format!("{:?}", event.as_str_name()));
            assert_eq!(serde_json::from_str::<EventType>(&json).unwrap(), *event);
            let number = i32::from(*event).to_string();
            assert_eq!(serde_json::from_str::<EventType>(&number).unwrap(), *event);
            let float = format!("{number}.0");
            assert_eq!(serde_json::from_str::<EventType>(&float).unwrap(), *event);
        }
    }

    #[test]
    fn values_can_be_keys_of_a_map() {
        let counts = BTreeMap::from([(Outcome::Success, 3), (Outcome::Partial, 1)]);
        let json = serde_json::to_string(&counts).unwrap();
        assert_eq!(json, r#"{"OUTCOME_SUCCESS":3,"OUTCOME_PARTIAL":1}"#);
        let read: BTreeMap<Outcome, u32> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, counts);
    }

    #[test]
    fn what_has_no_name_is_refused() {
        assert_eq!(
            refused::<Severity>("\"Warning\\n\""),
            "unknown Severity name \"Warning\\n\" at line 1 column 11"
        );
        assert_eq!(
            refused::<Severity>("9999999999"),
            "unknown Severity number 9999999999 at line 1 column 10"
        );
        assert_eq!(
            refused::<Sensitivity>("-1"),
            "unknown Sensitivity number -1 at line 1 column 2"
        );
        assert_eq!(
            refused::<Outcome>("1.5"),
            "invalid type: floating point `1.5`, expected the name or the number of a value of \
             Outcome at line 1 column 3"
        );
        assert_eq!(
            refused::<EventType>("null"),
            "invalid type: null, expected the name or the number of a value of EventType at line 1 \
             column 4"
        );
    }
}
