//! The files below a journal that is written to, so that tests can put a disk there
//! which fails. No part of the public interface.

use std::fmt::Debug;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// What a journal asks of a file system. Paths are those it was opened with.
pub trait Disk: Debug + Send + Sync {
    /// Makes a folder, which need not exist, that only its owner may read.
    ///
    /// # Errors
    ///
    /// Those of the file system; so it is with all others.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Returns the names in a folder.
    ///
    /// # Errors
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Reads a whole file, of at most `max` bytes.
    ///
    /// # Errors
    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>>;
    /// Opens a file to be read and written.
    ///
    /// # Errors
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Makes a file, which must not exist.
    ///
    /// # Errors
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Makes a file, or empties the one there is.
    ///
    /// # Errors
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file, or makes it.
    ///
    /// # Errors
    fn open_or_create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Puts a file in the place of another.
    ///
    /// # Errors
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a folder and what is in it.
    ///
    /// # Errors
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder last.
    ///
    /// # Errors
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Takes a lock that nobody else has until what is returned is dropped. `None` if
    /// somebody has it.
    ///
    /// # Errors
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;
}

/// A lock, given up when it is dropped.
pub trait Lock: Debug + Send {
    /// Whether it still keeps others out: its file may have been removed.
    ///
    /// # Errors
    fn is_held(&self) -> io::Result<bool>;
}

/// An open file.
#[expect(clippy::len_without_is_empty, reason = "nobody asks")]
pub trait DiskFile: Debug + Send {
    /// Returns its length in bytes.
    ///
    /// # Errors
    fn len(&self) -> io::Result<u64>;
    /// Reads some bytes at a place; none at the end.
    ///
    /// # Errors
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
    /// Writes all of the bytes at a place.
    ///
    /// # Errors
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file, and makes that last.
    ///
    /// # Errors
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Makes the file's bytes last, and its length.
    ///
    /// # Errors
    fn sync(&mut self) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Debug)]
pub struct Os;

impl Disk for Os {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(path) {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            created => created,
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        fs::read_dir(path)?.map(name).collect()
    }

    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = crate::segment::open(path)?;
        file.take(max).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = File::options().read(true).write(true).open(path)?;
        Ok(Box::new(file))
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(private().create_new(true).open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(private().create(true).truncate(true).open(path)?))
    }

    fn open_or_create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(private().create(true).truncate(false).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        match fs::remove_dir_all(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Windows has no way to ask for that.
        if cfg!(unix) {
            File::open(path)?.sync_all()?;
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let file = private().create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Locked(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(err)) => Err(err),
        }
    }
}

#[derive(Debug)]
struct Locked(File);

impl Lock for Locked {
    fn is_held(&self) -> io::Result<bool> {
        #[cfg(unix)]
        return Ok(std::os::unix::fs::MetadataExt::nlink(&self.0.metadata()?) > 0);
        #[cfg(not(unix))]
        return Ok(true);
    }
}

impl Drop for Locked {
    /// Closing the file is not enough: a process that another thread has just forked has
    /// it open, too, until it begins its own program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl DiskFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.seek(SeekFrom::Start(offset))?;
        loop {
            match self.read(buf) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)?;
        self.sync_all()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Options of files that only their owner may read.
fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
