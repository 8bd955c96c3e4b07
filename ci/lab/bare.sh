# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# The guest without a kernel (ci/freestanding), and its events: `. ./bare.sh`.
log=$(console bare)

# bare_start TRIPS: starts it; $domain is its number then
bare_start() {
    show bare "$log"
    xl create -q bare.cfg "extra=\"trips=$1\""
    domain=$(xl domid bare)
}

# bare_port ROUND: the port that it offers in a round, when it does
bare_port() {
    wait_line "$log" "^$1 at port" 60 >&2 || return 1
    sed -n "s/^$1 at port \([0-9]*\).*/\1/p" "$log"
}

# bare_rounds TRIPS: all rounds with it, through each receiver; then it has ended well
bare_rounds() {
    bare_start "$1"
    port=$(bare_port 'echo 1')
    events step "$1" ping "$domain" "$port"
    port=$(bare_port 'echo 2')
    events task "$1" ping "$domain" "$port"
    port=$(bare_port ping)
    events step "$1" echo "$domain" "$port"
    wait_line "$log" ' passed, 0 failed' 30
    guest_gone bare 20
}
