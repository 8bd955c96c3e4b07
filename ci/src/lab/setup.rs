// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Making what is missing of the lab.

use super::{
    Arch, Plan,
    apt::{Apt, SUITE},
    debian, host, linux,
    root::{self, Parts},
    rust, x86, xen,
};
use crate::{
    cache::{Cache, Scratch},
    error::Error,
    progress::{Reporter, Step},
    recipe::Recipe,
};

/// Makes what `cache` lacks of `plan`, and installs what this machine lacks.
pub(super) fn make(cache: &Cache, plan: &Plan) -> Result<(), Error> {
    cache.sweep();
    let packages = host::missing(host::packages(plan.kind))?;
    let complete = plan.all().iter().all(|recipe| cache.has(recipe));
    if packages.is_empty() && complete {
        return Ok(());
    }
    let mut reporter = Reporter::new(cache.log("setup")?)?;
    eprintln!(
        "Setting up the lab of {}; the log is {}",
        plan.kind.name(),
        reporter.log().display()
    );
    if !packages.is_empty() {
        host::install(&packages, &mut reporter)?;
    }
    let mut maker = Maker {
        cache,
        reporter,
        apt: None,
    };
    maker.sources(plan)?;
    maker.builds(plan)
}

struct Maker<'c> {
    cache: &'c Cache,
    reporter: Reporter,
    apt: Option<Apt>,
}

impl Maker<'_> {
    fn sources(&mut self, plan: &Plan) -> Result<(), Error> {
        let (cache, kind, sysroot) = (self.cache, plan.kind, &plan.sysroot);
        let release = kind.release();
        if release.suite == SUITE {
            self.download(
                plan,
                sysroot,
                "unpacked packages",
                |apt, step, scratch| match kind.arch() {
                    Arch::Arm64 => root::fetch(apt, step, scratch),
                    Arch::X86 => x86::fetch(release, apt, step, scratch),
                },
            )?;
        } else {
            let name = format!("unpacked packages of {}", release.suite);
            self.build(sysroot, &name, |step, scratch| {
                let apt = Apt::other(cache, step, kind.arch(), release.suite)?;
                x86::fetch(release, &apt, step, scratch)
            })?;
        }
        if let Some(emulator) = &plan.emulator {
            self.download(plan, emulator, "the emulator", x86::fetch_emulator)?;
        }
        if let Some(source) = &plan.xen_source {
            self.download(plan, source, "Xen's source", xen::fetch)?;
        }
        if let Some(source) = &plan.linux_source {
            self.download(plan, source, "the kernel's source", linux::fetch)?;
        }
        if let Some(guest_linux) = &plan.guest_linux {
            self.download(plan, &plan.linux, "dom0's kernel", |apt, step, scratch| {
                debian::DOM0.fetch(apt, step, scratch)
            })?;
            self.download(
                plan,
                guest_linux,
                "the guests' kernel",
                |apt, step, scratch| debian::CLOUD.fetch(apt, step, scratch),
            )?;
        }
        let Some(rust) = &plan.rust else {
            return Ok(());
        };
        self.build(rust, "Debian's Rust for arm64", |step, scratch| {
            let apt = Apt::host(cache, step)?;
            rust::fetch(&apt, step, &scratch.out())
        })
    }

    fn builds(&mut self, plan: &Plan) -> Result<(), Error> {
        let at = |recipe: &Recipe| self.cache.artefact(recipe);
        let (sysroot, linux, domu) = (at(&plan.sysroot), at(&plan.linux), at(&plan.domu));
        let guest_linux = plan.guest_linux.as_ref().map(at);
        let xen_source = plan.xen_source.as_ref().map(at);
        self.build(&plan.xen, "Xen", |step, scratch| match &xen_source {
            Some(source) => xen::build(step, source, scratch),
            None => x86::xen(plan.kind.release(), step, &sysroot, &scratch.out()),
        })?;
        if let Some(source) = plan.linux_source.as_ref().map(at) {
            let kernel = match plan.kind.arch() {
                Arch::Arm64 => linux::ARM64,
                Arch::X86 => linux::X86,
            };
            self.build(&plan.linux, "the kernel", |step, scratch| {
                kernel.build(step, &source, scratch)
            })?;
        }
        let parts = Parts {
            arch: plan.kind.arch(),
            xen: plan.kind.release().xen,
            sysroot: &sysroot,
            linux: &linux,
            guest_linux: guest_linux.as_deref(),
        };
        self.build(&plan.domu, "the guests' root", |_, scratch| {
            root::build_domu(parts, &scratch.out())
        })?;
        self.build(&plan.dom0, "dom0's root", |step, scratch| {
            root::build_dom0(step, parts, &domu, &scratch.out())
        })
    }

    /// Makes `recipe` from what the private apt has.
    fn download(
        &mut self,
        plan: &Plan,
        recipe: &Recipe,
        name: &str,
        fetch: impl FnOnce(&Apt, &mut Step<'_>, &Scratch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.cache.has(recipe) {
            return Ok(());
        }
        let apt = match self.apt.take() {
            Some(apt) => apt,
            None => {
                let name = format!("package lists of {}", plan.kind.name());
                let mut step = self.reporter.step(&name);
                let apt = Apt::suite(self.cache, &mut step, plan.kind.arch())?;
                step.done();
                apt
            }
        };
        let done = self.build(recipe, name, |step, scratch| fetch(&apt, step, scratch));
        self.apt = Some(apt);
        done
    }

    fn build(
        &mut self,
        recipe: &Recipe,
        name: &str,
        make: impl FnOnce(&mut Step<'_>, &Scratch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.cache.has(recipe) {
            return Ok(());
        }
        let mut step = self.reporter.step(name);
        self.cache
            .build(recipe, |scratch| make(&mut step, scratch))?;
        step.done();
        Ok(())
    }
}
