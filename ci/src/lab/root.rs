// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The initial roots of dom0 and of the guests.

use std::{collections::BTreeSet, fs, path::Path};

use super::{apt::Apt, arch::Arch};
use crate::{cache::Scratch, cpio::Archive, error::Error, progress::Step, recipe::Recipe};

/// What dom0 and the guests are made of on arm64, and what programs for them are linked with.
const PACKAGES: &[&str] = &[
    "busybox-static",
    "e2fsprogs",
    "libblkid1",
    "libbz2-1.0",
    "libc6",
    "libcom-err2",
    "libext2fs2t64",
    "libfdt1",
    "libgcc-s1",
    "libgpiod-dev",
    "liblzma5",
    "liblzo2-2",
    "libncurses6",
    "libnl-3-200",
    "libnl-route-3-200",
    "libtinfo6",
    "libunwind8",
    "libuuid1",
    "libxencall1",
    "libxendevicemodel1",
    "libxenevtchn1",
    "libxenforeignmemory1",
    "libxengnttab1",
    "libxenhypfs1",
    "libxenmisc4.20",
    "libxenstore4",
    "libxentoolcore1",
    "libxentoollog1",
    "libyajl2",
    "libzstd1",
    "rng-tools5",
    "strace",
    "xen-utils-4.20",
    "xen-utils-common",
    "xenstore-utils",
    "zlib1g",
];

const XEN_PROGRAMS: &[&str] = &[
    "libxl-save-helper",
    "oxenstored",
    "xen-diag",
    "xen-init-dom0",
    "xenconsole",
    "xenconsoled",
    "xenstore-control",
    "xenstored",
    "xl",
];
/// One program by many names.
const XENSTORE_NAMES: &[&str] = &[
    "chmod", "exists", "list", "ls", "read", "rm", "watch", "write",
];
/// What oxenstored loads at its start, if it is new enough for that; below Xen's own directory.
const OCAML_PLUGINS: &str = "ocaml/xsd_glue/xenctrl_plugin";
const OXENSTORED_PLUGIN: &str = "domain_getinfo_v1.cmxs";
const OXENSTORED_CONF: &str = "etc/xen/oxenstored.conf";
/// The device model of HVM guests.
const DEVICE_MODEL: &str = "usr/libexec/xen-qemu-system-i386";
/// What Xen starts in HVM guests, below its own directory.
const HVMLOADER: &str = "boot/hvmloader";
/// What else they boot by: the firmware, and what loads a kernel. The device model
/// wants to know a keyboard, even if there is none.
const FIRMWARE: &[&str] = &[
    "usr/share/qemu/keymaps/en-us",
    "usr/share/qemu/kvmvapic.bin",
    "usr/share/qemu/linuxboot.bin",
    "usr/share/qemu/linuxboot_dma.bin",
    "usr/share/seabios/bios-256k.bin",
];
/// Programs for the guests that ask for them, by names that busybox does not take for its own.
const TOOLS: &[&str] = &[
    "usr/sbin/fsck.ext4",
    "usr/sbin/mkfs.ext4",
    "usr/bin/rngtest",
];
/// The same on x86 alone.
const X86_TOOLS: &[&str] = &["usr/bin/lspci", "usr/bin/setpci"];
/// What programs linked dynamically need beyond what Xen's tools do.
const MORE_LIBRARIES: &[&str] = &[
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

const DOM0_INIT: &str = include_str!("../../lab/dom0-init.sh");
const DOM0_LIB: &str = include_str!("../../lab/lib.sh");
const DOMU_INIT: &str = include_str!("../../lab/domu-init.sh");
/// dom0 has no bash for hotplug scripts, and a fixed size.
const XL_CONF: &str = "autoballoon=\"off\"\nrun_hotplug_scripts=0\n";

/// These archives are made in no time: whatever changes in this file makes them anew.
const SELF: &str = include_str!("root.rs");

/// What roots are made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'p> {
    /// Whose they are.
    pub(super) arch: Arch,
    /// The version of Xen's tools.
    pub(super) xen: &'p str,
    /// The unpacked packages.
    pub(super) sysroot: &'p Path,
    /// dom0's kernel.
    pub(super) linux: &'p Path,
    /// The guests' kernel, which is Debian's if it is not dom0's too.
    pub(super) guest_linux: Option<&'p Path>,
}

impl Parts<'_> {
    /// Where Xen's tools have what is theirs.
    fn xen_directory(&self) -> String {
        format!("usr/lib/xen-{}", self.xen)
    }
}

/// The recipe of the unpacked packages of arm64.
pub fn sysroot_recipe() -> Recipe {
    Recipe::new("sysroot")
        .with("suite", super::apt::SUITE)
        .with_all("package", PACKAGES)
}

/// Downloads and unpacks the packages.
///
/// # Errors
///
/// [`Error::Program`] if apt or dpkg fails.
pub fn fetch(apt: &Apt, step: &mut Step<'_>, scratch: &Scratch) -> Result<(), Error> {
    let remotes = apt.packages(step, PACKAGES)?;
    apt.unpack(step, &remotes, &scratch.out())
}

/// The recipe of the guests' root `name`.
pub(super) fn domu_recipe(
    name: &'static str,
    sysroot: &Recipe,
    guest_linux: Option<&Recipe>,
) -> Recipe {
    guest_linux
        .into_iter()
        .fold(Recipe::new(name).from(sysroot), Recipe::from)
        .with("self", SELF)
        .with("init", DOMU_INIT)
}

/// Makes the guests' root, `domu.cpio`: busybox and an init, and the modules that it loads.
///
/// # Errors
///
/// [`Error::Path`] if something cannot be read or written.
pub(super) fn build_domu(parts: Parts<'_>, out: &Path) -> Result<(), Error> {
    let mut archive = Archive::new();
    begin(&mut archive, parts.sysroot, DOMU_INIT)?;
    if let Some(linux) = parts.guest_linux {
        archive.path("modules", &linux.join("modules"))?;
    }
    write(archive, &out.join("domu.cpio"))
}

/// The recipe of dom0's root `name`.
pub(super) fn dom0_recipe(
    name: &'static str,
    sysroot: &Recipe,
    linux: &Recipe,
    domu: &Recipe,
) -> Recipe {
    Recipe::new(name)
        .from(sysroot)
        .from(linux)
        .from(domu)
        .with("self", SELF)
        .with("init", DOM0_INIT)
        .with("lib", DOM0_LIB)
}

/// Makes dom0's root, `dom0.cpio`: busybox, xl and its daemons, and what guests boot from.
///
/// # Errors
///
/// [`Error::Path`] if something cannot be read or written, [`Error::Incomplete`] if a library is
/// missing.
pub(super) fn build_dom0(
    step: &mut Step<'_>,
    parts: Parts<'_>,
    domu: &Path,
    out: &Path,
) -> Result<(), Error> {
    let Parts { arch, sysroot, .. } = parts;
    let mut archive = Archive::new();
    begin(&mut archive, sysroot, DOM0_INIT)?;
    dom0_directories(&mut archive, parts);
    let xen = parts.xen_directory();
    let mut programs: Vec<String> = XEN_PROGRAMS
        .iter()
        .map(|name| format!("{xen}/bin/{name}"))
        .collect();
    programs.extend(["usr/bin/strace".to_owned(), "usr/bin/xenstore".to_owned()]);
    let plugin = format!("{xen}/{OCAML_PLUGINS}/{OXENSTORED_PLUGIN}");
    if sysroot.join(&plugin).exists() {
        programs.push(plugin);
    }
    if arch == Arch::X86 {
        programs.push(DEVICE_MODEL.into());
        let hvmloader = format!("{xen}/{HVMLOADER}");
        archive.path(&hvmloader, &sysroot.join(&hvmloader))?;
        for file in FIRMWARE {
            archive.path(file, &sysroot.join(file))?;
        }
    }
    for program in &programs {
        archive.path(program, &sysroot.join(program))?;
    }
    for name in XENSTORE_NAMES {
        archive.link(&format!("usr/bin/xenstore-{name}"), "xenstore");
    }
    let tools = tools(step, &mut archive, parts)?;
    for library in libraries(step, parts, &programs)?.union(&tools) {
        let path = format!("{}/{library}", arch.lib());
        archive.path(&path, &sysroot.join(&path))?;
    }
    archive.file("etc/xen/xl.conf", 0o644, XL_CONF.as_bytes())?;
    archive.path(OXENSTORED_CONF, &sysroot.join(OXENSTORED_CONF))?;
    archive.file("lab/lib.sh", 0o644, DOM0_LIB.as_bytes())?;
    archive.path("lab/domu.cpio", &domu.join("domu.cpio"))?;
    let guest_linux = parts.guest_linux.unwrap_or(parts.linux);
    archive.path("lab/Image", &guest_linux.join("Image"))?;
    // Debian's are loaded at once.
    let modules = match parts.guest_linux {
        None => "lab/modules",
        Some(_) => "modules",
    };
    archive.path(modules, &parts.linux.join("modules"))?;
    write(archive, &out.join("dom0.cpio"))
}

/// Puts [`TOOLS`] where guests get them from, and links to the libraries they need, which it returns.
fn tools(
    step: &mut Step<'_>,
    archive: &mut Archive,
    parts: Parts<'_>,
) -> Result<BTreeSet<String>, Error> {
    let Parts { arch, sysroot, .. } = parts;
    for dir in ["lab/tools", "lab/tools/bin", "lab/tools/lib"] {
        archive.directory(dir);
    }
    let more = match arch {
        Arch::Arm64 => &[],
        Arch::X86 => {
            // Where programs look for their loader.
            archive.link("lab/tools/lib64", "lib");
            X86_TOOLS
        }
    };
    let programs: Vec<String> = [TOOLS, more]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    for program in &programs {
        let name = program.rsplit('/').next().unwrap_or(program);
        archive.path(&format!("lab/tools/bin/{name}"), &sysroot.join(program))?;
    }
    let libraries = libraries(step, parts, &programs)?;
    for library in &libraries {
        archive.link(
            &format!("lab/tools/lib/{library}"),
            &format!("/{}/{library}", arch.lib()),
        );
    }
    Ok(libraries)
}

/// Where dom0's files go.
fn dom0_directories(archive: &mut Archive, parts: Parts<'_>) {
    let arch = parts.arch;
    for dir in [
        "etc/xen",
        "etc/xen/scripts",
        "lab",
        "lab/bin",
        "run/lock",
        "run/xen",
        "run/xenstored",
        "usr",
        "usr/bin",
        "usr/lib",
        arch.lib(),
        "var",
        "var/lib",
        "var/lib/xen",
        "var/log",
        "var/log/xen",
    ] {
        archive.directory(dir);
    }
    let xen = parts.xen_directory();
    archive.directory(&xen);
    for dir in ["bin", "boot", "ocaml", "ocaml/xsd_glue", OCAML_PLUGINS] {
        archive.directory(&format!("{xen}/{dir}"));
    }
    match arch {
        Arch::Arm64 => archive.link(
            "usr/lib/ld-linux-aarch64.so.1",
            "aarch64-linux-gnu/ld-linux-aarch64.so.1",
        ),
        Arch::X86 => archive
            .directory("usr/libexec")
            .directory("usr/share")
            .directory("usr/share/qemu")
            .directory("usr/share/qemu/keymaps")
            .directory("usr/share/seabios")
            .link("lib64", "usr/lib/x86_64-linux-gnu"),
    };
    archive
        .link("lib", "usr/lib")
        .link("var/run", "../run")
        .link("var/lock", "../run/lock");
}

/// What both roots have.
fn begin(archive: &mut Archive, sysroot: &Path, init: &str) -> Result<(), Error> {
    for dir in [
        "bin", "dev", "etc", "proc", "root", "run", "sys", "test", "tmp",
    ] {
        archive.directory(dir);
    }
    archive.device("dev/console", 0o600, 5, 1);
    archive.path("bin/busybox", &sysroot.join("usr/bin/busybox"))?;
    archive.file("init", 0o755, init.as_bytes())?;
    Ok(())
}

fn write(archive: Archive, path: &Path) -> Result<(), Error> {
    fs::write(path, archive.finish()).map_err(Error::path("write", path))
}

/// The libraries that `programs` need, and the ones that those need.
fn libraries(
    step: &mut Step<'_>,
    parts: Parts<'_>,
    programs: &[String],
) -> Result<BTreeSet<String>, Error> {
    let (sysroot, lib) = (parts.sysroot, parts.arch.lib());
    let mut all: BTreeSet<String> = MORE_LIBRARIES
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let mut unread: Vec<String> = programs.to_vec();
    unread.extend(all.iter().map(|name| format!("{lib}/{name}")));
    while !unread.is_empty() {
        let mut readelf = parts.arch.tool("readelf");
        let text = step.capture(readelf.current_dir(sysroot).arg("-d").args(&unread))?;
        unread.clear();
        for name in needed(&text) {
            let path = format!("{lib}/{name}");
            if !sysroot.join(&path).exists() {
                return Err(Error::Incomplete {
                    what: name.into(),
                    place: sysroot.join(lib),
                });
            }
            if all.insert(name.into()) {
                unread.push(path);
            }
        }
    }
    Ok(all)
}

/// The libraries in the output of `readelf -d`.
fn needed(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.split_once(']'))
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_libraries_are_found_between_other_tags() {
        let text = "\nFile: usr/bin/xl\n\
            \x200x0000000000000001 (NEEDED)  Shared library: [libxenlight.so.4.20]\n\
            \x200x000000000000000e (SONAME)  Library soname: [liba.so]\n\
            \x200x0000000000000001 (NEEDED)  Shared library: [libc.so.6]\n";
        assert_eq!(
            needed(text).collect::<Vec<_>>(),
            ["libxenlight.so.4.20", "libc.so.6"]
        );
    }
}
