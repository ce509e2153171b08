//! The file in which the processes of this user share a ring of times: the next slot's number, then the slots.
//!
//! It is read and written, never mapped: a mapped file that is full, truncated or taken away ends the process by a signal, and
//! here it is an error. It is opened for each use: a descriptor that is kept could be closed by a worker that daemonizes, and
//! then be somebody else's file; and a file that was removed is made again. A lock is the kernel's, and goes with its holder.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{
        DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FallocateFlags, FlockOperation, fallocate, flock},
    io::Errno,
    process::geteuid,
};

const WORD: u64 = size_of::<u64>() as u64;
/// A lock is held for microseconds. One that is held for longer is held by a process that was stopped.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where a ring is shared.
#[derive(Debug)]
pub(super) struct SharedFile {
    folder: PathBuf,
    path: PathBuf,
    slots: u64,
}

/// The ring while this process alone may change it.
pub(super) struct Locked<'a> {
    file: File,
    shared: &'a SharedFile,
}

impl SharedFile {
    /// The file for the ring of this name and size, in a folder that only this user can write.
    pub(super) fn new(name: &str, slots: usize) -> io::Result<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        let name = hash(&format!("{name}\n{slots}\n{}", boot.trim()));
        let folder = std::env::temp_dir().join(format!("fsr-docker-{}", geteuid().as_raw()));
        let path = folder.join(format!("rate-{name:016x}"));
        Ok(Self { folder, path, slots: slots as u64 })
    }

    /// What the next slot holds, without a lock: good for a guess. 0, a free slot, where others take slots faster than this reads.
    pub(super) fn glance(&self) -> io::Result<u64> {
        const TRIES: u32 = 10;
        let file = self.open()?;
        for _ in 0..TRIES {
            let number = read(&file, 0)?;
            let former = read(&file, self.at(number))?;
            // A process that took this slot in between has written its own time there.
            if read(&file, 0)? == number {
                return Ok(former);
            }
        }
        Ok(0)
    }

    /// The ring, for this process alone.
    pub(super) fn lock(&self) -> io::Result<Locked<'_>> {
        let file = self.open()?;
        let until = Instant::now() + PATIENCE;
        while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if !matches!(error, Errno::WOULDBLOCK | Errno::INTR) {
                return Err(error.into());
            }
            if Instant::now() >= until {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another process does not release it"));
            }
            thread::sleep(Duration::from_micros(50));
        }
        let locked = Locked { file, shared: self };
        let length = (self.slots + 1) * WORD;
        if locked.file.metadata()?.len() < length {
            // Taken now, so that a full disk shows here. What is new is zeros: every slot free.
            match fallocate(&locked.file, FallocateFlags::empty(), 0, length) {
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => locked.file.set_len(length)?,
                done => done?,
            }
        }
        Ok(locked)
    }

    fn open(&self) -> io::Result<File> {
        match self.open_in_folder() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match DirBuilder::new().mode(0o700).create(&self.folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    _ => self.open_in_folder(),
                }
            }
            opened => opened,
        }
    }

    fn open_in_folder(&self) -> io::Result<File> {
        check_folder(&self.folder)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            // A pipe in its place would wait for somebody at its other end.
            .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK)
            .open(&self.path)?;
        let metadata = file.metadata()?;
        // Of two names, one may be another file's, which is not for us to write.
        if !metadata.is_file() || metadata.nlink() > 1 {
            return Err(io::Error::other(format!("{} is not a file of its own", self.path.display())));
        }
        check_owner(&metadata)?;
        Ok(file)
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn at(&self, number: u64) -> u64 {
        WORD * (1 + number % self.slots)
    }
}

impl Locked<'_> {
    /// The next slot's number, and what it holds.
    pub(super) fn next(&self) -> io::Result<(u64, u64)> {
        let number = read(&self.file, 0)?;
        Ok((number, self.time(number)?))
    }

    /// What a slot holds.
    pub(super) fn time(&self, number: u64) -> io::Result<u64> {
        read(&self.file, self.shared.at(number))
    }

    /// Takes the next slot. A process that is killed in between has taken a turn and not used it.
    pub(super) fn take(&self, number: u64, time: u64) -> io::Result<()> {
        write(&self.file, 0, number.wrapping_add(1))?;
        self.set(number, time)
    }

    /// Changes a slot's time.
    pub(super) fn set(&self, number: u64, time: u64) -> io::Result<()> {
        write(&self.file, self.shared.at(number), time)
    }
}

impl Drop for Locked<'_> {
    /// Unlocks, though closing would do: a child that was forked just now has the descriptor too.
    fn drop(&mut self) {
        let _closed_at_last = flock(&self.file, FlockOperation::Unlock);
    }
}

fn read(file: &File, at: u64) -> io::Result<u64> {
    let mut word = [0; size_of::<u64>()];
    file.read_exact_at(&mut word, at)?;
    Ok(u64::from_ne_bytes(word))
}

fn write(file: &File, at: u64, word: u64) -> io::Result<()> {
    file.write_all_at(&word.to_ne_bytes(), at)
}

fn check_folder(folder: &Path) -> io::Result<()> {
    // Not followed if it is a link: in a folder that all may write, that could be anyone's.
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || metadata.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::other(format!("{} is not a private folder", folder.display())));
    }
    check_owner(&metadata)
}

fn check_owner(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.uid() == geteuid().as_raw() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// FNV-1a: the same in every process and version, unlike the standard library's.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_temporary_folder_there_is_no_file() {
        let missing = std::env::temp_dir().join(format!("fsr-docker-none-{}", std::process::id()));
        let folder = missing.join("fsr-docker");
        let shared = SharedFile { path: folder.join("rate"), folder, slots: 2 };
        assert_eq!(shared.lock().err().unwrap().kind(), io::ErrorKind::NotFound);
        assert!(shared.glance().is_err() && !missing.exists());
        fs::create_dir(&missing).unwrap();
        assert_eq!(shared.lock().unwrap().next().unwrap(), (0, 0), "it is made as soon as that is possible");
        fs::remove_dir_all(&missing).unwrap();
    }
}
