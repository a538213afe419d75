//! Files that a crash has left.

use std::fs;
use std::path::PathBuf;

use lokryn_compliance_log::stream::{self, LogReader, LogWriter, ReadError};

use crate::random::Random;
use crate::stream::{Stream, change};
use crate::{Check, scratch_folder};

/// How many changed files are tried for each.
const CHANGED: usize = 4;

/// Whatever a file holds, recovering it loses no byte and no entry, and what is appended
/// after that is read.
#[derive(Debug)]
pub struct Recover {
    folder: PathBuf,
    streams: Stream,
}

impl Default for Recover {
    fn default() -> Self {
        Self {
            folder: scratch_folder("recover"),
            streams: Stream::default(),
        }
    }
}

impl Check for Recover {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        self.file(bytes);
        1
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let stream = self.streams.any(&mut random);
        self.file(&stream);
        for _ in 0..CHANGED {
            let mut changed = stream.clone();
            change(&mut random, &mut changed);
            self.file(&changed);
        }
        1 + CHANGED as u64
    }
}

impl Recover {
    fn file(&self, bytes: &[u8]) {
        let path = self.folder.join("audit.binpb");
        fs::write(&path, bytes).unwrap();
        let recovered = match stream::recover(&path) {
            Ok(recovered) => recovered,
            Err(err) => {
                let is_no_stream = matches!(
                    err,
                    ReadError::TooLarge { .. } | ReadError::InvalidLength { .. }
                );
                assert!(is_no_stream, "{err}: {bytes:?}");
                assert_eq!(fs::read(&path).unwrap(), bytes);
                return;
            }
        };
        let mut rest = fs::read(&path).unwrap();
        assert_eq!(rest.len() as u64, recovered.len, "{bytes:?}");
        if let Some(cut) = &recovered.cut {
            assert_eq!(cut.offset, recovered.len);
            rest.extend_from_slice(&fs::read(&cut.kept).unwrap());
            fs::remove_file(&cut.kept).unwrap();
        }
        assert_eq!(rest, bytes);

        let count = |bytes: &[u8]| LogReader::new(bytes).flatten().count();
        let read = count(&rest[..usize::try_from(recovered.len).unwrap()]);
        assert_eq!(read as u64, recovered.entries, "{bytes:?}");
        // What was cut off is no entry, but for one that ends in zeros.
        assert!(count(bytes) <= read + 1, "{bytes:?}");

        let file = fs::File::options().append(true).open(&path).unwrap();
        LogWriter::new(file).write_encoded(b"\x22\x01z").unwrap();
        let appended = fs::read(&path).unwrap();
        let last = LogReader::new(&*appended).last().unwrap().unwrap();
        assert_eq!(last.actor_id, "z", "{bytes:?}");
        assert_eq!(stream::recover(&path).unwrap().cut, None);
    }
}
