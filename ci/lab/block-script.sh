#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# What libxl runs for a disk of blkback's, as /etc/xen/scripts/block: says which device it is.
[ "$1" = add ] || exit 0
device=$(xenstore-read "$XENBUS_PATH/params")
xenstore-write "$XENBUS_PATH/physical-device" "$(stat -c %t:%T "$device")" \
    "$XENBUS_PATH/hotplug-status" connected
