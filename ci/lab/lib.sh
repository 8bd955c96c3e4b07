# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# What scripts in dom0 may use: `. /lab/lib.sh`.
mkdir -p /run/lab

# A turn of waiting, in seconds. On x86 dom0 is a PV domain, where starting a program is dear, and the
# guests wait for the same CPU.
case $(uname -m) in
x86_64) turn=0.5 ;;
*) turn=0.1 ;;
esac

# now: seconds since boot, without the fraction
now() {
    read -r _now _ < /proc/uptime
    echo "${_now%%.*}"
}

# domu_ramdisk OUT FILE...: a guest's ramdisk with the FILEs in its root
domu_ramdisk() {
    _out=$1
    shift
    _dir=$(mktemp -d)
    [ $# -eq 0 ] || cp -rL -- "$@" "$_dir"
    { cat /lab/domu.cpio; (cd "$_dir" && find . | cpio -o -H newc 2>/dev/null); } > "$_out"
    rm -r -- "$_dir"
}

# wait_line FILE PATTERN SECONDS: until a line of FILE matches (grep -e)
wait_line() {
    _end=$(($(now) + $3))
    until grep -qe "$2" "$1" 2>/dev/null; do
        if [ "$(now)" -ge "$_end" ]; then
            echo "no line '$2' in $1 after $3 s"
            return 1
        fi
        sleep "$turn"
    done
}

# wait_for SECONDS COMMAND...: until the COMMAND succeeds
wait_for() {
    _end=$(($(now) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$(now)" -ge "$_end" ]; then
            echo "still not so: $*"
            return 1
        fi
        sleep "$turn"
    done
}

# show WHO FILE: print FILE at the end of the test, each line after "WHO| "
show() { echo "$1 $2" >> /run/lab/shown; }

# console NAME: the file with the guest's console output
console() { echo "/var/log/xen/guest-$1.log"; }

# guest_prepare NAME: the ramdisk of the guest that NAME.sh and NAME.files state
guest_prepare() {
    _name=$1
    mkdir -p "/tmp/guest-$_name"
    cp "/test/$_name.sh" "/tmp/guest-$_name/domu.sh"
    # shellcheck disable=SC2046
    (cd /test && domu_ramdisk "/tmp/$_name.cpio" "/tmp/guest-$_name/domu.sh" $(cat "$_name.files"))
    if [ -f "$(console "$_name")" ]; then
        cat "$(console "$_name")" >> "/run/lab/$_name.before"
        rm "$(console "$_name")"
    fi
}

# guest_start NAME [XL-CREATE-OPTION...]: the guest that NAME.cfg states; again after it ended, if
# need be
guest_start() {
    guest_prepare "$1"
    shift
    xl create "$@" "/test/$_name.cfg" >/dev/null
}

# guest_wait NAME SECONDS: until its script ends; returns what the script did,
# 124 after SECONDS, 125 if the guest died
guest_wait() {
    _end=$(($(now) + $2))
    _turn=0
    until grep -qE 'DOMU-EXIT [0-9]|Kernel panic' "$(console "$1")" 2>/dev/null; do
        # Asking Xen is dear; a guest that died without a word is rare.
        _turn=$((_turn + 1))
        if [ $((_turn % 20)) = 0 ] && ! xl domid "$1" >/dev/null 2>&1; then
            break
        fi
        if [ "$(now)" -ge "$_end" ]; then
            echo "guest $1 has not ended after $2 s"
            return 124
        fi
        sleep "$turn"
    done
    # The line may still be on its way to the file.
    wait_line "$(console "$1")" 'DOMU-EXIT [0-9][0-9]*.$' 2 || return 125
    _code=$(sed -n 's/^DOMU-EXIT \([0-9]*\).*/\1/p' "$(console "$1")" | tail -n 1)
    [ "$_code" = 0 ] || echo "the script of guest $1 ended with $_code"
    return "$_code"
}

# guest_gone NAME SECONDS: until Xen knows no such domain any more
guest_gone() { wait_for "$2" sh -c "! xl domid $1"; }

# no_guest: Xen knows none, not even one without a name, which is dying
no_guest() { [ "$(xl list | wc -l)" = 2 ]; }

# show_all GUEST...: the consoles and what `show` asked for
show_all() {
    for _name in "$@"; do
        [ ! -f "/run/lab/$_name.before" ] || lines_of "$_name" "/run/lab/$_name.before"
        lines_of "$_name" "$(console "$_name")"
    done
    [ -f /run/lab/shown ] || return 0
    while read -r _name _file; do
        lines_of "$_name" "$_file"
    done < /run/lab/shown
}
lines_of() {
    if [ -f "$2" ]; then
        tr -d '\r' < "$2" | sed "s/^/$1| /"
    else
        echo "$1| (there is no $2)"
    fi
}

# daemon_start [ARG...]: the daemon, once it looks for devices; its log is shown
daemon_start() {
    touch /tmp/daemon.log
    _starts=$(daemon_starts)
    vhost-device-xen run "$@" 2>> /tmp/daemon.log &
    daemon=$!
    [ -f /tmp/daemon.shown ] || show daemon /tmp/daemon.log
    touch /tmp/daemon.shown
    wait_for 10 daemon_has_started
}
daemon_starts() { grep -c 'looking for devices' /tmp/daemon.log || true; }
daemon_has_started() { [ "$(daemon_starts)" -gt "$_starts" ]; }

# daemon_stop: ends the daemon; returns what it did
daemon_stop() {
    kill "$daemon"
    wait "$daemon"
}

# daemon_leaves_nothing: ends the daemon, which has no guest's process any more, and knows of no guest
daemon_leaves_nothing() {
    wait_for 5 daemon_alone
    [ -z "$(ls /run/vhost-device-xen/guests)" ]
    daemon_stop
    echo 'nothing is left'
}

# pci_trees: the device trees of PCI buses, for devices with grants and without
pci_trees() {
    vhost-device-xen dtb --grants --out /tmp/pci-1.dtb
    vhost-device-xen dtb --foreign --out /tmp/pci-0.dtb
}

# images NAME...: an empty disk of 48 MiB for each guest
images() {
    for _name in "$@"; do
        truncate -s 48M "/tmp/$_name.img"
    done
}

# daemon_processes: how many there are, supervisor and guests' processes
daemon_processes() { ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c vhost-device-xen; }

# process_of GUEST: the number of the process that serves it
process_of() {
    _comm=$(grep -lx "vhost-xen:$(xl domid "$1")" /proc/[0-9]*/comm 2>/dev/null)
    echo "$_comm" | cut -d/ -f3
}

# daemon_alone: whether no guest's process is left
daemon_alone() { [ "$(daemon_processes)" = 1 ]; }

# daemon_state: how much of everything the supervisor holds
daemon_state() {
    echo "processes $(daemon_processes)" \
        "descriptors $(ls "/proc/$daemon/fd" | wc -l)" \
        "threads $(ls "/proc/$daemon/task" | wc -l)" \
        "mappings $(wc -l < "/proc/$daemon/maps")"
}

# xenstore_device PATH KEY=VALUE...: a device announced as libxl does it
xenstore_device() {
    _path=$1
    shift
    for _key in "$@"; do
        xenstore-write "$_path/${_key%%=*}" "${_key#*=}"
    done
    xenstore-write "$_path/online" 1 "$_path/state" 1
}

# store_kill: the XenStore server, whichever it is, dies and forgets everything
store_kill() {
    for _name in xenconsoled xenstored oxenstored; do
        # shellcheck disable=SC2046
        kill -9 $(pidof "$_name") 2>/dev/null || true
    done
    wait_for 10 sh -c '! pidof xenconsoled xenstored oxenstored'
    rm -f /run/xenconsoled.pid /run/xenstored.pid /run/xen/xenstored.pid /run/xenstored/*
}

# store_start SERVER: xenstored (the one in C) or oxenstored, where none runs and
# no guest lives; the kernel's own connection goes on
store_start() {
    case $1 in
    xenstored) xenstored --pid-file /run/xenstored.pid ;;
    # As a daemon of its own making it does not survive.
    oxenstored)
        (oxenstored --no-fork --config-file /etc/xen/oxenstored.conf > /tmp/oxenstored.log 2>&1 &)
        ;;
    *) return 1 ;;
    esac
    wait_for 10 [ -S /run/xenstored/socket ]
    xen-init-dom0 > /dev/null
    xenconsoled --log=all --log-dir=/var/log/xen --pid-file=/run/xenconsoled.pid
}
