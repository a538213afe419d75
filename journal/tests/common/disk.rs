//! A disk in memory that fails, tears and forgets.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lokryn_journal::disk::{Disk, DiskFile, Lock};

/// What of a write reaches the disk as a whole.
const SECTOR: usize = 512;

/// A disk that loses power, or fails, after so many operations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: Vec<Inode>,
    /// What programs see, and what is on the disk.
    names: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    /// How many operations go well before one does not.
    fuel: Option<u32>,
    fault: Fault,
    is_off: bool,
    random: Random,
}

/// What happens once the fuel is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Fault {
    /// Nothing works any more.
    #[default]
    PowerCut,
    /// One operation fails; a sync that does has forgotten what it should have written.
    Error,
    /// One write stops in the middle.
    Full,
    /// One operation panics.
    Panic,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    File(usize),
    Folder,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// What was written since the last sync.
    dirty: Vec<Range<usize>>,
}

impl Faulty {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.state().random = Random(seed);
        for folder in ["/", "/keys"] {
            let mut state = disk.state();
            state.names.insert(folder.into(), Node::Folder);
            state.durable.insert(folder.into(), Node::Folder);
        }
        disk
    }

    pub(crate) fn fail_after(&self, fuel: Option<u32>, fault: Fault) {
        let mut state = self.state();
        (state.fuel, state.fault) = (fuel, fault);
    }

    /// Goes on with what the disk has after the power is back.
    pub(crate) fn power_on(&self) {
        let mut state = self.state();
        let state = &mut *state;
        state.is_off = false;
        state.fuel = None;
        let random = &mut state.random;
        for inode in &mut state.files {
            inode.lose_power(random);
        }
        // Of what was done to names, some has reached the disk.
        let paths: Vec<PathBuf> = state
            .names
            .keys()
            .chain(state.durable.keys())
            .cloned()
            .collect();
        for path in paths {
            let (seen, durable) = (state.names.get(&path), state.durable.get(&path));
            if seen != durable && random.one_in(2) {
                match seen.copied() {
                    Some(node) => state.durable.insert(path, node),
                    None => state.durable.remove(&path),
                };
            }
        }
        let durable = state.durable.clone();
        let is_reached = |path: &Path| path.ancestors().all(|parent| durable.contains_key(parent));
        state.durable.retain(|path, _| is_reached(path));
        state.names = state.durable.clone();
    }

    /// Forgets all that was not synced, as a power cut may.
    pub(crate) fn forget_unsynced(&self) {
        let mut state = self.state();
        for inode in &mut state.files {
            inode.dirty.clear();
            inode.seen = inode.durable.clone();
        }
        state.names = state.durable.clone();
    }

    /// What is seen in a file.
    pub(crate) fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        match state.names.get(path) {
            Some(Node::File(file)) => Some(state.files[*file].seen.clone()),
            _ => None,
        }
    }

    /// All files that are seen.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state();
        let file = |(path, node): (&PathBuf, &Node)| match node {
            Node::File(file) => Some((path.clone(), state.files[*file].seen.clone())),
            Node::Folder => None,
        };
        state.names.iter().filter_map(file).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state();
        state.spend()?;
        work(&mut state)
    }
}

impl State {
    /// Counts an operation. An error is the fault.
    fn spend(&mut self) -> io::Result<()> {
        if self.is_off {
            return Err(io::Error::other("power cut"));
        }
        match &mut self.fuel {
            Some(0) => {
                self.fuel = None;
                self.is_off = self.fault == Fault::PowerCut;
                assert!(self.fault != Fault::Panic, "as asked");
                Err(match self.fault {
                    Fault::Full => io::ErrorKind::StorageFull.into(),
                    fault => io::Error::other(format!("{fault:?}")),
                })
            }
            Some(fuel) => {
                *fuel -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn make(&mut self, path: &Path) -> io::Result<usize> {
        if path
            .parent()
            .is_none_or(|parent| !self.names.contains_key(parent))
        {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.files.push(Inode::default());
        let file = self.files.len() - 1;
        self.names.insert(path.to_owned(), Node::File(file));
        Ok(file)
    }
}

impl Inode {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.seen.len() < end {
            self.seen.resize(end, 0);
        }
        self.seen[offset..end].copy_from_slice(bytes);
        self.dirty.push(offset..end);
    }

    fn sync(&mut self) {
        for range in std::mem::take(&mut self.dirty) {
            self.reach(range, <[u8]>::to_vec);
        }
    }

    fn reach(&mut self, range: Range<usize>, what: impl FnOnce(&[u8]) -> Vec<u8>) {
        let range = range.start.min(self.seen.len())..range.end.min(self.seen.len());
        if self.durable.len() < range.end {
            self.durable.resize(range.end, 0);
        }
        let bytes = what(&self.seen[range.clone()]);
        self.durable[range].copy_from_slice(&bytes);
    }

    /// Some of what was not synced is on the disk: some sectors, some as zeros where
    /// there was nothing before, the last one torn.
    fn lose_power(&mut self, random: &mut Random) {
        for range in std::mem::take(&mut self.dirty) {
            let mut start = range.start;
            while start < range.end {
                let mut end = ((start / SECTOR + 1) * SECTOR).min(range.end);
                let is_new = start >= self.durable.len();
                if end == range.end && random.one_in(3) {
                    end = start + random.below(end - start + 1);
                }
                match random.below(4) {
                    0 => {}
                    1 if is_new => self.reach(start..end, |seen| vec![0; seen.len()]),
                    _ => self.reach(start..end, <[u8]>::to_vec),
                }
                start = (start / SECTOR + 1) * SECTOR;
            }
        }
        self.seen = self.durable.clone();
    }
}

impl Disk for Faulty {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.with(|state| {
            if path
                .parent()
                .is_some_and(|it| !state.names.contains_key(it))
            {
                return Err(io::ErrorKind::NotFound.into());
            }
            state.names.insert(path.to_owned(), Node::Folder);
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.with(|state| {
            let children = state.names.keys().filter(|it| it.parent() == Some(path));
            let name = |it: &PathBuf| it.file_name().unwrap().to_str().unwrap().to_owned();
            Ok(children.map(name).collect())
        })
    }

    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        self.with(|state| {
            let seen = &state.files[state.file(path)?].seen;
            Ok(seen[..seen.len().min(usize::try_from(max).unwrap())].to_vec())
        })
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let disk = self.clone();
        self.with(|state| {
            let file = state.file(path)?;
            Ok(Box::new(Open { disk, file }) as _)
        })
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let disk = self.clone();
        self.with(|state| {
            if state.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let file = state.make(path)?;
            Ok(Box::new(Open { disk, file }) as _)
        })
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let disk = self.clone();
        self.with(|state| {
            // As if the old one had been removed: nothing is promised of its bytes.
            let file = state.make(path)?;
            Ok(Box::new(Open { disk, file }) as _)
        })
    }

    fn open_or_create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let disk = self.clone();
        self.with(|state| {
            let file = match state.file(path) {
                Ok(file) => file,
                Err(_) => state.make(path)?,
            };
            Ok(Box::new(Open { disk, file }) as _)
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with(|state| {
            let node = Node::File(state.file(from)?);
            state.names.remove(from);
            state.names.insert(to.to_owned(), node);
            Ok(())
        })
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.with(|state| {
            state.names.retain(|it, _| !it.starts_with(path));
            Ok(())
        })
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.with(|state| {
            if state.names.get(path) != Some(&Node::Folder) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let is_in = |it: &Path| it.parent() == Some(path);
            let names = &state.names;
            // With the name of a folder goes what is in it.
            state.durable.retain(|it, _| {
                let name = it.ancestors().find(|it| is_in(it));
                name.is_none_or(|it| names.contains_key(it))
            });
            let seen = names.iter().filter(|(it, _)| is_in(it));
            state
                .durable
                .extend(seen.map(|(path, node)| (path.clone(), *node)));
            Ok(())
        })
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.with(|_| Ok(Some(Box::new(Held) as _)))
    }
}

#[derive(Debug)]
struct Held;

impl Lock for Held {
    fn is_held(&self) -> io::Result<bool> {
        Ok(true)
    }
}

#[derive(Debug)]
struct Open {
    disk: Faulty,
    file: usize,
}

impl DiskFile for Open {
    fn len(&self) -> io::Result<u64> {
        self.disk
            .with(|state| Ok(state.files[self.file].seen.len() as u64))
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.disk.with(|state| {
            let seen = &state.files[self.file].seen;
            let rest = seen
                .get(usize::try_from(offset).unwrap()..)
                .unwrap_or_default();
            let len = rest.len().min(buf.len());
            buf[..len].copy_from_slice(&rest[..len]);
            Ok(len)
        })
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let mut state = self.disk.state();
        let was_off = state.is_off;
        let spent = state.spend();
        if spent.is_err() && !was_off {
            // Power or room may run out in the middle.
            let len = state.random.below(bytes.len() + 1);
            state.files[self.file].write(offset, &bytes[..len]);
        }
        spent?;
        state.files[self.file].write(offset, bytes);
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.disk.with(|state| {
            let inode = &mut state.files[self.file];
            inode.seen.truncate(usize::try_from(len).unwrap());
            inode.sync();
            inode.durable = inode.seen.clone();
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        let spent = state.spend();
        if spent.is_err() && state.fault == Fault::Error && !state.is_off {
            // What should have been written counts as written, and some of it never was.
            let State { files, random, .. } = &mut *state;
            let inode = &mut files[self.file];
            for range in std::mem::take(&mut inode.dirty) {
                if random.one_in(2) {
                    inode.reach(range, <[u8]>::to_vec);
                }
            }
        }
        spent?;
        state.files[self.file].sync();
        Ok(())
    }
}

/// The generator `SplitMix64`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, end: usize) -> bool {
        self.below(end) == 0
    }
}
