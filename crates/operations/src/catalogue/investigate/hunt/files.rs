//! The steps of a hunt that are about files: what containers changed, the states of paths, and hashes.

use engine::Method;
use serde_json::Value;

use super::{
    Hunt, MAX_FILE_SIZE, MIB, MOST_CHANGED, MOST_LINKS, Whose,
    asking::{Wanted, archive},
    facts::{self, Fact},
    hashed_paths, hashes_changes,
    indicator::Kind,
    needs_changes, number, paths,
    record::Trace,
};
use crate::{
    Error,
    catalogue::containers::archive::{is_a_link, led_to},
    run::objects::items,
};

/// A file whose hash is to be compared: whose, and where.
pub(super) struct File {
    of: usize,
    /// As an indicator, or the list of changes, names it.
    path: String,
    /// What that leads to.
    real: String,
    is_changed: bool,
}

impl Hunt<'_, '_> {
    /// Gives the changed files whose hashes are wanted.
    pub(super) fn in_changes(&mut self) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        if !needs_changes(&self.indicators) {
            return Ok(files);
        }
        let names: Vec<String> =
            self.indicators.iter().filter(|one| hashes_changes(one)).map(|one| one.path.clone()).collect();
        let is_wanted = |path: &str| {
            names
                .iter()
                .any(|name| name.is_empty() || path.ends_with(&format!("/{}", name.trim_start_matches("*/"))))
        };
        let wanted = self.wanted("changed files", "/containers/{id}/changes", |_| true)?;
        for (subject, changes) in self.asking.each("changes", wanted)? {
            for at in self.kinds(Kind::ChangedPath) {
                for (fact, kind) in facts::of_changes(&self.indicators[at], &changes) {
                    let trace = if kind == 2 { Trace::Deleted } else { Trace::None };
                    self.hit(&Whose::Container(subject), at, "changes", fact, trace);
                }
            }
            let changed = items(&changes).filter(|change| change["Kind"] != 2);
            let mut changed =
                changed.filter_map(|change| change["Path"].as_str()).filter(|path| is_wanted(path));
            let before = files.len();
            files.extend(changed.by_ref().take(MOST_CHANGED).map(|path| File {
                of: subject,
                path: path.to_owned(),
                real: path.to_owned(),
                is_changed: true,
            }));
            if files.len() - before == MOST_CHANGED && changed.next().is_some() {
                let one = &self.subjects[subject];
                let (name, id) = (one.name.clone(), one.id.clone());
                let reason =
                    format!("it has changed more than {MOST_CHANGED} files; the rest was not hashed");
                self.asking.skip(&name, &id, "hashes of changed files", &reason);
            }
        }
        Ok(files)
    }

    pub(super) fn in_files(&mut self, mut files: Vec<File>) -> Result<(), Error> {
        for path in paths(&self.indicators) {
            files.extend((0..self.subjects.len()).map(|of| File {
                of,
                path: path.to_owned(),
                real: path.to_owned(),
                is_changed: false,
            }));
        }
        let hashed: Vec<String> = hashed_paths(&self.indicators).into_iter().map(str::to_owned).collect();
        let most = number(self.asking.call, &MAX_FILE_SIZE).saturating_mul(MIB);
        let mut to_hash = Vec::new();
        let mut left: Vec<usize> = (0..files.len()).collect();
        for turn in 0..=MOST_LINKS {
            let wanted = self.of_files(&files, &left, Method::HEAD)?;
            let mut again = Vec::new();
            for (file, state) in self.asking.heads(wanted)? {
                let Some(state) = state else { continue };
                let File { of, path, real, is_changed } = &files[file];
                let (of, is_changed) = (*of, *is_changed);
                if turn == 0 && !is_changed {
                    self.path_hits(of, path, &state);
                }
                let is_hashed = is_changed || hashed.contains(path);
                if is_a_link(&state) {
                    // A changed link leads to a file that is no change, or a change of its own.
                    if is_hashed && !is_changed && turn < MOST_LINKS {
                        files[file].real = led_to(real, &state);
                        again.push(file);
                    }
                    continue;
                }
                if !is_hashed || state["is_directory"] == true || !is_regular(&state) {
                    continue;
                }
                let size = state["size"].as_u64().unwrap_or(u64::MAX);
                if size > most || size > self.asking.bytes_left() {
                    let why = if size > most { "max_file_size" } else { "what is left of max_size" };
                    let (name, id) = (self.subjects[of].name.clone(), self.subjects[of].id.clone());
                    let what = format!("the hash of {path}");
                    self.asking.skip(&name, &id, &what, &format!("it has {size} bytes, more than {why}"));
                    continue;
                }
                to_hash.push(file);
            }
            left = again;
            if left.is_empty() {
                break;
            }
        }
        let wanted = self.of_files(&files, &to_hash, Method::GET)?;
        for (file, hash) in self.asking.hashes(wanted, most)? {
            let File { of, path, is_changed, .. } = &files[file];
            let Some(hash) = hash else {
                let (name, id) = (self.subjects[*of].name.clone(), self.subjects[*of].id.clone());
                let what = format!("the hash of {path}");
                self.asking.skip(
                    &name,
                    &id,
                    &what,
                    "it changed while it was read, or is larger than what is left of max_size",
                );
                continue;
            };
            for at in self.kinds(Kind::Sha256) {
                let indicator = &self.indicators[at];
                let is_of_it = match hashes_changes(indicator) {
                    true => {
                        *is_changed
                            && (indicator.path.is_empty()
                                || path.ends_with(&format!("/{}", indicator.path.trim_start_matches("*/"))))
                    }
                    false => !*is_changed && indicator.path == *path,
                };
                if is_of_it && indicator.value == hash {
                    let fact = Fact { field: format!("sha256 {hash}"), value: path.as_str().into() };
                    self.hit(&Whose::Container(*of), at, "file", fact, Trace::None);
                }
            }
        }
        Ok(())
    }

    fn path_hits(&mut self, of: usize, path: &str, state: &Value) {
        for at in self.kinds(Kind::Path) {
            if self.indicators[at].value == path {
                let said = format!(
                    "{} {} bytes, {}",
                    state["mode_text"].as_str().unwrap_or_default(),
                    state["size"],
                    state["mtime"].as_str().unwrap_or_default()
                );
                self.hit(
                    &Whose::Container(of),
                    at,
                    "stat",
                    Fact { field: path.to_owned(), value: said.into() },
                    Trace::None,
                );
            }
        }
    }

    fn of_files(&self, files: &[File], which: &[usize], method: Method) -> Result<Vec<Wanted>, Error> {
        let wanted = which.iter().map(|at| {
            let File { of, path, real, .. } = &files[*at];
            let one = &self.subjects[*of];
            let request = archive(method.clone(), &one.id, real)?;
            Ok(Wanted {
                of: *at,
                name: one.name.clone(),
                id: one.id.clone(),
                what: format!("the file {path}"),
                request,
            })
        });
        wanted.collect()
    }
}

fn is_regular(state: &Value) -> bool {
    state["mode_text"].as_str().is_some_and(|mode| mode.starts_with('-'))
}
