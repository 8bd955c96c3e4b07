// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! From Xen's jump into the Image to Rust: header, translation, stack, exceptions; and the functions
//! that compiled code takes for granted.
//!
//! Xen on Arm wants all memory that it shares to be cacheable, so the caches are on, which takes
//! translation: every address is itself. The tables are part of the Image, so that nothing has to
//! be written while the caches are off.

// UNSAFE: this is where everything begins.
#![expect(unsafe_code)]

use core::arch::global_asm;

global_asm!(
    // Linux, Documentation/arch/arm64/booting.rst, "Call the kernel image".
    ".section .head, \"ax\"",
    ".global _start",
    "_start:",
    "b 1f",
    ".long 0",
    ".quad 0",              // loaded at the beginning of the memory
    ".quad __end - _start", // bytes, with what is not in the file
    ".quad 0xa",            // little endian, pages of 4 KiB, memory anywhere
    ".quad 0, 0, 0",
    ".ascii \"ARM\\x64\"",
    ".long 0",
    "1:",
    "msr daifset, #0xf", // x0, the device tree, is left alone
    "ldr x1, =0xff",     // attribute 0: normal memory, write-back
    "msr mair_el1, x1",
    // 39 bits of addresses, 4 KiB, tables cacheable and inner shareable, no upper half.
    "ldr x1, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23)",
    "msr tcr_el1, x1",
    "adrp x1, level1",
    "msr ttbr0_el1, x1",
    "isb",
    "tlbi vmalle1",
    "ic iallu",
    "dsb sy",
    "isb",
    // Translation, data and instruction caches, and the bits that are always 1.
    "ldr x1, =(0x30d00800 | 1 << 12 | 1 << 2 | 1)",
    "msr sctlr_el1, x1",
    "mov x1, #(3 << 20)", // compiled code uses the vector registers
    "msr cpacr_el1, x1",
    "adr x1, vectors",
    "msr vbar_el1, x1",
    "isb",
    "ldr x1, =__bss",
    "ldr x2, =__bss_end",
    "2: cmp x1, x2",
    "b.hs 3f",
    "stp xzr, xzr, [x1], #16",
    "b 2b",
    "3: ldr x1, =__stack",
    "mov sp, x1",
    "b begin",
    ".ltorg",
    // No interrupt is enabled: every exception is a mistake.
    ".balign 2048",
    "vectors:",
    ".rept 16",
    "b 4f",
    ".balign 128",
    ".endr",
    "4: ldr x3, =__stack",
    "mov sp, x3",
    "mrs x0, esr_el1",
    "mrs x1, elr_el1",
    "mrs x2, far_el1",
    "b exception",
    ".ltorg",
    // Blocks: valid, attribute 0, inner shareable, accessed, not for user space.
    ".section .tables, \"aw\"",
    ".balign 4096",
    "level1:",
    ".quad level2 + 3",
    ".quad 0x0040000040000701, 0x0040000080000701, 0x00400000c0000701",
    ".zero 4096 - 4 * 8",
    // Of the first GiB, what is between the grant table and the memory: the pages of console and
    // XenStore are there, 0x38000000 to 0x39200000.
    "level2:",
    ".zero 448 * 8",
    ".set block, 0x0040000038000701",
    ".rept 9",
    ".quad block",
    ".set block, block + 0x200000",
    ".endr",
    ".zero (512 - 448 - 9) * 8",
    // memcpy, memmove, memset, memcmp and bcmp: the target's core relies on a libc for them. In
    // Rust, the compiler would make calls of themselves of their loops.
    ".text",
    ".global memcpy, memmove, memset, memcmp, bcmp",
    "memmove: cmp x0, x1",
    "b.hi 2f",
    "memcpy: mov x3, x0",
    "1: cbz x2, 4f",
    "ldrb w4, [x1], #1",
    "strb w4, [x3], #1",
    "sub x2, x2, #1",
    "b 1b",
    "2: add x1, x1, x2",
    "add x3, x0, x2",
    "3: cbz x2, 4f",
    "ldrb w4, [x1, #-1]!",
    "strb w4, [x3, #-1]!",
    "sub x2, x2, #1",
    "b 3b",
    "4: ret",
    "memset: mov x3, x0",
    "5: cbz x2, 4b",
    "strb w1, [x3], #1",
    "sub x2, x2, #1",
    "b 5b",
    "memcmp: bcmp: mov x5, x0",
    "mov w0, #0",
    "6: cbz x2, 4b",
    "ldrb w3, [x5], #1",
    "ldrb w4, [x1], #1",
    "sub x2, x2, #1",
    "subs w0, w3, w4",
    "b.eq 6b",
    "ret",
);
