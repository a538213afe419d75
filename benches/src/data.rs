//! The scenarios of the schema's documentation. `classes` makes the rest.

use lokryn_compliance_log::LogEntry;
use prost::Message as _;

use crate::classes;
use crate::random::Random;
use crate::scenarios;
use crate::source::Source;

pub struct DataSet {
    pub name: &'static str,
    pub sources: Vec<Source<'static>>,
    /// The same, encoded by prost.
    pub canonical: Vec<Vec<u8>>,
    /// The same once more, as it is to be decoded.
    pub encoded: Vec<Vec<u8>>,
}

impl DataSet {
    pub fn new(name: &'static str, sources: Vec<Source<'static>>) -> Self {
        let canonical = sources.iter().map(|it| it.prost().encode_to_vec());
        let canonical: Vec<_> = canonical.collect();
        Self {
            name,
            encoded: canonical.clone(),
            canonical,
            sources,
        }
    }

    /// Whether the limits for the documented entries hold, which are the lower ones.
    pub fn is_documented(&self) -> bool {
        self.name == SCENARIOS
    }

    /// Joins entries to a stream, each with its length in front, in no particular
    /// order.
    pub fn stream(&self) -> Vec<u8> {
        let mut stream = Vec::new();
        let mut random = Random::new(1);
        for _ in 0..self.stream_len() {
            let entry = random.one_of(&self.encoded);
            prost::encode_length_delimiter(entry.len(), &mut stream).unwrap();
            stream.extend_from_slice(entry);
        }
        stream
    }

    pub fn stream_len(&self) -> usize {
        if self.is_documented() {
            1_000_000
        } else {
            2_000
        }
    }
}

const SCENARIOS: &str = "scenarios";

pub fn all() -> Vec<DataSet> {
    let mut data_sets = vec![
        DataSet::new(SCENARIOS, scenarios()),
        DataSet::new("3 fields", three_fields()),
    ];
    data_sets.extend(classes::all());
    data_sets
}

/// The seven usage examples of the schema's documentation.
fn scenarios() -> Vec<Source<'static>> {
    let entries = scenarios::scenarios().into_iter().map(|(_, entry)| entry);
    // Once in a run, and for as long as it lasts.
    let entries: &'static [LogEntry] = entries.collect::<Vec<_>>().leak();
    entries.iter().map(source).collect()
}

fn source(entry: &'static LogEntry) -> Source<'static> {
    let tags = entry.policy_tags.iter().map(String::as_str);
    Source {
        event_type: entry.event_type,
        outcome: entry.outcome,
        severity: entry.severity,
        actor_id: &entry.actor_id,
        component: &entry.component,
        environment: &entry.environment,
        resource: &entry.resource,
        message: &entry.message,
        payload: &entry.payload,
        policy_tags: tags.collect::<Vec<_>>().leak(),
        sensitivity: entry.sensitivity,
    }
}

fn three_fields() -> Vec<Source<'static>> {
    scenarios()
        .into_iter()
        .map(|entry| Source {
            event_type: entry.event_type,
            outcome: entry.outcome,
            actor_id: entry.actor_id,
            ..Source::default()
        })
        .collect()
}
