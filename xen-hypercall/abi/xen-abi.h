/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Generated from abi/{interface}.yaml by `xen-abi generate`: edit those files. */
#ifndef XEN_ABI_H
#define XEN_ABI_H

#include <stddef.h>
#include <stdint.h>

/* ==== Xen's own console ==== */

#define XEN_ABI_CONSOLE_HYPERCALL 18

#define XEN_ABI_CONSOLE_OP_WRITE 0
#define XEN_ABI_CONSOLE_OP_READ 1

/* A guest's own console, which `xenconsoled` in dom0 serves: the page
 * `HVM_PARAM_CONSOLE_PFN` */
struct xen_abi_console_xencons_interface {
    /* What was typed */
    uint8_t input[1024];
    /* What the guest prints */
    uint8_t output[2048];
    /* How many bytes the guest has taken */
    uint32_t in_cons;
    /* How many bytes were typed */
    uint32_t in_prod;
    /* How many bytes were printed */
    uint32_t out_cons;
    /* How many bytes the guest has written */
    uint32_t out_prod;
};
_Static_assert(sizeof(struct xen_abi_console_xencons_interface) == 3088, "xencons_interface");
_Static_assert(offsetof(struct xen_abi_console_xencons_interface, input) == 0, "xencons_interface.input");
_Static_assert(offsetof(struct xen_abi_console_xencons_interface, output) == 1024, "xencons_interface.output");
_Static_assert(offsetof(struct xen_abi_console_xencons_interface, in_cons) == 3072, "xencons_interface.in_cons");
_Static_assert(offsetof(struct xen_abi_console_xencons_interface, in_prod) == 3076, "xencons_interface.in_prod");
_Static_assert(offsetof(struct xen_abi_console_xencons_interface, out_cons) == 3080, "xencons_interface.out_cons");
_Static_assert(offsetof(struct xen_abi_console_xencons_interface, out_prod) == 3084, "xencons_interface.out_prod");

/* ==== Device model operations ==== */

#define XEN_ABI_DM_OP_HYPERCALL 41

/* Bytes of number and zero before the arguments */
#define XEN_ABI_DM_OP_SIZE_MIN 8
/* Xen takes no more buffers (`E2BIG`) */
#define XEN_ABI_DM_OP_BUFFERS_MAX 2
/* Type for `pin_memory_cacheattr` that removes a pinned range */
#define XEN_ABI_DM_OP_DELETE_MEM_CACHEATTR 0xffffffffU
/* None; the only choice on Arm */
#define XEN_ABI_DM_OP_BUFIOREQ_OFF 0
/* The pointers are updated one after the other */
#define XEN_ABI_DM_OP_BUFIOREQ_LEGACY 1
/* Both pointers are updated by one compare and exchange */
#define XEN_ABI_DM_OP_BUFIOREQ_ATOMIC 2
/* x86 port numbers */
#define XEN_ABI_DM_OP_IO_RANGE_PORT 0
/* Guest-physical addresses */
#define XEN_ABI_DM_OP_IO_RANGE_MEMORY 1
/* A PCI function; both ends are segment << 16, bus << 8, device << 3,
 * function */
#define XEN_ABI_DM_OP_IO_RANGE_PCI 2
/* External interrupt */
#define XEN_ABI_DM_OP_EVENT_TYPE_EXT_INT 0
/* Non-maskable interrupt */
#define XEN_ABI_DM_OP_EVENT_TYPE_NMI 2
/* Hardware exception */
#define XEN_ABI_DM_OP_EVENT_TYPE_HW_EXC 3
/* Software interrupt (`INT n`) */
#define XEN_ABI_DM_OP_EVENT_TYPE_SW_INT 4
/* Privileged software exception (`ICEBP`) */
#define XEN_ABI_DM_OP_EVENT_TYPE_PRI_SW_EXC 5
/* Software exception (`INT3`, `INTO`) */
#define XEN_ABI_DM_OP_EVENT_TYPE_SW_EXC 6
/* Uncacheable */
#define XEN_ABI_DM_OP_CACHEATTR_UC 0
/* Write combining */
#define XEN_ABI_DM_OP_CACHEATTR_WC 1
/* Write through */
#define XEN_ABI_DM_OP_CACHEATTR_WT 4
/* Write protected */
#define XEN_ABI_DM_OP_CACHEATTR_WP 5
/* Write back */
#define XEN_ABI_DM_OP_CACHEATTR_WB 6
/* Uncacheable unless the guest says otherwise */
#define XEN_ABI_DM_OP_CACHEATTR_UCM 7
/* Do not place the pages in the guest; needed on Arm and where pages are
 * mapped as a resource */
#define XEN_ABI_DM_OP_SERVER_INFO_NO_GFNS 1
/* Reads; Xen refuses it so far */
#define XEN_ABI_DM_OP_MEM_ACCESS_READ 1
/* Writes */
#define XEN_ABI_DM_OP_MEM_ACCESS_WRITE 2
#define XEN_ABI_DM_OP_OP_CREATE_IOREQ_SERVER 1
#define XEN_ABI_DM_OP_OP_GET_IOREQ_SERVER_INFO 2
#define XEN_ABI_DM_OP_OP_MAP_IO_RANGE_TO_IOREQ_SERVER 3
#define XEN_ABI_DM_OP_OP_UNMAP_IO_RANGE_FROM_IOREQ_SERVER 4
#define XEN_ABI_DM_OP_OP_SET_IOREQ_SERVER_STATE 5
#define XEN_ABI_DM_OP_OP_DESTROY_IOREQ_SERVER 6
#define XEN_ABI_DM_OP_OP_TRACK_DIRTY_VRAM 7
#define XEN_ABI_DM_OP_OP_SET_PCI_INTX_LEVEL 8
#define XEN_ABI_DM_OP_OP_SET_ISA_IRQ_LEVEL 9
#define XEN_ABI_DM_OP_OP_SET_PCI_LINK_ROUTE 10
#define XEN_ABI_DM_OP_OP_MODIFIED_MEMORY 11
#define XEN_ABI_DM_OP_OP_SET_MEM_TYPE 12
#define XEN_ABI_DM_OP_OP_INJECT_EVENT 13
#define XEN_ABI_DM_OP_OP_INJECT_MSI 14
#define XEN_ABI_DM_OP_OP_MAP_MEM_TYPE_TO_IOREQ_SERVER 15
#define XEN_ABI_DM_OP_OP_REMOTE_SHUTDOWN 16
#define XEN_ABI_DM_OP_OP_RELOCATE_MEMORY 17
#define XEN_ABI_DM_OP_OP_PIN_MEMORY_CACHEATTR 18
#define XEN_ABI_DM_OP_OP_SET_IRQ_LEVEL 19
#define XEN_ABI_DM_OP_OP_NR_VCPUS 20

/* Creates an IOREQ server */
struct xen_abi_dm_op_create_ioreq_server {
    /* Whether it has a page of buffered writes */
    uint8_t handle_bufioreq;
    /* Zero. */
    uint8_t pad0[3];
    /* The new server */
    uint16_t id;
};
_Static_assert(sizeof(struct xen_abi_dm_op_create_ioreq_server) == 6, "create_ioreq_server");
_Static_assert(offsetof(struct xen_abi_dm_op_create_ioreq_server, handle_bufioreq) == 0, "create_ioreq_server.handle_bufioreq");
_Static_assert(offsetof(struct xen_abi_dm_op_create_ioreq_server, pad0) == 1, "create_ioreq_server.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_create_ioreq_server, id) == 4, "create_ioreq_server.id");


/* Where an IOREQ server's pages and its buffered event channel are */
struct xen_abi_dm_op_get_ioreq_server_info {
    /* The server */
    uint16_t id;
    /* What not to do */
    uint16_t flags;
    /* Xen's end of the channel for buffered writes */
    uint32_t bufioreq_port;
    /* The page of slots */
    uint64_t ioreq_gfn;
    /* The page of buffered writes */
    uint64_t bufioreq_gfn;
};
_Static_assert(sizeof(struct xen_abi_dm_op_get_ioreq_server_info) == 24, "get_ioreq_server_info");
_Static_assert(offsetof(struct xen_abi_dm_op_get_ioreq_server_info, id) == 0, "get_ioreq_server_info.id");
_Static_assert(offsetof(struct xen_abi_dm_op_get_ioreq_server_info, flags) == 2, "get_ioreq_server_info.flags");
_Static_assert(offsetof(struct xen_abi_dm_op_get_ioreq_server_info, bufioreq_port) == 4, "get_ioreq_server_info.bufioreq_port");
_Static_assert(offsetof(struct xen_abi_dm_op_get_ioreq_server_info, ioreq_gfn) == 8, "get_ioreq_server_info.ioreq_gfn");
_Static_assert(offsetof(struct xen_abi_dm_op_get_ioreq_server_info, bufioreq_gfn) == 16, "get_ioreq_server_info.bufioreq_gfn");


/* A range of a server; the newest server that has an address gets the
 * access */
struct xen_abi_dm_op_ioreq_server_range {
    /* The server */
    uint16_t id;
    /* Zero. */
    uint8_t pad0[2];
    /* What the ends are */
    uint32_t kind;
    /* The first */
    uint64_t start;
    /* The last, which belongs to the range */
    uint64_t end;
};
_Static_assert(sizeof(struct xen_abi_dm_op_ioreq_server_range) == 24, "ioreq_server_range");
_Static_assert(offsetof(struct xen_abi_dm_op_ioreq_server_range, id) == 0, "ioreq_server_range.id");
_Static_assert(offsetof(struct xen_abi_dm_op_ioreq_server_range, pad0) == 2, "ioreq_server_range.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_ioreq_server_range, kind) == 4, "ioreq_server_range.kind");
_Static_assert(offsetof(struct xen_abi_dm_op_ioreq_server_range, start) == 8, "ioreq_server_range.start");
_Static_assert(offsetof(struct xen_abi_dm_op_ioreq_server_range, end) == 16, "ioreq_server_range.end");


/* Enables or disables an IOREQ server */
struct xen_abi_dm_op_set_ioreq_server_state {
    /* The server */
    uint16_t id;
    /* Not zero when the guest's accesses go to it */
    uint8_t enabled;
    /* Zero. */
    uint8_t pad0[1];
};
_Static_assert(sizeof(struct xen_abi_dm_op_set_ioreq_server_state) == 4, "set_ioreq_server_state");
_Static_assert(offsetof(struct xen_abi_dm_op_set_ioreq_server_state, id) == 0, "set_ioreq_server_state.id");
_Static_assert(offsetof(struct xen_abi_dm_op_set_ioreq_server_state, enabled) == 2, "set_ioreq_server_state.enabled");
_Static_assert(offsetof(struct xen_abi_dm_op_set_ioreq_server_state, pad0) == 3, "set_ioreq_server_state.pad0");


/* Destroys an IOREQ server */
struct xen_abi_dm_op_destroy_ioreq_server {
    /* The server */
    uint16_t id;
    /* Zero. */
    uint8_t pad0[2];
};
_Static_assert(sizeof(struct xen_abi_dm_op_destroy_ioreq_server) == 4, "destroy_ioreq_server");
_Static_assert(offsetof(struct xen_abi_dm_op_destroy_ioreq_server, id) == 0, "destroy_ioreq_server.id");
_Static_assert(offsetof(struct xen_abi_dm_op_destroy_ioreq_server, pad0) == 2, "destroy_ioreq_server.pad0");


/* A range of frames of which the guest's writes are recorded */
struct xen_abi_dm_op_track_dirty_vram {
    /* How many; zero stops the recording */
    uint32_t nr;
    /* Zero. */
    uint8_t pad0[4];
    /* The first frame */
    uint64_t first_pfn;
};
_Static_assert(sizeof(struct xen_abi_dm_op_track_dirty_vram) == 16, "track_dirty_vram");
_Static_assert(offsetof(struct xen_abi_dm_op_track_dirty_vram, nr) == 0, "track_dirty_vram.nr");
_Static_assert(offsetof(struct xen_abi_dm_op_track_dirty_vram, pad0) == 4, "track_dirty_vram.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_track_dirty_vram, first_pfn) == 8, "track_dirty_vram.first_pfn");


/* The level of a PCI interrupt pin */
struct xen_abi_dm_op_set_pci_intx_level {
    /* PCI segment; zero */
    uint16_t domain;
    /* PCI bus; zero */
    uint8_t bus;
    /* PCI device; below 32 */
    uint8_t device;
    /* Pin: 0 is INTA, 3 is INTD */
    uint8_t intx;
    /* 0 or 1 */
    uint8_t level;
};
_Static_assert(sizeof(struct xen_abi_dm_op_set_pci_intx_level) == 6, "set_pci_intx_level");
_Static_assert(offsetof(struct xen_abi_dm_op_set_pci_intx_level, domain) == 0, "set_pci_intx_level.domain");
_Static_assert(offsetof(struct xen_abi_dm_op_set_pci_intx_level, bus) == 2, "set_pci_intx_level.bus");
_Static_assert(offsetof(struct xen_abi_dm_op_set_pci_intx_level, device) == 3, "set_pci_intx_level.device");
_Static_assert(offsetof(struct xen_abi_dm_op_set_pci_intx_level, intx) == 4, "set_pci_intx_level.intx");
_Static_assert(offsetof(struct xen_abi_dm_op_set_pci_intx_level, level) == 5, "set_pci_intx_level.level");


/* The level of an ISA interrupt line */
struct xen_abi_dm_op_set_isa_irq_level {
    /* The line; below 16 */
    uint8_t isa_irq;
    /* 0 or 1 */
    uint8_t level;
};
_Static_assert(sizeof(struct xen_abi_dm_op_set_isa_irq_level) == 2, "set_isa_irq_level");
_Static_assert(offsetof(struct xen_abi_dm_op_set_isa_irq_level, isa_irq) == 0, "set_isa_irq_level.isa_irq");
_Static_assert(offsetof(struct xen_abi_dm_op_set_isa_irq_level, level) == 1, "set_isa_irq_level.level");


/* The ISA line of a PCI interrupt link */
struct xen_abi_dm_op_set_pci_link_route {
    /* The link; below 4 */
    uint8_t link;
    /* The line, 1 to 15; 0 disconnects */
    uint8_t isa_irq;
};
_Static_assert(sizeof(struct xen_abi_dm_op_set_pci_link_route) == 2, "set_pci_link_route");
_Static_assert(offsetof(struct xen_abi_dm_op_set_pci_link_route, link) == 0, "set_pci_link_route.link");
_Static_assert(offsetof(struct xen_abi_dm_op_set_pci_link_route, isa_irq) == 1, "set_pci_link_route.isa_irq");


/* How many extents follow, and where a continued call goes on */
struct xen_abi_dm_op_modified_memory {
    /* Extents in the second buffer that are not done yet */
    uint32_t nr_extents;
    /* Zero at first; Xen's own */
    uint32_t opaque;
};
_Static_assert(sizeof(struct xen_abi_dm_op_modified_memory) == 8, "modified_memory");
_Static_assert(offsetof(struct xen_abi_dm_op_modified_memory, nr_extents) == 0, "modified_memory.nr_extents");
_Static_assert(offsetof(struct xen_abi_dm_op_modified_memory, opaque) == 4, "modified_memory.opaque");


/* Neighbouring frames that the device model has written */
struct xen_abi_dm_op_modified_memory_extent {
    /* How many */
    uint32_t nr;
    /* Zero. */
    uint8_t pad0[4];
    /* The first */
    uint64_t first_pfn;
};
_Static_assert(sizeof(struct xen_abi_dm_op_modified_memory_extent) == 16, "modified_memory_extent");
_Static_assert(offsetof(struct xen_abi_dm_op_modified_memory_extent, nr) == 0, "modified_memory_extent.nr");
_Static_assert(offsetof(struct xen_abi_dm_op_modified_memory_extent, pad0) == 4, "modified_memory_extent.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_modified_memory_extent, first_pfn) == 8, "modified_memory_extent.first_pfn");


/* The type of neighbouring frames */
struct xen_abi_dm_op_set_mem_type {
    /* How many; counts down when the call is continued */
    uint32_t nr;
    /* An `HVMMEM_` number */
    uint16_t mem_type;
    /* Zero. */
    uint8_t pad0[2];
    /* The first */
    uint64_t first_pfn;
};
_Static_assert(sizeof(struct xen_abi_dm_op_set_mem_type) == 16, "set_mem_type");
_Static_assert(offsetof(struct xen_abi_dm_op_set_mem_type, nr) == 0, "set_mem_type.nr");
_Static_assert(offsetof(struct xen_abi_dm_op_set_mem_type, mem_type) == 4, "set_mem_type.mem_type");
_Static_assert(offsetof(struct xen_abi_dm_op_set_mem_type, pad0) == 6, "set_mem_type.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_set_mem_type, first_pfn) == 8, "set_mem_type.first_pfn");


/* An event for a vCPU */
struct xen_abi_dm_op_inject_event {
    /* The vCPU */
    uint32_t vcpuid;
    /* Vector */
    uint8_t vector;
    /* What kind of event */
    uint8_t kind;
    /* Length of the instruction for software events */
    uint8_t insn_len;
    /* Zero. */
    uint8_t pad0[1];
    /* Error code; all ones for none */
    uint32_t error_code;
    /* Zero. */
    uint8_t pad1[4];
    /* Faulting address of a page fault */
    uint64_t cr2;
};
_Static_assert(sizeof(struct xen_abi_dm_op_inject_event) == 24, "inject_event");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, vcpuid) == 0, "inject_event.vcpuid");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, vector) == 4, "inject_event.vector");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, kind) == 5, "inject_event.kind");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, insn_len) == 6, "inject_event.insn_len");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, pad0) == 7, "inject_event.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, error_code) == 8, "inject_event.error_code");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, pad1) == 12, "inject_event.pad1");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_event, cr2) == 16, "inject_event.cr2");


/* A message-signalled interrupt */
struct xen_abi_dm_op_inject_msi {
    /* Message data */
    uint32_t data;
    /* Zero. */
    uint8_t pad0[4];
    /* Message address */
    uint64_t addr;
};
_Static_assert(sizeof(struct xen_abi_dm_op_inject_msi) == 16, "inject_msi");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_msi, data) == 0, "inject_msi.data");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_msi, pad0) == 4, "inject_msi.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_inject_msi, addr) == 8, "inject_msi.addr");


/* Gives the accesses to a memory type to a server */
struct xen_abi_dm_op_map_mem_type_to_ioreq_server {
    /* The server */
    uint16_t id;
    /* `HVMMEM_ioreq_server` */
    uint16_t mem_type;
    /* Which accesses; none takes the type back */
    uint32_t flags;
    /* Zero at first; Xen's own */
    uint64_t opaque;
};
_Static_assert(sizeof(struct xen_abi_dm_op_map_mem_type_to_ioreq_server) == 16, "map_mem_type_to_ioreq_server");
_Static_assert(offsetof(struct xen_abi_dm_op_map_mem_type_to_ioreq_server, id) == 0, "map_mem_type_to_ioreq_server.id");
_Static_assert(offsetof(struct xen_abi_dm_op_map_mem_type_to_ioreq_server, mem_type) == 2, "map_mem_type_to_ioreq_server.mem_type");
_Static_assert(offsetof(struct xen_abi_dm_op_map_mem_type_to_ioreq_server, flags) == 4, "map_mem_type_to_ioreq_server.flags");
_Static_assert(offsetof(struct xen_abi_dm_op_map_mem_type_to_ioreq_server, opaque) == 8, "map_mem_type_to_ioreq_server.opaque");


/* Shuts the guest down */
struct xen_abi_dm_op_remote_shutdown {
    /* A `SHUTDOWN_` number */
    uint32_t reason;
};
_Static_assert(sizeof(struct xen_abi_dm_op_remote_shutdown) == 4, "remote_shutdown");
_Static_assert(offsetof(struct xen_abi_dm_op_remote_shutdown, reason) == 0, "remote_shutdown.reason");


/* Moves frames within the guest's address space */
struct xen_abi_dm_op_relocate_memory {
    /* How many; undefined afterwards */
    uint32_t size;
    /* Zero. */
    uint8_t pad0[4];
    /* The first; undefined afterwards */
    uint64_t src_gfn;
    /* Where it goes; undefined afterwards */
    uint64_t dst_gfn;
};
_Static_assert(sizeof(struct xen_abi_dm_op_relocate_memory) == 24, "relocate_memory");
_Static_assert(offsetof(struct xen_abi_dm_op_relocate_memory, size) == 0, "relocate_memory.size");
_Static_assert(offsetof(struct xen_abi_dm_op_relocate_memory, pad0) == 4, "relocate_memory.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_relocate_memory, src_gfn) == 8, "relocate_memory.src_gfn");
_Static_assert(offsetof(struct xen_abi_dm_op_relocate_memory, dst_gfn) == 16, "relocate_memory.dst_gfn");


/* Fixes the caching of a range of frames */
struct xen_abi_dm_op_pin_memory_cacheattr {
    /* The first frame */
    uint64_t start;
    /* The last frame, which belongs to the range */
    uint64_t end;
    /* How it is cached */
    uint32_t kind;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_dm_op_pin_memory_cacheattr) == 24, "pin_memory_cacheattr");
_Static_assert(offsetof(struct xen_abi_dm_op_pin_memory_cacheattr, start) == 0, "pin_memory_cacheattr.start");
_Static_assert(offsetof(struct xen_abi_dm_op_pin_memory_cacheattr, end) == 8, "pin_memory_cacheattr.end");
_Static_assert(offsetof(struct xen_abi_dm_op_pin_memory_cacheattr, kind) == 16, "pin_memory_cacheattr.kind");
_Static_assert(offsetof(struct xen_abi_dm_op_pin_memory_cacheattr, pad0) == 20, "pin_memory_cacheattr.pad0");


/* The level of a shared peripheral interrupt */
struct xen_abi_dm_op_set_irq_level {
    /* The INTID: 32 or more, and not one that Xen itself drives */
    uint32_t irq;
    /* 0 or 1 */
    uint8_t level;
    /* Zero. */
    uint8_t pad0[3];
};
_Static_assert(sizeof(struct xen_abi_dm_op_set_irq_level) == 8, "set_irq_level");
_Static_assert(offsetof(struct xen_abi_dm_op_set_irq_level, irq) == 0, "set_irq_level.irq");
_Static_assert(offsetof(struct xen_abi_dm_op_set_irq_level, level) == 4, "set_irq_level.level");
_Static_assert(offsetof(struct xen_abi_dm_op_set_irq_level, pad0) == 5, "set_irq_level.pad0");


/* How many vCPUs the domain has at most */
struct xen_abi_dm_op_nr_vcpus {
    /* The answer */
    uint32_t vcpus;
};
_Static_assert(sizeof(struct xen_abi_dm_op_nr_vcpus) == 4, "nr_vcpus");
_Static_assert(offsetof(struct xen_abi_dm_op_nr_vcpus, vcpus) == 0, "nr_vcpus.vcpus");


/* The first buffer: which operation, and its arguments */
struct xen_abi_dm_op_xen_dm_op {
    /* The operation */
    uint32_t op;
    /* Zero. */
    uint8_t pad0[4];
    /* Its arguments */
    union {
        struct xen_abi_dm_op_create_ioreq_server create_ioreq_server; /* op == 1 */
        struct xen_abi_dm_op_get_ioreq_server_info get_ioreq_server_info; /* op == 2 */
        struct xen_abi_dm_op_ioreq_server_range map_io_range_to_ioreq_server; /* op == 3 */
        struct xen_abi_dm_op_ioreq_server_range unmap_io_range_from_ioreq_server; /* op == 4 */
        struct xen_abi_dm_op_set_ioreq_server_state set_ioreq_server_state; /* op == 5 */
        struct xen_abi_dm_op_destroy_ioreq_server destroy_ioreq_server; /* op == 6 */
        struct xen_abi_dm_op_track_dirty_vram track_dirty_vram; /* op == 7 */
        struct xen_abi_dm_op_set_pci_intx_level set_pci_intx_level; /* op == 8 */
        struct xen_abi_dm_op_set_isa_irq_level set_isa_irq_level; /* op == 9 */
        struct xen_abi_dm_op_set_pci_link_route set_pci_link_route; /* op == 10 */
        struct xen_abi_dm_op_modified_memory modified_memory; /* op == 11 */
        struct xen_abi_dm_op_set_mem_type set_mem_type; /* op == 12 */
        struct xen_abi_dm_op_inject_event inject_event; /* op == 13 */
        struct xen_abi_dm_op_inject_msi inject_msi; /* op == 14 */
        struct xen_abi_dm_op_map_mem_type_to_ioreq_server map_mem_type_to_ioreq_server; /* op == 15 */
        struct xen_abi_dm_op_remote_shutdown remote_shutdown; /* op == 16 */
        struct xen_abi_dm_op_relocate_memory relocate_memory; /* op == 17 */
        struct xen_abi_dm_op_pin_memory_cacheattr pin_memory_cacheattr; /* op == 18 */
        struct xen_abi_dm_op_set_irq_level set_irq_level; /* op == 19 */
        struct xen_abi_dm_op_nr_vcpus nr_vcpus; /* op == 20 */
    } u;
};
_Static_assert(sizeof(struct xen_abi_dm_op_xen_dm_op) == 32, "xen_dm_op");
_Static_assert(offsetof(struct xen_abi_dm_op_xen_dm_op, op) == 0, "xen_dm_op.op");
_Static_assert(offsetof(struct xen_abi_dm_op_xen_dm_op, pad0) == 4, "xen_dm_op.pad0");
_Static_assert(offsetof(struct xen_abi_dm_op_xen_dm_op, u) == 8, "xen_dm_op.u");


/* A buffer of the call */
struct xen_abi_dm_op_xen_dm_op_buf {
    /* Where it is */
    uint64_t h;
    /* Bytes of it */
    uint64_t size;
};
_Static_assert(sizeof(struct xen_abi_dm_op_xen_dm_op_buf) == 16, "xen_dm_op_buf");
_Static_assert(offsetof(struct xen_abi_dm_op_xen_dm_op_buf, h) == 0, "xen_dm_op_buf.h");
_Static_assert(offsetof(struct xen_abi_dm_op_xen_dm_op_buf, size) == 8, "xen_dm_op_buf.size");

/* ==== Event channels ==== */

#define XEN_ABI_EVENT_CHANNEL_HYPERCALL 32

/* Priorities of the FIFO interface */
#define XEN_ABI_EVENT_CHANNEL_FIFO_MAX_QUEUES 16
/* Bit of an event word that says it is pending */
#define XEN_ABI_EVENT_CHANNEL_FIFO_PENDING 31
/* Bit of an event word that masks it */
#define XEN_ABI_EVENT_CHANNEL_FIFO_MASKED 30
/* Bit of an event word that says it is in a queue */
#define XEN_ABI_EVENT_CHANNEL_FIFO_LINKED 29
/* Bit of an event word that Xen is working on */
#define XEN_ABI_EVENT_CHANNEL_FIFO_BUSY 28
/* Bits of an event word that name the next one */
#define XEN_ABI_EVENT_CHANNEL_FIFO_LINK_BITS 17
/* Flag of `bind_pirq`: the interrupt may be shared */
#define XEN_ABI_EVENT_CHANNEL_WILL_SHARE 1
/* Nothing; the port is free */
#define XEN_ABI_EVENT_CHANNEL_STATUS_CLOSED 0
/* Nothing yet: one domain may bind to it */
#define XEN_ABI_EVENT_CHANNEL_STATUS_UNBOUND 1
/* A port of another domain */
#define XEN_ABI_EVENT_CHANNEL_STATUS_INTERDOMAIN 2
/* A physical interrupt */
#define XEN_ABI_EVENT_CHANNEL_STATUS_PIRQ 3
/* A virtual interrupt */
#define XEN_ABI_EVENT_CHANNEL_STATUS_VIRQ 4
/* A vCPU of the same domain */
#define XEN_ABI_EVENT_CHANNEL_STATUS_IPI 5
#define XEN_ABI_EVENT_CHANNEL_OP_BIND_INTERDOMAIN 0
#define XEN_ABI_EVENT_CHANNEL_OP_BIND_VIRQ 1
#define XEN_ABI_EVENT_CHANNEL_OP_BIND_PIRQ 2
#define XEN_ABI_EVENT_CHANNEL_OP_CLOSE 3
#define XEN_ABI_EVENT_CHANNEL_OP_SEND 4
#define XEN_ABI_EVENT_CHANNEL_OP_STATUS 5
#define XEN_ABI_EVENT_CHANNEL_OP_ALLOC_UNBOUND 6
#define XEN_ABI_EVENT_CHANNEL_OP_BIND_IPI 7
#define XEN_ABI_EVENT_CHANNEL_OP_BIND_VCPU 8
#define XEN_ABI_EVENT_CHANNEL_OP_UNMASK 9
#define XEN_ABI_EVENT_CHANNEL_OP_RESET 10
#define XEN_ABI_EVENT_CHANNEL_OP_INIT_CONTROL 11
#define XEN_ABI_EVENT_CHANNEL_OP_EXPAND_ARRAY 12
#define XEN_ABI_EVENT_CHANNEL_OP_SET_PRIORITY 13

/* A new port that a domain may bind to */
struct xen_abi_event_channel_evtchn_alloc_unbound {
    /* Whose port */
    uint16_t dom;
    /* Who may bind */
    uint16_t remote_dom;
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_alloc_unbound) == 8, "evtchn_alloc_unbound");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_alloc_unbound, dom) == 0, "evtchn_alloc_unbound.dom");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_alloc_unbound, remote_dom) == 2, "evtchn_alloc_unbound.remote_dom");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_alloc_unbound, port) == 4, "evtchn_alloc_unbound.port");


/* A new port that is bound to one of another domain */
struct xen_abi_event_channel_evtchn_bind_interdomain {
    /* The other domain */
    uint16_t remote_dom;
    /* Zero. */
    uint8_t pad0[2];
    /* Its port */
    uint32_t remote_port;
    /* The new port */
    uint32_t local_port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_bind_interdomain) == 12, "evtchn_bind_interdomain");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_interdomain, remote_dom) == 0, "evtchn_bind_interdomain.remote_dom");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_interdomain, pad0) == 2, "evtchn_bind_interdomain.pad0");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_interdomain, remote_port) == 4, "evtchn_bind_interdomain.remote_port");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_interdomain, local_port) == 8, "evtchn_bind_interdomain.local_port");


/* A new port for a virtual interrupt */
struct xen_abi_event_channel_evtchn_bind_virq {
    /* A `VIRQ_` number */
    uint32_t virq;
    /* The vCPU; 0 for interrupts of the whole domain */
    uint32_t vcpu;
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_bind_virq) == 12, "evtchn_bind_virq");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_virq, virq) == 0, "evtchn_bind_virq.virq");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_virq, vcpu) == 4, "evtchn_bind_virq.vcpu");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_virq, port) == 8, "evtchn_bind_virq.port");


/* A new port for a physical interrupt */
struct xen_abi_event_channel_evtchn_bind_pirq {
    /* The interrupt */
    uint32_t pirq;
    /* Whether it may be shared */
    uint32_t flags;
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_bind_pirq) == 12, "evtchn_bind_pirq");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_pirq, pirq) == 0, "evtchn_bind_pirq.pirq");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_pirq, flags) == 4, "evtchn_bind_pirq.flags");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_pirq, port) == 8, "evtchn_bind_pirq.port");


/* A new port that wakes a vCPU of the same domain */
struct xen_abi_event_channel_evtchn_bind_ipi {
    /* The vCPU */
    uint32_t vcpu;
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_bind_ipi) == 8, "evtchn_bind_ipi");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_ipi, vcpu) == 0, "evtchn_bind_ipi.vcpu");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_ipi, port) == 4, "evtchn_bind_ipi.port");


/* A port to close */
struct xen_abi_event_channel_evtchn_close {
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_close) == 4, "evtchn_close");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_close, port) == 0, "evtchn_close.port");


/* A port to send on */
struct xen_abi_event_channel_evtchn_send {
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_send) == 4, "evtchn_send");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_send, port) == 0, "evtchn_send.port");


/* Who may bind to an unbound port */
struct xen_abi_event_channel_evtchn_status_unbound {
    /* The domain */
    uint16_t dom;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_status_unbound) == 2, "evtchn_status_unbound");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status_unbound, dom) == 0, "evtchn_status_unbound.dom");


/* The other end of a port */
struct xen_abi_event_channel_evtchn_status_interdomain {
    /* The other domain */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
    /* Its port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_status_interdomain) == 8, "evtchn_status_interdomain");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status_interdomain, dom) == 0, "evtchn_status_interdomain.dom");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status_interdomain, pad0) == 2, "evtchn_status_interdomain.pad0");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status_interdomain, port) == 4, "evtchn_status_interdomain.port");


/* What a port is bound to */
struct xen_abi_event_channel_evtchn_status {
    /* Whose port */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
    /* The port */
    uint32_t port;
    /* What it is bound to */
    uint32_t status;
    /* The vCPU that is told */
    uint32_t vcpu;
    /* The other end */
    union {
        struct xen_abi_event_channel_evtchn_status_unbound unbound; /* status == 1 */
        struct xen_abi_event_channel_evtchn_status_interdomain interdomain; /* status == 2 */
        uint32_t pirq; /* status == 3 */
        uint32_t virq; /* status == 4 */
    } u;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_status) == 24, "evtchn_status");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status, dom) == 0, "evtchn_status.dom");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status, pad0) == 2, "evtchn_status.pad0");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status, port) == 4, "evtchn_status.port");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status, status) == 8, "evtchn_status.status");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status, vcpu) == 12, "evtchn_status.vcpu");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_status, u) == 16, "evtchn_status.u");


/* Which vCPU is told of a port */
struct xen_abi_event_channel_evtchn_bind_vcpu {
    /* The port */
    uint32_t port;
    /* The vCPU */
    uint32_t vcpu;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_bind_vcpu) == 8, "evtchn_bind_vcpu");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_vcpu, port) == 0, "evtchn_bind_vcpu.port");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_bind_vcpu, vcpu) == 4, "evtchn_bind_vcpu.vcpu");


/* A port to unmask */
struct xen_abi_event_channel_evtchn_unmask {
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_unmask) == 4, "evtchn_unmask");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_unmask, port) == 0, "evtchn_unmask.port");


/* A domain all of whose ports are closed */
struct xen_abi_event_channel_evtchn_reset {
    /* The domain */
    uint16_t dom;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_reset) == 2, "evtchn_reset");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_reset, dom) == 0, "evtchn_reset.dom");


/* Where the FIFO control block of a vCPU is */
struct xen_abi_event_channel_evtchn_init_control {
    /* Its frame */
    uint64_t control_gfn;
    /* Its offset in the frame; a multiple of 8 */
    uint32_t offset;
    /* The vCPU */
    uint32_t vcpu;
    /* How many bits of an event word name the next one */
    uint8_t link_bits;
    /* Zero. */
    uint8_t pad0[7];
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_init_control) == 24, "evtchn_init_control");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_init_control, control_gfn) == 0, "evtchn_init_control.control_gfn");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_init_control, offset) == 8, "evtchn_init_control.offset");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_init_control, vcpu) == 12, "evtchn_init_control.vcpu");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_init_control, link_bits) == 16, "evtchn_init_control.link_bits");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_init_control, pad0) == 17, "evtchn_init_control.pad0");


/* One more page of event words */
struct xen_abi_event_channel_evtchn_expand_array {
    /* Its frame */
    uint64_t array_gfn;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_expand_array) == 8, "evtchn_expand_array");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_expand_array, array_gfn) == 0, "evtchn_expand_array.array_gfn");


/* The priority of a port in the FIFO interface */
struct xen_abi_event_channel_evtchn_set_priority {
    /* The port */
    uint32_t port;
    /* 0 is the highest, 15 the lowest */
    uint32_t priority;
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_set_priority) == 8, "evtchn_set_priority");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_set_priority, port) == 0, "evtchn_set_priority.port");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_set_priority, priority) == 4, "evtchn_set_priority.priority");


/* What Xen and a vCPU share in the FIFO interface */
struct xen_abi_event_channel_evtchn_fifo_control_block {
    /* A bit for each queue that is not empty */
    uint32_t ready;
    /* Zero. */
    uint8_t pad0[4];
    /* The first event of each queue */
    uint32_t head[16];
};
_Static_assert(sizeof(struct xen_abi_event_channel_evtchn_fifo_control_block) == 72, "evtchn_fifo_control_block");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_fifo_control_block, ready) == 0, "evtchn_fifo_control_block.ready");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_fifo_control_block, pad0) == 4, "evtchn_fifo_control_block.pad0");
_Static_assert(offsetof(struct xen_abi_event_channel_evtchn_fifo_control_block, head) == 8, "evtchn_fifo_control_block.head");

/* ==== Grant tables ==== */

#define XEN_ABI_GRANT_TABLE_HYPERCALL 20

/* It is done */
#define XEN_ABI_GRANT_TABLE_STATUS_OKAY 0
/* Something is wrong with it */
#define XEN_ABI_GRANT_TABLE_STATUS_GENERAL_ERROR (-1)
/* There is no such domain */
#define XEN_ABI_GRANT_TABLE_STATUS_BAD_DOMAIN (-2)
/* The reference is out of range or not granted to the caller */
#define XEN_ABI_GRANT_TABLE_STATUS_BAD_GNTREF (-3)
/* There is no such mapping */
#define XEN_ABI_GRANT_TABLE_STATUS_BAD_HANDLE (-4)
/* The address cannot be mapped at */
#define XEN_ABI_GRANT_TABLE_STATUS_BAD_VIRT_ADDR (-5)
/* The device address cannot be unmapped */
#define XEN_ABI_GRANT_TABLE_STATUS_BAD_DEV_ADDR (-6)
/* The IOMMU has no room */
#define XEN_ABI_GRANT_TABLE_STATUS_NO_DEVICE_SPACE (-7)
/* The grant is read-only or of another kind */
#define XEN_ABI_GRANT_TABLE_STATUS_PERMISSION_DENIED (-8)
/* The page cannot be shared */
#define XEN_ABI_GRANT_TABLE_STATUS_BAD_PAGE (-9)
/* A copy crosses a page */
#define XEN_ABI_GRANT_TABLE_STATUS_BAD_COPY_ARG (-10)
/* The page is beyond what can be addressed */
#define XEN_ABI_GRANT_TABLE_STATUS_ADDRESS_TOO_BIG (-11)
/* The page is being paged in; try again */
#define XEN_ABI_GRANT_TABLE_STATUS_EAGAIN (-12)
/* There is no room for more mappings */
#define XEN_ABI_GRANT_TABLE_STATUS_NO_SPACE (-13)
/* For devices */
#define XEN_ABI_GRANT_TABLE_MAP_FLAGS_DEVICE_MAP 1
/* For the CPU */
#define XEN_ABI_GRANT_TABLE_MAP_FLAGS_HOST_MAP 2
/* Read only */
#define XEN_ABI_GRANT_TABLE_MAP_FLAGS_READONLY 4
/* For user mode as well */
#define XEN_ABI_GRANT_TABLE_MAP_FLAGS_APPLICATION_MAP 8
/* `host_addr` is the address of a page table entry (PV) */
#define XEN_ABI_GRANT_TABLE_MAP_FLAGS_CONTAINS_PTE 16
/* Bits of the entry for the guest's own use (PV) */
#define XEN_ABI_GRANT_TABLE_MAP_FLAGS_GUEST_AVAIL_MASK 0xffff0000U
/* The source is a reference */
#define XEN_ABI_GRANT_TABLE_COPY_FLAGS_SOURCE_GREF 1
/* The destination is a reference */
#define XEN_ABI_GRANT_TABLE_COPY_FLAGS_DEST_GREF 2
/* What it grants: 0 nothing, 1 access, 2 a transfer, 3 access through
 * another grant */
#define XEN_ABI_GRANT_TABLE_ENTRY_FLAGS_TYPE_MASK 3
/* Only reading */
#define XEN_ABI_GRANT_TABLE_ENTRY_FLAGS_READONLY 4
/* It is mapped or read; Xen's */
#define XEN_ABI_GRANT_TABLE_ENTRY_FLAGS_READING 8
/* It is mapped for writing; Xen's */
#define XEN_ABI_GRANT_TABLE_ENTRY_FLAGS_WRITING 16
#define XEN_ABI_GRANT_TABLE_OP_MAP_GRANT_REF 0
#define XEN_ABI_GRANT_TABLE_OP_UNMAP_GRANT_REF 1
#define XEN_ABI_GRANT_TABLE_OP_COPY 5
#define XEN_ABI_GRANT_TABLE_OP_QUERY_SIZE 6
#define XEN_ABI_GRANT_TABLE_OP_SET_VERSION 8
#define XEN_ABI_GRANT_TABLE_OP_GET_VERSION 10

/* An entry of a version 1 table */
struct xen_abi_grant_table_grant_entry_v1 {
    /* What is granted; write it last */
    uint16_t flags;
    /* To whom */
    uint16_t domid;
    /* Which frame */
    uint32_t frame;
};
_Static_assert(sizeof(struct xen_abi_grant_table_grant_entry_v1) == 8, "grant_entry_v1");
_Static_assert(offsetof(struct xen_abi_grant_table_grant_entry_v1, flags) == 0, "grant_entry_v1.flags");
_Static_assert(offsetof(struct xen_abi_grant_table_grant_entry_v1, domid) == 2, "grant_entry_v1.domid");
_Static_assert(offsetof(struct xen_abi_grant_table_grant_entry_v1, frame) == 4, "grant_entry_v1.frame");


/* A grant to map */
struct xen_abi_grant_table_gnttab_map_grant_ref {
    /* Where */
    uint64_t host_addr;
    /* How */
    uint32_t flags;
    /* The reference */
    uint32_t gref;
    /* Who grants it */
    uint16_t dom;
    /* What became of it */
    int16_t status;
    /* The mapping */
    uint32_t handle;
    /* Its address for devices */
    uint64_t dev_bus_addr;
};
_Static_assert(sizeof(struct xen_abi_grant_table_gnttab_map_grant_ref) == 32, "gnttab_map_grant_ref");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_map_grant_ref, host_addr) == 0, "gnttab_map_grant_ref.host_addr");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_map_grant_ref, flags) == 8, "gnttab_map_grant_ref.flags");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_map_grant_ref, gref) == 12, "gnttab_map_grant_ref.gref");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_map_grant_ref, dom) == 16, "gnttab_map_grant_ref.dom");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_map_grant_ref, status) == 18, "gnttab_map_grant_ref.status");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_map_grant_ref, handle) == 20, "gnttab_map_grant_ref.handle");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_map_grant_ref, dev_bus_addr) == 24, "gnttab_map_grant_ref.dev_bus_addr");


/* A mapping to undo */
struct xen_abi_grant_table_gnttab_unmap_grant_ref {
    /* Where; 0 leaves it to `unmap_and_replace` */
    uint64_t host_addr;
    /* Its address for devices, or zero */
    uint64_t dev_bus_addr;
    /* The mapping */
    uint32_t handle;
    /* What became of it */
    int16_t status;
    /* Zero. */
    uint8_t pad0[2];
};
_Static_assert(sizeof(struct xen_abi_grant_table_gnttab_unmap_grant_ref) == 24, "gnttab_unmap_grant_ref");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_unmap_grant_ref, host_addr) == 0, "gnttab_unmap_grant_ref.host_addr");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_unmap_grant_ref, dev_bus_addr) == 8, "gnttab_unmap_grant_ref.dev_bus_addr");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_unmap_grant_ref, handle) == 16, "gnttab_unmap_grant_ref.handle");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_unmap_grant_ref, status) == 20, "gnttab_unmap_grant_ref.status");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_unmap_grant_ref, pad0) == 22, "gnttab_unmap_grant_ref.pad0");


/* A copy within two pages */
struct xen_abi_grant_table_gnttab_copy {
    /* Where from */
    union {
        uint64_t gmfn; /* flags == 0 */
        uint32_t ref; /* flags == 1 */
    } source;
    /* Whose */
    uint16_t source_domid;
    /* Offset in the page */
    uint16_t source_offset;
    /* Zero. */
    uint8_t pad0[4];
    /* Where to */
    union {
        uint64_t gmfn; /* flags == 0 */
        uint32_t ref; /* flags == 2 */
    } dest;
    /* Whose */
    uint16_t dest_domid;
    /* Offset in the page */
    uint16_t dest_offset;
    /* Zero. */
    uint8_t pad1[4];
    /* Bytes */
    uint16_t len;
    /* Which ends are references */
    uint16_t flags;
    /* What became of it */
    int16_t status;
    /* Zero. */
    uint8_t pad2[2];
};
_Static_assert(sizeof(struct xen_abi_grant_table_gnttab_copy) == 40, "gnttab_copy");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, source) == 0, "gnttab_copy.source");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, source_domid) == 8, "gnttab_copy.source_domid");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, source_offset) == 10, "gnttab_copy.source_offset");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, pad0) == 12, "gnttab_copy.pad0");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, dest) == 16, "gnttab_copy.dest");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, dest_domid) == 24, "gnttab_copy.dest_domid");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, dest_offset) == 26, "gnttab_copy.dest_offset");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, pad1) == 28, "gnttab_copy.pad1");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, len) == 32, "gnttab_copy.len");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, flags) == 34, "gnttab_copy.flags");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, status) == 36, "gnttab_copy.status");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_copy, pad2) == 38, "gnttab_copy.pad2");


/* The size of a grant table */
struct xen_abi_grant_table_gnttab_query_size {
    /* Whose */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
    /* Frames it has */
    uint32_t nr_frames;
    /* Frames it may have */
    uint32_t max_nr_frames;
    /* What became of it */
    int16_t status;
    /* Zero. */
    uint8_t pad1[2];
};
_Static_assert(sizeof(struct xen_abi_grant_table_gnttab_query_size) == 16, "gnttab_query_size");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_query_size, dom) == 0, "gnttab_query_size.dom");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_query_size, pad0) == 2, "gnttab_query_size.pad0");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_query_size, nr_frames) == 4, "gnttab_query_size.nr_frames");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_query_size, max_nr_frames) == 8, "gnttab_query_size.max_nr_frames");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_query_size, status) == 12, "gnttab_query_size.status");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_query_size, pad1) == 14, "gnttab_query_size.pad1");


/* The version of the caller's table */
struct xen_abi_grant_table_gnttab_set_version {
    /* 1 or 2 */
    uint32_t version;
};
_Static_assert(sizeof(struct xen_abi_grant_table_gnttab_set_version) == 4, "gnttab_set_version");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_set_version, version) == 0, "gnttab_set_version.version");


/* The version of a table */
struct xen_abi_grant_table_gnttab_get_version {
    /* Whose */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
    /* 1 or 2 */
    uint32_t version;
};
_Static_assert(sizeof(struct xen_abi_grant_table_gnttab_get_version) == 8, "gnttab_get_version");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_get_version, dom) == 0, "gnttab_get_version.dom");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_get_version, pad0) == 2, "gnttab_get_version.pad0");
_Static_assert(offsetof(struct xen_abi_grant_table_gnttab_get_version, version) == 4, "gnttab_get_version.version");

/* ==== HVM guests and their parameters ==== */

#define XEN_ABI_HVM_HYPERCALL 34

/* How many parameters there are */
#define XEN_ABI_HVM_NR_PARAMS 39
/* Where the type is in `CALLBACK_IRQ` */
#define XEN_ABI_HVM_CALLBACK_TYPE_SHIFT 56
/* How events reach the guest: a callback type << 56, and what it needs */
#define XEN_ABI_HVM_PARAM_CALLBACK_IRQ 0
/* XenStore's page */
#define XEN_ABI_HVM_PARAM_STORE_PFN 1
/* XenStore's port */
#define XEN_ABI_HVM_PARAM_STORE_EVTCHN 2
/* Whether a 32-bit guest may use PAE */
#define XEN_ABI_HVM_PARAM_PAE_ENABLED 4
/* The default server's slots */
#define XEN_ABI_HVM_PARAM_IOREQ_PFN 5
/* The default server's buffered writes */
#define XEN_ABI_HVM_PARAM_BUFIOREQ_PFN 6
/* Which Hyper-V interfaces the guest has */
#define XEN_ABI_HVM_PARAM_VIRIDIAN 9
/* What becomes of missed timer ticks */
#define XEN_ABI_HVM_PARAM_TIMER_MODE 10
/* Whether the guest has an HPET */
#define XEN_ABI_HVM_PARAM_HPET_ENABLED 11
/* An identity page table for real mode */
#define XEN_ABI_HVM_PARAM_IDENT_PT 12
/* The domain of the device model */
#define XEN_ABI_HVM_PARAM_DM_DOMAIN 13
/* The ACPI sleep state */
#define XEN_ABI_HVM_PARAM_ACPI_S_STATE 14
/* A task state segment for real mode */
#define XEN_ABI_HVM_PARAM_VM86_TSS 15
/* Whether timers are aligned */
#define XEN_ABI_HVM_PARAM_VPT_ALIGN 16
/* The console's page */
#define XEN_ABI_HVM_PARAM_CONSOLE_PFN 17
/* The console's port */
#define XEN_ABI_HVM_PARAM_CONSOLE_EVTCHN 18
/* Where ACPI's ports are */
#define XEN_ABI_HVM_PARAM_ACPI_IOPORTS_LOCATION 19
/* Whether the guest may run guests (unused) */
#define XEN_ABI_HVM_PARAM_NESTEDHVM 24
/* The port of buffered writes */
#define XEN_ABI_HVM_PARAM_BUFIOREQ_EVTCHN 26
/* The ring of paging events */
#define XEN_ABI_HVM_PARAM_PAGING_RING_PFN 27
/* The ring of monitor events */
#define XEN_ABI_HVM_PARAM_MONITOR_RING_PFN 28
/* The ring of sharing events */
#define XEN_ABI_HVM_PARAM_SHARING_RING_PFN 29
/* The shutdown reason of a triple fault */
#define XEN_ABI_HVM_PARAM_TRIPLE_FAULT_REASON 31
/* First of the frames for IOREQ pages */
#define XEN_ABI_HVM_PARAM_IOREQ_SERVER_PFN 32
/* How many of them */
#define XEN_ABI_HVM_PARAM_NR_IOREQ_SERVER_PAGES 33
/* Where the generation identifier is */
#define XEN_ABI_HVM_PARAM_VM_GENERATION_ID_ADDR 34
/* Whether the guest has alternate views of its memory */
#define XEN_ABI_HVM_PARAM_ALTP2M 35
/* How the x87 instruction pointer is saved */
#define XEN_ABI_HVM_PARAM_X87_FIP_WIDTH 36
/* A task state segment for real mode, with its size */
#define XEN_ABI_HVM_PARAM_VM86_TSS_SIZED 37
/* Machine check capabilities */
#define XEN_ABI_HVM_PARAM_MCA_CAP 38
/* A global system interrupt */
#define XEN_ABI_HVM_CALLBACK_GSI 0
/* A PCI interrupt pin */
#define XEN_ABI_HVM_CALLBACK_PCI_INTX 1
/* A vector, the same for every vCPU */
#define XEN_ABI_HVM_CALLBACK_VECTOR 2
/* A private peripheral interrupt */
#define XEN_ABI_HVM_CALLBACK_PPI 2
#define XEN_ABI_HVM_OP_SET_PARAM 0
#define XEN_ABI_HVM_OP_GET_PARAM 1
#define XEN_ABI_HVM_OP_FLUSH_TLBS 5
#define XEN_ABI_HVM_OP_GET_TIME 10
#define XEN_ABI_HVM_OP_GET_MEM_TYPE 15
#define XEN_ABI_HVM_OP_SET_EVTCHN_UPCALL_VECTOR 23

/* A parameter of a guest */
struct xen_abi_hvm_xen_hvm_param {
    /* The guest */
    uint16_t domid;
    /* Zero. */
    uint8_t pad0[2];
    /* Which parameter */
    uint32_t index;
    /* Its value */
    uint64_t value;
};
_Static_assert(sizeof(struct xen_abi_hvm_xen_hvm_param) == 16, "xen_hvm_param");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_param, domid) == 0, "xen_hvm_param.domid");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_param, pad0) == 2, "xen_hvm_param.pad0");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_param, index) == 4, "xen_hvm_param.index");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_param, value) == 8, "xen_hvm_param.value");


/* The guest's time */
struct xen_abi_hvm_xen_hvm_get_time {
    /* Nanoseconds */
    uint64_t now;
};
_Static_assert(sizeof(struct xen_abi_hvm_xen_hvm_get_time) == 8, "xen_hvm_get_time");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_get_time, now) == 0, "xen_hvm_get_time.now");


/* The type of a frame */
struct xen_abi_hvm_xen_hvm_get_mem_type {
    /* The guest */
    uint16_t domid;
    /* An `HVMMEM_` number */
    uint16_t mem_type;
    /* Zero. */
    uint8_t pad0[4];
    /* The frame */
    uint64_t pfn;
};
_Static_assert(sizeof(struct xen_abi_hvm_xen_hvm_get_mem_type) == 16, "xen_hvm_get_mem_type");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_get_mem_type, domid) == 0, "xen_hvm_get_mem_type.domid");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_get_mem_type, mem_type) == 2, "xen_hvm_get_mem_type.mem_type");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_get_mem_type, pad0) == 4, "xen_hvm_get_mem_type.pad0");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_get_mem_type, pfn) == 8, "xen_hvm_get_mem_type.pfn");


/* The vector of events on a vCPU */
struct xen_abi_hvm_xen_hvm_evtchn_upcall_vector {
    /* The vCPU */
    uint32_t vcpu;
    /* The vector */
    uint8_t vector;
    /* Zero. */
    uint8_t pad0[3];
};
_Static_assert(sizeof(struct xen_abi_hvm_xen_hvm_evtchn_upcall_vector) == 8, "xen_hvm_evtchn_upcall_vector");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_evtchn_upcall_vector, vcpu) == 0, "xen_hvm_evtchn_upcall_vector.vcpu");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_evtchn_upcall_vector, vector) == 4, "xen_hvm_evtchn_upcall_vector.vector");
_Static_assert(offsetof(struct xen_abi_hvm_xen_hvm_evtchn_upcall_vector, pad0) == 5, "xen_hvm_evtchn_upcall_vector.pad0");

/* ==== Every hypercall ==== */

/* ==== The pages that Xen and an IOREQ server share ==== */

/* Slots of the buffered page */
#define XEN_ABI_IOREQ_BUFFER_SLOTS 511
/* Xen's: nothing is asked */
#define XEN_ABI_IOREQ_STATE_NONE 0
/* The server's: a request */
#define XEN_ABI_IOREQ_STATE_READY 1
/* The server's: it has claimed the request */
#define XEN_ABI_IOREQ_STATE_INPROCESS 2
/* Xen's: the answer; the vCPU goes on when Xen is notified */
#define XEN_ABI_IOREQ_STATE_RESPONSE 3
/* An x86 port */
#define XEN_ABI_IOREQ_TYPE_PIO 0
/* Memory-mapped I/O */
#define XEN_ABI_IOREQ_TYPE_COPY 1
/* PCI configuration: the address is segment, bus, device and function <<
 * 32 | register */
#define XEN_ABI_IOREQ_TYPE_PCI_CONFIG 2
/* The guest has set its clock */
#define XEN_ABI_IOREQ_TYPE_TIMEOFFSET 7
/* Drop mappings of the guest's memory. Comes to every enabled server. */
#define XEN_ABI_IOREQ_TYPE_INVALIDATE 8
/* Whose turn it is */
#define XEN_ABI_IOREQ_FLAGS_STATE 15
/* `data` is a guest-physical address (x86 string instructions) */
#define XEN_ABI_IOREQ_FLAGS_DATA_IS_PTR 16
/* Set for a read, clear for a write */
#define XEN_ABI_IOREQ_FLAGS_DIR 32
/* Addresses go down (x86 string instructions) */
#define XEN_ABI_IOREQ_FLAGS_DF 64
/* What kind of access it is */
#define XEN_ABI_IOREQ_BUFFERED_KIND 255
/* Always clear */
#define XEN_ABI_IOREQ_BUFFERED_DIR 512
/* Bytes as a power of two; 3 takes the next slot for the upper half */
#define XEN_ABI_IOREQ_BUFFERED_SIZE 3072
/* The lower bits of the address */
#define XEN_ABI_IOREQ_BUFFERED_ADDR 0xfffff000U

/* The slot of a vCPU */
struct xen_abi_ioreq_ioreq {
    /* Guest-physical address or port */
    uint64_t addr;
    /* The value written, or where to put the value read */
    uint64_t data;
    /* Repetitions of a string instruction, else 1 */
    uint32_t count;
    /* Bytes of the access: 1, 2, 4 or 8 */
    uint32_t size;
    /* The event channel for this vCPU. Never to be changed. */
    uint32_t vp_eport;
    /* Zero. */
    uint8_t pad0[2];
    /* State and flags */
    uint8_t flags;
    /* What kind of access it is */
    uint8_t kind;
};
_Static_assert(sizeof(struct xen_abi_ioreq_ioreq) == 32, "ioreq");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, addr) == 0, "ioreq.addr");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, data) == 8, "ioreq.data");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, count) == 16, "ioreq.count");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, size) == 20, "ioreq.size");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, vp_eport) == 24, "ioreq.vp_eport");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, pad0) == 28, "ioreq.pad0");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, flags) == 30, "ioreq.flags");
_Static_assert(offsetof(struct xen_abi_ioreq_ioreq, kind) == 31, "ioreq.kind");


/* A write that needs no answer */
struct xen_abi_ioreq_buf_ioreq {
    /* Type, size and lower bits of the address */
    uint32_t head;
    /* The value */
    uint32_t data;
};
_Static_assert(sizeof(struct xen_abi_ioreq_buf_ioreq) == 8, "buf_ioreq");
_Static_assert(offsetof(struct xen_abi_ioreq_buf_ioreq, head) == 0, "buf_ioreq.head");
_Static_assert(offsetof(struct xen_abi_ioreq_buf_ioreq, data) == 4, "buf_ioreq.data");


/* The page of buffered writes. Both pointers count without end; a slot is
 * pointer modulo 511. */
struct xen_abi_ioreq_buffered_iopage {
    /* How many the server has taken */
    uint32_t read_pointer;
    /* How many Xen has put */
    uint32_t write_pointer;
    /* The slots */
    struct xen_abi_ioreq_buf_ioreq buf_ioreq[511];
};
_Static_assert(sizeof(struct xen_abi_ioreq_buffered_iopage) == 4096, "buffered_iopage");
_Static_assert(offsetof(struct xen_abi_ioreq_buffered_iopage, read_pointer) == 0, "buffered_iopage.read_pointer");
_Static_assert(offsetof(struct xen_abi_ioreq_buffered_iopage, write_pointer) == 4, "buffered_iopage.write_pointer");
_Static_assert(offsetof(struct xen_abi_ioreq_buffered_iopage, buf_ioreq) == 8, "buffered_iopage.buf_ioreq");

/* ==== Linux's /dev/xen/evtchn ==== */

/* Binds a new port to a virtual interrupt. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_BIND_VIRQ 279808
/* Binds a new port to another domain's. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_BIND_INTERDOMAIN 541953
/* Makes a port that a domain may bind to. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_BIND_UNBOUND_PORT 279810
/* Closes a port. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_UNBIND 279811
/* Sends on a port. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_NOTIFY 279812
/* Forgets pending ports that were not read. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_RESET 17669
/* Restricts the descriptor to a domain for ever. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_RESTRICT_DOMID 148742
/* Takes a port that exists already. */
#define XEN_ABI_LINUX_EVTCHN_IOCTL_BIND_STATIC 279815

/* A virtual interrupt to bind to */
struct xen_abi_linux_evtchn_bind_virq {
    /* A `VIRQ_` number */
    uint32_t virq;
};
_Static_assert(sizeof(struct xen_abi_linux_evtchn_bind_virq) == 4, "bind_virq");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_bind_virq, virq) == 0, "bind_virq.virq");


/* A port of another domain to bind to */
struct xen_abi_linux_evtchn_bind_interdomain {
    /* The domain */
    uint32_t remote_domain;
    /* Its port */
    uint32_t remote_port;
};
_Static_assert(sizeof(struct xen_abi_linux_evtchn_bind_interdomain) == 8, "bind_interdomain");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_bind_interdomain, remote_domain) == 0, "bind_interdomain.remote_domain");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_bind_interdomain, remote_port) == 4, "bind_interdomain.remote_port");


/* A domain that may bind to a new port */
struct xen_abi_linux_evtchn_bind_unbound_port {
    /* The domain */
    uint32_t remote_domain;
};
_Static_assert(sizeof(struct xen_abi_linux_evtchn_bind_unbound_port) == 4, "bind_unbound_port");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_bind_unbound_port, remote_domain) == 0, "bind_unbound_port.remote_domain");


/* A port to close */
struct xen_abi_linux_evtchn_unbind {
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_linux_evtchn_unbind) == 4, "unbind");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_unbind, port) == 0, "unbind.port");


/* A port to send on */
struct xen_abi_linux_evtchn_notify {
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_linux_evtchn_notify) == 4, "notify");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_notify, port) == 0, "notify.port");


/* The domain that remains */
struct xen_abi_linux_evtchn_restrict_domid {
    /* The domain */
    uint16_t domid;
};
_Static_assert(sizeof(struct xen_abi_linux_evtchn_restrict_domid) == 2, "restrict_domid");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_restrict_domid, domid) == 0, "restrict_domid.domid");


/* A port that exists already */
struct xen_abi_linux_evtchn_bind {
    /* The port */
    uint32_t port;
};
_Static_assert(sizeof(struct xen_abi_linux_evtchn_bind) == 4, "bind");
_Static_assert(offsetof(struct xen_abi_linux_evtchn_bind, port) == 0, "bind.port");

/* ==== Linux's /dev/xen/gntalloc ==== */

/* The other domain may write */
#define XEN_ABI_LINUX_GNTALLOC_FLAGS_WRITABLE 1
/* The byte at the index becomes zero */
#define XEN_ABI_LINUX_GNTALLOC_UNMAP_NOTIFY_ACTION_CLEAR_BYTE 1
/* An event is sent */
#define XEN_ABI_LINUX_GNTALLOC_UNMAP_NOTIFY_ACTION_SEND_EVENT 2
/* Allocates and grants pages. */
#define XEN_ABI_LINUX_GNTALLOC_IOCTL_ALLOC_GREF 1591045
/* Grants them no longer. */
#define XEN_ABI_LINUX_GNTALLOC_IOCTL_DEALLOC_GREF 1066758
/* Says what happens when a page is unmapped. */
#define XEN_ABI_LINUX_GNTALLOC_IOCTL_SET_UNMAP_NOTIFY 1066759

/* Pages to grant; room for more references than one follows */
struct xen_abi_linux_gntalloc_alloc_gref {
    /* To whom */
    uint16_t domid;
    /* How */
    uint16_t flags;
    /* How many */
    uint32_t count;
    /* The offset for `mmap` */
    uint64_t index;
    /* The references */
    uint32_t gref_ids[1];
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_linux_gntalloc_alloc_gref) == 24, "alloc_gref");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_alloc_gref, domid) == 0, "alloc_gref.domid");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_alloc_gref, flags) == 2, "alloc_gref.flags");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_alloc_gref, count) == 4, "alloc_gref.count");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_alloc_gref, index) == 8, "alloc_gref.index");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_alloc_gref, gref_ids) == 16, "alloc_gref.gref_ids");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_alloc_gref, pad0) == 20, "alloc_gref.pad0");


/* Pages to grant no longer */
struct xen_abi_linux_gntalloc_dealloc_gref {
    /* Their offset */
    uint64_t index;
    /* How many */
    uint32_t count;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_linux_gntalloc_dealloc_gref) == 16, "dealloc_gref");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_dealloc_gref, index) == 0, "dealloc_gref.index");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_dealloc_gref, count) == 8, "dealloc_gref.count");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_dealloc_gref, pad0) == 12, "dealloc_gref.pad0");


/* What happens when a page is unmapped */
struct xen_abi_linux_gntalloc_unmap_notify {
    /* Offset of the page plus that of the byte */
    uint64_t index;
    /* What */
    uint32_t action;
    /* The port to send on */
    uint32_t event_channel_port;
};
_Static_assert(sizeof(struct xen_abi_linux_gntalloc_unmap_notify) == 16, "unmap_notify");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_unmap_notify, index) == 0, "unmap_notify.index");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_unmap_notify, action) == 8, "unmap_notify.action");
_Static_assert(offsetof(struct xen_abi_linux_gntalloc_unmap_notify, event_channel_port) == 12, "unmap_notify.event_channel_port");

/* ==== Linux's /dev/xen/gntdev ==== */

/* The source is a reference */
#define XEN_ABI_LINUX_GNTDEV_COPY_FLAGS_SOURCE_GREF 1
/* The destination is a reference */
#define XEN_ABI_LINUX_GNTDEV_COPY_FLAGS_DEST_GREF 2
/* The byte at the index becomes zero */
#define XEN_ABI_LINUX_GNTDEV_UNMAP_NOTIFY_ACTION_CLEAR_BYTE 1
/* An event is sent */
#define XEN_ABI_LINUX_GNTDEV_UNMAP_NOTIFY_ACTION_SEND_EVENT 2
/* Write combining */
#define XEN_ABI_LINUX_GNTDEV_DMA_FLAGS_WC 1
/* Coherent */
#define XEN_ABI_LINUX_GNTDEV_DMA_FLAGS_COHERENT 2
/* Reserves a mapping. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_MAP_GRANT_REF 1591040
/* Releases a mapping. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_UNMAP_GRANT_REF 1066753
/* Identifies a mapping. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_GET_OFFSET_FOR_VADDR 1591042
/* Does nothing any more. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_SET_MAX_GRANTS 280323
/* Says what happens when a page is unmapped. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_SET_UNMAP_NOTIFY 1066759
/* Copies to or from granted pages. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_GRANT_COPY 1066760
/* Makes a buffer of granted pages. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_DMABUF_EXP_FROM_REFS 1328905
/* Waits until nobody uses the buffer. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_DMABUF_EXP_WAIT_RELEASED 542474
/* Grants the pages of a buffer. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_DMABUF_IMP_TO_REFS 1328907
/* Grants them no longer. */
#define XEN_ABI_LINUX_GNTDEV_IOCTL_DMABUF_IMP_RELEASE 542476

/* A reference of a domain */
struct xen_abi_linux_gntdev_grant_ref {
    /* The domain */
    uint32_t domid;
    /* The reference */
    uint32_t gref;
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_grant_ref) == 8, "grant_ref");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_ref, domid) == 0, "grant_ref.domid");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_ref, gref) == 4, "grant_ref.gref");


/* References to map; more than one follow the first */
struct xen_abi_linux_gntdev_map_grant_ref {
    /* How many */
    uint32_t count;
    /* Zero. */
    uint8_t pad0[4];
    /* The offset for `mmap` */
    uint64_t index;
    /* The references */
    struct xen_abi_linux_gntdev_grant_ref refs[1];
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_map_grant_ref) == 24, "map_grant_ref");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_map_grant_ref, count) == 0, "map_grant_ref.count");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_map_grant_ref, pad0) == 4, "map_grant_ref.pad0");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_map_grant_ref, index) == 8, "map_grant_ref.index");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_map_grant_ref, refs) == 16, "map_grant_ref.refs");


/* A reservation to release */
struct xen_abi_linux_gntdev_unmap_grant_ref {
    /* Its offset */
    uint64_t index;
    /* How many references */
    uint32_t count;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_unmap_grant_ref) == 16, "unmap_grant_ref");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_unmap_grant_ref, index) == 0, "unmap_grant_ref.index");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_unmap_grant_ref, count) == 8, "unmap_grant_ref.count");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_unmap_grant_ref, pad0) == 12, "unmap_grant_ref.pad0");


/* A mapping to be identified */
struct xen_abi_linux_gntdev_get_offset_for_vaddr {
    /* Its address */
    uint64_t vaddr;
    /* Its offset */
    uint64_t offset;
    /* Its pages */
    uint32_t count;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_get_offset_for_vaddr) == 24, "get_offset_for_vaddr");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_get_offset_for_vaddr, vaddr) == 0, "get_offset_for_vaddr.vaddr");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_get_offset_for_vaddr, offset) == 8, "get_offset_for_vaddr.offset");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_get_offset_for_vaddr, count) == 16, "get_offset_for_vaddr.count");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_get_offset_for_vaddr, pad0) == 20, "get_offset_for_vaddr.pad0");


/* A limit that no longer is one */
struct xen_abi_linux_gntdev_set_max_grants {
    /* How many */
    uint32_t count;
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_set_max_grants) == 4, "set_max_grants");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_set_max_grants, count) == 0, "set_max_grants.count");


/* What happens when a page is unmapped */
struct xen_abi_linux_gntdev_unmap_notify {
    /* Offset of the page plus that of the byte */
    uint64_t index;
    /* What */
    uint32_t action;
    /* The port to send on */
    uint32_t event_channel_port;
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_unmap_notify) == 16, "unmap_notify");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_unmap_notify, index) == 0, "unmap_notify.index");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_unmap_notify, action) == 8, "unmap_notify.action");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_unmap_notify, event_channel_port) == 12, "unmap_notify.event_channel_port");


/* A place in a granted page */
struct xen_abi_linux_gntdev_copy_foreign {
    /* The reference */
    uint32_t gref;
    /* Offset in the page */
    uint16_t offset;
    /* The domain */
    uint16_t domid;
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_copy_foreign) == 8, "copy_foreign");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_copy_foreign, gref) == 0, "copy_foreign.gref");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_copy_foreign, offset) == 4, "copy_foreign.offset");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_copy_foreign, domid) == 6, "copy_foreign.domid");


/* A copy; at a granted end it may cross pages of one's own memory only */
struct xen_abi_linux_gntdev_grant_copy_segment {
    /* Where from */
    union {
        uint64_t virt; /* flags == 0 */
        struct xen_abi_linux_gntdev_copy_foreign foreign; /* flags == 1 */
    } source;
    /* Where to */
    union {
        uint64_t virt; /* flags == 0 */
        struct xen_abi_linux_gntdev_copy_foreign foreign; /* flags == 2 */
    } dest;
    /* Bytes */
    uint16_t len;
    /* Which ends are references */
    uint16_t flags;
    /* A `GNTST_` number */
    int16_t status;
    /* Zero. */
    uint8_t pad0[2];
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_grant_copy_segment) == 24, "grant_copy_segment");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy_segment, source) == 0, "grant_copy_segment.source");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy_segment, dest) == 8, "grant_copy_segment.dest");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy_segment, len) == 16, "grant_copy_segment.len");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy_segment, flags) == 18, "grant_copy_segment.flags");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy_segment, status) == 20, "grant_copy_segment.status");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy_segment, pad0) == 22, "grant_copy_segment.pad0");


/* Copies to make */
struct xen_abi_linux_gntdev_grant_copy {
    /* How many */
    uint32_t count;
    /* Zero. */
    uint8_t pad0[4];
    /* The copies */
    uint64_t segments;
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_grant_copy) == 16, "grant_copy");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy, count) == 0, "grant_copy.count");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy, pad0) == 4, "grant_copy.pad0");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_grant_copy, segments) == 8, "grant_copy.segments");


/* References to make a buffer of */
struct xen_abi_linux_gntdev_dmabuf_exp_from_refs {
    /* What kind of memory */
    uint32_t flags;
    /* How many references */
    uint32_t count;
    /* The buffer */
    uint32_t fd;
    /* The domain */
    uint32_t domid;
    /* The references */
    uint32_t refs[1];
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_dmabuf_exp_from_refs) == 20, "dmabuf_exp_from_refs");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_exp_from_refs, flags) == 0, "dmabuf_exp_from_refs.flags");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_exp_from_refs, count) == 4, "dmabuf_exp_from_refs.count");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_exp_from_refs, fd) == 8, "dmabuf_exp_from_refs.fd");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_exp_from_refs, domid) == 12, "dmabuf_exp_from_refs.domid");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_exp_from_refs, refs) == 16, "dmabuf_exp_from_refs.refs");


/* A buffer to wait for */
struct xen_abi_linux_gntdev_dmabuf_exp_wait_released {
    /* The buffer */
    uint32_t fd;
    /* Milliseconds */
    uint32_t wait_to_ms;
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_dmabuf_exp_wait_released) == 8, "dmabuf_exp_wait_released");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_exp_wait_released, fd) == 0, "dmabuf_exp_wait_released.fd");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_exp_wait_released, wait_to_ms) == 4, "dmabuf_exp_wait_released.wait_to_ms");


/* A buffer to grant */
struct xen_abi_linux_gntdev_dmabuf_imp_to_refs {
    /* The buffer */
    uint32_t fd;
    /* How many references */
    uint32_t count;
    /* The domain that may use it */
    uint32_t domid;
    /* Zero. */
    uint8_t pad0[4];
    /* The references */
    uint32_t refs[1];
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_dmabuf_imp_to_refs) == 20, "dmabuf_imp_to_refs");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_imp_to_refs, fd) == 0, "dmabuf_imp_to_refs.fd");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_imp_to_refs, count) == 4, "dmabuf_imp_to_refs.count");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_imp_to_refs, domid) == 8, "dmabuf_imp_to_refs.domid");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_imp_to_refs, pad0) == 12, "dmabuf_imp_to_refs.pad0");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_imp_to_refs, refs) == 16, "dmabuf_imp_to_refs.refs");


/* A buffer to grant no longer */
struct xen_abi_linux_gntdev_dmabuf_imp_release {
    /* The buffer */
    uint32_t fd;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_linux_gntdev_dmabuf_imp_release) == 8, "dmabuf_imp_release");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_imp_release, fd) == 0, "dmabuf_imp_release.fd");
_Static_assert(offsetof(struct xen_abi_linux_gntdev_dmabuf_imp_release, pad0) == 4, "dmabuf_imp_release.pad0");

/* ==== Linux's /dev/xen/privcmd ==== */

/* Take it away */
#define XEN_ABI_LINUX_PRIVCMD_IRQFD_FLAGS_DEASSIGN 1
/* Take it away */
#define XEN_ABI_LINUX_PRIVCMD_IOEVENTFD_FLAGS_DEASSIGN 1
/* Issues a hypercall. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_HYPERCALL 3166208
/* Maps frames of a domain. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_MMAPBATCH_V2 2117636
/* Issues a DM operation. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_DM_OP 1069061
/* Restricts the descriptor to a domain for ever. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_RESTRICT 151558
/* Maps frames of a resource. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_MMAP_RESOURCE 2117639
/* Ties an eventfd to a DM operation. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_IRQFD 1075335176
/* Ties a queue's kicks to an eventfd. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_IOEVENTFD 1076908041
/* Says the interrupt of a PCI device. */
#define XEN_ABI_LINUX_PRIVCMD_IOCTL_PCIDEV_GET_GSI 544778

/* A hypercall */
struct xen_abi_linux_privcmd_hypercall {
    /* Which */
    uint64_t op;
    /* Its arguments */
    uint64_t arg[5];
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_hypercall) == 48, "hypercall");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_hypercall, op) == 0, "hypercall.op");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_hypercall, arg) == 8, "hypercall.arg");


/* Frames of a domain to map */
struct xen_abi_linux_privcmd_mmapbatch_v2 {
    /* How many */
    uint32_t num;
    /* Whose */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
    /* Where: in a mapping of this descriptor */
    uint64_t addr;
    /* The frames */
    uint64_t arr;
    /* What became of each: 0 or -errno */
    uint64_t err;
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_mmapbatch_v2) == 32, "mmapbatch_v2");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmapbatch_v2, num) == 0, "mmapbatch_v2.num");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmapbatch_v2, dom) == 4, "mmapbatch_v2.dom");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmapbatch_v2, pad0) == 6, "mmapbatch_v2.pad0");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmapbatch_v2, addr) == 8, "mmapbatch_v2.addr");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmapbatch_v2, arr) == 16, "mmapbatch_v2.arr");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmapbatch_v2, err) == 24, "mmapbatch_v2.err");


/* A buffer of a DM operation */
struct xen_abi_linux_privcmd_dm_op_buf {
    /* Where it is */
    uint64_t uptr;
    /* Bytes of it; at most 4096 */
    uint64_t size;
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_dm_op_buf) == 16, "dm_op_buf");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_dm_op_buf, uptr) == 0, "dm_op_buf.uptr");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_dm_op_buf, size) == 8, "dm_op_buf.size");


/* A DM operation */
struct xen_abi_linux_privcmd_dm_op {
    /* The domain */
    uint16_t dom;
    /* How many buffers; at most 16 */
    uint16_t num;
    /* Zero. */
    uint8_t pad0[4];
    /* The buffers */
    uint64_t ubufs;
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_dm_op) == 16, "dm_op");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_dm_op, dom) == 0, "dm_op.dom");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_dm_op, num) == 2, "dm_op.num");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_dm_op, pad0) == 4, "dm_op.pad0");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_dm_op, ubufs) == 8, "dm_op.ubufs");


/* The domain that remains; C has a bare `domid_t` */
struct xen_abi_linux_privcmd_restrict {
    /* The domain */
    uint16_t dom;
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_restrict) == 2, "restrict");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_restrict, dom) == 0, "restrict.dom");


/* Frames of a resource to map */
struct xen_abi_linux_privcmd_mmap_resource {
    /* Whose */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
    /* A `XENMEM_resource_` number */
    uint32_t kind;
    /* Which one */
    uint32_t id;
    /* First frame of it */
    uint32_t idx;
    /* How many frames; with 0 for `addr` too, asks how many there are */
    uint64_t num;
    /* Where */
    uint64_t addr;
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_mmap_resource) == 32, "mmap_resource");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmap_resource, dom) == 0, "mmap_resource.dom");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmap_resource, pad0) == 2, "mmap_resource.pad0");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmap_resource, kind) == 4, "mmap_resource.kind");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmap_resource, id) == 8, "mmap_resource.id");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmap_resource, idx) == 12, "mmap_resource.idx");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmap_resource, num) == 16, "mmap_resource.num");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_mmap_resource, addr) == 24, "mmap_resource.addr");


/* A DM operation to issue whenever an eventfd is signalled */
struct xen_abi_linux_privcmd_irqfd {
    /* Address of the operation; the kernel copies it */
    uint64_t dm_op;
    /* Bytes of it */
    uint32_t size;
    /* The eventfd */
    uint32_t fd;
    /* Whether to take it away */
    uint32_t flags;
    /* The domain */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_irqfd) == 24, "irqfd");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_irqfd, dm_op) == 0, "irqfd.dm_op");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_irqfd, size) == 8, "irqfd.size");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_irqfd, fd) == 12, "irqfd.fd");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_irqfd, flags) == 16, "irqfd.flags");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_irqfd, dom) == 20, "irqfd.dom");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_irqfd, pad0) == 22, "irqfd.pad0");


/* An eventfd to signal whenever a guest writes a queue number to a device */
struct xen_abi_linux_privcmd_ioeventfd {
    /* The page of slots, mapped by itself */
    uint64_t ioreq;
    /* Address of the ports of the vCPUs */
    uint64_t ports;
    /* Guest-physical address of the device's registers */
    uint64_t addr;
    /* Bytes of the write */
    uint32_t addr_len;
    /* The eventfd */
    uint32_t event_fd;
    /* How many vCPUs; at most 4096 */
    uint32_t vcpus;
    /* The queue */
    uint32_t vq;
    /* Whether to take it away */
    uint32_t flags;
    /* The domain */
    uint16_t dom;
    /* Zero. */
    uint8_t pad0[2];
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_ioeventfd) == 48, "ioeventfd");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, ioreq) == 0, "ioeventfd.ioreq");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, ports) == 8, "ioeventfd.ports");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, addr) == 16, "ioeventfd.addr");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, addr_len) == 24, "ioeventfd.addr_len");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, event_fd) == 28, "ioeventfd.event_fd");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, vcpus) == 32, "ioeventfd.vcpus");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, vq) == 36, "ioeventfd.vq");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, flags) == 40, "ioeventfd.flags");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, dom) == 44, "ioeventfd.dom");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_ioeventfd, pad0) == 46, "ioeventfd.pad0");


/* The interrupt of a PCI device */
struct xen_abi_linux_privcmd_pcidev_get_gsi {
    /* The device */
    uint32_t sbdf;
    /* Its global system interrupt */
    uint32_t gsi;
};
_Static_assert(sizeof(struct xen_abi_linux_privcmd_pcidev_get_gsi) == 8, "pcidev_get_gsi");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_pcidev_get_gsi, sbdf) == 0, "pcidev_get_gsi.sbdf");
_Static_assert(offsetof(struct xen_abi_linux_privcmd_pcidev_get_gsi, gsi) == 4, "pcidev_get_gsi.gsi");

/* ==== Memory of a domain ==== */

#define XEN_ABI_MEMORY_HYPERCALL 12

/* Frame of an IOREQ server's buffered page; its slots begin at frame 1 */
#define XEN_ABI_MEMORY_FRAME_BUFIOREQ 0
/* Grant table as a resource: the entries */
#define XEN_ABI_MEMORY_ID_SHARED 0
/* Grant table as a resource: the status words of version 2 */
#define XEN_ABI_MEMORY_ID_STATUS 1
/* Flag of `reserved_device_memory_map`: of all devices */
#define XEN_ABI_MEMORY_RDM_ALL 1
/* Pages of an IOREQ server; `id` is the server */
#define XEN_ABI_MEMORY_RESOURCE_IOREQ_SERVER 0
/* Pages of the grant table */
#define XEN_ABI_MEMORY_RESOURCE_GRANT_TABLE 1
/* Trace buffer of a vCPU */
#define XEN_ABI_MEMORY_RESOURCE_VMTRACE_BUF 2
/* The shared info page */
#define XEN_ABI_MEMORY_SPACE_SHARED_INFO 0
/* A page of the grant table */
#define XEN_ABI_MEMORY_SPACE_GRANT_TABLE 1
/* A frame of the same domain */
#define XEN_ABI_MEMORY_SPACE_GMFN 2
/* Frames of the same domain */
#define XEN_ABI_MEMORY_SPACE_GMFN_RANGE 3
/* A frame of another domain; only in a batch */
#define XEN_ABI_MEMORY_SPACE_GMFN_FOREIGN 4
/* Device memory; Arm only and only for the hardware domain */
#define XEN_ABI_MEMORY_SPACE_DEV_MMIO 5
/* How many address bits the frames may have; 0 for any */
#define XEN_ABI_MEMORY_MEMF_ADDRESS_BITS 255
/* NUMA node plus one; 0 for any */
#define XEN_ABI_MEMORY_MEMF_NODE 65280
/* Allocate when they are touched */
#define XEN_ABI_MEMORY_MEMF_POPULATE_ON_DEMAND 65536
/* From that node or not at all */
#define XEN_ABI_MEMORY_MEMF_EXACT_NODE_REQUEST 131072
/* The node is a virtual one */
#define XEN_ABI_MEMORY_MEMF_VNODE 262144
#define XEN_ABI_MEMORY_OP_DECREASE_RESERVATION 1
#define XEN_ABI_MEMORY_OP_POPULATE_PHYSMAP 6
#define XEN_ABI_MEMORY_OP_ADD_TO_PHYSMAP 7
#define XEN_ABI_MEMORY_OP_MEMORY_MAP 9
#define XEN_ABI_MEMORY_OP_REMOVE_FROM_PHYSMAP 15
#define XEN_ABI_MEMORY_OP_ADD_TO_PHYSMAP_BATCH 23
#define XEN_ABI_MEMORY_OP_ACQUIRE_RESOURCE 28

/* Extents of memory */
struct xen_abi_memory_xen_memory_reservation {
    /* The first frame of each extent */
    uint64_t extent_start;
    /* How many extents */
    uint64_t nr_extents;
    /* Frames of an extent as a power of two */
    uint32_t extent_order;
    /* How they are allocated */
    uint32_t mem_flags;
    /* Whose memory */
    uint16_t domid;
    /* Zero. */
    uint8_t pad0[6];
};
_Static_assert(sizeof(struct xen_abi_memory_xen_memory_reservation) == 32, "xen_memory_reservation");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_reservation, extent_start) == 0, "xen_memory_reservation.extent_start");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_reservation, nr_extents) == 8, "xen_memory_reservation.nr_extents");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_reservation, extent_order) == 16, "xen_memory_reservation.extent_order");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_reservation, mem_flags) == 20, "xen_memory_reservation.mem_flags");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_reservation, domid) == 24, "xen_memory_reservation.domid");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_reservation, pad0) == 26, "xen_memory_reservation.pad0");


/* A page to place in an address space */
struct xen_abi_memory_xen_add_to_physmap {
    /* Whose address space */
    uint16_t domid;
    /* How many pages, for `gmfn_range` */
    uint16_t size;
    /* What is placed */
    uint32_t space;
    /* Which one of it */
    uint64_t idx;
    /* Where it goes */
    uint64_t gpfn;
};
_Static_assert(sizeof(struct xen_abi_memory_xen_add_to_physmap) == 24, "xen_add_to_physmap");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap, domid) == 0, "xen_add_to_physmap.domid");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap, size) == 2, "xen_add_to_physmap.size");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap, space) == 4, "xen_add_to_physmap.space");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap, idx) == 8, "xen_add_to_physmap.idx");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap, gpfn) == 16, "xen_add_to_physmap.gpfn");


/* Pages to place in an address space */
struct xen_abi_memory_xen_add_to_physmap_batch {
    /* Whose address space */
    uint16_t domid;
    /* What is placed; a `space` number */
    uint16_t space;
    /* How many; counts down */
    uint16_t size;
    /* For `gmfn_foreign`: whose frames; else zero */
    uint16_t foreign_domid;
    /* Which ones of it */
    uint64_t idxs;
    /* Where they go */
    uint64_t gpfns;
    /* What became of each */
    uint64_t errs;
};
_Static_assert(sizeof(struct xen_abi_memory_xen_add_to_physmap_batch) == 32, "xen_add_to_physmap_batch");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap_batch, domid) == 0, "xen_add_to_physmap_batch.domid");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap_batch, space) == 2, "xen_add_to_physmap_batch.space");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap_batch, size) == 4, "xen_add_to_physmap_batch.size");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap_batch, foreign_domid) == 6, "xen_add_to_physmap_batch.foreign_domid");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap_batch, idxs) == 8, "xen_add_to_physmap_batch.idxs");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap_batch, gpfns) == 16, "xen_add_to_physmap_batch.gpfns");
_Static_assert(offsetof(struct xen_abi_memory_xen_add_to_physmap_batch, errs) == 24, "xen_add_to_physmap_batch.errs");


/* A page to take out of an address space */
struct xen_abi_memory_xen_remove_from_physmap {
    /* Whose address space */
    uint16_t domid;
    /* Zero. */
    uint8_t pad0[6];
    /* Which page */
    uint64_t gpfn;
};
_Static_assert(sizeof(struct xen_abi_memory_xen_remove_from_physmap) == 16, "xen_remove_from_physmap");
_Static_assert(offsetof(struct xen_abi_memory_xen_remove_from_physmap, domid) == 0, "xen_remove_from_physmap.domid");
_Static_assert(offsetof(struct xen_abi_memory_xen_remove_from_physmap, pad0) == 2, "xen_remove_from_physmap.pad0");
_Static_assert(offsetof(struct xen_abi_memory_xen_remove_from_physmap, gpfn) == 8, "xen_remove_from_physmap.gpfn");


/* A range of memory as firmware tells it, 20 bytes that no header of Xen
 * declares */
struct xen_abi_memory_e820_entry {
    /* Its address */
    uint32_t addr_low;
    /* The address, bits 63 to 32 */
    uint32_t addr_high;
    /* Its size */
    uint32_t size_low;
    /* The size, bits 63 to 32 */
    uint32_t size_high;
    /* What it is; a `memmap_type` of the start-of-day structures */
    uint32_t kind;
};
_Static_assert(sizeof(struct xen_abi_memory_e820_entry) == 20, "e820_entry");
_Static_assert(offsetof(struct xen_abi_memory_e820_entry, addr_low) == 0, "e820_entry.addr_low");
_Static_assert(offsetof(struct xen_abi_memory_e820_entry, addr_high) == 4, "e820_entry.addr_high");
_Static_assert(offsetof(struct xen_abi_memory_e820_entry, size_low) == 8, "e820_entry.size_low");
_Static_assert(offsetof(struct xen_abi_memory_e820_entry, size_high) == 12, "e820_entry.size_high");
_Static_assert(offsetof(struct xen_abi_memory_e820_entry, kind) == 16, "e820_entry.kind");


/* A buffer for the map of memory */
struct xen_abi_memory_xen_memory_map {
    /* Entries that the buffer has room for; then, how many there are */
    uint32_t nr_entries;
    /* Zero. */
    uint8_t pad0[4];
    /* The buffer */
    uint64_t buffer;
};
_Static_assert(sizeof(struct xen_abi_memory_xen_memory_map) == 16, "xen_memory_map");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_map, nr_entries) == 0, "xen_memory_map.nr_entries");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_map, pad0) == 4, "xen_memory_map.pad0");
_Static_assert(offsetof(struct xen_abi_memory_xen_memory_map, buffer) == 8, "xen_memory_map.buffer");


/* Frames of a resource */
struct xen_abi_memory_xen_mem_acquire_resource {
    /* Whose resource */
    uint16_t domid;
    /* What kind */
    uint16_t kind;
    /* Which one */
    uint32_t id;
    /* How many frames; 0 asks how many there are */
    uint32_t nr_frames;
    /* Zero. */
    uint8_t pad0[4];
    /* The first frame of it */
    uint64_t frame;
    /* Where the frames are, or, for callers with translated memory, where they
     * shall go */
    uint64_t frame_list;
};
_Static_assert(sizeof(struct xen_abi_memory_xen_mem_acquire_resource) == 32, "xen_mem_acquire_resource");
_Static_assert(offsetof(struct xen_abi_memory_xen_mem_acquire_resource, domid) == 0, "xen_mem_acquire_resource.domid");
_Static_assert(offsetof(struct xen_abi_memory_xen_mem_acquire_resource, kind) == 2, "xen_mem_acquire_resource.kind");
_Static_assert(offsetof(struct xen_abi_memory_xen_mem_acquire_resource, id) == 4, "xen_mem_acquire_resource.id");
_Static_assert(offsetof(struct xen_abi_memory_xen_mem_acquire_resource, nr_frames) == 8, "xen_mem_acquire_resource.nr_frames");
_Static_assert(offsetof(struct xen_abi_memory_xen_mem_acquire_resource, pad0) == 12, "xen_mem_acquire_resource.pad0");
_Static_assert(offsetof(struct xen_abi_memory_xen_mem_acquire_resource, frame) == 16, "xen_mem_acquire_resource.frame");
_Static_assert(offsetof(struct xen_abi_memory_xen_mem_acquire_resource, frame_list) == 24, "xen_mem_acquire_resource.frame_list");

/* ==== The scheduler ==== */

#define XEN_ABI_SCHED_HYPERCALL 29

/* It has shut down */
#define XEN_ABI_SCHED_REASON_POWEROFF 0
/* It wants to start again */
#define XEN_ABI_SCHED_REASON_REBOOT 1
/* It is saved */
#define XEN_ABI_SCHED_REASON_SUSPEND 2
/* It has crashed */
#define XEN_ABI_SCHED_REASON_CRASH 3
/* Its watchdog has fired */
#define XEN_ABI_SCHED_REASON_WATCHDOG 4
/* It wants a soft reset */
#define XEN_ABI_SCHED_REASON_SOFT_RESET 5
#define XEN_ABI_SCHED_OP_YIELD 0
#define XEN_ABI_SCHED_OP_BLOCK 1
#define XEN_ABI_SCHED_OP_SHUTDOWN 2
#define XEN_ABI_SCHED_OP_POLL 3
#define XEN_ABI_SCHED_OP_REMOTE_SHUTDOWN 4
#define XEN_ABI_SCHED_OP_SHUTDOWN_CODE 5
#define XEN_ABI_SCHED_OP_WATCHDOG 6
#define XEN_ABI_SCHED_OP_PIN_OVERRIDE 7

/* Why the domain ends */
struct xen_abi_sched_sched_shutdown {
    /* The reason */
    uint32_t reason;
};
_Static_assert(sizeof(struct xen_abi_sched_sched_shutdown) == 4, "sched_shutdown");
_Static_assert(offsetof(struct xen_abi_sched_sched_shutdown, reason) == 0, "sched_shutdown.reason");


/* Ports to wait for */
struct xen_abi_sched_sched_poll {
    /* The ports */
    uint64_t ports;
    /* How many; at most 128 */
    uint32_t nr_ports;
    /* Zero. */
    uint8_t pad0[4];
    /* System time in nanoseconds; 0 for ever */
    uint64_t timeout;
};
_Static_assert(sizeof(struct xen_abi_sched_sched_poll) == 24, "sched_poll");
_Static_assert(offsetof(struct xen_abi_sched_sched_poll, ports) == 0, "sched_poll.ports");
_Static_assert(offsetof(struct xen_abi_sched_sched_poll, nr_ports) == 8, "sched_poll.nr_ports");
_Static_assert(offsetof(struct xen_abi_sched_sched_poll, pad0) == 12, "sched_poll.pad0");
_Static_assert(offsetof(struct xen_abi_sched_sched_poll, timeout) == 16, "sched_poll.timeout");


/* A domain to shut down */
struct xen_abi_sched_sched_remote_shutdown {
    /* The domain */
    uint16_t domain_id;
    /* Zero. */
    uint8_t pad0[2];
    /* The reason */
    uint32_t reason;
};
_Static_assert(sizeof(struct xen_abi_sched_sched_remote_shutdown) == 8, "sched_remote_shutdown");
_Static_assert(offsetof(struct xen_abi_sched_sched_remote_shutdown, domain_id) == 0, "sched_remote_shutdown.domain_id");
_Static_assert(offsetof(struct xen_abi_sched_sched_remote_shutdown, pad0) == 2, "sched_remote_shutdown.pad0");
_Static_assert(offsetof(struct xen_abi_sched_sched_remote_shutdown, reason) == 4, "sched_remote_shutdown.reason");


/* A watchdog of the domain */
struct xen_abi_sched_sched_watchdog {
    /* Which one; 0 makes one */
    uint32_t id;
    /* Seconds; 0 removes it */
    uint32_t timeout;
};
_Static_assert(sizeof(struct xen_abi_sched_sched_watchdog) == 8, "sched_watchdog");
_Static_assert(offsetof(struct xen_abi_sched_sched_watchdog, id) == 0, "sched_watchdog.id");
_Static_assert(offsetof(struct xen_abi_sched_sched_watchdog, timeout) == 4, "sched_watchdog.timeout");


/* A CPU to stay on */
struct xen_abi_sched_sched_pin_override {
    /* The CPU; negative ends it */
    int32_t pcpu;
};
_Static_assert(sizeof(struct xen_abi_sched_sched_pin_override) == 4, "sched_pin_override");
_Static_assert(offsetof(struct xen_abi_sched_sched_pin_override, pcpu) == 0, "sched_pin_override.pcpu");

/* ==== What a PVH guest finds when it starts ==== */

/* `magic` of the structure */
#define XEN_ABI_START_INFO_MAGIC 862897528
/* Memory */
#define XEN_ABI_START_INFO_MEMMAP_TYPE_RAM 1
/* Not to be touched */
#define XEN_ABI_START_INFO_MEMMAP_TYPE_RESERVED 2
/* ACPI tables; memory when they are read */
#define XEN_ABI_START_INFO_MEMMAP_TYPE_ACPI 3
/* ACPI's own memory */
#define XEN_ABI_START_INFO_MEMMAP_TYPE_NVS 4
/* Broken memory */
#define XEN_ABI_START_INFO_MEMMAP_TYPE_UNUSABLE 5
/* Memory that is off */
#define XEN_ABI_START_INFO_MEMMAP_TYPE_DISABLED 6
/* Persistent memory */
#define XEN_ABI_START_INFO_MEMMAP_TYPE_PMEM 7

/* Where everything is */
struct xen_abi_start_info_hvm_start_info {
    /* The magic number */
    uint32_t magic;
    /* Version of this structure: 0, or 1 with the map */
    uint32_t version;
    /* Bit 0: the guest is privileged; bit 1: it is the first domain */
    uint32_t flags;
    /* How many modules */
    uint32_t nr_modules;
    /* Address of their list */
    uint64_t modlist_paddr;
    /* Address of the command line */
    uint64_t cmdline_paddr;
    /* Address of ACPI's root pointer */
    uint64_t rsdp_paddr;
    /* Address of the map of memory */
    uint64_t memmap_paddr;
    /* Its entries */
    uint32_t memmap_entries;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_start_info_hvm_start_info) == 56, "hvm_start_info");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, magic) == 0, "hvm_start_info.magic");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, version) == 4, "hvm_start_info.version");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, flags) == 8, "hvm_start_info.flags");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, nr_modules) == 12, "hvm_start_info.nr_modules");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, modlist_paddr) == 16, "hvm_start_info.modlist_paddr");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, cmdline_paddr) == 24, "hvm_start_info.cmdline_paddr");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, rsdp_paddr) == 32, "hvm_start_info.rsdp_paddr");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, memmap_paddr) == 40, "hvm_start_info.memmap_paddr");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, memmap_entries) == 48, "hvm_start_info.memmap_entries");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_start_info, pad0) == 52, "hvm_start_info.pad0");


/* A module */
struct xen_abi_start_info_hvm_modlist_entry {
    /* Its address */
    uint64_t paddr;
    /* Its size */
    uint64_t size;
    /* Address of its command line */
    uint64_t cmdline_paddr;
    /* Zero. */
    uint8_t pad0[8];
};
_Static_assert(sizeof(struct xen_abi_start_info_hvm_modlist_entry) == 32, "hvm_modlist_entry");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_modlist_entry, paddr) == 0, "hvm_modlist_entry.paddr");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_modlist_entry, size) == 8, "hvm_modlist_entry.size");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_modlist_entry, cmdline_paddr) == 16, "hvm_modlist_entry.cmdline_paddr");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_modlist_entry, pad0) == 24, "hvm_modlist_entry.pad0");


/* A range of memory */
struct xen_abi_start_info_hvm_memmap_table_entry {
    /* Its address */
    uint64_t addr;
    /* Its size */
    uint64_t size;
    /* What it is */
    uint32_t kind;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_start_info_hvm_memmap_table_entry) == 24, "hvm_memmap_table_entry");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_memmap_table_entry, addr) == 0, "hvm_memmap_table_entry.addr");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_memmap_table_entry, size) == 8, "hvm_memmap_table_entry.size");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_memmap_table_entry, kind) == 16, "hvm_memmap_table_entry.kind");
_Static_assert(offsetof(struct xen_abi_start_info_hvm_memmap_table_entry, pad0) == 20, "hvm_memmap_table_entry.pad0");

/* ==== vCPUs, and the pages a guest shares with Xen ==== */

#define XEN_ABI_VCPU_HYPERCALL 24

/* Flag of `set_singleshot_timer`: refuse a time that has passed */
#define XEN_ABI_VCPU_SSHOTTMR_FUTURE 1
/* Those of 32 bits, with segments */
#define XEN_ABI_VCPU_VCPU_HVM_MODE_BITS32 0
/* Those of long mode, with flat segments */
#define XEN_ABI_VCPU_VCPU_HVM_MODE_BITS64 1
/* It runs */
#define XEN_ABI_VCPU_RUNSTATE_RUNNING 0
/* It could run */
#define XEN_ABI_VCPU_RUNSTATE_RUNNABLE 1
/* It waits for an event */
#define XEN_ABI_VCPU_RUNSTATE_BLOCKED 2
/* It is down, paused or blocked by Xen */
#define XEN_ABI_VCPU_RUNSTATE_OFFLINE 3
#define XEN_ABI_VCPU_OP_INITIALISE 0
#define XEN_ABI_VCPU_OP_UP 1
#define XEN_ABI_VCPU_OP_DOWN 2
#define XEN_ABI_VCPU_OP_IS_UP 3
#define XEN_ABI_VCPU_OP_GET_RUNSTATE_INFO 4
#define XEN_ABI_VCPU_OP_REGISTER_RUNSTATE_MEMORY_AREA 5
#define XEN_ABI_VCPU_OP_SET_PERIODIC_TIMER 6
#define XEN_ABI_VCPU_OP_STOP_PERIODIC_TIMER 7
#define XEN_ABI_VCPU_OP_SET_SINGLESHOT_TIMER 8
#define XEN_ABI_VCPU_OP_STOP_SINGLESHOT_TIMER 9
#define XEN_ABI_VCPU_OP_REGISTER_VCPU_INFO 10
#define XEN_ABI_VCPU_OP_SEND_NMI 11
#define XEN_ABI_VCPU_OP_GET_PHYSID 12
#define XEN_ABI_VCPU_OP_REGISTER_VCPU_TIME_MEMORY_AREA 13
#define XEN_ABI_VCPU_OP_REGISTER_RUNSTATE_PHYS_AREA 14
#define XEN_ABI_VCPU_OP_REGISTER_VCPU_TIME_PHYS_AREA 15

/* The registers a vCPU starts with in 32 bits */
struct xen_abi_vcpu_vcpu_hvm_32 {
    /* The register */
    uint32_t eax;
    /* The register */
    uint32_t ecx;
    /* The register */
    uint32_t edx;
    /* The register */
    uint32_t ebx;
    /* The register */
    uint32_t esp;
    /* The register */
    uint32_t ebp;
    /* The register */
    uint32_t esi;
    /* The register */
    uint32_t edi;
    /* The register */
    uint32_t eip;
    /* The register */
    uint32_t eflags;
    /* The register */
    uint32_t cr0;
    /* The register */
    uint32_t cr3;
    /* The register */
    uint32_t cr4;
    /* Zero. */
    uint8_t pad0[4];
    /* NXE, and LME with LMA for compatibility mode */
    uint64_t efer;
    /* First address of the segment */
    uint32_t cs_base;
    /* First address of the segment */
    uint32_t ds_base;
    /* First address of the segment */
    uint32_t ss_base;
    /* First address of the segment */
    uint32_t es_base;
    /* First address of the segment */
    uint32_t tr_base;
    /* Last offset in the segment */
    uint32_t cs_limit;
    /* Last offset in the segment */
    uint32_t ds_limit;
    /* Last offset in the segment */
    uint32_t ss_limit;
    /* Last offset in the segment */
    uint32_t es_limit;
    /* Last offset in the segment */
    uint32_t tr_limit;
    /* Attributes: bits 40 to 47 and 52 to 55 of a descriptor */
    uint16_t cs_ar;
    /* Attributes: bits 40 to 47 and 52 to 55 of a descriptor */
    uint16_t ds_ar;
    /* Attributes: bits 40 to 47 and 52 to 55 of a descriptor */
    uint16_t ss_ar;
    /* Attributes: bits 40 to 47 and 52 to 55 of a descriptor */
    uint16_t es_ar;
    /* Attributes: bits 40 to 47 and 52 to 55 of a descriptor */
    uint16_t tr_ar;
    /* Zero. */
    uint8_t pad1[6];
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_hvm_32) == 120, "vcpu_hvm_32");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, eax) == 0, "vcpu_hvm_32.eax");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ecx) == 4, "vcpu_hvm_32.ecx");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, edx) == 8, "vcpu_hvm_32.edx");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ebx) == 12, "vcpu_hvm_32.ebx");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, esp) == 16, "vcpu_hvm_32.esp");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ebp) == 20, "vcpu_hvm_32.ebp");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, esi) == 24, "vcpu_hvm_32.esi");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, edi) == 28, "vcpu_hvm_32.edi");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, eip) == 32, "vcpu_hvm_32.eip");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, eflags) == 36, "vcpu_hvm_32.eflags");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, cr0) == 40, "vcpu_hvm_32.cr0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, cr3) == 44, "vcpu_hvm_32.cr3");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, cr4) == 48, "vcpu_hvm_32.cr4");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, pad0) == 52, "vcpu_hvm_32.pad0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, efer) == 56, "vcpu_hvm_32.efer");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, cs_base) == 64, "vcpu_hvm_32.cs_base");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ds_base) == 68, "vcpu_hvm_32.ds_base");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ss_base) == 72, "vcpu_hvm_32.ss_base");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, es_base) == 76, "vcpu_hvm_32.es_base");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, tr_base) == 80, "vcpu_hvm_32.tr_base");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, cs_limit) == 84, "vcpu_hvm_32.cs_limit");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ds_limit) == 88, "vcpu_hvm_32.ds_limit");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ss_limit) == 92, "vcpu_hvm_32.ss_limit");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, es_limit) == 96, "vcpu_hvm_32.es_limit");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, tr_limit) == 100, "vcpu_hvm_32.tr_limit");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, cs_ar) == 104, "vcpu_hvm_32.cs_ar");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ds_ar) == 106, "vcpu_hvm_32.ds_ar");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, ss_ar) == 108, "vcpu_hvm_32.ss_ar");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, es_ar) == 110, "vcpu_hvm_32.es_ar");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, tr_ar) == 112, "vcpu_hvm_32.tr_ar");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_32, pad1) == 114, "vcpu_hvm_32.pad1");


/* The registers a vCPU starts with in long mode */
struct xen_abi_vcpu_vcpu_hvm_64 {
    /* The register */
    uint64_t rax;
    /* The register */
    uint64_t rcx;
    /* The register */
    uint64_t rdx;
    /* The register */
    uint64_t rbx;
    /* The register */
    uint64_t rsp;
    /* The register */
    uint64_t rbp;
    /* The register */
    uint64_t rsi;
    /* The register */
    uint64_t rdi;
    /* The register */
    uint64_t rip;
    /* The register */
    uint64_t rflags;
    /* The register */
    uint64_t cr0;
    /* The register */
    uint64_t cr3;
    /* The register */
    uint64_t cr4;
    /* The register */
    uint64_t efer;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_hvm_64) == 112, "vcpu_hvm_64");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rax) == 0, "vcpu_hvm_64.rax");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rcx) == 8, "vcpu_hvm_64.rcx");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rdx) == 16, "vcpu_hvm_64.rdx");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rbx) == 24, "vcpu_hvm_64.rbx");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rsp) == 32, "vcpu_hvm_64.rsp");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rbp) == 40, "vcpu_hvm_64.rbp");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rsi) == 48, "vcpu_hvm_64.rsi");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rdi) == 56, "vcpu_hvm_64.rdi");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rip) == 64, "vcpu_hvm_64.rip");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, rflags) == 72, "vcpu_hvm_64.rflags");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, cr0) == 80, "vcpu_hvm_64.cr0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, cr3) == 88, "vcpu_hvm_64.cr3");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, cr4) == 96, "vcpu_hvm_64.cr4");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_64, efer) == 104, "vcpu_hvm_64.efer");


/* The registers a vCPU of an HVM guest starts with */
struct xen_abi_vcpu_vcpu_hvm_context {
    /* Which registers */
    uint32_t mode;
    /* Zero. */
    uint8_t pad0[4];
    /* The registers */
    union {
        struct xen_abi_vcpu_vcpu_hvm_32 bits32; /* mode == 0 */
        struct xen_abi_vcpu_vcpu_hvm_64 bits64; /* mode == 1 */
    } cpu_regs;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_hvm_context) == 128, "vcpu_hvm_context");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_context, mode) == 0, "vcpu_hvm_context.mode");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_context, pad0) == 4, "vcpu_hvm_context.pad0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_hvm_context, cpu_regs) == 8, "vcpu_hvm_context.cpu_regs");


/* What a vCPU has done with its time */
struct xen_abi_vcpu_vcpu_runstate_info {
    /* What it does */
    int32_t state;
    /* Zero. */
    uint8_t pad0[4];
    /* Since when; bit 63 says that an update is in progress */
    uint64_t state_entry_time;
    /* Nanoseconds in each state */
    uint64_t time[4];
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_runstate_info) == 48, "vcpu_runstate_info");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_runstate_info, state) == 0, "vcpu_runstate_info.state");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_runstate_info, pad0) == 4, "vcpu_runstate_info.pad0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_runstate_info, state_entry_time) == 8, "vcpu_runstate_info.state_entry_time");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_runstate_info, time) == 16, "vcpu_runstate_info.time");


/* Where Xen keeps the runstate */
struct xen_abi_vcpu_vcpu_register_runstate_memory_area {
    /* The address */
    uint64_t p;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_register_runstate_memory_area) == 8, "vcpu_register_runstate_memory_area");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_register_runstate_memory_area, p) == 0, "vcpu_register_runstate_memory_area.p");


/* A timer that fires again and again */
struct xen_abi_vcpu_vcpu_set_periodic_timer {
    /* Nanoseconds */
    uint64_t period_ns;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_set_periodic_timer) == 8, "vcpu_set_periodic_timer");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_set_periodic_timer, period_ns) == 0, "vcpu_set_periodic_timer.period_ns");


/* A timer that fires once */
struct xen_abi_vcpu_vcpu_set_singleshot_timer {
    /* System time in nanoseconds */
    uint64_t timeout_abs_ns;
    /* Whether a time that has passed is refused */
    uint32_t flags;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_set_singleshot_timer) == 16, "vcpu_set_singleshot_timer");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_set_singleshot_timer, timeout_abs_ns) == 0, "vcpu_set_singleshot_timer.timeout_abs_ns");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_set_singleshot_timer, flags) == 8, "vcpu_set_singleshot_timer.flags");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_set_singleshot_timer, pad0) == 12, "vcpu_set_singleshot_timer.pad0");


/* Where the vCPU's info is */
struct xen_abi_vcpu_vcpu_register_vcpu_info {
    /* The frame */
    uint64_t mfn;
    /* The offset in it; it must fit into the frame */
    uint32_t offset;
    /* Zero. */
    uint8_t pad0[4];
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_register_vcpu_info) == 16, "vcpu_register_vcpu_info");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_register_vcpu_info, mfn) == 0, "vcpu_register_vcpu_info.mfn");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_register_vcpu_info, offset) == 8, "vcpu_register_vcpu_info.offset");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_register_vcpu_info, pad0) == 12, "vcpu_register_vcpu_info.pad0");


/* The CPU of a vCPU that stays on it */
struct xen_abi_vcpu_vcpu_get_physid {
    /* APIC identifier, ACPI identifier << 32 */
    uint64_t phys_id;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_get_physid) == 8, "vcpu_get_physid");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_get_physid, phys_id) == 0, "vcpu_get_physid.phys_id");


/* Where Xen keeps the time */
struct xen_abi_vcpu_vcpu_register_time_memory_area {
    /* The address */
    uint64_t p;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_register_time_memory_area) == 8, "vcpu_register_time_memory_area");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_register_time_memory_area, p) == 0, "vcpu_register_time_memory_area.p");


/* The time, as a function of the time stamp counter */
struct xen_abi_vcpu_vcpu_time_info {
    /* Odd while Xen writes; read it before and after */
    uint32_t version;
    /* Zero. */
    uint8_t pad0[4];
    /* Counter at the last update */
    uint64_t tsc_timestamp;
    /* Nanoseconds at the last update */
    uint64_t system_time;
    /* Nanoseconds of a tick << 32 */
    uint32_t tsc_to_system_mul;
    /* Left shift of ticks before; negative is right */
    int8_t tsc_shift;
    /* Bit 0 says that the counter is the same on all CPUs */
    uint8_t flags;
    /* Zero. */
    uint8_t pad1[2];
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_time_info) == 32, "vcpu_time_info");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, version) == 0, "vcpu_time_info.version");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, pad0) == 4, "vcpu_time_info.pad0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, tsc_timestamp) == 8, "vcpu_time_info.tsc_timestamp");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, system_time) == 16, "vcpu_time_info.system_time");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, tsc_to_system_mul) == 24, "vcpu_time_info.tsc_to_system_mul");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, tsc_shift) == 28, "vcpu_time_info.tsc_shift");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, flags) == 29, "vcpu_time_info.flags");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_time_info, pad1) == 30, "vcpu_time_info.pad1");


/* Pending events of a vCPU on x86 */
struct xen_abi_vcpu_vcpu_info_x86 {
    /* Something is pending */
    uint8_t evtchn_upcall_pending;
    /* No upcalls (PV) */
    uint8_t evtchn_upcall_mask;
    /* Zero. */
    uint8_t pad0[6];
    /* A bit for each word of `evtchn_pending` */
    uint64_t evtchn_pending_sel;
    /* Faulting address (PV) */
    uint64_t cr2;
    /* Zero. */
    uint8_t pad1[8];
    /* The time */
    struct xen_abi_vcpu_vcpu_time_info time;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_info_x86) == 64, "vcpu_info_x86");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_x86, evtchn_upcall_pending) == 0, "vcpu_info_x86.evtchn_upcall_pending");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_x86, evtchn_upcall_mask) == 1, "vcpu_info_x86.evtchn_upcall_mask");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_x86, pad0) == 2, "vcpu_info_x86.pad0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_x86, evtchn_pending_sel) == 8, "vcpu_info_x86.evtchn_pending_sel");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_x86, cr2) == 16, "vcpu_info_x86.cr2");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_x86, pad1) == 24, "vcpu_info_x86.pad1");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_x86, time) == 32, "vcpu_info_x86.time");


/* The page that a domain shares with Xen on x86 */
struct xen_abi_vcpu_shared_info_x86 {
    /* Of the first vCPUs that have not placed theirs */
    struct xen_abi_vcpu_vcpu_info_x86 vcpu_info[32];
    /* A bit for each port that is pending */
    uint64_t evtchn_pending[64];
    /* A bit for each port that is masked */
    uint64_t evtchn_mask[64];
    /* Odd while Xen writes the wall clock */
    uint32_t wc_version;
    /* Wall clock at system time 0 in seconds */
    uint32_t wc_sec;
    /* and nanoseconds */
    uint32_t wc_nsec;
    /* Upper half of the seconds */
    uint32_t wc_sec_hi;
    /* Of PV guests */
    uint64_t arch[6];
};
_Static_assert(sizeof(struct xen_abi_vcpu_shared_info_x86) == 3136, "shared_info_x86");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, vcpu_info) == 0, "shared_info_x86.vcpu_info");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, evtchn_pending) == 2048, "shared_info_x86.evtchn_pending");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, evtchn_mask) == 2560, "shared_info_x86.evtchn_mask");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, wc_version) == 3072, "shared_info_x86.wc_version");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, wc_sec) == 3076, "shared_info_x86.wc_sec");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, wc_nsec) == 3080, "shared_info_x86.wc_nsec");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, wc_sec_hi) == 3084, "shared_info_x86.wc_sec_hi");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_x86, arch) == 3088, "shared_info_x86.arch");


/* Pending events of a vCPU on Arm */
struct xen_abi_vcpu_vcpu_info_arm {
    /* Something is pending */
    uint8_t evtchn_upcall_pending;
    /* Zero. */
    uint8_t pad0[7];
    /* A bit for each word of `evtchn_pending` */
    uint64_t evtchn_pending_sel;
    /* The time; not kept on Arm */
    struct xen_abi_vcpu_vcpu_time_info time;
};
_Static_assert(sizeof(struct xen_abi_vcpu_vcpu_info_arm) == 48, "vcpu_info_arm");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_arm, evtchn_upcall_pending) == 0, "vcpu_info_arm.evtchn_upcall_pending");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_arm, pad0) == 1, "vcpu_info_arm.pad0");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_arm, evtchn_pending_sel) == 8, "vcpu_info_arm.evtchn_pending_sel");
_Static_assert(offsetof(struct xen_abi_vcpu_vcpu_info_arm, time) == 16, "vcpu_info_arm.time");


/* The page that a domain shares with Xen on Arm */
struct xen_abi_vcpu_shared_info_arm {
    /* Of the first vCPU if it has not placed its own */
    struct xen_abi_vcpu_vcpu_info_arm vcpu_info;
    /* A bit for each port that is pending */
    uint64_t evtchn_pending[64];
    /* A bit for each port that is masked */
    uint64_t evtchn_mask[64];
    /* Odd while Xen writes the wall clock */
    uint32_t wc_version;
    /* Wall clock at system time 0 in seconds */
    uint32_t wc_sec;
    /* and nanoseconds */
    uint32_t wc_nsec;
    /* Upper half of the seconds */
    uint32_t wc_sec_hi;
};
_Static_assert(sizeof(struct xen_abi_vcpu_shared_info_arm) == 1088, "shared_info_arm");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_arm, vcpu_info) == 0, "shared_info_arm.vcpu_info");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_arm, evtchn_pending) == 48, "shared_info_arm.evtchn_pending");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_arm, evtchn_mask) == 560, "shared_info_arm.evtchn_mask");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_arm, wc_version) == 1072, "shared_info_arm.wc_version");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_arm, wc_sec) == 1076, "shared_info_arm.wc_sec");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_arm, wc_nsec) == 1080, "shared_info_arm.wc_nsec");
_Static_assert(offsetof(struct xen_abi_vcpu_shared_info_arm, wc_sec_hi) == 1084, "shared_info_arm.wc_sec_hi");

/* ==== Which Xen this is ==== */

#define XEN_ABI_VERSION_HYPERCALL 17

#define XEN_ABI_VERSION_OP_VERSION 0
#define XEN_ABI_VERSION_OP_EXTRAVERSION 1
#define XEN_ABI_VERSION_OP_COMPILE_INFO 2
#define XEN_ABI_VERSION_OP_CAPABILITIES 3
#define XEN_ABI_VERSION_OP_CHANGESET 4
#define XEN_ABI_VERSION_OP_PLATFORM_PARAMETERS 5
#define XEN_ABI_VERSION_OP_GET_FEATURES 6
#define XEN_ABI_VERSION_OP_PAGESIZE 7

/* The rest of the version */
struct xen_abi_version_extraversion {
    /* Text that ends with a zero */
    uint8_t text[16];
};
_Static_assert(sizeof(struct xen_abi_version_extraversion) == 16, "extraversion");
_Static_assert(offsetof(struct xen_abi_version_extraversion, text) == 0, "extraversion.text");


/* Who built Xen, and with what */
struct xen_abi_version_compile_info {
    /* Text that ends with a zero */
    uint8_t compiler[64];
    /* Text that ends with a zero */
    uint8_t compile_by[16];
    /* Text that ends with a zero */
    uint8_t compile_domain[32];
    /* Text that ends with a zero */
    uint8_t compile_date[32];
};
_Static_assert(sizeof(struct xen_abi_version_compile_info) == 144, "compile_info");
_Static_assert(offsetof(struct xen_abi_version_compile_info, compiler) == 0, "compile_info.compiler");
_Static_assert(offsetof(struct xen_abi_version_compile_info, compile_by) == 64, "compile_info.compile_by");
_Static_assert(offsetof(struct xen_abi_version_compile_info, compile_domain) == 80, "compile_info.compile_domain");
_Static_assert(offsetof(struct xen_abi_version_compile_info, compile_date) == 112, "compile_info.compile_date");


/* What kinds of guest Xen can run */
struct xen_abi_version_capabilities_info {
    /* Words like `hvm-3.0-x86_64`, zero at the end */
    uint8_t text[1024];
};
_Static_assert(sizeof(struct xen_abi_version_capabilities_info) == 1024, "capabilities_info");
_Static_assert(offsetof(struct xen_abi_version_capabilities_info, text) == 0, "capabilities_info.text");


/* The commit Xen was built from */
struct xen_abi_version_changeset_info {
    /* Text that ends with a zero */
    uint8_t text[64];
};
_Static_assert(sizeof(struct xen_abi_version_changeset_info) == 64, "changeset_info");
_Static_assert(offsetof(struct xen_abi_version_changeset_info, text) == 0, "changeset_info.text");


/* Where Xen's own addresses begin */
struct xen_abi_version_platform_parameters {
    /* First address that is not the guest's (PV) */
    uint64_t virt_start;
};
_Static_assert(sizeof(struct xen_abi_version_platform_parameters) == 8, "platform_parameters");
_Static_assert(offsetof(struct xen_abi_version_platform_parameters, virt_start) == 0, "platform_parameters.virt_start");


/* 32 of Xen's features */
struct xen_abi_version_feature_info {
    /* Which 32 */
    uint32_t submap_idx;
    /* A bit for each */
    uint32_t submap;
};
_Static_assert(sizeof(struct xen_abi_version_feature_info) == 8, "feature_info");
_Static_assert(offsetof(struct xen_abi_version_feature_info, submap_idx) == 0, "feature_info.submap_idx");
_Static_assert(offsetof(struct xen_abi_version_feature_info, submap) == 4, "feature_info.submap");

/* ==== Virtual interrupts and reserved domains ==== */

/* Ordinary domains are below */
#define XEN_ABI_VIRQ_DOMID_FIRST_RESERVED 32752
/* The caller */
#define XEN_ABI_VIRQ_DOMID_SELF 32752
/* Owner of device memory */
#define XEN_ABI_VIRQ_DOMID_IO 32753
/* Xen itself */
#define XEN_ABI_VIRQ_DOMID_XEN 32754
/* Owner of shared pages */
#define XEN_ABI_VIRQ_DOMID_COW 32755
/* No domain */
#define XEN_ABI_VIRQ_DOMID_INVALID 32756
/* The idle domain */
#define XEN_ABI_VIRQ_DOMID_IDLE 32767
/* The vCPU's timer */
#define XEN_ABI_VIRQ_VIRQ_TIMER 0
/* Someone wants a dump of the guest */
#define XEN_ABI_VIRQ_VIRQ_DEBUG 1
/* Bytes typed at Xen's console */
#define XEN_ABI_VIRQ_VIRQ_CONSOLE 2
/* A domain has ended or is gone */
#define XEN_ABI_VIRQ_VIRQ_DOM_EXC 3
/* Trace records */
#define XEN_ABI_VIRQ_VIRQ_TBUF 4
/* A domain is paused for debugging */
#define XEN_ABI_VIRQ_VIRQ_DEBUGGER 6
/* A profiling sample */
#define XEN_ABI_VIRQ_VIRQ_XENOPROF 7
/* Bytes in Xen's console ring */
#define XEN_ABI_VIRQ_VIRQ_CON_RING 8
/* A CPU has come or gone */
#define XEN_ABI_VIRQ_VIRQ_PCPU_STATE 9
/* A memory event */
#define XEN_ABI_VIRQ_VIRQ_MEM_EVENT 10
/* A message between domains */
#define XEN_ABI_VIRQ_VIRQ_ARGO 11
/* Memory is short */
#define XEN_ABI_VIRQ_VIRQ_ENOMEM 12
/* A performance counter */
#define XEN_ABI_VIRQ_VIRQ_XENPMU 13
/* ==== XenStore's messages ==== */

/* Most bytes after the header; more ends the connection */
#define XEN_ABI_XS_WIRE_PAYLOAD_MAX 4096
/* Longest absolute path */
#define XEN_ABI_XS_WIRE_ABS_PATH_MAX 3072
/* Longest relative path */
#define XEN_ABI_XS_WIRE_REL_PATH_MAX 2048
/* Bytes of each ring */
#define XEN_ABI_XS_WIRE_RING_SIZE 1024
/* `connection`: in use */
#define XEN_ABI_XS_WIRE_CONNECTED 0
/* `connection`: the guest wants to begin again */
#define XEN_ABI_XS_WIRE_RECONNECT 1
/* A command for the daemon */
#define XEN_ABI_XS_WIRE_TYPE_CONTROL 0
/* The children of a path */
#define XEN_ABI_XS_WIRE_TYPE_DIRECTORY 1
/* The value of a path */
#define XEN_ABI_XS_WIRE_TYPE_READ 2
/* Who may use a path */
#define XEN_ABI_XS_WIRE_TYPE_GET_PERMS 3
/* Tell of changes below a path */
#define XEN_ABI_XS_WIRE_TYPE_WATCH 4
/* No longer */
#define XEN_ABI_XS_WIRE_TYPE_UNWATCH 5
/* Begin a transaction */
#define XEN_ABI_XS_WIRE_TYPE_TRANSACTION_START 6
/* End it: `T` commits, `F` forgets */
#define XEN_ABI_XS_WIRE_TYPE_TRANSACTION_END 7
/* A new domain */
#define XEN_ABI_XS_WIRE_TYPE_INTRODUCE 8
/* A domain is gone */
#define XEN_ABI_XS_WIRE_TYPE_RELEASE 9
/* The path of a domain */
#define XEN_ABI_XS_WIRE_TYPE_GET_DOMAIN_PATH 10
/* Set the value of a path */
#define XEN_ABI_XS_WIRE_TYPE_WRITE 11
/* Make a path */
#define XEN_ABI_XS_WIRE_TYPE_MKDIR 12
/* Remove a path and all below */
#define XEN_ABI_XS_WIRE_TYPE_RM 13
/* Say who may use a path */
#define XEN_ABI_XS_WIRE_TYPE_SET_PERMS 14
/* Something below a watched path has changed */
#define XEN_ABI_XS_WIRE_TYPE_WATCH_EVENT 15
/* The answer to a request that failed */
#define XEN_ABI_XS_WIRE_TYPE_ERROR 16
/* Whether a domain is known */
#define XEN_ABI_XS_WIRE_TYPE_IS_DOMAIN_INTRODUCED 17
/* A domain goes on after a failed suspend */
#define XEN_ABI_XS_WIRE_TYPE_RESUME 18
/* A domain serves another */
#define XEN_ABI_XS_WIRE_TYPE_SET_TARGET 19
/* Forget the caller's watches and transactions */
#define XEN_ABI_XS_WIRE_TYPE_RESET_WATCHES 21
/* Some of the children of a path */
#define XEN_ABI_XS_WIRE_TYPE_DIRECTORY_PART 22
/* Features of a domain's connection */
#define XEN_ABI_XS_WIRE_TYPE_GET_FEATURE 23
/* Set them */
#define XEN_ABI_XS_WIRE_TYPE_SET_FEATURE 24
/* Limits of a domain */
#define XEN_ABI_XS_WIRE_TYPE_GET_QUOTA 25
/* Set them */
#define XEN_ABI_XS_WIRE_TYPE_SET_QUOTA 26
/* The guest may ask to begin again */
#define XEN_ABI_XS_WIRE_SERVER_FEATURES_RECONNECTION 1
/* Errors are reported in the page */
#define XEN_ABI_XS_WIRE_SERVER_FEATURES_ERROR 2

/* The header of a message */
struct xen_abi_xs_wire_xsd_sockmsg {
    /* What it is */
    uint32_t kind;
    /* The request's number; the answer has the same */
    uint32_t req_id;
    /* The transaction; 0 for none */
    uint32_t tx_id;
    /* Bytes that follow */
    uint32_t len;
};
_Static_assert(sizeof(struct xen_abi_xs_wire_xsd_sockmsg) == 16, "xsd_sockmsg");
_Static_assert(offsetof(struct xen_abi_xs_wire_xsd_sockmsg, kind) == 0, "xsd_sockmsg.kind");
_Static_assert(offsetof(struct xen_abi_xs_wire_xsd_sockmsg, req_id) == 4, "xsd_sockmsg.req_id");
_Static_assert(offsetof(struct xen_abi_xs_wire_xsd_sockmsg, tx_id) == 8, "xsd_sockmsg.tx_id");
_Static_assert(offsetof(struct xen_abi_xs_wire_xsd_sockmsg, len) == 12, "xsd_sockmsg.len");


/* The page that a guest and the daemon share */
struct xen_abi_xs_wire_xenstore_domain_interface {
    /* From the guest */
    uint8_t req[1024];
    /* To the guest */
    uint8_t rsp[1024];
    /* How much the daemon has read */
    uint32_t req_cons;
    /* How much the guest has written */
    uint32_t req_prod;
    /* How much the guest has read */
    uint32_t rsp_cons;
    /* How much the daemon has written */
    uint32_t rsp_prod;
    /* What the daemon can do */
    uint32_t server_features;
    /* Whether the rings are in use */
    uint32_t connection;
    /* What is wrong with the rings */
    uint32_t error;
};
_Static_assert(sizeof(struct xen_abi_xs_wire_xenstore_domain_interface) == 2076, "xenstore_domain_interface");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, req) == 0, "xenstore_domain_interface.req");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, rsp) == 1024, "xenstore_domain_interface.rsp");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, req_cons) == 2048, "xenstore_domain_interface.req_cons");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, req_prod) == 2052, "xenstore_domain_interface.req_prod");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, rsp_cons) == 2056, "xenstore_domain_interface.rsp_cons");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, rsp_prod) == 2060, "xenstore_domain_interface.rsp_prod");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, server_features) == 2064, "xenstore_domain_interface.server_features");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, connection) == 2068, "xenstore_domain_interface.connection");
_Static_assert(offsetof(struct xen_abi_xs_wire_xenstore_domain_interface, error) == 2072, "xenstore_domain_interface.error");

#endif /* XEN_ABI_H */
