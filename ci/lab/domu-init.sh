#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# Process 1 of a guest: file systems, /domu.sh, power off.
#
# /domu.sh comes in a second cpio behind this ramdisk's own (domu_ramdisk in
# /lab/lib.sh makes it). "DOMU-EXIT CODE" on the console is its end.
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
export PATH=/bin:/ HOME=/
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=1777 tmp /tmp
# Drivers that are modules; their names have the order in which they can be loaded.
for module in /modules/*; do
    [ ! -f "$module" ] || insmod "$module"
done
mount -t configfs none /sys/kernel/config
mount -t debugfs none /sys/kernel/debug
# Debian's busybox knows this applet by its other name only.
printf '#!/bin/sh\nexec mke2fs -F "$@"\n' > /bin/mkfs.ext2
chmod +x /bin/mkfs.ext2
exec </dev/console >/dev/console 2>&1

echo "DOMU-UP kernel $(uname -r), up after $(cut -d' ' -f1 /proc/uptime) s"
if [ -f /domu.sh ]; then
    sh /domu.sh
    echo "DOMU-EXIT $?"
else
    setsid cttyhack sh
fi
sync
poweroff -f
