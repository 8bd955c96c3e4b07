# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# How dom0 measures what guests' requests cost (`cargo xtask bench guest`): `. ./bench.sh`.
#
# A guest waits for requests to make on its console, and says there what they cost: so nobody polls
# meanwhile, and dom0 can count before and after. Lines are PEER WHAT NUMBER UNIT.
cr=$(printf '\r')
image=/tmp/disk.img
# What guests' chips are, and who has a PCI bus.
chips='[[i2c]]
guest = "*"
index = 1
adapter = "SMBus stub driver"
addresses = [0x50]
[[pci]]
guest = "pci-grants"
[[pci]]
guest = "pci-foreign"
'

# bench_image: an image without holes, a block device on it, and what libxl runs for blkback
bench_image() {
    head -c 67108864 /dev/zero > $image
    losetup /dev/loop0 $image
    cp block /etc/xen/scripts/block
    chmod 755 /etc/xen/scripts/block
}

# bench_prepare: the image, a chip, and what guests and the daemon are told
bench_prepare() {
    bench_image
    insmod /lab/modules/i2c-stub.ko chip_addr=0x50
    stub=$(ls -d /dev/i2c-* | head -n 1)
    echo "$chips" > bench.toml
    pci_trees
}

# place_in_dom0 KIND, place_in_guest KIND: the node
place_in_dom0() {
    case $1 in
    disk) echo $image ;;
    entropy) echo /dev/urandom ;;
    chip) echo "$stub" ;;
    esac
}
place_in_guest() {
    case $1 in
    disk) [ "$peer" = pv ] && echo /dev/xvda || echo /dev/vda ;;
    entropy) echo /dev/hwrng ;;
    chip) echo /dev/i2c-0 ;;
    register) echo /sys/bus/virtio/devices/virtio0/status ;;
    esac
}

# bench_dom0: every case in dom0 itself
bench_dom0() {
    while read -r case kind count _rest; do
        [ "$kind" != register ] || continue
        lab-guest bench "$case" "$(place_in_dom0 "$kind")" 16 > /dev/null
        lab-guest bench "$case" "$(place_in_dom0 "$kind")" "$count" | sed 's/^bench /dom0 /'
    done < cases
}

# peer_start NAME: starts a guest; its console is descriptor 4 then
peer_start() {
    peer=$1
    guest_start "$peer" -p
    domain=$(xl domid "$peer")
    exec 4<> "$(xenstore-read "/local/domain/$domain/console/tty")"
    stty raw -echo <&4
    xl unpause "$peer"
    answers ready
}

# peer_stop: ends it
peer_stop() {
    echo end >&4
    exec 4>&-
    guest_wait "$peer" 60
    guest_gone "$peer" 20
}

# answers WORD: passes on what the guest says until it says WORD
answers() {
    while IFS= read -r line <&4; do
        line=${line%"$cr"}
        case $line in
        "bench $1") return 0 ;;
        "bench failed") echo "$peer has failed"; return 1 ;;
        "bench "*) echo "$peer $prefix${line#bench }" ;;
        esac
    done
    return 1
}

# ask CASE KIND COUNT: the guest makes so many requests
ask() {
    echo "$1 $(place_in_guest "$2") $3" >&4
    answers 'done'
}

# interrupts_of NAME: how many dom0 has had
interrupts_of() {
    awk -v name="$1" '
        NR == 1 { cpus = NF }
        index($0, name) { for (i = 2; i <= cpus + 1; i++) n += $i }
        END { print n + 0 }
    ' /proc/interrupts
}

# each NUMBER COUNT: how much of it there is for each
each() { awk -v number="$1" -v count="$2" 'BEGIN { printf "%.3f", number / count }'; }

# peer_measure WAKER: every case that the guest has; WAKER is what wakes the server in dom0, an event
# channel that is bound under that name: once for each access to registers, or for each notification
peer_measure() {
    prefix=
    while read -r case kind count _rest; do
        peer_has "$kind" || continue
        ask "$case" "$kind" 16 > /dev/null
        before=$(interrupts_of "$1")
        ask "$case" "$kind" "$count"
        after=$(interrupts_of "$1")
        echo "$peer $case-exits $(each $((after - before)) "$count") exits"
    done < cases
}

# peer_trace: the system calls of the process $server in every case, which take longer while they are counted
peer_trace() {
    prefix=traced-
    while read -r case kind _count count; do
        rm -f attached
        strace -f -c -o calls -p "$server" 2> attached &
        tracer=$!
        wait_line attached attached 10
        ask "$case" "$kind" "$count"
        { kill "$tracer" && wait "$tracer" || true; } 2> /dev/null
        # The last column but one is "errors", where there are any.
        awk -v name="$peer $case" -v count="$count" '
            $NF == "total" { printf "%s-calls %.3f calls\n", name, $4 / count; next }
            $4 ~ /^[0-9]+$/ && $4 / count >= 0.01 { printf "%s-calls-%s %.3f calls\n", name, $NF, $4 / count }
        ' calls
    done < cases
}

# peer_has KIND: whether the guest has such a device
peer_has() { [ "$peer" != pv ] || [ "$1" = disk ]; }

# bench_round: dom0, then a guest of each kind
bench_round() {
    bench_dom0
    peer_start pv
    peer_measure blkif-backend
    peer_stop
    for _peer in grants foreign pci-grants pci-foreign; do
        peer_start $_peer
        server=$(process_of "$_peer")
        # The supervisor has opened what its process waits at.
        peer_measure "evtchn:$(cat "/proc/$daemon/comm")"
        [ -z "$traced" ] || peer_trace
        peer_stop
    done
}

# bench ROUNDS: all of it
bench() {
    bench_prepare
    daemon_start --config bench.toml
    for _round in $(seq "$1"); do
        bench_round
    done
    daemon_stop
}
