# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# What dom0 does in `cargo xtask demo` with $guests. What is live comes before what the frame prints at the end, and
# is marked.
# shellcheck disable=SC2154
follow() {
    tail -n +1 -f "$2" | while read -r line; do
        case $line in *"$3"*) echo "live $1 ${line#*"$3"}" ;; esac
    done &
}
echo "live dom0 Xen $(xl info | sed -n 's/^xen_version *: //p'), Linux $(uname -r)"
vhost-device-xen check > check.log
follow check check.log ' '
# shellcheck disable=SC2086
images $guests
daemon_start
follow daemon /tmp/daemon.log '] '
for guest in $guests; do
    guest_start "$guest"
    echo "guest $(xl domid "$guest") is $guest"
    wait_line "$(console "$guest")" DOMU-UP 60
    follow "$guest" "$(console "$guest")" '> '
done
for guest in $guests; do
    guest_wait "$guest" 200
    guest_gone "$guest" 20
done
daemon_stop
# What follows the log is a moment behind.
sleep 1
