// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Archives in the `newc` form of cpio, as the kernel unpacks its initial root.
//!
//! The form is described in Linux, `Documentation/driver-api/early-userspace/buffer-format.rst`.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::error::Error;

const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const CHARACTERS: u32 = 0o020_000;

/// An archive under construction; everything in it belongs to root.
///
/// # Example
///
/// ```
/// use ci::cpio::Archive;
///
/// let mut archive = Archive::new();
/// archive.directory("etc").file("etc/motd", 0o644, b"hello\n")?;
/// assert!(archive.finish().starts_with(b"070701"));
/// # Ok::<(), ci::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    /// Begins an archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directory. A directory comes before what is in it.
    pub fn directory(&mut self, name: &str) -> &mut Self {
        self.entry(name, DIRECTORY | 0o755, (0, 0), &[], 0)
    }

    /// Adds a file with the permissions `mode`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] from 4 GiB on.
    pub fn file(&mut self, name: &str, mode: u32, content: &[u8]) -> Result<&mut Self, Error> {
        let size = u32::try_from(content.len())
            .ok()
            .ok_or_else(|| Error::TooLarge {
                name: name.into(),
                size: content.len(),
            })?;
        Ok(self.entry(name, REGULAR | mode, (0, 0), content, size))
    }

    /// Adds a symbolic link to `target`.
    pub fn link(&mut self, name: &str, target: &str) -> &mut Self {
        let size = u32::try_from(target.len()).expect("a path is shorter than 4 GiB");
        self.entry(name, LINK | 0o777, (0, 0), target.as_bytes(), size)
    }

    /// Adds a character device.
    pub fn device(&mut self, name: &str, mode: u32, major: u32, minor: u32) -> &mut Self {
        self.entry(name, CHARACTERS | mode, (major, minor), &[], 0)
    }

    /// Adds the file `path`, or the directory with all that is in it, as `name`; links are
    /// followed.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] if something cannot be read, [`Error::TooLarge`].
    pub fn path(&mut self, name: &str, path: &Path) -> Result<&mut Self, Error> {
        let meta = fs::metadata(path).map_err(Error::path("read", path))?;
        if !meta.is_dir() {
            let content = fs::read(path).map_err(Error::path("read", path))?;
            return self.file(name, meta.permissions().mode() & 0o777, &content);
        }
        self.directory(name);
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = entries.map_err(Error::path("list", path))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
            self.path(&inner, &entry.path())?;
        }
        Ok(self)
    }

    /// Ends the archive. Another may follow it in the same file.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[], 0);
        self.bytes
    }

    fn entry(
        &mut self,
        name: &str,
        mode: u32,
        device: (u32, u32),
        content: &[u8],
        size: u32,
    ) -> &mut Self {
        self.entries += 1;
        let name_size = u32::try_from(name.len() + 1).expect("a path is shorter than 4 GiB");
        let links = 1;
        // inode, mode, uid, gid, links, mtime, size, device of the archive (2), device (2),
        // name, checksum
        let fields = [
            self.entries,
            mode,
            0,
            0,
            links,
            0,
            size,
            0,
            0,
            device.0,
            device.1,
            name_size,
            0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
        self
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_archive_is_its_trailer() {
        let bytes = Archive::new().finish();
        assert_eq!(bytes.len(), 124);
        assert!(bytes[110..].starts_with(b"TRAILER!!!\0"));
    }

    #[test]
    fn a_file_has_header_name_and_padded_content() {
        let mut archive = Archive::new();
        archive.file("ab", 0o755, b"12345").unwrap();
        let bytes = archive.finish();
        assert_eq!(&bytes[..14], b"07070100000001");
        assert_eq!(&bytes[14..22], b"000081ed");
        assert_eq!(&bytes[54..62], b"00000005");
        assert_eq!(&bytes[94..102], b"00000003");
        assert_eq!(&bytes[110..116], b"ab\0\0\0\0".as_slice().get(..6).unwrap());
        assert_eq!(
            &bytes[116..124],
            b"12345\0\0\0".as_slice().get(..8).unwrap()
        );
    }

    #[test]
    fn a_device_has_its_numbers() {
        let mut archive = Archive::new();
        archive.device("dev/console", 0o600, 5, 1);
        let bytes = archive.finish();
        assert_eq!(&bytes[14..22], b"00002180");
        assert_eq!(&bytes[78..94], b"0000000500000001");
    }

    #[test]
    fn a_tree_is_added_in_order_and_with_its_modes() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("b")).unwrap();
        fs::write(dir.path().join("b/x"), "1").unwrap();
        fs::write(dir.path().join("a"), "2").unwrap();
        let mut archive = Archive::new();
        archive.path("top", dir.path()).unwrap();
        let text = String::from_utf8_lossy(&archive.finish()).into_owned();
        let at = |name: &str| text.find(&format!("{name}\0")).unwrap();
        assert!(
            at("top") < at("top/a") && at("top/a") < at("top/b") && at("top/b") < at("top/b/x")
        );
    }
}
