# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# How dom0 measures the disks of one guest on x86 (`cargo xtask bench guest --arch x86_64`).
. ./bench.sh

# What the guest calls its disks, by who serves them.
place_in_guest() { echo "/dev/$peer"; }

# bench_x86: every case with every disk, which are the same file
bench_x86() {
    bench_image
    daemon_start
    peer_start guest
    for peer in pv qemu ours; do
        case $peer in
        pv) peer_measure blkif-backend ;;
        # The device model's events are those of all its devices; the others are idle.
        qemu) peer_measure evtchn:xen-qemu ;;
        ours) peer_measure "evtchn:$(cat "/proc/$daemon/comm")" ;;
        esac
    done
    peer=guest
    peer_stop
    daemon_stop
}
