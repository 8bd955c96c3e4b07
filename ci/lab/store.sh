# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# What dom0 does to the XenStore servers with xen-store's examples: `. ./store.sh`.
socket=/run/xenstored/socket
device=/dev/xen/xenbus

# list SERVER: the test list of the protocol, over both transports
list() {
    for _path in $socket $device; do
        XENSTORED_PATH=$_path conformance > list.log || { cat list.log; return 1; }
        echo "on $1, $_path: $(tail -n 1 list.log)"
    done
}

# load WHAT ARG...: the stress example with the ARGs; its lines come after "WHAT: "
load() {
    _what=$1
    shift
    XENSTORED_PATH=$socket stress "$@" > load.log 2>&1 || { cat load.log; return 1; }
    sed "s/^/$_what: /" load.log
}

# half_way REQUESTS: whether the first of the load's threads is past half of them
half_way() {
    _value=$(xenstore-read /xen-store-stress/threads/0) && [ "${_value#*-}" -ge $(($1 / 2)) ]
}

# load_updated SERVER THREADS REQUESTS WATCHES: the load, half way in which the
# SERVER makes way for another process of itself, which has its tree and its connections
load_updated() {
    load "on $1, updated" "$2" "$3" "$4" 0 0 &
    _load=$!
    wait_for 300 half_way "$3"
    xenstore-control live-update -t 30 "/usr/lib/xen-4.20/bin/$1"
    grep -q -e '-U' -e '--live' "/proc/$(pidof "$1")/cmdline"
    wait $_load
}

# load_killed SERVER THREADS REQUESTS WATCHES: the load, half way in which the
# SERVER is killed and started again, with an empty tree
load_killed() {
    load "on $1, killed" "$2" "$3" "$4" 0 0 &
    _load=$!
    wait_for 300 half_way "$3"
    store_kill
    store_start "$1"
    wait $_load
}
