// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Making what is missing of the lab.

use super::{Plan, apt::Apt, host, linux, root, rust, xen};
use crate::{
    cache::{Cache, Scratch},
    error::Error,
    progress::{Reporter, Step},
    recipe::Recipe,
};

/// Makes what `cache` lacks of `plan`, and installs what this machine lacks.
pub(super) fn make(cache: &Cache, plan: &Plan) -> Result<(), Error> {
    cache.sweep();
    let packages = host::missing(host::PACKAGES)?;
    let complete = plan.all().iter().all(|recipe| cache.has(recipe));
    if packages.is_empty() && complete {
        return Ok(());
    }
    let mut reporter = Reporter::new(cache.log("setup")?)?;
    eprintln!(
        "Setting up the lab; the log is {}",
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
        self.download(
            &plan.sysroot,
            "dom0's and the guests' packages",
            root::fetch,
        )?;
        self.download(&plan.xen_source, "Xen's source", xen::fetch)?;
        self.download(&plan.linux_source, "the kernel's source", linux::fetch)?;
        let Some(rust) = &plan.rust else {
            return Ok(());
        };
        let cache = self.cache;
        self.build(rust, "Debian's Rust for arm64", |step, scratch| {
            let apt = Apt::host(cache, step)?;
            rust::fetch(&apt, step, &scratch.out())
        })
    }

    fn builds(&mut self, plan: &Plan) -> Result<(), Error> {
        let at = |recipe: &Recipe| self.cache.artefact(recipe);
        let (sysroot, linux, domu) = (at(&plan.sysroot), at(&plan.linux), at(&plan.domu));
        let (xen_source, linux_source) = (at(&plan.xen_source), at(&plan.linux_source));
        self.build(&plan.xen, "Xen", |step, scratch| {
            xen::build(step, &xen_source, scratch)
        })?;
        self.build(&plan.linux, "the kernel", |step, scratch| {
            linux::build(step, &linux_source, scratch)
        })?;
        self.build(&plan.domu, "the guests' root", |_, scratch| {
            root::build_domu(&sysroot, &scratch.out())
        })?;
        self.build(&plan.dom0, "dom0's root", |step, scratch| {
            root::build_dom0(step, &sysroot, &linux, &domu, &scratch.out())
        })
    }

    /// Makes `recipe` from what the private apt has.
    fn download(
        &mut self,
        recipe: &Recipe,
        name: &str,
        fetch: impl FnOnce(&Apt, &mut Step<'_>, &std::path::Path) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.cache.has(recipe) {
            return Ok(());
        }
        let apt = match self.apt.take() {
            Some(apt) => apt,
            None => {
                let mut step = self.reporter.step("package lists of arm64");
                let apt = Apt::arm64(self.cache, &mut step)?;
                step.done();
                apt
            }
        };
        let done = self.build(recipe, name, |step, scratch| {
            fetch(&apt, step, &scratch.out())
        });
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
