// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A private apt: packages of another release or architecture, downloaded and
//! checked by apt without the machine's own apt being touched.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::arch::Arch;
use crate::{
    cache::{Cache, Scratch},
    error::{Error, Missing},
    progress::Step,
};

/// The Debian release that everything in the lab comes from.
pub const SUITE: &str = "trixie";
/// Newer versions of some packages for that release.
pub const BACKPORTS: &str = "trixie-backports";

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// Debian [`SUITE`] as a line of apt's sources, from the mirror that this machine uses.
///
/// # Errors
///
/// As [`Apt::suite`].
pub(super) fn source(step: &mut Step<'_>) -> Result<String, Error> {
    Ok(line("deb", &mirror(step)?, SUITE))
}

fn line(kind: &str, mirror: &str, suite: &str) -> String {
    format!("{kind} [signed-by={KEYRING}] {mirror} {suite} main")
}

fn mirror(step: &mut Step<'_>) -> Result<String, Error> {
    if let Ok(mirror) = env::var("LAB_MIRROR") {
        return Ok(mirror);
    }
    let targets = index_targets(step, "$(LABEL)|$(REPO_URI)")?;
    let mut mirrors = targets
        .lines()
        .filter_map(|line| line.strip_prefix("Debian|"));
    let first = mirrors.next().ok_or(Error::Unavailable(Missing::Mirror))?;
    Ok(first.to_owned())
}

/// apt with its own sources and package lists.
#[derive(Debug)]
pub struct Apt {
    scratch: Scratch,
}

/// A file that apt knows where to get.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remote {
    /// Its address.
    pub uri: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// `SHA256:` or the like, and the hash.
    pub hash: String,
}

impl Apt {
    /// Debian [`SUITE`] for `arch`, from the mirror that this machine uses; with the sources that
    /// are built for arm64, and for x86 with what is asked for from [`BACKPORTS`] by that name.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if it uses none, [`Error::Program`] if apt fails.
    pub fn suite(cache: &Cache, step: &mut Step<'_>, arch: Arch) -> Result<Self, Error> {
        let mirror = mirror(step)?;
        let more = match arch {
            Arch::Arm64 => line("deb-src", &mirror, SUITE),
            Arch::X86 => line("deb", &mirror, BACKPORTS),
        };
        let sources = format!("{}\n{more}\n", line("deb", &mirror, SUITE));
        Self::new(cache, step, &sources, arch.debian(), &[arch.debian()])
    }

    /// Another release, `suite`, for `arch`, from the mirror that this machine uses.
    ///
    /// # Errors
    ///
    /// As [`Apt::suite`].
    pub fn other(
        cache: &Cache,
        step: &mut Step<'_>,
        arch: Arch,
        suite: &str,
    ) -> Result<Self, Error> {
        let sources = format!("{}\n", line("deb", &mirror(step)?, suite));
        Self::new(cache, step, &sources, arch.debian(), &[arch.debian()])
    }

    /// The Debian release that this machine uses, for itself and for arm64.
    ///
    /// # Errors
    ///
    /// As [`Apt::suite`].
    pub fn host(cache: &Cache, step: &mut Step<'_>) -> Result<Self, Error> {
        let format = "$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)";
        let sources = host_sources(&index_targets(step, format)?);
        if sources.is_empty() {
            return Err(Error::Unavailable(Missing::Mirror));
        }
        let own = step.capture(Command::new("dpkg").arg("--print-architecture"))?;
        let own = own.trim();
        let architectures: &[&str] = if own == "arm64" {
            &["arm64"]
        } else {
            &[own, "arm64"]
        };
        Self::new(cache, step, &sources, own, architectures)
    }

    fn new(
        cache: &Cache,
        step: &mut Step<'_>,
        sources: &str,
        own: &str,
        architectures: &[&str],
    ) -> Result<Self, Error> {
        let scratch = cache.scratch(&format!("apt-{}", architectures.join("-")))?;
        let apt = Self { scratch };
        let root = apt.scratch.work();
        for dir in [
            "sources",
            "preferences",
            "lists/partial",
            "archives/partial",
        ] {
            let dir = root.join(dir);
            fs::create_dir_all(&dir).map_err(Error::path("create", dir))?;
        }
        let list: Vec<String> = architectures
            .iter()
            .map(|arch| format!("\"{arch}\";"))
            .collect();
        let text = CONFIG
            .replace("{root}", &root.to_string_lossy())
            .replace("{own}", own)
            .replace("{all}", &list.join(" "));
        for (name, text) in [
            ("apt.conf", &*text),
            ("sources/lab.list", sources),
            ("status", ""),
        ] {
            let path = root.join(name);
            fs::write(&path, text).map_err(Error::path("write", path))?;
        }
        step.run(apt.command("apt-get").args(["-q", "update"]))?;
        Ok(apt)
    }

    /// One of apt's programs with the private configuration.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.scratch.work().join("apt.conf"));
        command
    }

    /// Where `packages` are.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if apt does not know one of them.
    pub fn packages(&self, step: &mut Step<'_>, packages: &[&str]) -> Result<Vec<Remote>, Error> {
        let mut command = self.command("apt-get");
        let text = step.capture(command.args(["download", "--print-uris"]).args(packages))?;
        Ok(remotes(&text))
    }

    /// Where `packages` are, and all that they depend on.
    ///
    /// # Errors
    ///
    /// As [`Apt::packages`].
    pub fn closure(&self, step: &mut Step<'_>, packages: &[String]) -> Result<Vec<Remote>, Error> {
        let mut command = self.command("apt-get");
        command.args(["install", "--no-install-recommends", "--print-uris", "-y"]);
        Ok(remotes(&step.capture(command.args(packages))?))
    }

    /// Where the archives of the source of `package` are.
    ///
    /// Its description (`.dsc`) is left out: mirrors lose it, and what it says of the archives is
    /// in the signed index too.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if apt does not know the package.
    pub fn source(&self, step: &mut Step<'_>, package: &str) -> Result<Vec<Remote>, Error> {
        let mut command = self.command("apt-get");
        command.args(["source", "--download-only", "--print-uris", package]);
        let mut remotes = remotes(&step.capture(&mut command)?);
        remotes.retain(|remote| !remote.name.ends_with(".dsc"));
        Ok(remotes)
    }

    /// Downloads `remotes` to `dir`, under their names, and checks their hashes.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if apt fails.
    pub fn download(
        &self,
        step: &mut Step<'_>,
        remotes: &[Remote],
        dir: &Path,
    ) -> Result<(), Error> {
        let mut command = self.command(HELPER);
        command.arg("download-file");
        let mut paths = Vec::new();
        for remote in remotes {
            let path = dir.join(&remote.name);
            command.arg(&remote.uri).arg(&path).arg(&remote.hash);
            paths.push(path);
        }
        let total = remotes.iter().map(|remote| remote.size).sum();
        let so_far = || {
            paths
                .iter()
                .filter_map(|path| path.metadata().ok())
                .map(|m| m.len())
                .sum()
        };
        step.run_watched(&mut command, &mut || Some((so_far(), total)))
    }

    /// Downloads the packages `remotes` and unpacks them into `out`.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if apt or dpkg fails.
    pub fn unpack(&self, step: &mut Step<'_>, remotes: &[Remote], out: &Path) -> Result<(), Error> {
        let debs = self.scratch.out();
        self.download(step, remotes, &debs)?;
        let paths = remotes.iter().map(|remote| debs.join(&remote.name));
        for path in paths {
            step.run(Command::new("dpkg").arg("-x").arg(&path).arg(out))?;
            fs::remove_file(&path).map_err(Error::path("remove", path))?;
        }
        Ok(())
    }
}

// `Dir::Etc::parts` stays the machine's own: its proxies are needed here too.
const CONFIG: &str = r#"
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{root}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{root}/preferences";
Dir::State::lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache::archives "{root}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Architecture "{own}";
APT::Architectures { {all} };
APT::Default-Release "";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
"#;

/// The machine's own package lists, each as `format` says.
fn index_targets(step: &mut Step<'_>, format: &str) -> Result<String, Error> {
    let mut command = Command::new("apt-get");
    step.capture(command.args(["indextargets", "--format", format, "Created-By: Packages"]))
}

/// Lines of a sources.list for those of `targets`, lines of origin and place, that are Debian's.
fn host_sources(targets: &str) -> String {
    let places: BTreeSet<&str> = targets
        .lines()
        .filter_map(|line| line.strip_prefix("Debian|"))
        .collect();
    places
        .iter()
        .map(|place| format!("deb [signed-by={KEYRING}] {place}\n"))
        .collect()
}

/// The files in the output of `apt-get --print-uris`: lines of `'URI' NAME SIZE HASH`.
fn remotes(text: &str) -> Vec<Remote> {
    let parse = |line: &str| {
        let (uri, rest) = line.strip_prefix('\'')?.split_once("' ")?;
        let mut words = rest.split(' ');
        let name = PathBuf::from(words.next()?);
        Some(Remote {
            uri: uri.into(),
            name: name.file_name()?.to_str()?.into(),
            size: words.next()?.parse().ok()?,
            hash: words.next()?.into(),
        })
    };
    text.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_found_between_other_lines() {
        let text = "Need to get 5 kB of source archives.\n\
            'http://mirror.example/a_1%2b2.deb' a_1+2.deb 847552 SHA256:c833\n";
        let expected = Remote {
            uri: "http://mirror.example/a_1%2b2.deb".into(),
            name: "a_1+2.deb".into(),
            size: 847_552,
            hash: "SHA256:c833".into(),
        };
        assert_eq!(remotes(text), [expected]);
    }

    #[test]
    fn a_name_cannot_leave_its_directory() {
        let text = "'http://mirror.example/x' ../../x 1 SHA256:c\n'http://m/y' .. 1 SHA256:c\n";
        let names: Vec<String> = remotes(text)
            .into_iter()
            .map(|remote| remote.name)
            .collect();
        assert_eq!(names, ["x"]);
    }

    #[test]
    fn only_debian_becomes_a_source_and_only_once() {
        let targets = "Debian|http://m/debian/ stable main\nOther|http://o/ stable main\n\
            Debian|http://m/debian/ stable main\nDebian|http://m/security/ updates main\n";
        let expected = format!(
            "deb [signed-by={KEYRING}] http://m/debian/ stable main\n\
             deb [signed-by={KEYRING}] http://m/security/ updates main\n"
        );
        assert_eq!(host_sources(targets), expected);
    }
}
