# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# What a guest does with its entropy source and its disk: `. /devices.sh`.

# entropy: two reads that are whole and not the same
entropy() {
    head -c 256 /dev/hwrng > /tmp/first
    head -c 256 /dev/hwrng > /tmp/second
    [ "$(wc -c < /tmp/first)" = 256 ] && [ "$(wc -c < /tmp/second)" = 256 ]
    if cmp -s /tmp/first /tmp/second; then return 1; fi
    echo "entropy: 512 bytes"
}

# good_entropy BLOCKS: that many blocks of 2,500 bytes pass the tests of FIPS 140-2, but for 2 and one in
# 100. A good source fails one in some 1,200.
good_entropy() {
    rngtest -c "$1" < /dev/hwrng 2> /tmp/rngtest || true
    passed=$(sed -n 's/.*FIPS 140-2 successes: //p' /tmp/rngtest)
    [ "$passed" -ge $(($1 - $1 / 100 - 2)) ]
    echo "entropy: $passed of $1 blocks pass"
}

# sum: of the file on the disk
sum() { md5sum < /mnt/file; }

# disk_at SLOT: the disk of the function in a slot of the guest's own bus, on x86
disk_at() { echo "/dev/$(basename "/sys/bus/pci/devices/0000:00:$1.0"/virtio*/block/*)"; }

# disk [MIB [DISK]]: a file system on /dev/vda, 8 MiB or so many written, and read again from the device twice
disk() {
    _mib=${1:-8}
    _disk=${2:-/dev/vda}
    mkdir -p /mnt
    mkfs.ext2 "$_disk" > /dev/null
    mount -t ext2 "$_disk" /mnt
    head -c $((_mib * 1048576)) /dev/urandom > /mnt/file
    written=$(sum)
    sync
    echo 3 > /proc/sys/vm/drop_caches
    [ "$(sum)" = "$written" ]
    umount /mnt
    mount -t ext2 "$_disk" /mnt
    [ "$(sum)" = "$written" ]
    umount /mnt
    echo "disk: $_mib MiB verified twice"
}

# rebind BUS DRIVER DEVICE: takes the driver from a device and gives it back
rebind() {
    echo "$3" > "/sys/bus/$1/drivers/$2/unbind"
    echo "$3" > "/sys/bus/$1/drivers/$2/bind"
    [ -e "/sys/bus/$1/drivers/$2/$3" ]
}

# rebind_all: every virtio driver, once
rebind_all() {
    for device in /sys/bus/virtio/devices/*; do
        driver=$(basename "$(readlink "$device/driver")")
        rebind virtio "$driver" "$(basename "$device")"
    done
}

# rebind_transport: every virtio-mmio driver, once
rebind_transport() {
    for device in /sys/bus/platform/drivers/virtio-mmio/2*; do
        rebind platform virtio-mmio "$(basename "$device")"
    done
}
