#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# Process 1 of dom0: file systems, Xen's daemons, /test/run.sh, power off.
#
# The script's output goes to a virtio-serial port, so that no line of Xen or
# of the kernel comes between; its last line there is "lab-exit CODE".
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
PATH=/lab/bin:/test:$(echo /usr/lib/xen-*/bin):/usr/bin:/bin
export PATH HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=1777 tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
# Drivers that are modules; their names have the order in which they can be loaded.
for module in /modules/*; do
    [ ! -f "$module" ] || insmod "$module"
done
mount -t xenfs xenfs /proc/xen
mount -t configfs none /sys/kernel/config
mount -t debugfs none /sys/kernel/debug
exec </dev/console >/dev/console 2>&1

echo "dom0: kernel $(uname -r), up after $(cut -d' ' -f1 /proc/uptime) s"
xenstored --pid-file /run/xenstored.pid
xen-init-dom0 >/dev/null || echo "dom0: xen-init-dom0 failed"
xenconsoled --log=all --log-dir=/var/log/xen --pid-file=/run/xenconsoled.pid
echo "dom0: Xen's daemons run after $(cut -d' ' -f1 /proc/uptime) s"

if [ ! -f /test/run.sh ]; then
    echo "dom0: an interactive shell; leaving it powers the lab off"
    cd /root
    setsid cttyhack sh
    poweroff -f
fi

port=/dev/vport0p1
tries=0
while [ ! -c $port ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
# A port that is not there would become a file.
if [ -c $port ]; then exec 3>$port; else exec 3>/dev/console; fi
cd /test
sh ./run.sh </dev/null >&3 2>&1
printf '\nlab-exit %d\n' $? >&3
poweroff -f
