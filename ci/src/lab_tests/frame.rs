// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How a test of the lab is run and judged.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use super::{Guest, LabTest};
use crate::{
    cross,
    error::Error,
    lab::{
        Arch, Lab,
        boot::{Boot, End, Outcome},
        debian, system,
    },
};

/// What is left of a test's time when its script is given up: the consoles are printed then.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// The directory with Debian's kernel.
const DEBIAN: &str = "debian";
/// The image of a Debian system's disk.
const SYSTEM: &str = "system";

/// What the kernel of a fully virtualized guest is told: what takes long is left out.
const HVM_WORDS: &str = " panic=-1 mitigations=off nokaslr noreplace-smp init_on_alloc=0 quiet";

/// The least that a fully virtualized guest is made of: its console is Xen's, and no device is emulated that
/// can be left out.
const HVM: &str = "type = \"hvm\"\nnographic = 1\nvga = \"none\"\nvnc = 0\nusb = 0\nhpet = 0\n\
    vkb_device = 0\nserial = \"none\"\n";

/// Programs built for a lab, by name.
#[derive(Clone, Debug, Default)]
pub struct Programs(BTreeMap<&'static str, PathBuf>);

impl Programs {
    /// Builds what `tests` need.
    ///
    /// # Errors
    ///
    /// As [`cross::build`].
    pub fn build(lab: &Lab, tests: &[&LabTest]) -> Result<Self, Error> {
        let mut programs = BTreeMap::new();
        for package in tests.iter().flat_map(|test| test.programs) {
            if !programs.contains_key(package) {
                programs.insert(*package, cross::build(lab, package)?);
            }
        }
        for package in tests.iter().flat_map(|test| test.images) {
            if !programs.contains_key(package) {
                programs.insert(*package, cross::build_image(lab, package)?);
            }
        }
        for (name, version) in tests.iter().flat_map(|test| test.released) {
            if !programs.contains_key(name) {
                programs.insert(*name, cross::build_released(lab, name, version)?);
            }
        }
        if tests.iter().any(|test| test.debian) {
            programs.insert(DEBIAN, debian::kernel(lab.cache())?);
        }
        if tests.iter().any(|test| test.system) {
            programs.insert(SYSTEM, system::disk(lab.cache())?);
        }
        let mut examples: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (package, name) in tests.iter().flat_map(|test| test.examples) {
            examples.entry(*package).or_default().insert(*name);
        }
        for (package, names) in examples {
            let names = Vec::from_iter(names);
            let paths = cross::build_examples(lab, package, &names)?;
            programs.extend(names.into_iter().zip(paths));
        }
        Ok(Self(programs))
    }
}

/// What came of a test.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What the machine did.
    pub outcome: Outcome,
    /// What is wrong; nothing, if the test has passed.
    pub complaints: Vec<String>,
}

impl LabTest {
    /// Runs the test; gives each line that its script prints to `on_line`.
    ///
    /// # Errors
    ///
    /// As [`Boot::run`]: what is wrong in the lab is in the verdict.
    pub fn run(
        &self,
        lab: &Lab,
        programs: &Programs,
        on_line: impl FnMut(&str),
    ) -> Result<Verdict, Error> {
        let mut boot = Boot::new(lab)
            .log(self.name)
            .smp(self.smp)
            .gic(self.gic)
            .counted(self.counted)
            .pinned(self.pinned)
            .pvh(self.pvh)
            .memory(self.memory)
            .timeout(self.timeout);
        if let Some(image) = programs.0.get(SYSTEM).filter(|_| self.system) {
            boot = boot.disk(image.clone());
        }
        boot = boot.script(self.outer_script());
        boot = boot.file("test.sh", format!(". /lab/lib.sh\n{}\n", self.dom0));
        let examples = self.examples.iter().map(|(_, name)| name);
        let released = self.released.iter().map(|(name, _)| name);
        let ours = self.programs.iter().chain(self.images);
        let debian = self.debian.then_some(&DEBIAN);
        for name in ours.chain(examples).chain(released).chain(debian) {
            if let Some(path) = programs.0.get(name) {
                boot = boot.file(name, path.clone());
            }
        }
        for (name, text) in self.files {
            boot = boot.file(name, *text);
        }
        for guest in self.guests {
            boot = boot.file(
                &format!("{}.cfg", guest.name),
                guest.xl_config(self.lab.arch()),
            );
            boot = boot.file(&format!("{}.sh", guest.name), format!("{}\n", guest.script));
            boot = boot.file(&format!("{}.files", guest.name), guest.files.join("\n"));
        }
        let outcome = boot.run(on_line)?;
        let complaints = self.complaints(&outcome);
        Ok(Verdict {
            outcome,
            complaints,
        })
    }

    /// Runs the test's script and shows what the guests said, even if it hangs.
    fn outer_script(&self) -> String {
        let seconds = self.timeout.saturating_sub(LAST_WORDS).as_secs().max(1);
        let guests: Vec<&str> = self.guests.iter().map(|guest| guest.name).collect();
        format!(
            ". /lab/lib.sh\ntimeout -k 5 {seconds} sh -eu ./test.sh\ncode=$?\nshow_all {}\nexit $code\n",
            guests.join(" ")
        )
    }

    fn complaints(&self, outcome: &Outcome) -> Vec<String> {
        let mut complaints = Vec::from_iter(ending(outcome.end));
        let is_seen = |place: &str, part: &str| {
            let who: Vec<&str> = self.guests.iter().map(|guest| guest.name).collect();
            outcome.lines.iter().any(|line| {
                let (from, text) = origin(line, &who, place);
                from == place && matches(part, text)
            })
        };
        for (place, part) in self.seen {
            if !is_seen(place, part) {
                complaints.push(format!("{place}: there is no '{part}'"));
            }
        }
        for (place, part) in self.unseen {
            if is_seen(place, part) {
                complaints.push(format!("{place}: there is '{part}'"));
            }
        }
        complaints
    }
}

/// What is wrong with how a machine has ended.
pub(super) fn ending(end: End) -> Option<String> {
    match end {
        End::Exit(0) => None,
        End::Exit(code) => Some(format!("the script ended with {code}")),
        End::Off => Some("the machine went off".into()),
        End::TimeUp => Some("the time was up".into()),
    }
}

impl Guest {
    fn xl_config(&self, arch: Arch) -> String {
        let Self {
            name,
            vcpus,
            memory,
            kernel,
            words,
            config,
            ..
        } = self;
        let (hvm_words, hvm) = match arch {
            Arch::Arm64 => ("", ""),
            Arch::X86 => (HVM_WORDS, HVM),
        };
        format!(
            "name = \"{name}\"\nkernel = \"{kernel}\"\nramdisk = \"/tmp/{name}.cpio\"\n\
             extra = \"console=hvc0 rdinit=/init{hvm_words} {words}\"\n\
             memory = {memory}\nvcpus = {vcpus}\n\
             on_reboot = \"destroy\"\non_crash = \"destroy\"\n{hvm}{}\n",
            config.join("\n")
        )
    }
}

/// Where a line comes from, of the guests `who` and `place`, and what it says.
fn origin<'l>(line: &'l str, who: &[&str], place: &str) -> (&'l str, &'l str) {
    match line.split_once("| ") {
        Some((from, text)) if from == place || who.contains(&from) => (from, text),
        _ => ("dom0", line),
    }
}

/// Whether `line` has the parts of `pattern` between its asterisks, in their order.
pub(super) fn matches(pattern: &str, line: &str) -> bool {
    let mut rest = line;
    pattern.split('*').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: LabTest = LabTest {
        guests: &[Guest {
            name: "a",
            ..Guest::DEFAULT
        }],
        seen: &[("dom0", "one"), ("a", "t*o"), ("log", "ready")],
        unseen: &[("dom0", "two"), ("a", "panic")],
        ..LabTest::DEFAULT
    };

    fn complaints(end: End, lines: &[&str]) -> Vec<String> {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        TEST.complaints(&Outcome {
            end,
            lines,
            serial: PathBuf::new(),
            took: Duration::ZERO,
        })
    }

    #[test]
    fn what_is_seen_where_it_belongs_passes() {
        assert!(complaints(End::Exit(0), &["one", "a| two", "log| ready"]).is_empty());
    }

    #[test]
    fn what_is_seen_elsewhere_does_not_count() {
        let found = complaints(End::Exit(0), &["a| one", "a| two", "log| ready"]);
        assert_eq!(found, ["dom0: there is no 'one'"]);
    }

    #[test]
    fn what_must_not_be_seen_is_a_complaint() {
        let found = complaints(
            End::Exit(0),
            &["one", "a| two", "log| ready", "a| a panic!"],
        );
        assert_eq!(found, ["a: there is 'panic'"]);
    }

    #[test]
    fn a_failed_script_is_a_complaint() {
        let found = complaints(End::Exit(3), &["one", "a| two", "log| ready"]);
        assert_eq!(found, ["the script ended with 3"]);
    }

    #[test]
    fn an_asterisk_stands_for_anything() {
        assert!(matches(
            "xen_version * : 4.20",
            "xen_version            : 4.20.3"
        ));
        assert!(!matches("b*a", "a b"));
    }

    #[test]
    fn a_guest_of_x86_is_fully_virtualized_and_keeps_its_words() {
        let guest = Guest {
            words: "pci=nomsi",
            ..Guest::DEFAULT
        };

        let (x86, arm) = (guest.xl_config(Arch::X86), guest.xl_config(Arch::Arm64));

        assert!(x86.lines().any(|line| line == "type = \"hvm\""));
        assert!(x86.contains(&format!("rdinit=/init{HVM_WORDS} pci=nomsi\"")));
        assert!(!arm.contains("hvm"));
        assert!(arm.contains("rdinit=/init pci=nomsi\""));
    }
}
