// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The directory that holds everything the lab is made of.
//!
//! An artefact is a directory that is named by what it is and by the hash of its
//! recipe. It is made elsewhere in the cache and renamed when it is complete, so
//! that whatever has its name can be used.

use std::{
    env, fs,
    path::{Component, Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{error::Error, recipe::Recipe};

/// What the names of directories begin with that are only used for a while.
const SCRATCH: &str = "tmp-";

/// The cache: `$XDG_CACHE_HOME/vhost-device-xen`, else that in `~/.cache`.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens the user's cache, and makes it if need be.
    ///
    /// # Errors
    ///
    /// [`Error::NoHome`] if the environment names no place for it, [`Error::Path`] if it cannot
    /// be made.
    pub fn open() -> Result<Self, Error> {
        let home = || env::home_dir().map(|home| home.join(".cache"));
        let base = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|p| p.is_absolute());
        let base = base
            .or_else(home)
            .filter(|p| p.is_absolute())
            .ok_or(Error::NoHome)?;
        Self::at(&base.join("vhost-device-xen"))
    }

    /// Opens the cache in the directory `root`.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if it cannot be made.
    pub fn at(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(Error::path("create", root))?;
        let root = root.canonicalize().map_err(Error::path("find", root))?;
        Ok(Self { root })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the log `name` is, or will be.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if the directory of the logs cannot be made.
    pub fn log(&self, name: &str) -> Result<PathBuf, Error> {
        let dir = self.root.join("logs");
        fs::create_dir_all(&dir).map_err(Error::path("create", &dir))?;
        Ok(dir.join(name).with_extension("log"))
    }

    /// Where the artefact of `recipe` is, or will be.
    pub fn artefact(&self, recipe: &Recipe) -> PathBuf {
        self.root.join(recipe.directory())
    }

    /// Whether the artefact of `recipe` is there.
    pub fn has(&self, recipe: &Recipe) -> bool {
        self.artefact(recipe).is_dir()
    }

    /// Makes the artefact of `recipe`: `make` fills the directory `out` of the scratch directory
    /// that it gets, and may use `work` there as it likes.
    ///
    /// # Errors
    ///
    /// What `make` returns, and [`Error::Path`].
    pub fn build(
        &self,
        recipe: &Recipe,
        make: impl FnOnce(&Scratch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let scratch = self.scratch(recipe.name())?;
        make(&scratch)?;
        let artefact = self.artefact(recipe);
        let renamed = fs::rename(scratch.out(), &artefact);
        // Another process may have made the same in the meantime: as good as ours.
        if artefact.is_dir() {
            return Ok(());
        }
        renamed.map_err(Error::path("complete", artefact))
    }

    /// Makes an empty directory that goes away when it is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if it cannot be made.
    pub fn scratch(&self, name: &str) -> Result<Scratch, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = self
            .root
            .join(format!("{SCRATCH}{}-{count}-{name}", process::id()));
        if path.exists() {
            self.remove_tree(&path)?;
        }
        for dir in ["work", "out"] {
            let dir = path.join(dir);
            fs::create_dir_all(&dir).map_err(Error::path("create", dir))?;
        }
        Ok(Scratch {
            cache: self.clone(),
            path,
        })
    }

    /// Removes what interrupted processes left behind. What another process removes at the same
    /// time, or what cannot be removed, is no reason to stop.
    pub fn sweep(&self) {
        let _ = self.remove_where(|name| scratch_owner(name).is_some_and(is_gone));
    }

    /// Removes every artefact but those of `wanted`, and what interrupted processes left.
    /// Returns the names of what it removed.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if the cache cannot be read or something in it cannot be removed.
    pub fn clean(&self, wanted: &[&Recipe]) -> Result<Vec<String>, Error> {
        let wanted: Vec<String> = wanted.iter().map(|recipe| recipe.directory()).collect();
        self.remove_where(|name| match scratch_owner(name) {
            Some(owner) => is_gone(owner),
            None => name != "logs" && !wanted.iter().any(|wanted| wanted == name),
        })
    }

    fn remove_where(&self, doomed: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
        let mut removed = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(Error::path("list", &self.root))? {
            let entry = entry.map_err(Error::path("list", &self.root))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && doomed(&name) {
                self.remove_tree(&entry.path())?;
                removed.push(name);
            }
        }
        removed.sort();
        Ok(removed)
    }

    /// Removes the directory `path` with all that is in it. The only place in this crate where a
    /// tree is removed.
    ///
    /// # Errors
    ///
    /// [`Error::Guard`] if `path`, with every symbolic link followed, is not strictly inside the
    /// cache, or has a `..`; [`Error::Path`] if there is no such path or removing it fails.
    pub fn remove_tree(&self, path: &Path) -> Result<(), Error> {
        let refused = || Error::Guard {
            path: path.into(),
            cache: self.root.clone(),
        };
        if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
            return Err(refused());
        }
        let real = path.canonicalize().map_err(Error::path("find", path))?;
        if real == self.root || !real.starts_with(&self.root) {
            return Err(refused());
        }
        fs::remove_dir_all(&real).map_err(Error::path("remove", real))
    }
}

/// The process that a scratch directory's name says it belongs to.
fn scratch_owner(name: &str) -> Option<u32> {
    name.strip_prefix(SCRATCH)?.split('-').next()?.parse().ok()
}

fn is_gone(process: u32) -> bool {
    !Path::new("/proc").join(process.to_string()).exists()
}

/// A directory in the cache that goes away when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    cache: Cache,
    path: PathBuf,
}

impl Scratch {
    /// What becomes the artefact.
    pub fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// What nobody needs later.
    pub fn work(&self) -> PathBuf {
        self.path.join("work")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = self.cache.remove_tree(&self.path) {
            eprintln!("warning: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(&dir.path().join("cache")).unwrap();
        (dir, cache)
    }

    fn is_refused(result: Result<(), Error>) -> bool {
        matches!(result, Err(Error::Guard { .. }))
    }

    #[test]
    fn a_tree_in_the_cache_is_removed() {
        let (_dir, cache) = cache();
        let tree = cache.root().join("a/b");
        fs::create_dir_all(&tree).unwrap();
        cache.remove_tree(&cache.root().join("a")).unwrap();
        assert!(!tree.exists());
    }

    #[test]
    fn an_empty_path_is_refused() {
        let (_dir, cache) = cache();
        assert!(is_refused(cache.remove_tree(Path::new(""))));
    }

    #[test]
    fn the_root_directory_is_refused() {
        let (_dir, cache) = cache();
        assert!(is_refused(cache.remove_tree(Path::new("/"))));
    }

    #[test]
    fn the_cache_itself_is_refused() {
        let (_dir, cache) = cache();
        assert!(is_refused(cache.remove_tree(cache.root())));
        assert!(is_refused(cache.remove_tree(&cache.root().join("."))));
    }

    #[test]
    fn a_path_with_two_dots_is_refused() {
        let (_dir, cache) = cache();
        fs::create_dir(cache.root().join("a")).unwrap();
        fs::create_dir(cache.root().join("b")).unwrap();
        assert!(is_refused(cache.remove_tree(&cache.root().join("a/../b"))));
        assert!(is_refused(
            cache.remove_tree(&cache.root().join("../outside"))
        ));
    }

    #[test]
    fn a_link_out_of_the_cache_is_refused() {
        let (dir, cache) = cache();
        let outside = dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        symlink(&outside, cache.root().join("link")).unwrap();
        assert!(is_refused(cache.remove_tree(&cache.root().join("link"))));
        assert!(outside.is_dir());
    }

    #[test]
    fn a_neighbour_whose_name_begins_alike_is_refused() {
        let (dir, cache) = cache();
        let neighbour = dir.path().join("cache-of-another");
        fs::create_dir(&neighbour).unwrap();
        assert!(is_refused(cache.remove_tree(&neighbour)));
    }

    #[test]
    fn a_failed_build_leaves_nothing() {
        let (_dir, cache) = cache();
        let recipe = Recipe::new("thing");
        let result = cache.build(&recipe, |scratch| {
            fs::write(scratch.out().join("half"), "").unwrap();
            Err(Error::NoHome)
        });
        assert!(result.is_err());
        assert_eq!(fs::read_dir(cache.root()).unwrap().count(), 0);
    }

    #[test]
    fn a_complete_build_is_there_under_its_name() {
        let (_dir, cache) = cache();
        let recipe = Recipe::new("thing");
        cache
            .build(&recipe, |scratch| {
                fs::write(scratch.out().join("whole"), "").unwrap();
                Ok(())
            })
            .unwrap();
        assert!(cache.artefact(&recipe).join("whole").exists());
        assert_eq!(fs::read_dir(cache.root()).unwrap().count(), 1);
    }

    #[test]
    fn what_an_interrupted_process_left_is_swept() {
        let (_dir, cache) = cache();
        // Larger than any process number.
        let left = cache.root().join("tmp-4294967295-0-linux");
        fs::create_dir(&left).unwrap();
        let in_use = cache.scratch("other").unwrap();
        cache.sweep();
        assert!(!left.exists() && in_use.out().is_dir());
    }

    #[test]
    fn clean_keeps_what_is_wanted_and_what_is_in_use() {
        let (_dir, cache) = cache();
        let wanted = Recipe::new("thing").with("input", "2");
        let old = Recipe::new("thing").with("input", "1");
        fs::create_dir(cache.artefact(&wanted)).unwrap();
        fs::create_dir(cache.artefact(&old)).unwrap();
        let in_use = cache.scratch("other").unwrap();
        assert_eq!(cache.clean(&[&wanted]).unwrap(), [old.directory()]);
        assert!(cache.has(&wanted) && in_use.out().is_dir());
    }
}
