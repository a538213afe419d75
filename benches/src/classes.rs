//! Entries of every class that the limits speak of, made from a seed.

use std::ops::RangeInclusive;

use lokryn_compliance_log::{EventType, Outcome, Sensitivity, Severity};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::data::DataSet;
use crate::random::Random;
use crate::source::Source;

const ENTRIES: usize = 32;

const ASCII: &str = "abcdefghijklmnopqrstuvwxyz0123456789 -_/.";
const GREEK: &str = "αβγδεζηθικλμνξοπρστυφχψω";
const JAPANESE: &str = "監査証跡利用者環境操作あいうえおカキクケコ";
const EMOJI: &str = "🔒🌍🤖🎉💬👋🏥🚨🚫📄";
const MIXED: &str = "abcdefghijklmnopqrstuvwxyz /-αβγδεζηθ監査証跡あカ🔒🌍🤖";

/// What the entries of a class are like. Lengths are in bytes.
#[derive(Clone)]
struct Class {
    name: &'static str,
    alphabet: &'static str,
    text: RangeInclusive<usize>,
    tags: RangeInclusive<usize>,
    tag: RangeInclusive<usize>,
    payload: Payload,
    layout: Layout,
}

#[derive(Clone)]
enum Payload {
    None,
    Json(RangeInclusive<usize>),
    Binary(RangeInclusive<usize>),
}

/// How an entry is to be decoded.
#[derive(Clone, Copy)]
enum Layout {
    Canonical,
    Shuffled,
    /// Shuffled, with fields of a later schema.
    Unknown,
}

const SHORT: Class = Class {
    name: "",
    alphabet: ASCII,
    text: 0..=40,
    tags: 0..=3,
    tag: 3..=20,
    payload: Payload::Json(20..=80),
    layout: Layout::Canonical,
};

const MEDIUM: Class = Class {
    text: 40..=127,
    tag: 10..=60,
    ..SHORT
};

const LONG: Class = Class {
    text: 100..=1500,
    tag: 10..=60,
    ..SHORT
};

const ANY: Class = Class {
    alphabet: MIXED,
    text: 0..=4000,
    tags: 0..=30,
    tag: 0..=200,
    payload: Payload::Json(0..=8192),
    ..SHORT
};

#[rustfmt::skip]
const CLASSES: &[Class] = &[
    Class { name: "short, ASCII", ..SHORT },
    Class { name: "short, 2-byte", alphabet: GREEK, ..SHORT },
    Class { name: "short, 3-byte", alphabet: JAPANESE, ..SHORT },
    Class { name: "short, 4-byte", alphabet: EMOJI, ..SHORT },
    Class { name: "short, mixed", alphabet: MIXED, ..SHORT },
    Class { name: "40 to 127, ASCII", ..MEDIUM },
    Class { name: "40 to 127, mixed", alphabet: MIXED, ..MEDIUM },
    Class { name: "100 to 1,500, ASCII", ..LONG },
    Class { name: "100 to 1,500, 2-byte", alphabet: GREEK, ..LONG },
    Class { name: "100 to 1,500, 3-byte", alphabet: JAPANESE, ..LONG },
    Class { name: "100 to 1,500, 4-byte", alphabet: EMOJI, ..LONG },
    Class { name: "100 to 1,500, mixed", alphabet: MIXED, ..LONG },
    Class { name: "0 to 4,000, mixed", ..ANY },
    Class { name: "no payload, no tags", payload: Payload::None, tags: 0..=0, ..SHORT },
    Class { name: "8 KiB JSON", payload: Payload::Json(8000..=8192), ..SHORT },
    Class { name: "8 KiB binary", payload: Payload::Binary(8000..=8192), ..SHORT },
    Class { name: "30 short tags", tags: 30..=30, ..SHORT },
    Class { name: "30 long tags, ASCII", tags: 30..=30, tag: 128..=300, ..SHORT },
    Class { name: "30 long tags, 2-byte", alphabet: GREEK, tags: 30..=30, tag: 128..=300, ..SHORT },
    Class { name: "shuffled, short", tags: 0..=8, layout: Layout::Shuffled, ..SHORT },
    Class { name: "shuffled, 0 to 4,000", layout: Layout::Shuffled, ..ANY },
    Class { name: "unknown, short", tags: 0..=8, layout: Layout::Unknown, ..SHORT },
    Class { name: "unknown, 0 to 4,000", layout: Layout::Unknown, ..ANY },
];

pub fn all() -> impl Iterator<Item = DataSet> {
    (1..).zip(CLASSES).map(|(seed, class)| {
        let mut random = Random::new(seed);
        let sources = (0..ENTRIES).map(|_| class.source(&mut random)).collect();
        let mut data_set = DataSet::new(class.name, sources);
        let encoded = data_set.encoded.iter_mut().zip(&data_set.sources);
        encoded.for_each(|(encoded, source)| class.arrange(source, encoded, &mut random));
        data_set
    })
}

impl Class {
    fn source(&self, random: &mut Random) -> Source<'static> {
        const OUTCOMES: [Outcome; 2] = [Outcome::Success, Outcome::FailureDenied];
        let outcome = *random.one_of(&OUTCOMES);
        let tags = random.within(&self.tags);
        let tags: Vec<_> = (0..tags).map(|_| self.text(&self.tag, random)).collect();
        Source {
            event_type: (*random.one_of(EventType::ALL)).into(),
            outcome: outcome.into(),
            severity: Severity::for_outcome(outcome).into(),
            actor_id: self.text(&self.text, random),
            component: self.text(&self.text, random),
            environment: self.text(&self.text, random),
            resource: self.text(&self.text, random),
            message: self.text(&self.text, random),
            payload: self.payload(random),
            policy_tags: tags.leak(),
            sensitivity: (*random.one_of(Sensitivity::ALL)).into(),
        }
    }

    fn text(&self, len: &RangeInclusive<usize>, random: &mut Random) -> &'static str {
        let alphabet: Vec<char> = self.alphabet.chars().collect();
        let len = random.within(len);
        let mut text = String::new();
        loop {
            let character = *random.one_of(&alphabet);
            if text.len() + character.len_utf8() > len {
                return text.leak();
            }
            text.push(character);
        }
    }

    fn payload(&self, random: &mut Random) -> &'static [u8] {
        match &self.payload {
            Payload::None => &[],
            Payload::Json(len) => {
                let text = self.text(len, random);
                format!(r#"{{"detail":"{text}"}}"#).leak().as_bytes()
            }
            Payload::Binary(len) => {
                let bytes = (0..random.within(len)).map(|_| random.byte());
                bytes.collect::<Vec<_>>().leak()
            }
        }
    }

    /// Puts the fields of an entry into the order of the class. Tags keep theirs.
    fn arrange(&self, source: &Source<'_>, encoded: &mut Vec<u8>, random: &mut Random) {
        let encode = |part: Source<'_>| part.prost().encode_to_vec();
        let unknown = match self.layout {
            Layout::Canonical => return,
            Layout::Shuffled => Vec::new(),
            Layout::Unknown => unknown(random),
        };
        let fields = source.fields().into_iter().map(encode);
        let places = source.tags().map(|_| None);
        let fields = fields.chain(unknown).map(Some);
        let mut records: Vec<_> = fields.chain(places).collect();
        random.shuffle(&mut records);
        let mut tags = source.tags().map(encode);
        let records = records
            .into_iter()
            .filter_map(|it| it.or_else(|| tags.next()));
        *encoded = records.collect::<Vec<_>>().concat();
    }
}

/// Fields of a schema to come.
fn unknown(random: &mut Random) -> Vec<Vec<u8>> {
    (0..4)
        .map(|number| {
            let mut record = Vec::new();
            let len = random.within(&(0..=300));
            encode_key(20 + number, WireType::LengthDelimited, &mut record);
            encode_varint(len as u64, &mut record);
            record.extend((0..len).map(|_| random.byte()));
            encode_key(40 + number, WireType::Varint, &mut record);
            encode_varint(random.below(1 << 30) as u64, &mut record);
            record
        })
        .collect()
}
