// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What runs inside the lab's guests: one program, a subcommand per task.

mod aio;
mod bench;
mod driver;
mod forge;
mod function;
mod gpio;
mod i2c;
mod io;
mod level;
mod memory;
mod pci;
mod poke;
mod storm;
#[cfg(target_arch = "x86_64")]
mod strings;
mod window;

use std::{env, process::ExitCode};

const USAGE: &str = "usage: lab-guest bench depth-1|depth-32|read-mib|write-mib DISK COUNT
       lab-guest bench entropy|i2c|register NODE COUNT
       lab-guest poke BASE [SEED] [COUNT]
       lab-guest pci SLOT [SEED] [COUNT]
       lab-guest storm BASE COUNT
       lab-guest strings SLOT (on x86)
       lab-guest forge BASE grants|plain ROUNDS
       lab-guest io DEVICE REQUESTS [SEED] [THREADS]
       lab-guest i2c NODE detect
       lab-guest i2c NODE use|refused CHIP
       lab-guest gpio NODE names
       lab-guest gpio NODE pair OUT IN
       lab-guest gpio NODE hold OUT VALUE IN
       lab-guest gpio NODE wait LINE rising|falling|both COUNT
       lab-guest level BASE wired|told";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match *words {
        ["bench", ref words @ ..] => bench::main(words),
        ["forge", ref words @ ..] => forge::main(words),
        ["gpio", ref words @ ..] => gpio::main(words),
        ["i2c", ref words @ ..] => i2c::main(words),
        ["io", ref rest @ ..] => io::main(rest),
        ["level", ref words @ ..] => level::main(words),
        ["pci", ref numbers @ ..] => pci::main(numbers),
        ["poke", ref numbers @ ..] => poke::main(numbers),
        ["storm", ref args @ ..] => storm::main(args),
        #[cfg(target_arch = "x86_64")]
        ["strings", ref words @ ..] => strings::main(words),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-guest: {error}");
            ExitCode::FAILURE
        }
    }
}
