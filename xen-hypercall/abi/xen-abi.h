/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Generated from abi/{interface}.yaml by `xen-abi generate`: edit those files. */
#ifndef XEN_ABI_H
#define XEN_ABI_H

#include <stddef.h>
#include <stdint.h>

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

/* ==== Memory of a domain ==== */

#define XEN_ABI_MEMORY_HYPERCALL 12

/* Frame of an IOREQ server's buffered page; its slots begin at frame 1 */
#define XEN_ABI_MEMORY_FRAME_BUFIOREQ 0
/* Grant table as a resource: the entries */
#define XEN_ABI_MEMORY_ID_SHARED 0
/* Grant table as a resource: the status words of version 2 */
#define XEN_ABI_MEMORY_ID_STATUS 1
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

#endif /* XEN_ABI_H */
