// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The command line of the emulator.

use std::process::Command;

use super::Boot;
use crate::{cache::Scratch, lab::Arch, server::Server};

/// What a machine's console and dom0's script are connected with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Console {
    /// The console with the standard error, a port for the script with the standard output.
    Scripted,
    /// The console with this terminal.
    Interactive,
}

/// The emulator's `stdio` would do for the port only as long as there is a standard input: its end
/// hangs up.
const SCRIPTED: &[&str] = &[
    "-monitor",
    "none",
    "-chardev",
    "file,id=console,path=/dev/stderr",
    "-serial",
    "chardev:console",
    "-chardev",
    "file,id=script,path=/dev/stdout",
];
const PORT: &[&str] = &["-device", "virtserialport,chardev=script,name=script"];
const INTERACTIVE: &[&str] = &["-serial", "mon:stdio"];

const ARM64_BUS: &[&str] = &[
    "-global",
    "virtio-mmio.force-legacy=false",
    "-device",
    "virtio-serial-device",
];
/// Its memory is reached through dom0's kernel, which knows where Xen has put a page.
const X86_BUS: &[&str] = &[
    "-device",
    "virtio-serial-pci,disable-legacy=on,iommu_platform=on",
];

const COUNTED: &[&str] = &[
    "-accel",
    "tcg,thread=single",
    "-icount",
    "shift=2,sleep=off",
];

const ARM64_XEN: &str = "console=dtuart dom0_mem=768M bootscrub=0 loglvl=info guest_loglvl=info";
/// Without what takes time or memory where nothing has to be kept from anybody.
const X86_XEN: &str = concat!(
    "console=com1 com1=115200,8n1 dom0_mem=1024M,max:1024M bootscrub=0 loglvl=info ",
    "guest_loglvl=info noreboot=1 no-real-mode edd=off spec-ctrl=off xpti=0 pv-l1tf=0 watchdog=0"
);
const X86_MACHINE: &[&str] = &["-machine", "pc,usb=off,graphics=off"];
/// A PVH dom0 needs an IOMMU, which translates what devices ask for as well.
const X86_PVH_MACHINE: &[&str] = &[
    "-machine",
    "q35,usb=off,graphics=off",
    "-device",
    "amd-iommu,intremap=on,dma-remap=on",
];
const DOM0_PVH: &str = " dom0=pvh";
const DOM0_PINNED: &str = " dom0_max_vcpus=1 dom0_vcpus_pin";

const ARM64_DOM0: &str = "console=hvc0 rdinit=/init panic=-1";
const X86_DOM0: &str = "console=hvc0 mitigations=off nokaslr rdinit=/init panic=-1";

impl Boot<'_> {
    /// The emulator's command line; it is run in a directory of its own.
    pub(super) fn emulator(&self, scratch: &Scratch, console: Console) -> Command {
        let mut words = self.lab.emulator().into_iter();
        // Should this process be killed, the kernel kills the emulator.
        let mut command = Server::command(words.next().unwrap_or_default());
        command.args(words).current_dir(scratch.work());
        command.args(["-smp", &self.smp.to_string()]);
        match self.counted {
            true => command.args(COUNTED),
            false => command.args(["-accel", "tcg,thread=multi"]),
        };
        command.args(["-display", "none", "-no-reboot", "-nodefaults"]);
        let bus = match self.lab.arch() {
            Arch::Arm64 => ARM64_BUS,
            Arch::X86 => X86_BUS,
        };
        match console {
            Console::Scripted => command.args(SCRIPTED).args(bus).args(PORT),
            Console::Interactive => command.args(INTERACTIVE),
        };
        command.arg("-kernel").arg(self.lab.xen());
        match self.lab.arch() {
            Arch::Arm64 => self.arm64(&mut command),
            Arch::X86 => self.x86(&mut command),
        }
        command
    }

    /// The emulator puts Xen at the beginning of the memory, 0x4000_0000, and the device tree at
    /// 0x4800_0000; dom0's kernel and root have to keep clear of both.
    fn arm64(&self, command: &mut Command) {
        let machine = format!("virt,virtualization=on,gic-version={}", self.gic);
        command
            .args(["-machine", &machine, "-cpu", "cortex-a57"])
            .args(["-m", &self.memory.unwrap_or(2048).to_string()])
            .args(["-append", &self.xen_words(ARM64_XEN)])
            .arg("-device")
            .arg(format!(
                "guest-loader,addr=0x50000000,kernel=kernel,bootargs={ARM64_DOM0}"
            ))
            .args(["-device", "guest-loader,addr=0x58000000,initrd=initrd"]);
    }

    /// The emulator hands over dom0's kernel and root as modules of Multiboot: a module's words are
    /// behind a space, so that its own name has none.
    fn x86(&self, command: &mut Command) {
        command
            .args(if self.pvh {
                X86_PVH_MACHINE
            } else {
                X86_MACHINE
            })
            .args(["-vga", "none"])
            .args(["-cpu", "qemu64,+svm,+npt", "-no-user-config"])
            .args(["-m", &self.memory.unwrap_or(3072).to_string()])
            .args(["-append", &self.xen_words(X86_XEN)])
            .arg("-initrd")
            .arg(format!("kernel {X86_DOM0},initrd"));
        if let Some(image) = &self.disk {
            let image = image.display();
            command
                .arg("-drive")
                .arg(format!(
                    "file={image},format=raw,if=none,id=disk,snapshot=on"
                ))
                .args([
                    "-device",
                    "virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on",
                ]);
        }
    }

    fn xen_words(&self, words: &str) -> String {
        let pinned = if self.pinned { DOM0_PINNED } else { "" };
        let pvh = if self.pvh { DOM0_PVH } else { "" };
        format!("{words}{pinned}{pvh}")
    }
}
