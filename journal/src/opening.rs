//! Opening a journal: making a new one, or finding out what is there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::disk::{Disk, DiskFile};
use crate::edge::Edge;
use crate::error::{FileError, OpenError, Place};
use crate::frames::{Frame, Frames};
use crate::key::{KeyError, Signer, Verifier};
use crate::note::MAX_NOTE_LEN;
use crate::options::{Key, Options};
use crate::record::{Record, Trailer};
use crate::segment;
use crate::signing::{Signing, TileWriter, sync_parent, write_checkpoint};
use crate::tail::{self, Cut};
use crate::tile::{Tile, TileFolder};
use crate::tree::{EMPTY_ROOT, leaf_hash, range_root};
use crate::writer::{Writer, create_segment, day};

/// How much is written again at a time.
const REWRITE_LEN: usize = 256 * 1024;
/// How many tiles are computed before they are handed on, 8 KiB each.
const MOST_TILES: usize = 512;

/// What opening found, and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opening {
    /// Whether the journal was made.
    pub is_new: bool,
    /// How many records there are: the number of the next one.
    pub records: u64,
    /// How many of them no checkpoint had signed. They were written again where they
    /// stood, synced and signed.
    pub taken_in: u64,
    /// What was cut off the end, if anything was.
    pub cut: Option<Cut>,
    /// How many tiles were missing or wrong and were computed again. They lie under the
    /// signed root.
    pub tiles_rebuilt: usize,
    /// How far the last record is ahead of the clock. Until the clock has caught up,
    /// every record gets its time.
    pub ahead: Option<Duration>,
}

/// All that an open journal consists of.
pub(crate) struct Parts {
    pub(crate) writer: Writer,
    pub(crate) edge: Edge,
    pub(crate) signing: Signing,
    pub(crate) opening: Opening,
    /// The time of the last record, in nanoseconds since 1970.
    pub(crate) last_time: u64,
    /// Whether a checkpoint has to be written, though there is nothing new.
    pub(crate) is_foreign: bool,
}

/// Where the key, its verifier key and the copy of the checkpoint are.
struct Keys {
    signer: Signer,
    copy: Option<PathBuf>,
}

pub(crate) fn open(options: &Options, folder: &Path) -> Result<Parts, OpenError> {
    let disk = &options.disk;
    let records = folder.join(segment::RECORDS);
    disk.create_folder(folder).map_err(FileError::at(folder))?;
    let lock_path = folder.join(segment::LOCK);
    let lock = disk.lock(&lock_path).map_err(FileError::at(&lock_path))?;
    let Some(lock) = lock else {
        return Err(OpenError::Locked { path: lock_path });
    };
    disk.create_folder(&records)
        .map_err(FileError::at(&records))?;
    // Whoever made these may have failed before they were on the disk.
    sync_parent(&**disk, folder)?;
    for made in [folder, &records] {
        disk.sync_folder(made).map_err(FileError::at(made))?;
    }
    let firsts = segment::firsts(disk.list(&records).map_err(FileError::at(&records))?);
    let checkpoint_path = folder.join(segment::CHECKPOINT);
    let checkpoint = read_checkpoint(&**disk, &checkpoint_path)?;
    if checkpoint.is_none() && !firsts.is_empty() {
        return Err(OpenError::NoCheckpoint {
            path: checkpoint_path,
        });
    }
    let is_new = checkpoint.is_none();
    let keys = Keys::find(options, folder, is_new)?;
    let known = [&[keys.signer.verifier().clone()], &options.former[..]].concat();
    let check = |path: &Path, checkpoint: &Checkpoint| check_signed(path, checkpoint, &known);

    let copy = match &keys.copy {
        Some(path) => read_checkpoint(&**disk, path)?.map(|copy| (path.as_path(), copy)),
        None => None,
    };
    if let Some((path, copy)) = &copy {
        check(path, copy)?;
    }
    let checkpoint = if let Some(checkpoint) = checkpoint {
        check(&checkpoint_path, &checkpoint)?;
        checkpoint
    } else {
        refuse_shorter(copy.as_ref(), 0)?;
        let checkpoint = Checkpoint::sign(0, EMPTY_ROOT, &keys.signer).map_err(|source| {
            OpenError::OtherKey {
                path: checkpoint_path.clone(),
                source,
            }
        })?;
        write_checkpoint(&**disk, &checkpoint_path, &checkpoint)?;
        checkpoint
    };
    refuse_shorter(copy.as_ref(), checkpoint.size())?;

    let there = There {
        options,
        folder,
        firsts: &firsts,
        checkpoint: &checkpoint,
        checkpoint_path: &checkpoint_path,
    };
    let end = there.read()?;
    if let Some((path, copy)) = &copy {
        there.refuse_other_history(path, copy)?;
    }

    let now = nanoseconds(SystemTime::now());
    let ahead = end.last_time.checked_sub(now).filter(|it| *it > 0);
    let size = end.edge.tree().size();
    let opening = Opening {
        is_new,
        records: size,
        taken_in: size - checkpoint.size(),
        cut: end.cut,
        tiles_rebuilt: end.tiles_rebuilt,
        ahead: ahead.map(Duration::from_nanos),
    };
    let is_signed_by_key = checkpoint.verify(&known[..1]).is_ok();
    let signing = Signing {
        disk: Arc::clone(disk),
        folder: folder.to_owned(),
        signer: keys.signer,
        copy: keys.copy,
        last: checkpoint,
    };
    signing.write_copy()?;
    let writer = Writer {
        disk: Arc::clone(disk),
        folder: folder.to_owned(),
        lock,
        file: end.file,
        path: end.path,
        len: end.len,
        room: 0,
        day: end.day,
        size,
        unsigned: 0,
        is_unsynced: false,
    };
    Ok(Parts {
        writer,
        edge: end.edge,
        signing,
        opening,
        last_time: end.last_time,
        is_foreign: !is_signed_by_key,
    })
}

/// A folder that somebody has written to.
struct There<'a> {
    options: &'a Options,
    folder: &'a Path,
    firsts: &'a [u64],
    checkpoint: &'a Checkpoint,
    checkpoint_path: &'a Path,
}

/// The end of what is there.
struct End {
    edge: Edge,
    file: Box<dyn DiskFile>,
    path: PathBuf,
    len: u64,
    day: Option<u64>,
    last_time: u64,
    cut: Option<Cut>,
    tiles_rebuilt: usize,
}

type Tiles = Vec<(Tile, Vec<u8>)>;

/// A read of the segments up to the checkpoint.
struct Signed {
    edge: Edge,
    /// Where in the last segment the checkpoint ends.
    offset: u64,
    last_time: u64,
    first_time: Option<u64>,
}

impl There<'_> {
    fn disk(&self) -> &dyn Disk {
        &*self.options.disk
    }

    fn read(&self) -> Result<End, OpenError> {
        let Some(&last) = self.firsts.last() else {
            if self.checkpoint.size() > 0 {
                return Err(self.shorter(0));
            }
            let path = segment::path(self.folder, 0);
            return Ok(End {
                edge: Edge::default(),
                file: create_segment(self.disk(), &path)?,
                path,
                len: 0,
                day: None,
                last_time: 0,
                cut: None,
                tiles_rebuilt: 0,
            });
        };
        self.refuse_gaps()?;
        if last > self.checkpoint.size() {
            // A segment begins only once everything before it is signed.
            return Err(OpenError::OldCheckpoint {
                path: self.checkpoint_path.to_owned(),
                signed: self.checkpoint.size(),
                first: last,
            });
        }
        let (signed, tiles_rebuilt) = self.read_signed(last)?;
        let mut end = self.read_unsigned(last, signed, tiles_rebuilt)?;
        if let ([.., before, _], 0) = (self.firsts, end.len) {
            end.last_time = self.last_time_in(*before)?;
        }
        Ok(end)
    }

    /// Returns the time of the last record of a segment, for one after it that has none.
    fn last_time_in(&self, first: u64) -> Result<u64, OpenError> {
        let path = segment::path(self.folder, first);
        let mut file = self.disk().open(&path).map_err(FileError::at(&path))?;
        let mut frames = Frames::of_file(&mut *file, 0);
        let (mut sequence, mut last_time) = (first, 0);
        while let Frame::Whole { bytes, .. } = frames.next().map_err(FileError::at(&path))? {
            if let Some(record) = parse(bytes, sequence, last_time) {
                last_time = nanoseconds(record.recorded_at);
            }
            sequence = sequence.saturating_add(1);
        }
        Ok(last_time)
    }

    /// Compares the last number of each segment with the name of the next.
    fn refuse_gaps(&self) -> Result<(), OpenError> {
        for pair in self.firsts.windows(2) {
            let path = segment::path(self.folder, pair[0]);
            let mut file = self.disk().open(&path).map_err(FileError::at(&path))?;
            let mut end = [0; 64];
            let len = file.len().map_err(FileError::at(&path))?;
            let read = file
                .read_at(len.saturating_sub(end.len() as u64), &mut end)
                .map_err(FileError::at(&path))?;
            let last = Trailer::ending(&end[..read]).map(|trailer| trailer.sequence);
            if last.and_then(|last| last.checked_add(1)) != Some(pair[1]) {
                let segment = segment::path(self.folder, pair[1]);
                return Err(OpenError::Gap { segment });
            }
        }
        Ok(())
    }

    /// Reads the last segment up to the checkpoint, on top of the tiles before it. Those
    /// as of the segment's beginning were synced; those of the checkpoint may do, and so
    /// may the records themselves.
    /// Returns how many tiles were computed again, too.
    fn read_signed(&self, last: u64) -> Result<(Signed, usize), OpenError> {
        let size = self.checkpoint.size();
        let disk = &self.options.disk;
        for as_of in [last, size] {
            let tiles = TileFolder::on(Arc::clone(disk), self.folder, as_of);
            if let Ok(edge) = Edge::resume(&tiles, last) {
                let mut tiles = Vec::new();
                let signed = self.read_from(&[last], edge, &mut |some| {
                    tiles.extend(some);
                    Ok(())
                })?;
                if self.is_signed(&signed) {
                    return Ok((signed, self.rebuild_tiles(&tiles)?));
                }
            }
        }
        if self.firsts[0] == 0 {
            // Twice: no tile is written that may not lie under the signed root, and those
            // of the whole journal are too many to be kept until that is known.
            let signed = self.read_from(self.firsts, Edge::default(), &mut |_| Ok(()))?;
            if self.is_signed(&signed) {
                let mut count = 0;
                let signed = self.read_from(self.firsts, Edge::default(), &mut |some| {
                    count += self.rebuild_tiles(&some)?;
                    Ok(())
                })?;
                if self.is_signed(&signed) {
                    return Ok((signed, count));
                }
            }
        }
        Err(OpenError::Changed {
            checkpoint: self.checkpoint_path.to_owned(),
        })
    }

    fn is_signed(&self, signed: &Signed) -> bool {
        signed.edge.tree().root() == *self.checkpoint.root()
    }

    /// Reads segments up to the checkpoint, and hands on the tiles that lie under it and
    /// were read or completed, and those that the last segment goes on from.
    fn read_from(
        &self,
        firsts: &[u64],
        mut edge: Edge,
        take: &mut dyn FnMut(Tiles) -> Result<(), OpenError>,
    ) -> Result<Signed, OpenError> {
        let size = self.checkpoint.size();
        let (mut last_time, mut first_time, mut offset) = (0, None, 0);
        let mut below_last = Vec::new();
        for &first in firsts {
            below_last = edge.partial();
            let path = segment::path(self.folder, first);
            let mut file = self.disk().open(&path).map_err(FileError::at(&path))?;
            let mut frames = Frames::of_file(&mut *file, 0);
            first_time = None;
            while edge.tree().size() < size {
                let sequence = edge.tree().size();
                let begin = frames.offset();
                let frame = frames.next().map_err(FileError::at(&path))?;
                let (is_end, record) = match frame {
                    Frame::Whole { bytes, .. } => (false, parse(bytes, sequence, last_time)),
                    Frame::End => (true, None),
                    Frame::Torn | Frame::BadLength => (false, None),
                };
                let Some(record) = record else {
                    if is_end {
                        break;
                    }
                    let place = Place {
                        segment: path,
                        offset: begin,
                        sequence,
                    };
                    return Err(OpenError::Damaged { place });
                };
                last_time = nanoseconds(record.recorded_at);
                first_time.get_or_insert(last_time);
                edge.push(leaf_hash(record.bytes));
                if edge.full_len() >= MOST_TILES {
                    take(edge.take_full())?;
                }
            }
            offset = frames.offset();
        }
        if edge.tree().size() < size {
            return Err(self.shorter(edge.tree().size()));
        }
        take(edge.take_full())?;
        // Those of the checkpoint are not synced again when it moves on. After the full
        // ones, which they may have grown into.
        take(below_last)?;
        take(edge.partial())?;
        Ok(Signed {
            edge,
            offset,
            last_time,
            first_time,
        })
    }

    /// Writes those of the tiles that are not on the disk as they should be, and returns
    /// how many. Of all of them the names last then.
    fn rebuild_tiles(&self, tiles: &[(Tile, Vec<u8>)]) -> Result<usize, OpenError> {
        let size = self.checkpoint.size();
        let on_disk = TileFolder::on(Arc::clone(&self.options.disk), self.folder, size);
        let mut writer = TileWriter::new(self.disk(), self.folder);
        let mut count = 0;
        for (tile, bytes) in tiles {
            match on_disk.find(*tile) {
                Ok((there, found)) if found == *bytes => writer.keep(there),
                _ => {
                    writer.rewrite(*tile, bytes)?;
                    count += 1;
                }
            }
        }
        writer.finish()?;
        Ok(count)
    }

    /// Takes in the records beyond the checkpoint, and cuts off what a crash has left
    /// behind them.
    fn read_unsigned(
        &self,
        last: u64,
        signed: Signed,
        tiles_rebuilt: usize,
    ) -> Result<End, OpenError> {
        let Signed {
            mut edge,
            mut last_time,
            mut first_time,
            offset,
            ..
        } = signed;
        let path = segment::path(self.folder, last);
        let mut source = self.disk().open(&path).map_err(FileError::at(&path))?;
        let mut file = self.disk().open(&path).map_err(FileError::at(&path))?;
        let mut frames = Frames::of_file(&mut *source, offset);
        // What is read is hashed and written from the same memory: after a failed sync
        // the system may show bytes that never reached the disk.
        let mut again = Again::from(offset);
        loop {
            let sequence = edge.tree().size();
            match frames.next().map_err(FileError::at(&path))? {
                Frame::Whole { offset, bytes } => {
                    let Some(record) = parse(bytes, sequence, last_time) else {
                        break;
                    };
                    last_time = nanoseconds(record.recorded_at);
                    first_time.get_or_insert(last_time);
                    edge.push(leaf_hash(bytes));
                    again
                        .write(&mut *file, offset, bytes)
                        .map_err(FileError::at(&path))?;
                }
                Frame::End | Frame::Torn | Frame::BadLength => break,
            }
        }
        let len = again.finish(&mut *file).map_err(FileError::at(&path))?;
        let place = Place {
            segment: path.clone(),
            offset: len,
            sequence: edge.tree().size(),
        };
        let cut_whole_records = self.options.cut_whole_records;
        let cut = tail::cut_off(self.disk(), &mut *file, place, cut_whole_records)?;
        Ok(End {
            edge,
            file,
            path,
            len,
            day: first_time.map(day),
            last_time,
            cut,
            tiles_rebuilt,
        })
    }

    /// Refuses a folder that a checkpoint kept elsewhere was not made from.
    fn refuse_other_history(&self, path: &Path, copy: &Checkpoint) -> Result<(), OpenError> {
        let size = self.checkpoint.size();
        let tiles = TileFolder::on(Arc::clone(&self.options.disk), self.folder, size);
        let root = if copy.size() == size {
            *self.checkpoint.root()
        } else {
            range_root(&tiles, 0, copy.size()).map_err(OpenError::Tile)?
        };
        if root == *copy.root() {
            Ok(())
        } else {
            Err(OpenError::Changed {
                checkpoint: path.to_owned(),
            })
        }
    }

    fn shorter(&self, found: u64) -> OpenError {
        OpenError::Shorter {
            checkpoint: self.checkpoint_path.to_owned(),
            signed: self.checkpoint.size(),
            found,
        }
    }
}

/// Parses the record that has to come next.
fn parse(bytes: &[u8], sequence: u64, last_time: u64) -> Option<Record<'_>> {
    let record = Record::parse(bytes).ok()?;
    let is_next = record.sequence == sequence && nanoseconds(record.recorded_at) >= last_time;
    is_next.then_some(record)
}

/// Writes what was read where it was read.
struct Again {
    offset: u64,
    bytes: Vec<u8>,
    is_written: bool,
}

impl Again {
    fn from(offset: u64) -> Self {
        Self {
            offset,
            bytes: Vec::new(),
            is_written: false,
        }
    }

    fn write(&mut self, file: &mut dyn DiskFile, offset: u64, record: &[u8]) -> io::Result<()> {
        debug_assert_eq!(offset, self.offset + self.bytes.len() as u64);
        crate::record::put_varint(record.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(record);
        if self.bytes.len() >= REWRITE_LEN {
            self.flush(file)?;
        }
        Ok(())
    }

    fn flush(&mut self, file: &mut dyn DiskFile) -> io::Result<()> {
        if !self.bytes.is_empty() {
            file.write_at(self.offset, &self.bytes)?;
            self.offset += self.bytes.len() as u64;
            self.bytes.clear();
            self.is_written = true;
        }
        Ok(())
    }

    /// Makes it last, and returns where it ends.
    fn finish(mut self, file: &mut dyn DiskFile) -> io::Result<u64> {
        self.flush(file)?;
        if self.is_written {
            file.sync()?;
        }
        Ok(self.offset)
    }
}

impl Keys {
    fn find(options: &Options, folder: &Path, is_new: bool) -> Result<Self, OpenError> {
        let path = match &options.key {
            Key::Given(signer) => {
                let copy = options.copy.clone();
                let signer = (**signer).clone();
                refuse_other_name(folder, &signer, options)?;
                return Ok(Self { signer, copy });
            }
            Key::Beside => segment::beside(folder, "key").map_err(FileError::at(folder))?,
            Key::File(path) => path.clone(),
        };
        let failed = |source| OpenError::Key {
            path: path.clone(),
            source,
        };
        let signer = match Signer::read(&path) {
            Err(KeyError::Io(err)) if err.kind() == io::ErrorKind::NotFound => {
                if !is_new {
                    return Err(OpenError::NoKey { path });
                }
                let name = match &options.origin {
                    Some(origin) => origin.clone(),
                    None => random_name(&segment::named(folder).map_err(FileError::at(folder))?)
                        .map_err(failed)?,
                };
                let signer = Signer::generate(&name).map_err(failed)?;
                signer.write_new(&path).map_err(failed)?;
                sync_parent(&crate::disk::Os, &path)?;
                signer
            }
            signer => signer.map_err(failed)?,
        };
        refuse_other_name(&path, &signer, options)?;
        let vkey = path.with_extension("vkey");
        if is_new && !vkey.exists() {
            let written = signer.verifier().write_new(&vkey);
            written.map_err(|source| OpenError::Key { path: vkey, source })?;
        }
        let copy = options.copy.clone();
        let copy = copy.unwrap_or_else(|| path.with_extension("checkpoint"));
        let copy = Some(copy);
        Ok(Self { signer, copy })
    }
}

fn refuse_other_name(path: &Path, signer: &Signer, options: &Options) -> Result<(), OpenError> {
    let name = signer.verifier().name();
    match &options.origin {
        Some(origin) if origin != name => Err(OpenError::OtherLog {
            path: path.to_owned(),
            origin: name.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The folder's name and a random suffix.
fn random_name(folder: &Path) -> Result<String, KeyError> {
    let stem = folder.file_name().unwrap_or_default().to_string_lossy();
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    let stem: String = stem.chars().filter(|c| allowed(*c)).collect();
    let suffix = getrandom::u32().map_err(|_| KeyError::Random)?;
    Ok(format!("{stem}-{suffix:08x}"))
}

fn read_checkpoint(disk: &dyn Disk, path: &Path) -> Result<Option<Checkpoint>, OpenError> {
    let bytes = match disk.read(path, MAX_NOTE_LEN as u64 + 1) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(FileError::at(path))?,
    };
    let text =
        str::from_utf8(&bytes).map_err(|_| CheckpointError::Note(crate::note::NoteError::Text));
    let parsed = text.and_then(str::parse);
    parsed.map(Some).map_err(|source| OpenError::Checkpoint {
        path: path.to_owned(),
        source,
    })
}

fn check_signed(path: &Path, checkpoint: &Checkpoint, known: &[Verifier]) -> Result<(), OpenError> {
    if checkpoint.origin() != known[0].name() {
        return Err(OpenError::OtherLog {
            path: path.to_owned(),
            origin: checkpoint.origin().to_owned(),
        });
    }
    let verified = checkpoint.verify(known);
    verified.map(drop).map_err(|source| OpenError::OtherKey {
        path: path.to_owned(),
        source,
    })
}

fn refuse_shorter(copy: Option<&(&Path, Checkpoint)>, found: u64) -> Result<(), OpenError> {
    match copy {
        Some((path, copy)) if copy.size() > found => Err(OpenError::Shorter {
            checkpoint: (*path).to_owned(),
            signed: copy.size(),
            found,
        }),
        _ => Ok(()),
    }
}

/// A time in nanoseconds since 1970: the first of them for one before, the last that
/// fits for one after 2554.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().try_into().unwrap_or(u64::MAX)
}
