# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# The guest of `cargo xtask bench guest --arch x86_64`, before it does what all those guests do: its disks are
# named by who serves them.
for disk in /sys/block/vd*; do
    case $(readlink -f "$disk") in
    */0000:00:14.0/*) ln -s "$(basename "$disk")" /dev/ours ;;
    *) ln -s "$(basename "$disk")" /dev/qemu ;;
    esac
done
ln -s xvdf /dev/pv
ls -l /dev/ours /dev/qemu /dev/pv
