// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What `cargo xtask` does with its arguments.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use crate::{
    args::{Args, LabTask, Task},
    bench,
    cache::Cache,
    check, demo,
    error::{Error, report},
    fuzz,
    lab::{
        self, Kind, Lab, Plan,
        boot::{Boot, End, Outcome},
    },
    soak,
};

/// The exit code of `lab run` if the script never ended.
const NEVER_ENDED: u8 = 125;

/// Does what `args` ask for; errors are reported on the standard error.
pub fn run(args: Args) -> ExitCode {
    let result = match args.task {
        Task::Test { names, no_lab } => Ok(check::run(&names, no_lab)),
        Task::Abi { args } => match check::abi::run(&args) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            // It has said why.
            Err(_) => Ok(ExitCode::FAILURE),
        },
        Task::Demo { arch } => demo::run(arch),
        Task::Bench {
            subject,
            arch,
            check,
        } => bench::run(subject, arch, check),
        Task::Fuzz { name, seconds } => fuzz::run(&name, seconds),
        Task::Soak { subject, names } => soak::run(subject, &names),
        Task::Lab(task) => run_lab(task),
    };
    result.unwrap_or_else(|error| {
        report(&error);
        ExitCode::FAILURE
    })
}

fn run_lab(task: LabTask) -> Result<ExitCode, Error> {
    let cache = Cache::open()?;
    match task {
        LabTask::Setup { kind } => setup(&cache, kind),
        LabTask::Run {
            script,
            files,
            kind,
            smp,
            pvh,
            timeout,
            verbose,
        } => {
            let lab = Lab::setup(&cache, kind)?;
            let boot = Boot::new(&lab)
                .smp(smp)
                .pvh(pvh)
                .timeout(Duration::from_secs(timeout));
            run_script(boot.verbose(verbose), script, files)
        }
        LabTask::Shell { kind, smp, pvh } => {
            let lab = Lab::setup(&cache, kind)?;
            eprintln!("Leave the shell, or type Ctrl-A X, to switch the machine off.");
            let status = Boot::new(&lab).smp(smp).pvh(pvh).shell()?;
            Ok(if status.success() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        LabTask::Status { kind } => {
            for line in lab::status(&cache, kind)? {
                println!("{line}");
            }
            Ok(ExitCode::SUCCESS)
        }
        LabTask::Clean => {
            let (plans, headers) = (Kind::ALL.map(Plan::new), check::abi::recipe());
            let mut wanted: Vec<_> = plans.iter().flat_map(Plan::all).collect();
            wanted.push(&headers);
            for name in cache.clean(&wanted)? {
                println!("removed {name}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn setup(cache: &Cache, kind: Kind) -> Result<ExitCode, Error> {
    let started = Instant::now();
    Lab::setup(cache, kind)?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "The lab of {} is complete in {} ({seconds:.1} s)",
        kind.name(),
        cache.root().display()
    );
    Ok(ExitCode::SUCCESS)
}

fn run_script(mut boot: Boot<'_>, script: PathBuf, files: Vec<PathBuf>) -> Result<ExitCode, Error> {
    boot = boot.script(script);
    for file in files {
        let name = name_of(&file)?;
        boot = boot.file(&name, file);
    }
    let outcome = boot.run(|line| println!("{line}"))?;
    Ok(ExitCode::from(code(&outcome)))
}

/// The name of a file in `/test`.
fn name_of(path: &Path) -> Result<String, Error> {
    let real = path.canonicalize().map_err(Error::path("find", path))?;
    let name = path.file_name().or(real.file_name()).unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}

fn code(outcome: &Outcome) -> u8 {
    let seconds = outcome.took.as_secs_f64();
    match outcome.end {
        End::Exit(code) => return u8::try_from(code).unwrap_or(1),
        End::Off => eprintln!("the machine went off after {seconds:.1} s"),
        End::TimeUp => eprintln!("the script has not ended after {seconds:.1} s"),
    }
    eprintln!("the serial log is {}", outcome.serial.display());
    NEVER_ENDED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(end: End) -> Outcome {
        Outcome {
            end,
            lines: vec![],
            serial: PathBuf::new(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn the_exit_code_is_the_scripts() {
        assert_eq!(code(&outcome(End::Exit(7))), 7);
    }

    #[test]
    fn a_script_that_never_ended_is_125() {
        assert_eq!(
            (code(&outcome(End::Off)), code(&outcome(End::TimeUp))),
            (125, 125)
        );
    }

    #[test]
    fn a_directory_is_named_by_its_last_part() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        assert_eq!(name_of(&dir.path().join("data")).unwrap(), "data");
    }
}
